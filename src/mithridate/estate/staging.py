"""Staged facts under the names that are kept, for the stages that look across files before the fact base is frozen."""

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np

_VIEWS = (
    ("deployed", "host bill", "t.confidence"),
    ("describes", "bill software", ""),
    ("component", "bill software", ""),
    ("reference", "bill software", "a2 AS ref"),
    ("identifier", "node", "a1 AS kind, a2 AS value"),
    ("named", "software", "a1 AS name"),
    ("service", "host software", ""),
    ("installed", "host software", ""),
    ("affected", "flaw", "a1 AS key, a2 AS versions"),
    ("vex", "flaw", "a1 AS product, a2 AS component, a3 AS status, a4 AS time"),
    ("listed", "bill software flaw", ""),
    ("finding", "flaw", "a1 AS name"),
    ("patch_of", "flaw", "a1 AS status"),
    ("vulnerable", "host software flaw", ""),
)
"""Predicates, what their first terms are, and their other columns."""


def canonical(db: duckdb.DuckDBPyConnection, same: Mapping[str, str]) -> None:
    """Tables `m_PREDICATE` with the names that are kept in place of all others."""
    texts(db, "m_same", {"name": list(same), "chief": list(same.values())})
    for name, nodes, others in _VIEWS:
        told = [f"coalesce(s{i}.chief, t.a{i}) AS {node}" for i, node in enumerate(nodes.split())]
        joins = [f"LEFT JOIN m_same s{i} ON s{i}.name = t.a{i}" for i in range(len(nodes.split()))]
        columns = ", ".join([*told, *([others] if others else []), "t.source", "t.place"])
        db.execute(f'CREATE OR REPLACE TEMP VIEW m_{name} AS SELECT {columns} FROM "stage {name}" t {" ".join(joins)}')
    db.execute(
        "CREATE OR REPLACE TEMP TABLE m_carries AS SELECT bill, software, min_by(source, place) AS source, min(place) AS place "
        "FROM (SELECT * FROM m_component UNION ALL SELECT * FROM m_describes) GROUP BY ALL"
    )
    db.execute("CREATE OR REPLACE TEMP TABLE m_whole AS SELECT DISTINCT bill, software FROM m_describes")


def texts(db: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, Sequence[object]]) -> None:
    """A temporary table of texts."""
    arrays = {key: np.array(list(values), dtype=object) for key, values in columns.items()}  # noqa: F841 - DuckDB finds it
    told = ", ".join(f"{key}::VARCHAR AS {key}" for key in columns)
    if all(len(values) for values in columns.values()):
        db.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {told} FROM arrays")
    else:
        db.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({', '.join(f'{key} VARCHAR' for key in columns)})")
