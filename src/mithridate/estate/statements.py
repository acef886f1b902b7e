"""VEX: what the makers of products state about flaws in them, applied to the flaws that matching found.

The most telling statement counts: about a component of a product before one about the whole product before one about the
component anywhere; then the latest; then, of equals, the one that says "affected".
"""

from collections.abc import Sequence

import duckdb

from mithridate.estate.packages import packages
from mithridate.estate.staging import texts
from mithridate.estate.versions import Unordered, contains, written

_NEGATIVE = "('not_affected', 'fixed')"
_ABOUT_COMPONENT, _ABOUT_PRODUCT, _ABOUT_ANYWHERE = 3, 2, 1
_COMPARED_BY_TEXT = "generic"


def judge(db: duckdb.DuckDBPyConnection) -> None:
    """Make m_verdict (bill, software, flaw → kept) and m_verdict_on (host, software, flaw → kept), add to m_at and m_on what
    statements alone say, and withdraw flaws that other sources state of hosts (m_withdrawn)."""
    db.execute("CREATE OR REPLACE TEMP TABLE m_statement AS SELECT row_number() OVER () AS id, * FROM m_vex")
    _meanings(db)
    _about_bills(db)
    _about_hosts(db)
    _withdraw(db)


def _meanings(db: duckdb.DuckDBPyConnection) -> None:
    """m_means (word, software) and m_bills (word, bill): what the words of statements name."""
    words = [
        str(row[0]) for row in db.execute("SELECT product FROM m_statement UNION SELECT component FROM m_statement").fetchall()
    ]
    named: list[tuple[str, str, str, str]] = []
    for word in words:
        name, _, versions = word.partition(" vers:")
        for package in packages(name)[:1]:
            named.append((word, package.key, package.version, f"vers:{versions}" if versions else ""))
    _words(db, "m_word", ("word", "key", "version", "versions"), named)
    asked = db.execute("SELECT DISTINCT w.*, p.version FROM m_word w JOIN m_package p USING (key) ORDER BY ALL").fetchall()
    same = [(word, key, version) for word, key, wanted, versions, version in asked if _same(key, wanted, versions, version)]
    _words(db, "m_named_version", ("word", "key", "version"), same)
    db.execute(
        "CREATE OR REPLACE TEMP TABLE m_means AS "
        "SELECT DISTINCT n.word, p.software FROM m_named_version n JOIN m_package p USING (key, version) UNION "
        "SELECT DISTINCT w.word, coalesce(s.chief, w.word) FROM (SELECT product AS word FROM m_statement UNION "
        "SELECT component FROM m_statement) w LEFT JOIN m_same s ON s.name = w.word WHERE starts_with(w.word, 'software:')"
    )
    db.execute(
        "CREATE OR REPLACE TEMP TABLE m_bills AS "
        "SELECT DISTINCT w.product AS word, coalesce(s.chief, w.product) AS bill FROM m_statement w "
        "LEFT JOIN m_same s ON s.name = w.product WHERE starts_with(w.product, 'sbom:') UNION "
        "SELECT DISTINCT w.product, i.node FROM m_statement w JOIN m_identifier i ON lower(i.value) = lower(w.product) "
        "WHERE i.kind = 'name' AND starts_with(i.node, 'sbom:') UNION "
        "SELECT DISTINCT m.word, w.bill FROM m_means m JOIN m_whole w USING (software)"
    )


def _same(key: str, wanted: str, versions: str, version: str) -> bool:
    """A version is one that a word names: any where it names none."""
    if not wanted and not versions:
        return True
    if version and version == wanted:
        return True
    kind = key.removeprefix("pkg:").partition("/")[0] if key.startswith("pkg:") else _COMPARED_BY_TEXT
    try:
        return contains(versions or written(kind, [("=", wanted)]), version)
    except Unordered:
        return False


def _about_bills(db: duckdb.DuckDBPyConnection) -> None:
    db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE m_applies AS
        SELECT s.id, c.bill, c.software, {_ABOUT_PRODUCT} AS telling, s.status = 'affected' AS whole
        FROM m_statement s JOIN m_bills b ON b.word = s.product JOIN m_carries c ON c.bill = b.bill
        WHERE s.component = 'any'
        UNION ALL
        SELECT s.id, c.bill, c.software, {_ABOUT_ANYWHERE}, false
        FROM m_statement s JOIN m_means m ON m.word = s.product JOIN m_carries c USING (software) WHERE s.component = 'any'
        UNION ALL
        SELECT s.id, c.bill, c.software, {_ABOUT_COMPONENT}, false
        FROM m_statement s JOIN (
            SELECT word, bill FROM m_bills UNION SELECT m.word, c.bill FROM m_means m JOIN m_carries c USING (software)
        ) b ON b.word = s.product
        JOIN m_carries c ON c.bill = b.bill
        WHERE s.component <> 'any' AND (
            EXISTS (SELECT 1 FROM m_means m WHERE m.word = s.component AND m.software = c.software)
            OR EXISTS (SELECT 1 FROM m_reference r WHERE r.bill = c.bill AND r.software = c.software AND r.ref = s.component))
        """
    )
    # "The product is affected" is said of the product, and does not say which component it is.
    db.execute(
        "INSERT INTO m_at SELECT DISTINCT a.bill, a.software, s.flaw, s.source, s.place, 'it is stated to be affected' "
        "FROM m_applies a JOIN m_statement s USING (id) WHERE s.status = 'affected' AND (NOT a.whole OR EXISTS ("
        "SELECT 1 FROM m_whole w WHERE w.bill = a.bill AND w.software = a.software))"
    )
    db.execute(f"CREATE OR REPLACE TEMP TABLE m_verdict AS {_verdicts('bill', 'm_applies')}")


def _about_hosts(db: duckdb.DuckDBPyConnection) -> None:
    """Software that no bill lists: statements about it anywhere, or as a component of something else on its host."""
    db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE m_applies_on AS
        SELECT s.id, o.host, o.software, {_ABOUT_ANYWHERE} AS telling
        FROM m_statement s JOIN m_means m ON m.word = s.product JOIN m_seen o USING (software) WHERE s.component = 'any'
        UNION ALL
        SELECT s.id, o.host, o.software, {_ABOUT_COMPONENT}
        FROM m_statement s JOIN m_means p ON p.word = s.product JOIN m_seen w ON w.software = p.software
        JOIN m_means m ON m.word = s.component JOIN m_seen o ON o.host = w.host AND o.software = m.software
        WHERE s.component <> 'any'
        """
    )
    db.execute(
        "INSERT INTO m_on SELECT DISTINCT a.host, a.software, s.flaw, s.source, s.place, 'it is stated to be affected', "
        "o.source, o.place FROM m_applies_on a JOIN m_statement s USING (id) JOIN m_seen o USING (host, software) "
        "WHERE s.status = 'affected'"
    )
    db.execute(f"CREATE OR REPLACE TEMP TABLE m_verdict_on AS {_verdicts('host', 'm_applies_on')}")


def _verdicts(place: str, applies: str) -> str:
    """The best statement for each place, software and flaw, and what it says."""
    return f"""
        SELECT a.{place}, a.software, s.flaw, s.status NOT IN {_NEGATIVE} AS kept, s.source, s.place,
            'it is stated to be ' || replace(s.status, '_', ' ') || ' in ' || s.product
            || if(s.component = 'any', '', ', component ' || s.component) AS why
        FROM {applies} a JOIN m_statement s USING (id)
        QUALIFY row_number() OVER (PARTITION BY a.{place}, a.software, s.flaw
            ORDER BY a.telling DESC, s.time DESC, s.status IN {_NEGATIVE}, s.source, s.place, s.id) = 1
    """


def _withdraw(db: duckdb.DuckDBPyConnection) -> None:
    """Take away what scanners and people state of a host, when every statement that applies there says that it is not so."""
    db.execute(
        """
        CREATE OR REPLACE TEMP TABLE m_withdrawn AS
        SELECT v.host, v.software, v.flaw, any_value(j.why) AS why, any_value(j.source) AS source, any_value(j.place) AS place
        FROM m_vulnerable v JOIN (
            SELECT host, software, flaw, why, source, place, kept FROM m_verdict_on
            UNION ALL
            SELECT r.host, d.software, d.flaw, d.why, d.source, d.place, d.kept FROM m_verdict d JOIN m_runs r USING (bill)
        ) j USING (host, software, flaw)
        GROUP BY v.host, v.software, v.flaw HAVING bool_and(NOT j.kept)
        """
    )
    db.execute(
        """
        DELETE FROM "stage vulnerable" WHERE EXISTS (SELECT 1 FROM m_withdrawn w
        WHERE w.host = coalesce((SELECT chief FROM m_same WHERE name = a0), a0)
        AND w.software = coalesce((SELECT chief FROM m_same WHERE name = a1), a1)
        AND w.flaw = coalesce((SELECT chief FROM m_same WHERE name = a2), a2))
        """
    )


def _words(db: duckdb.DuckDBPyConnection, name: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    texts(db, name, {column: [row[i] for row in rows] for i, column in enumerate(columns)})
