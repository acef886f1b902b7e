"""What a defender can do: fixes of the packs, bound to the facts that matter.

The variables in a fix's sentence name an action. "Patch {S} on {H}", which removes vulnerable(H, S, _), is one action for each
software on each host, and takes away all its vulnerabilities there.
"""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mithridate.estate.core import Core
from mithridate.estate.hypergraph import Block, Floats, Ints, Longs
from mithridate.estate.query import Query
from mithridate.estate.rules.linter import named
from mithridate.estate.rules.terms import NUMBER, Atom, Constant, Fix, Variable
from mithridate.estate.solver import Mask
from mithridate.model.errors import UsageError
from mithridate.model.estate import ANY, Action, Fact, Term


class Actions:
    """All actions that take a fact away which an instance of the core uses; numbered from 0."""

    def __init__(self, core: Core) -> None:
        self._base = core.graph.base
        self._first = [0]
        self._tables: list[str] = []
        costs: list[npt.NDArray[np.float64]] = []
        removals: dict[str, list[_Pairs]] = {}
        used = _used(core)
        self._fixes = [f for f in self._base.rules.fixes if any(atom.predicate in used for atom in f.removes)]
        for number, fix in enumerate(self._fixes):
            name = self._bind(number, fix, used)
            for predicate in {atom.predicate for atom in fix.removes} & set(used):
                removals.setdefault(predicate, []).append(self._pairs(name, predicate))
            costs.append(self._priced(name, fix))
            self._tables.append(name)
            self._first.append(self._first[-1] + len(costs[-1]))
        self.costs: Floats = np.concatenate([*costs, np.empty(0)])
        """(actions,)"""
        self._begin, self._of = _by_instance(core, len(self.costs), removals)
        self._instances = np.repeat(np.arange(core.instances), np.diff(self._begin))

    def __len__(self) -> int:
        return len(self.costs)

    def of(self, instance: int) -> Longs:
        """The actions that make an instance of the core impossible."""
        return self._of[self._begin[instance] : self._begin[instance + 1]]

    def of_all(self, instances: Iterable[int]) -> frozenset[int]:
        """The actions that make any of these instances impossible."""
        return frozenset(int(a) for instance in instances for a in self.of(instance))

    @property
    def counts(self) -> Longs:
        """(instances,) how many actions make each instance impossible."""
        return np.diff(self._begin)

    def blocked(self, chosen: Iterable[int]) -> Mask:
        """(instances,) 1 for those that any of the chosen actions makes impossible."""
        wanted = np.zeros(len(self), dtype=np.bool_)
        wanted[np.fromiter(chosen, dtype=np.int64)] = True
        made = np.zeros(len(self._begin) - 1, dtype=np.uint8)
        made[self._instances[wanted[self._of]]] = 1
        return made

    def told(self, number: int) -> Action:
        """An action as people read it."""
        at = int(np.searchsorted(self._first, number, side="right")) - 1
        fix = self._fixes[at]
        names = dict(zip(_key(fix), self._terms(at, fix, number), strict=True))
        sentence = fix.sentence
        for name, term in names.items():
            sentence = sentence.replace(f"{{{name}}}", str(term))
        digest = hashlib.sha256(repr((fix.pack, fix.name, *names.values())).encode()).hexdigest()[:10]
        return Action(
            id=f"{fix.name}-{digest}",
            kind=fix.name,
            sentence=sentence,
            cost=float(self.costs[number]),
            removes=self._removed(fix, names),
            takes=tuple(_taken(atom, names) for atom in fix.removes),
        )

    def _bind(self, number: int, fix: Fix, used: Mapping[str, Ints]) -> str:
        """Make a table of what the actions of a fix remove, and one of the actions; its name, without the quotes."""
        db = self._base.db
        name = f"{number} of {next(_NUMBERS)}"
        keys = [f"k{i}" for i in range(len(_key(fix)))]
        parts = [self._matching(fix, atom, used[atom.predicate]) for atom in fix.removes if atom.predicate in used]
        columns = ", ".join(["predicate VARCHAR", "rid INTEGER", *(f"{k} BIGINT" for k in keys)])
        db.execute(f'CREATE TEMP TABLE "removal {name}" ({columns})')
        for rows in parts:  # noqa: B007 - DuckDB finds it by its name
            db.execute(f'INSERT INTO "removal {name}" SELECT * FROM rows')
        key = ", ".join(keys)
        order = f"ORDER BY {key}" if key else ""
        distinct = f"SELECT DISTINCT {key}" if key else "SELECT DISTINCT 1 AS one"
        db.execute(
            f'CREATE TEMP TABLE "action {name}" AS SELECT *, row_number() OVER ({order}) - 1 + {self._first[-1]} AS id '
            f'FROM ({distinct} FROM "removal {name}")'
        )
        return name

    def _matching(self, fix: Fix, atom: Atom, rows: Ints) -> dict[str, npt.NDArray[Any]]:
        """The used facts that one removal takes away, with the key of the action that does so."""
        wanted = rows  # noqa: F841 - DuckDB finds it by its name
        query = Query(self._base)
        query.join(atom, self._base.table(self._base.rules.predicates[atom.predicate]), "f")
        query.conditions.append("f.rid IN (SELECT column0 FROM wanted)")
        columns = [f"{query.variables[name]} AS k{i}" for i, name in enumerate(_key(fix))]
        got = self._base.db.execute(query.select(["f.rid", *columns])).fetchnumpy()
        return {"predicate": np.full(len(got["rid"]), atom.predicate, dtype=object), **got}

    def _pairs(self, name: str, predicate: str) -> "_Pairs":
        keys = [k for k in self._columns(f"removal {name}") if k.startswith("k")]
        same = " AND ".join(f"r.{k} = a.{k}" for k in keys) or "true"
        got = self._base.db.execute(
            f'SELECT r.rid, a.id FROM "removal {name}" r JOIN "action {name}" a ON {same} WHERE r.predicate = ?', [predicate]
        ).fetchnumpy()
        return np.asarray(got["rid"], dtype=np.int64), np.asarray(got["id"], dtype=np.int64)

    def _priced(self, name: str, fix: Fix) -> Floats:
        price = " + ".join([f"{fix.cost.fixed}::DOUBLE", *(f"k{_key(fix).index(v)}" for v in fix.cost.variables)])
        got = self._base.db.execute(f'SELECT {price} AS c FROM "action {name}" ORDER BY id').fetchnumpy()
        costs = np.asarray(got["c"], dtype=np.float64)
        if len(costs) and costs.min() <= 0:
            raise UsageError(f"the fix {fix.name} at {fix.place} costs nothing", hint="a fix costs more than 0")
        return costs

    def _columns(self, name: str) -> list[str]:
        return [str(row[0]) for row in self._base.db.execute(f'SELECT * FROM "{name}" LIMIT 0').description or ()]

    def _removed(self, fix: Fix, names: Mapping[str, Term]) -> int:
        """How many facts an action takes away, used or not."""
        total = 0
        for atom in fix.removes:
            query = Query(self._base)
            query.join(atom, self._base.table(self._base.rules.predicates[atom.predicate]), "f")
            for name, term in names.items():
                value = term if isinstance(term, int) else self._base.symbol(term)
                query.conditions.append(f"{query.variables[name]} = {value}")
            found = self._base.db.execute(query.select(["count(*)"])).fetchone()
            total += int(found[0]) if found else 0
        return total

    def _terms(self, at: int, fix: Fix, number: int) -> tuple[Term, ...]:
        """What the variables of an action's sentence are."""
        atom = fix.removes[0]
        types = self._base.rules.predicates[atom.predicate].types
        kinds = {a.name: kind for a, kind in zip(atom.arguments, types, strict=True) if isinstance(a, Variable)}
        columns = ", ".join(f"k{i}" for i in range(len(kinds.keys() & set(_key(fix)))))
        if not columns:
            return ()
        row = self._base.db.execute(f'SELECT {columns} FROM "action {self._tables[at]}" WHERE id = {number}').fetchone() or ()
        named = [kinds[name] != NUMBER for name in _key(fix)]
        names = self._base.names(int(v) for v, is_name in zip(row, named, strict=True) if is_name)
        return tuple(names[v] if is_name else int(v) for v, is_name in zip(row, named, strict=True))


_Pairs = tuple[Longs, Longs]
"""Rows of facts, and the action that takes each away."""
_NUMBERS = itertools.count()


def _taken(atom: Atom, names: Mapping[str, Term]) -> Fact:
    """The facts that a removal means, `ANY` where any term will do."""
    terms = tuple(a.value if isinstance(a, Constant) else names.get(a.name, ANY) for a in atom.arguments)
    return Fact(predicate=atom.predicate, terms=terms)


def _key(fix: Fix) -> list[str]:
    return list(dict.fromkeys(named(fix.sentence)))


def _used(core: Core) -> dict[str, Ints]:
    """The facts that instances of the core use, by predicate."""
    found: dict[str, list[Ints]] = {}
    for block, rows in blocks_of(core):
        for column, name in enumerate(block.stated):
            found.setdefault(name, []).append(np.unique(block.facts[rows, column]))
    return {name: np.unique(np.concatenate(parts)) for name, parts in found.items()}


def blocks_of(core: Core) -> Iterator[tuple[Block, Longs]]:
    """(block, rows in it) of the core's instances, in their order."""
    graph = core.graph
    bounds = np.searchsorted(core.original, graph.first)
    for at, block in enumerate(graph.blocks):
        rows = core.original[bounds[at] : bounds[at + 1]] - graph.first[at]
        if len(rows):
            yield block, rows


def _by_instance(core: Core, actions: int, removals: Mapping[str, Sequence[_Pairs]]) -> tuple[Longs, Longs]:
    """For each instance of the core the actions that make it impossible: where they begin, and they."""
    index: dict[str, _Pairs] = {}
    for name, parts in removals.items():
        rids, numbers = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
        order = np.argsort(rids, kind="stable")
        index[name] = rids[order], numbers[order]
    pairs: list[Longs] = [np.empty(0, dtype=np.int64)]
    offset = 0
    for block, rows in blocks_of(core):
        for column, name in enumerate(block.stated):
            if name not in index:
                continue
            rids, numbers = index[name]
            facts = block.facts[rows, column]
            low, high = np.searchsorted(rids, facts, "left"), np.searchsorted(rids, facts, "right")
            widths = high - low
            first = np.repeat(low - np.concatenate([[0], np.cumsum(widths)[:-1]]), widths)
            uses = numbers[first + np.arange(int(widths.sum()))]
            pairs.append(np.repeat(np.arange(offset, offset + len(rows)), widths) * actions + uses)
        offset += len(rows)
    found = np.unique(np.concatenate(pairs))
    instances, uses = np.divmod(found, max(1, actions))
    begin = np.searchsorted(instances, np.arange(core.instances + 1))
    return begin.astype(np.int64), np.ascontiguousarray(uses)
