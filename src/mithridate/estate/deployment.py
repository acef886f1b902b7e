"""Which host runs what a bill of materials describes, when facts say it and when they do not."""

import re

import duckdb
import numpy as np

from mithridate.model.estate import Confidence

_ENDINGS = re.compile(r"(?:[._-](?:cdx|cyclonedx|spdx3?|s?bom|json|jsonld|xml|tag|txt))+\Z", re.IGNORECASE)
_NO_NAMES = ("bom", "sbom", "cyclonedx", "cdx", "spdx", "manifest", "")


def deploy(db: duckdb.DuckDBPyConnection, sources: list[str], source: int) -> None:
    """Make m_runs (bill, host, confidence) and m_seen (host, software that no bill of the host lists; where that is said), and
    state deployed(…) and installed(…).

    Where nothing says on which host a bill runs, it is a host that runs what the bill describes; failing that, a host that is
    called as the file, which is assumed.
    """
    db.execute(
        "CREATE OR REPLACE TEMP TABLE m_seen AS SELECT host, software, min_by(source, place) AS source, min(place) AS place "
        "FROM (SELECT * FROM m_service UNION ALL SELECT * FROM m_installed) GROUP BY ALL"
    )
    db.execute(
        "CREATE OR REPLACE TEMP TABLE m_runs AS SELECT bill, host, max(confidence) AS confidence FROM m_deployed GROUP BY ALL"
    )
    db.execute(
        f"INSERT INTO m_runs SELECT DISTINCT w.bill, s.host, {int(Confidence.INFERRED)} "
        "FROM m_whole w JOIN m_seen s USING (software) WHERE w.bill NOT IN (SELECT bill FROM m_runs)"
    )
    _by_file(db, sources)
    db.execute(
        f'INSERT INTO "stage deployed" SELECT r.host, r.bill, {source}, 0, r.confidence FROM m_runs r '
        "WHERE NOT EXISTS (SELECT 1 FROM m_deployed d WHERE d.host = r.host AND d.bill = r.bill)"
    )
    db.execute(
        'INSERT INTO "stage installed" SELECT DISTINCT r.host, c.software, c.source, c.place, '
        f"least({int(Confidence.INFERRED)}, r.confidence) FROM m_runs r JOIN m_carries c USING (bill)"
    )
    # Judged with its bill; a scanner that sees it, too, changes nothing about what the bill's maker states.
    db.execute(
        "DELETE FROM m_seen WHERE EXISTS (SELECT 1 FROM m_runs r JOIN m_carries c USING (bill) "
        "WHERE r.host = m_seen.host AND c.software = m_seen.software)"
    )


def _by_file(db: duckdb.DuckDBPyConnection, sources: list[str]) -> None:
    rows = db.execute(
        "SELECT bill, min(source) FROM m_carries WHERE bill NOT IN (SELECT bill FROM m_runs) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    if not rows:
        return
    made = {  # noqa: F841 - DuckDB finds it by its name
        "bill": np.array([bill for bill, _ in rows], dtype=object),
        "host": np.array([f"host:{host_of(sources[int(s)])}" for _, s in rows], dtype=object),
    }
    known = "SELECT host FROM m_seen UNION SELECT host FROM m_runs UNION SELECT chief FROM m_same"
    if db.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'stage in_zone'").fetchall()[0][0]:
        known += ' UNION SELECT a0 FROM "stage in_zone"'
    db.execute(
        "INSERT INTO m_runs SELECT m.bill, coalesce(s.chief, m.host), "
        f"CASE WHEN coalesce(s.chief, m.host) IN ({known}) THEN {int(Confidence.INFERRED)} ELSE {int(Confidence.ASSUMED)} END "
        "FROM made m LEFT JOIN m_same s ON s.name = m.host"
    )


def host_of(source: str) -> str:
    """The host that a file is called after: "web01" for web01.cdx.json and for web01/bom.json."""
    parts = [part for part in re.split(r"[/\\]", source) if part]
    for part in reversed(parts[-2:]):
        name = _ENDINGS.sub("", part)
        if name.lower() not in _NO_NAMES:
            return name
    return parts[-1] if parts else "unknown"
