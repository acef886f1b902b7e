"""The fact base: what files say of an estate, as tables.

Facts arrive as rows of text (staged), become numbers once (interned), and are each kept once with all that say them. A million
hosts are a few hundred megabytes this way. DuckDB does the work; it spills to `directory` when memory runs short, and is kept
from loading anything from a network.
"""

import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import repeat
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np

from mithridate.estate.query import assumed
from mithridate.estate.rules.rulebase import Rulebase
from mithridate.estate.rules.terms import NUMBER, WORD, Constant, Predicate
from mithridate.estate.tables import said, stage, table
from mithridate.model.estate import Confidence, Evidence, Fact, Term

_BUFFERED = 50_000
_FEW = 20_000
_MOST_EVIDENCE = 20
_LARGEST_NUMBER = 2**62
_SAID = "source INTEGER, place BIGINT, confidence TINYINT"


class FactBase:
    """Facts of the predicates that `rules` declare. Close it: it holds a temporary directory.

    `memory_bytes` is what DuckDB may take before it spills; `threads` how many cores it uses.
    """

    def __init__(self, rules: Rulebase, *, memory_bytes: int = 4 << 30, threads: int = 0, directory: Path | None = None) -> None:
        self.rules = rules
        self.sources: list[str] = []
        self._temporary = tempfile.mkdtemp(prefix="mithridate-estate-", dir=directory)
        settings: dict[str, str | bool | int | float | list[str]] = {
            "temp_directory": self._temporary,
            "memory_limit": f"{memory_bytes >> 20}MiB",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": True,
        }
        if threads:
            settings["threads"] = threads
        self.db = duckdb.connect(config=settings)
        self._stated = {p.name: p for p in rules.predicates.values() if p.stated}
        self._buffers: dict[str, list[tuple[Term, ...]]] = {name: [] for name in self._stated}
        self._frozen = False
        self._kept: set[str] = set()
        arities = {p.arity for p in self._stated.values()}
        self.db.execute("".join([*map(_stage_made, self._stated.values()), *map(_nothing_said, arities)]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give memory and disk back."""
        self.db.close()
        shutil.rmtree(self._temporary, ignore_errors=True)

    # What readers use.

    def source(self, name: str) -> int:
        """The number of a source of facts, as `add` and `load` take it."""
        self.sources.append(name)
        return len(self.sources) - 1

    def knows(self, predicate: str) -> bool:
        """The packs declare this predicate as something that files say."""
        return predicate in self._stated

    def add(
        self, predicate: str, *terms: Term, source: int, place: int = 0, confidence: Confidence = Confidence.OBSERVED
    ) -> None:
        """State a fact. ValueError for terms that its declaration does not take: the reader is at fault."""
        declared = self._declared(predicate)
        if len(terms) != declared.arity:
            raise ValueError(f"{predicate} takes {declared.arity} terms, not {len(terms)}")
        for term, kind in zip(terms, declared.types, strict=True):
            if isinstance(term, bool) or isinstance(term, int) != (kind == NUMBER):
                raise ValueError(f"{term!r} in {predicate} is not of type {kind}")
            if isinstance(term, int) and not -_LARGEST_NUMBER < term < _LARGEST_NUMBER:
                raise ValueError(f"{term} in {predicate} is out of range")
        buffer = self._buffers[predicate]
        buffer.append((*terms, source, place, int(confidence)))
        if len(buffer) >= _BUFFERED:
            self._flush(declared)

    def add_all(
        self,
        predicate: str,
        rows: Sequence[tuple[Term, ...]],
        *,
        source: int,
        place: int | Sequence[int] = 0,
        confidence: Confidence = Confidence.OBSERVED,
    ) -> None:
        """State many facts, at one place or each at its own; as `add` for each of them, but several times faster."""
        declared = self._declared(predicate)
        wanted = tuple(int if kind == NUMBER else str for kind in declared.types)
        numbered = int in wanted
        for row in rows:
            if tuple(map(type, row)) != wanted:
                raise ValueError(f"{row!r} does not fit {predicate}")
            if numbered and not all(-_LARGEST_NUMBER < term < _LARGEST_NUMBER for term in row if isinstance(term, int)):
                raise ValueError(f"a number in {row!r} of {predicate} is out of range")
        places = repeat(place) if isinstance(place, int) else place
        buffer = self._buffers[predicate]
        buffer.extend([(*row, source, at, int(confidence)) for row, at in zip(rows, places, strict=False)])
        if len(buffer) >= _BUFFERED:
            self._flush(declared)

    def load(self, predicate: str, select: str, source: int, confidence: Confidence = Confidence.OBSERVED) -> int:
        """State all rows of a DuckDB query at once: columns are the terms in their order, then the place. Returns how many."""
        declared = self._declared(predicate)
        names = ", ".join(f"a{i}" for i in range(declared.arity))
        self.db.execute(
            f"INSERT INTO {stage(declared)} SELECT {names}, {source}, place, {int(confidence)} "
            f"FROM ({select}) AS given({names}, place)"
        )
        return int(self._one(f"SELECT count(*) FROM {stage(declared)}"))

    def staged(self, predicate: str) -> int:
        """How many rows of a predicate were stated in bulk so far."""
        return int(self._one(f"SELECT count(*) FROM {stage(self._declared(predicate))}"))

    def used(self) -> list[Predicate]:
        """The predicates of which something is stated, while the base is not frozen. An empty table takes memory, too."""
        filled = self._filled()
        return [p for p in self._stated.values() if p.name in filled]

    def _filled(self) -> set[str]:
        """Names of predicates that have rows as they came; some that had some may be among them."""
        rows = self.db.execute("SELECT table_name FROM duckdb_tables() WHERE estimated_size > 0").fetchall()
        return {name.removeprefix("stage ") for (name,) in rows if name.startswith("stage ")}

    def table(self, predicate: Predicate) -> str:
        """The table of a predicate's facts, each once, as SQL: rid, a0, a1, … Most of what the packs declare, an estate says
        nothing of, and a table takes time to make: all these share one.
        """
        return table(predicate) if predicate.name in self._kept else _nothing(predicate.arity)

    def flush(self) -> None:
        """Put what was added so far into the tables."""
        for predicate in self._stated.values():
            self._flush(predicate)

    # What grounding uses.

    def freeze(self, same: Mapping[str, str] | None = None) -> None:
        """No more facts come. Names become numbers; a name that is a key of `same` becomes the name it is mapped to."""
        if self._frozen:
            raise ValueError("the fact base is frozen")
        self._frozen = True
        self.flush()
        self._intern(same or {})
        for predicate in self.used():
            self._keep_once(predicate)
        self._assume()

    def facts(self, predicate: str) -> int:
        """How many facts of a predicate there are, each once."""
        self._declared(predicate)
        return self._counts.get(predicate, 0)

    def said(self) -> frozenset[str]:
        """The predicates of which there are facts."""
        return frozenset(self._counts)

    def nodes(self) -> tuple[tuple[str, int], ...]:
        """How many nodes there are of each kind, the most frequent first."""
        columns = [
            f"SELECT DISTINCT a{i} AS id FROM {table(p)}"
            for p in self._stated.values()
            if p.name in self._counts
            for i, kind in enumerate(p.types)
            if kind not in (NUMBER, WORD)
        ]
        if not columns:
            return ()
        rows = self.db.execute(
            f"SELECT split_part(s.name, ':', 1) AS kind, count(DISTINCT s.id) FROM ({' UNION ALL '.join(columns)}) u "
            "JOIN symbols s ON s.id = u.id AND s.chief GROUP BY kind ORDER BY 2 DESC, 1"
        ).fetchall()
        return tuple((str(kind), int(count)) for kind, count in rows)

    def symbol(self, name: str) -> int:
        """The number of a name; -1 when nothing has it."""
        if self._few is not None:
            return self._few[0].get(name, -1)
        found = self.db.execute("SELECT id FROM symbols WHERE name = ?", [name]).fetchone()
        return -1 if found is None else int(found[0])

    def names(self, numbers: Iterable[int]) -> dict[int, str]:
        """The names of numbers."""
        if self._few is not None:
            return {number: self._few[1][number] for number in map(int, numbers) if number in self._few[1]}
        wanted = np.unique(np.fromiter(numbers, dtype=np.int32))  # noqa: F841 - DuckDB finds it by its name
        rows = self.db.execute("SELECT id, name FROM symbols WHERE id IN (SELECT column0 FROM wanted) AND chief").fetchall()
        return {int(number): str(name) for number, name in rows}

    def rows(self, predicate: str, numbers: Sequence[int]) -> dict[int, Fact]:
        """Facts by their row numbers, with what says them."""
        declared = self._declared(predicate)
        if not numbers or predicate not in self._kept:
            return {}
        wanted = np.unique(np.asarray(numbers, dtype=np.int32))  # noqa: F841
        columns = ", ".join(f"a{i}" for i in range(declared.arity))
        same = " AND ".join(f"f.a{i} = e.a{i}" for i in range(declared.arity))
        found = self.db.execute(
            f"SELECT rid, {columns} FROM {table(declared)} WHERE rid IN (SELECT column0 FROM wanted)"
        ).fetchall()
        told = self.db.execute(
            f"SELECT f.rid, e.source, e.place, e.confidence FROM {table(declared)} f JOIN {said(declared)} e ON {same} "
            "WHERE f.rid IN (SELECT column0 FROM wanted) ORDER BY f.rid, e.confidence DESC, e.source, e.place"
        ).fetchall()
        evidence: dict[int, list[Evidence]] = {}
        for rid, source, place, confidence in told:
            known = evidence.setdefault(int(rid), [])
            one = Evidence(source=self.sources[source], place=int(place), confidence=Confidence(confidence))
            if len(known) < _MOST_EVIDENCE and one not in known:
                known.append(one)
        named = self.terms(declared, [row[1:] for row in found])
        return {
            int(row[0]): Fact(predicate=predicate, terms=terms, evidence=tuple(evidence.get(int(row[0]), ())))
            for row, terms in zip(found, named, strict=True)
        }

    def terms(self, predicate: Predicate, rows: Sequence[Sequence[int]]) -> list[tuple[Term, ...]]:
        """Rows of numbers as rows of names, by the types of the predicate's arguments."""
        named = [kind != NUMBER for kind in predicate.types]
        names = self.names(value for row in rows for value, is_name in zip(row, named, strict=True) if is_name)
        return [tuple(names[value] if is_name else int(value) for value, is_name in zip(row, named, strict=True)) for row in rows]

    @cached_property
    def _counts(self) -> dict[str, int]:
        """How many facts there are of each predicate that has some."""
        kept = [p for p in self._stated.values() if p.name in self._kept]
        each = [f"SELECT '{p.name}' AS name, count(*) AS facts FROM {table(p)}" for p in kept]
        if not each:
            return {}
        found = self.db.execute(f"SELECT name, facts FROM ({' UNION ALL '.join(each)}) WHERE facts > 0").fetchall()
        return {str(name): int(facts) for name, facts in found}

    @cached_property
    def _few(self) -> tuple[dict[str, int], dict[int, str]] | None:
        """Numbers by name and names by number, where there are few: a query takes as long as thousands of look-ups."""
        if self._one("SELECT count(*) FROM symbols") > _FEW:
            return None
        rows = self.db.execute("SELECT name, id, chief FROM symbols").fetchall()
        return {name: number for name, number, _ in rows}, {number: name for name, number, chief in rows if chief}

    def _declared(self, predicate: str) -> Predicate:
        try:
            return self._stated[predicate]
        except KeyError:
            raise ValueError(f"no pack declares the fact {predicate}") from None

    def _flush(self, predicate: Predicate) -> None:
        rows = self._buffers[predicate.name]
        if not rows:
            return
        kinds = [np.dtype(object) if t != NUMBER else np.dtype(np.int64) for t in predicate.types]
        kinds += [np.dtype(np.int32), np.dtype(np.int64), np.dtype(np.int8)]
        columns = zip(zip(*rows, strict=True), kinds, strict=True)
        given = {f"c{i}": np.array(column, dtype=kind) for i, (column, kind) in enumerate(columns)}  # noqa: F841
        self.db.execute(f"INSERT INTO {stage(predicate)} SELECT * FROM given")
        rows.clear()

    def _intern(self, same: Mapping[str, str]) -> None:
        columns = [
            f"SELECT DISTINCT a{i} AS name FROM {stage(p)}"
            for p in self.used()
            for i, kind in enumerate(p.types)
            if kind != NUMBER
        ]
        constants = sorted(_constants(self.rules))
        self.db.execute("CREATE TABLE constants (name VARCHAR)")
        if constants:
            self.db.executemany("INSERT INTO constants VALUES (?)", [[name] for name in constants])
        self.db.execute("CREATE TABLE same (name VARCHAR, chief VARCHAR)")
        if same:
            pairs = {  # noqa: F841
                "name": np.array(list(same), dtype=object),
                "chief": np.array(list(same.values()), dtype=object),
            }
            self.db.execute("INSERT INTO same SELECT * FROM pairs")
        union = " UNION ALL ".join([*columns, "SELECT name FROM constants", "SELECT name FROM same", "SELECT chief FROM same"])
        self.db.execute(
            "CREATE TABLE numbered AS SELECT name, (row_number() OVER (ORDER BY name) - 1)::INTEGER AS id "
            f"FROM (SELECT DISTINCT name FROM ({union}))"
        )
        self.db.execute(
            "CREATE TABLE symbols AS SELECT n.name, coalesce(c.id, n.id) AS id, c.id IS NULL OR c.id = n.id AS chief "
            "FROM numbered n LEFT JOIN same s ON n.name = s.name LEFT JOIN numbered c ON c.name = s.chief"
        )
        self.db.execute("DROP TABLE numbered")

    def _keep_once(self, predicate: Predicate) -> None:
        joins, columns = [], []
        for i, kind in enumerate(predicate.types):
            if kind == NUMBER:
                columns.append(f"g.a{i}")
            else:
                joins.append(f"JOIN symbols s{i} ON s{i}.name = g.a{i}")
                columns.append(f"s{i}.id AS a{i}")
        self.db.execute(
            f"CREATE TABLE {said(predicate)} AS SELECT {', '.join(columns)}, g.source, g.place, g.confidence "
            f"FROM {stage(predicate)} g {' '.join(joins)}"
        )
        self.db.execute(f"DROP TABLE {stage(predicate)}")
        self._kept.add(predicate.name)
        names = ", ".join(f"a{i}" for i in range(predicate.arity))
        self.db.execute(
            f"CREATE TABLE {table(predicate)} AS SELECT (row_number() OVER (ORDER BY {names}) - 1)::INTEGER AS rid, {names} "
            f"FROM (SELECT DISTINCT {names} FROM {said(predicate)})"
        )

    def _assume(self) -> None:
        """State what the packs assume."""
        for assume in self.rules.assumes:
            declared = self.rules.predicates[assume.head.predicate]
            source = self.source(f"assumed by {assume.place.pack}")
            if declared.name not in self._kept:
                self.db.execute(_said_made(declared))
            self.db.execute(
                f"INSERT INTO {said(declared)} SELECT *, {source}, {assume.place.line}, {int(Confidence.ASSUMED)} "
                f"FROM ({assumed(assume, self, self.rules.predicates)})"
            )
            self._kept.add(declared.name)
            names = ", ".join(f"a{i}" for i in range(declared.arity))
            self.db.execute(
                f"CREATE OR REPLACE TABLE {table(declared)} AS "
                f"SELECT (row_number() OVER (ORDER BY {names}) - 1)::INTEGER AS rid, {names} "
                f"FROM (SELECT DISTINCT {names} FROM {said(declared)})"
            )

    def _one(self, query: str) -> Any:
        found = self.db.execute(query).fetchone()
        return found[0] if found else None


def _sql_type(kind: str, *, staged: bool) -> str:
    if kind == NUMBER:
        return "BIGINT"
    return "VARCHAR" if staged else "INTEGER"


def _stage_made(predicate: Predicate) -> str:
    columns = ", ".join(f"a{i} {_sql_type(t, staged=True)}" for i, t in enumerate(predicate.types))
    return f"CREATE TABLE {stage(predicate)} ({columns}, {_SAID});"


def _said_made(predicate: Predicate) -> str:
    columns = ", ".join(f"a{i} {_sql_type(t, staged=False)}" for i, t in enumerate(predicate.types))
    return f"CREATE TABLE {said(predicate)} ({columns}, {_SAID});"


def _nothing(arity: int) -> str:
    return f'"nothing said {arity}"'


def _nothing_said(arity: int) -> str:
    columns = "".join(f", a{i} INTEGER" for i in range(arity))
    return f"CREATE TABLE {_nothing(arity)} (rid INTEGER{columns});"


def _constants(rules: Rulebase) -> set[str]:
    """The names that rules mention."""
    atoms = [a for r in rules.rules for a in (r.head, *r.body, *r.absent)]
    atoms += [a for s in rules.assumes for a in (s.head, *s.body)]
    atoms += [a for f in rules.fixes for a in f.removes]
    arguments = [a for atom in atoms for a in atom.arguments]
    arguments += [side for r in rules.rules for c in r.comparisons for side in (c.left, c.right)]
    arguments += [side for s in rules.assumes for c in s.comparisons for side in (c.left, c.right)]
    return {a.value for a in arguments if isinstance(a, Constant) and isinstance(a.value, str)}
