"""Facts that follow from several files together, made before names become numbers.

- What a host's bill of materials lists is installed on the host.
- A component whose version is in the range of an advisory has that flaw; so has one that was proved to have it, and one for which
  its bill lists it. VEX statements that it is not affected, or fixed, take it away again (statements.py).
- A flaw of a component is a vulnerability of every host that carries the component, and of the software that the bill describes:
  who reaches it reaches the component.

Each is said twice: where the bill of materials says it, and where the flaw is told. Everything is asked per bill, and hosts come
in at the end, so that a bill that a thousand hosts share is judged once.
"""

from collections.abc import Mapping

import duckdb

from mithridate.estate import deployment, staging, statements
from mithridate.estate.facts import FactBase
from mithridate.estate.packages import packages
from mithridate.estate.versions import Unordered, contains
from mithridate.model.estate import Confidence, Evidence, FlawDecision, Matching

PATCHED = ("validated", "approved")
"""What a patch must be for `patched` to take its flaw as gone."""
TOLD = 1000
"""How many decisions are told; all are counted."""
_INCOMPARABLE_TOLD = 100
_INFERRED = int(Confidence.INFERRED)
_NEEDED = (
    *("deployed", "describes", "component", "reference", "named", "identifier", "affected", "listed", "vex"),
    *("finding", "patch_of", "vulnerable", "installed", "service", "proved", "awaits_patch"),
)


def match(base: FactBase, *, patched: bool = False, same: Mapping[str, str] | None = None) -> Matching:
    """Add the facts. `same` are names that mean one node (identity.identify); with `patched`, flaws whose patch is validated are
    taken as gone."""
    if not all(base.knows(name) for name in _NEEDED):
        return Matching()
    base.flush()
    source = base.source("matching")
    staging.canonical(base.db, same or {})
    deployment.deploy(base.db, base.sources, source)
    gone = _proved(base.db, patched)
    incomparable, undecided = _versions(base.db)
    _flaws(base.db)
    statements.judge(base.db)
    _state(base.db)
    decisions, decided, kept = _decisions(base)
    return Matching(
        gone=gone,
        decisions=decisions,
        decided=decided,
        kept=kept,
        undecided=undecided,
        incomparable=tuple(incomparable[:_INCOMPARABLE_TOLD]),
    )


def _proved(db: duckdb.DuckDBPyConnection, patched: bool) -> tuple[str, ...]:
    """The proved flaws of each software by its name, and what becomes of those whose patch passed the gate."""
    statuses = ", ".join(f"'{s}'" for s in PATCHED)
    db.execute(
        "CREATE OR REPLACE TEMP TABLE m_mended AS SELECT DISTINCT flaw FROM m_finding "
        f"WHERE flaw IN (SELECT flaw FROM m_patch_of WHERE status IN ({statuses}))"
    )
    db.execute(
        "CREATE OR REPLACE TEMP TABLE m_flaw AS SELECT DISTINCT n.software, f.flaw, f.source, f.place, "
        f"'the flaw was proved in ' || f.name AS why FROM m_finding f JOIN m_named n ON {_plain('n.name')} = {_plain('f.name')} "
        + ("WHERE f.flaw NOT IN (SELECT flaw FROM m_mended)" if patched else "")
    )
    if patched:
        return tuple(str(row[0]) for row in db.execute("SELECT flaw FROM m_mended ORDER BY 1").fetchall())
    # A patch lies ready: what the flaw gives is something that deploying it takes away.
    ready = "coalesce((SELECT chief FROM m_same WHERE name = a0), a0) IN (SELECT flaw FROM m_mended)"
    db.execute(f'INSERT INTO "stage awaits_patch" SELECT * FROM "stage proved" WHERE {ready}')
    db.execute(f'DELETE FROM "stage proved" WHERE {ready}')
    return ()


def _plain(column: str) -> str:
    """A name as registries compare it: "acme_web" and "acme.web" are acme-web."""
    return f"regexp_replace(lower({column}), '[-_.]+', '-', 'g')"


def _versions(db: duckdb.DuckDBPyConnection) -> tuple[list[str], int]:
    """Which versions are in the ranges of advisories: rows of m_flaw. Returns what cannot be compared, and how much that is."""
    _packages(db)
    asked = db.execute("SELECT DISTINCT p.key, p.version, a.versions FROM m_package p JOIN m_affected a USING (key) ORDER BY ALL")
    inside: list[tuple[str, str, str]] = []
    failed: list[str] = []
    for key, version, versions in asked.fetchall():
        try:
            if contains(versions, version):
                inside.append((key, version, versions))
        except Unordered as error:
            failed.append(f"{key}: {error}")
    staging.texts(db, "m_inside", {c: [row[i] for row in inside] for i, c in enumerate(("key", "version", "versions"))})
    db.execute(
        "INSERT INTO m_flaw SELECT DISTINCT p.software, a.flaw, a.source, a.place, "
        "'version ' || if(p.version = '', 'unknown', p.version) || ' is within ' || a.versions FROM m_inside i "
        "JOIN m_package p USING (key, version) JOIN m_affected a USING (key, versions)"
    )
    failed += [f"{name}: its package URL names no release of the distribution" for name in _unplaced(db)]
    return failed, len(failed)


def _packages(db: duckdb.DuckDBPyConnection) -> None:
    """m_package (software, key, version): every way in which advisories name a software."""
    rows = db.execute(
        "SELECT DISTINCT node, value FROM m_identifier WHERE kind IN ('purl', 'cpe') AND starts_with(node, 'software:') UNION "
        "SELECT DISTINCT software, substr(software, 10) FROM (SELECT software FROM m_seen UNION SELECT software FROM m_carries) "
        "WHERE regexp_matches(software, '^software:(pkg|cpe):')"
    ).fetchall()
    found = [(node, one.key, one.version) for node, value in rows for one in packages(value)]
    staging.texts(db, "m_package", {c: [row[i] for row in found] for i, c in enumerate(("software", "key", "version"))})


def _unplaced(db: duckdb.DuckDBPyConnection) -> list[str]:
    """Packages of a distribution that do not say of which release, and that have advisories for some release."""
    rows = db.execute(
        "SELECT DISTINCT p.software FROM m_package p JOIN (SELECT DISTINCT split_part(key, '?distro=', 1) AS key FROM m_affected "
        "WHERE contains(key, '?distro=')) a USING (key) "
        "WHERE p.software NOT IN (SELECT software FROM m_package WHERE contains(key, '?distro=')) ORDER BY 1"
    ).fetchall()
    return [str(row[0]) for row in rows]


def _flaws(db: duckdb.DuckDBPyConnection) -> None:
    """m_at: flaws of software in a bill; m_on: of software on a host that no bill lists. Each with where the flaw is told."""
    db.execute(
        "CREATE OR REPLACE TEMP TABLE m_at AS "
        "SELECT c.bill, c.software, f.flaw, f.source, f.place, f.why FROM m_carries c JOIN m_flaw f USING (software) UNION "
        "SELECT bill, software, flaw, source, place, 'the bill of materials lists it' FROM m_listed"
    )
    db.execute(
        "CREATE OR REPLACE TEMP TABLE m_on AS SELECT s.host, s.software, f.flaw, f.source, f.place, f.why, "
        "s.source AS by_source, s.place AS by_place FROM m_seen s JOIN m_flaw f USING (software)"
    )


def _state(db: duckdb.DuckDBPyConnection) -> None:
    """vulnerable(host, software, flaw) for all that stayed, each with both of its sources."""
    kept = "LEFT JOIN m_verdict v USING (bill, software, flaw) WHERE coalesce(v.kept, true)"
    for source in ("a.source, a.place", "c.source, c.place"):
        told = f"a.flaw, {source}, least({_INFERRED}, d.confidence)"
        found = "FROM m_at a JOIN m_carries c USING (bill, software) JOIN m_runs d USING (bill)"
        db.execute(f'INSERT INTO "stage vulnerable" SELECT DISTINCT d.host, a.software, {told} {found} {kept}')
        whole = "JOIN m_whole w ON w.bill = a.bill"
        db.execute(f'INSERT INTO "stage vulnerable" SELECT DISTINCT d.host, w.software, {told} {found} {whole} {kept}')
    for source in ("a.source, a.place", "a.by_source, a.by_place"):
        db.execute(
            f'INSERT INTO "stage vulnerable" SELECT DISTINCT a.host, a.software, a.flaw, {source}, {_INFERRED} FROM m_on a '
            "LEFT JOIN m_verdict_on v USING (host, software, flaw) WHERE coalesce(v.kept, true)"
        )


def _decisions(base: FactBase) -> tuple[tuple[FlawDecision, ...], int, int]:
    """What was taken away first, then what stayed and why; how many of both, and how many stayed."""
    db = base.db
    db.execute(
        "CREATE OR REPLACE TEMP TABLE m_decision AS SELECT flaw, software, kept, why, count(DISTINCT host) AS hosts, "
        "min([told, told_place]) AS telling, min([source, place]) AS listing FROM ("
        "SELECT d.host, a.software, a.flaw, coalesce(v.kept, true) AS kept, coalesce(v.why, a.why) AS why, "
        "coalesce(v.source, c.source) AS told, coalesce(v.place, c.place) AS told_place, a.source, a.place "
        "FROM m_at a JOIN m_carries c USING (bill, software) LEFT JOIN m_runs d USING (bill) "
        "LEFT JOIN m_verdict v USING (bill, software, flaw) UNION ALL "
        "SELECT a.host, a.software, a.flaw, coalesce(v.kept, true), coalesce(v.why, a.why), coalesce(v.source, a.by_source), "
        "coalesce(v.place, a.by_place), a.source, a.place "
        "FROM m_on a LEFT JOIN m_verdict_on v USING (host, software, flaw) UNION ALL "
        "SELECT host, software, flaw, false, why, source, place, source, place FROM m_withdrawn"
        ") GROUP BY flaw, software, kept, why"
    )
    total, stayed = db.execute("SELECT count(*), count(*) FILTER (kept) FROM m_decision").fetchall()[0]
    rows = db.execute(
        "SELECT flaw, software, kept, why, hosts, telling, listing FROM m_decision "
        f"ORDER BY kept, flaw, software, why LIMIT {TOLD}"
    ).fetchall()
    made = tuple(
        FlawDecision(
            vulnerability=flaw,
            software=software,
            kept=bool(kept),
            reason=why,
            hosts=int(hosts),
            evidence=tuple(
                Evidence(source=base.sources[source], place=int(place), confidence=Confidence.INFERRED)
                for source, place in sorted({(int(s), int(p)) for s, p in (telling, listing)})
            ),
        )
        for flaw, software, kept, why, hosts, telling, listing in rows
    )
    return made, int(total), int(stayed)
