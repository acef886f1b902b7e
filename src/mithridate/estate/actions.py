"""What a defender can do: fixes of the packs, bound to the facts that matter.

The variables in a fix's sentence name an action. "Patch {S} on {H}", which removes vulnerable(H, S, _), is one action for each
software on each host, and takes away all its vulnerabilities there.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from mithridate.estate.core import Core
from mithridate.estate.facts import FactBase
from mithridate.estate.hypergraph import Block, Longs
from mithridate.estate.query import Query
from mithridate.estate.rules.linter import named
from mithridate.estate.rules.terms import NUMBER, Atom, Fix, Variable
from mithridate.estate.tables import table
from mithridate.model.errors import UsageError
from mithridate.model.estate import Action, Term


class Actions:
    """All actions that take a fact away which an instance of the core uses; numbered from 0."""

    def __init__(self, core: Core) -> None:
        self._base = core.graph.base
        self._fixes: list[Fix] = []
        self._keys: list[tuple[Term, ...]] = []
        costs: list[float] = []
        used = _used(core)
        removals: dict[str, tuple[list[npt.NDArray[np.int64]], list[npt.NDArray[np.int64]]]] = {}
        for fix in self._base.rules.fixes:
            keys: dict[tuple[int, ...], int] = {}
            for atom in fix.removes:
                rows = used.get(atom.predicate)
                if rows is None:
                    continue
                rids, found = _matching(self._base, fix, atom, rows)
                numbers = np.array([keys.setdefault(key, len(keys)) for key in found], dtype=np.int64) + len(costs)
                into = removals.setdefault(atom.predicate, ([], []))
                into[0].append(rids)
                into[1].append(numbers)
            for terms in self._terms(fix, list(keys)):
                self._fixes.append(fix)
                self._keys.append(terms)
                costs.append(_cost(fix, terms))
        self.costs: npt.NDArray[np.float64] = np.array(costs, dtype=np.float64)
        """(actions,)"""
        self._begin, self._of = _by_instance(core, removals)

    def __len__(self) -> int:
        return len(self.costs)

    def of(self, instance: int) -> npt.NDArray[np.int64]:
        """The actions that make an instance of the core impossible."""
        return self._of[self._begin[instance] : self._begin[instance + 1]]

    def of_all(self, instances: Iterable[int]) -> frozenset[int]:
        """The actions that make any of these instances impossible."""
        return frozenset(int(a) for instance in instances for a in self.of(instance))

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """(instances,) how many actions make each instance impossible."""
        return np.diff(self._begin)

    def blocked(self, chosen: Iterable[int]) -> npt.NDArray[np.uint8]:
        """(instances,) 1 for those that any of the chosen actions makes impossible."""
        wanted = np.zeros(len(self), dtype=np.bool_)
        wanted[np.fromiter(chosen, dtype=np.int64)] = True
        made = np.zeros(len(self._begin) - 1, dtype=np.uint8)
        instances = np.repeat(np.arange(len(self._begin) - 1), np.diff(self._begin))
        made[instances[wanted[self._of]]] = 1
        return made

    def told(self, number: int) -> Action:
        """An action as people read it."""
        fix, terms = self._fixes[number], self._keys[number]
        names = dict(zip(_key(fix), terms, strict=True))
        sentence = fix.sentence
        for name, term in names.items():
            sentence = sentence.replace(f"{{{name}}}", str(term))
        digest = hashlib.sha256(repr((fix.pack, fix.name, terms)).encode()).hexdigest()[:10]
        return Action(
            id=f"{fix.name}-{digest}",
            kind=fix.name,
            sentence=sentence,
            cost=float(self.costs[number]),
            removes=self._removed(fix, names),
        )

    def _removed(self, fix: Fix, names: dict[str, Term]) -> int:
        total = 0
        for atom in fix.removes:
            query = Query(self._base)
            query.join(atom, table(self._base.rules.predicates[atom.predicate]), "f")
            for name, term in names.items():
                value = term if isinstance(term, int) else self._base.symbol(term)
                query.conditions.append(f"{query.variables[name]} = {value}")
            found = self._base.db.execute(query.select(["count(*)"])).fetchone()
            total += int(found[0]) if found else 0
        return total

    def _terms(self, fix: Fix, keys: Sequence[tuple[int, ...]]) -> list[tuple[Term, ...]]:
        predicate = self._base.rules.predicates[fix.removes[0].predicate]
        by_name = {
            a.name: kind for a, kind in zip(fix.removes[0].arguments, predicate.types, strict=True) if isinstance(a, Variable)
        }
        types = [by_name[name] for name in _key(fix)]
        names = self._base.names(v for key in keys for v, kind in zip(key, types, strict=True) if kind != NUMBER)
        return [tuple(v if kind == NUMBER else names[v] for v, kind in zip(key, types, strict=True)) for key in keys]


def _key(fix: Fix) -> list[str]:
    return list(dict.fromkeys(named(fix.sentence)))


def _used(core: Core) -> dict[str, npt.NDArray[np.int32]]:
    """The facts that instances of the core use, by predicate."""
    found: dict[str, list[npt.NDArray[np.int32]]] = {}
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


def _matching(
    base: FactBase, fix: Fix, atom: Atom, rows: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int64], list[tuple[int, ...]]]:
    """The used facts that one removal takes away, and the action that does so, as the numbers of its key."""
    wanted = rows  # noqa: F841 - DuckDB finds it by its name
    query = Query(base)
    query.join(atom, table(base.rules.predicates[atom.predicate]), "f")
    query.conditions.append("f.rid IN (SELECT column0 FROM wanted)")
    columns = [query.variables[name] for name in _key(fix)]
    got = base.db.execute(query.select(["f.rid", *columns]) + " ORDER BY f.rid").fetchall()
    rids = np.array([row[0] for row in got], dtype=np.int64)
    return rids, [tuple(int(v) for v in row[1:]) for row in got]


def _cost(fix: Fix, terms: Sequence[Term]) -> float:
    names = dict(zip(_key(fix), terms, strict=True))
    cost = fix.cost.fixed + sum(float(names[v]) for v in fix.cost.variables)
    if cost <= 0:
        raise UsageError(f"the fix {fix.name} at {fix.place} costs nothing", hint="a fix costs more than 0")
    return cost


def _by_instance(
    core: Core, removals: dict[str, tuple[list[npt.NDArray[np.int64]], list[npt.NDArray[np.int64]]]]
) -> tuple[Longs, Longs]:
    """For each instance of the core the actions that make it impossible: where they begin, and they."""
    index: dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = {}
    for name, (parts, numbered) in removals.items():
        order = np.argsort(np.concatenate(parts), kind="stable")
        index[name] = np.concatenate(parts)[order], np.concatenate(numbered)[order]
    instances: list[npt.NDArray[np.int64]] = []
    actions: list[npt.NDArray[np.int64]] = []
    offset = 0
    for block, rows in blocks_of(core):
        for column, name in enumerate(block.stated):
            if name not in index:
                continue
            rids, numbers = index[name]
            facts = block.facts[rows, column]
            low, high = np.searchsorted(rids, facts, "left"), np.searchsorted(rids, facts, "right")
            widths = high - low
            instances.append(np.repeat(np.arange(offset, offset + len(rows)), widths))
            first = np.repeat(low - np.concatenate([[0], np.cumsum(widths)[:-1]]), widths)
            actions.append(numbers[first + np.arange(int(widths.sum()))])
        offset += len(rows)
    if not instances:
        return np.zeros(core.instances + 1, dtype=np.int64), np.empty(0, dtype=np.int64)
    pairs = np.unique(np.stack([np.concatenate(instances), np.concatenate(actions)], axis=1), axis=0)
    begin = np.searchsorted(pairs[:, 0], np.arange(core.instances + 1))
    return begin.astype(np.int64), np.ascontiguousarray(pairs[:, 1])
