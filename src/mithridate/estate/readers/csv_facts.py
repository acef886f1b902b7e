"""Facts as CSV: the fast way in for millions of rows.

A file is called after a predicate that some pack declares, `service.csv` or `service-branches.csv`; it has a header line, which
is passed over, and one column an argument, in the order of the declaration. DuckDB reads it.
"""

import csv
from pathlib import Path

import duckdb
import numpy as np

from mithridate.estate.readers.interface import LONGEST_NAME, Sink
from mithridate.estate.rules.terms import NUMBER, Predicate
from mithridate.model.errors import UsageError

_SUFFIX = ".csv"
_LONGEST_LINE = 1 << 20
_MOST_SHIFTED = 10_000


class CsvFacts:
    """See the module."""

    name = "csv"
    title = "CSV, one predicate a file"

    def recognises(self, path: Path, head: bytes) -> bool:
        """By its name."""
        return path.suffix.lower() == _SUFFIX and b"\0" not in head

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError when the name is no predicate, the header has another number of columns, or it is not UTF-8 text."""
        predicate = _predicate(path, sink)
        header = _header(path)
        if len(header) != predicate.arity:
            wanted = ", ".join(predicate.types)
            raise UsageError(f"{path} has {len(header)} columns, and {predicate.name} has {predicate.arity}", hint=wanted)
        try:
            _load(path, predicate, sink)
        except duckdb.Error as error:
            raise UsageError(f"{path} cannot be read as CSV: {str(error).splitlines()[0][:200]}") from None
        finally:
            for table in ("given", "reject_errors", "reject_scans"):
                sink.base.db.execute(f"DROP TABLE IF EXISTS {table}")


def _predicate(path: Path, sink: Sink) -> Predicate:
    stem = path.name.removesuffix(path.suffix)
    predicates = sink.base.rules.predicates
    while stem not in predicates and "-" in stem:
        stem = stem.rpartition("-")[0]
    found = predicates.get(stem)
    if found is None or not found.stated:
        raise UsageError(f"{path.name} is called after no fact that any pack declares", hint="docs/estate.md lists them")
    return found


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return next(csv.reader([file.readline(_LONGEST_LINE)]), [])
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None
    except csv.Error as error:
        raise UsageError(f"{path}: {error}") from None


def _load(path: Path, predicate: Predicate, sink: Sink) -> None:
    db = sink.base.db
    names = [f"c{i}" for i in range(predicate.arity)]
    numbers = [k == NUMBER for k in predicate.types]
    kinds = ", ".join(f"'{n}': '{'BIGINT' if number else 'VARCHAR'}'" for n, number in zip(names, numbers, strict=True))
    quoted = str(path).replace("'", "''")
    db.execute(
        f"CREATE TEMP TABLE given AS SELECT {', '.join(names)}, row_number() OVER () + 1 AS place FROM read_csv('{quoted}', "
        f"header=true, auto_detect=false, delim=',', quote='\"', escape='\"', columns={{{kinds}}}, ignore_errors=true, "
        f"store_rejects=true, max_line_size={_LONGEST_LINE})"
    )
    rejected = db.execute("SELECT line, min(error_message) FROM reject_errors GROUP BY line ORDER BY line").fetchall()
    for line, message in rejected:
        sink.broken(int(line), str(message).splitlines()[0])
    if 0 < len(rejected) <= _MOST_SHIFTED:  # what was passed over has a line, too
        lines = {"line": np.array([int(r[0]) - k for k, r in enumerate(rejected)])}  # noqa: F841
        db.execute("UPDATE given SET place = place + (SELECT count(*) FROM lines WHERE line <= place)")
    fine = [
        f"{name} IS NOT NULL" if number else f"coalesce(length({name}), 0) BETWEEN 1 AND {LONGEST_NAME}"
        for name, number in zip(names, numbers, strict=True)
    ]
    condition = " AND ".join(fine)
    for (place,) in db.execute(f"SELECT place FROM given WHERE NOT ({condition}) ORDER BY place").fetchall():
        sink.broken(int(place), "an empty or endless name, or no number")
    before = sink.base.staged(predicate.name)
    total = sink.base.load(predicate.name, f"SELECT {', '.join(names)}, place FROM given WHERE {condition}", sink.source)
    sink.reading.records = sink.reading.facts = total - before
