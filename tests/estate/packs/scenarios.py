"""Many small estates grounded at once, each under names of its own, so that each premise can be left out in turn without
grounding again."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from mithridate.estate.ground import ground
from mithridate.estate.hypergraph import Hypergraph
from mithridate.estate.rules.rulebase import Rulebase
from tests.estate.small import facts

_NODE = re.compile(r"\b([a-z]+:[A-Za-z0-9_-]+)(?=[,)])")
_WORD = re.compile(r"@([A-Za-z0-9_$.]+)")
Row = tuple[str, int]


class Scenarios:
    """Estates by name, as lines of facts. Nodes are those of their scenario alone; so are words that are written "@word"."""

    def __init__(self, graph: Hypergraph, rows: Mapping[str, Row], texts: Mapping[str, str]) -> None:
        self._graph = graph
        self._rows = rows
        self._texts = texts
        self._users: defaultdict[int, list[int]] = defaultdict(list)
        self._heads: list[int] = []
        self._needs: list[tuple[int, ...]] = []
        self._facts: list[frozenset[Row]] = []
        self._names: list[str] = []
        self._bare: defaultdict[Row, list[int]] = defaultdict(list)
        self._told: dict[int, str] = {}
        for block in graph.blocks:
            for row, head in enumerate(block.heads):
                instance = len(self._heads)
                self._heads.append(int(head))
                self._needs.append(tuple({int(p) for p in block.premises[row]}))
                self._facts.append(frozenset((p, int(r)) for p, r in zip(block.stated, block.facts[row], strict=True)))
                self._names.append(block.rule.name)
                for premise in self._needs[-1]:
                    self._users[premise].append(instance)
                if not self._needs[-1]:
                    for fact in self._facts[-1]:
                        self._bare[fact].append(instance)

    def lines(self, name: str) -> list[str]:
        """The facts of a scenario, as written."""
        return _lines(self._texts[name])

    def gives(
        self, name: str, start: str, predicate: str, node: str, without: str | None = None, not_by: Collection[str] = ()
    ) -> bool:
        """predicate(node) is derived from the start, when one line and the rules `not_by` are left out."""
        atom = self._graph.atom(predicate, _named(f"({node})", name)[1:-1])
        return atom >= 0 and atom in self._solve(name, start, without, not_by)

    def given(self, name: str, start: str, rule: str, without: str | None = None) -> set[str]:
        """What one rule gives from the start, by facts of the scenario alone, when one line is left out."""
        if not self._told:
            self._told = {atom: str(fact) for atom, fact in self._graph.described(self._heads).items()}
        own = {line: self._rows[_named(line, name)] for line in self.lines(name)}
        left = set(own.values()) - {own.get(without or "")}
        true = self._solve(name, start, without, ())
        fired = [
            i for i, by in enumerate(self._names) if by == rule and self._facts[i] <= left and true.issuperset(self._needs[i])
        ]
        return {self._told[self._heads[i]].replace(f".{name}", "") for i in fired}

    def _solve(self, name: str, start: str, without: str | None, not_by: Collection[str]) -> set[int]:
        own = {line: self._rows[_named(line, name)] for line in self.lines(name)}
        banned = own.get(without or "")
        left: dict[int, int] = {}
        true: set[int] = set()
        ready = [i for row in own.values() for i in self._bare[row]]
        found = [self._graph.atom("start", _named(f"({start})", name)[1:-1])]
        while found or ready:
            for instance in ready:
                if banned not in self._facts[instance] and self._names[instance] not in not_by:
                    found.append(self._heads[instance])
            ready = []
            for atom in set(found) - true:
                true.add(atom)
                for instance in self._users[atom]:
                    left[instance] = left.get(instance, len(self._needs[instance])) - 1
                    if not left[instance]:
                        ready.append(instance)
            found = []
        return true


@contextmanager
def grounded(rules: Rulebase, texts: Mapping[str, str], *starts: str) -> Iterator[Scenarios]:
    """All scenarios, grounded; an attacker may be asked about who starts at any of `starts`."""
    whole = "\n".join(_named(line, name) for name, text in texts.items() for line in _lines(text))
    with facts(rules, whole) as base:
        graph = ground(base, [_named(f"({start})", name)[1:-1] for name in texts for start in starts])
        rows = {
            str(fact): (predicate, row)
            for predicate in {p.name for p in rules.predicates.values() if p.role == "fact"}
            for row, fact in base.rows(predicate, range(base.facts(predicate))).items()
        }
        yield Scenarios(graph, rows, texts)


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _named(line: str, scenario: str) -> str:
    return _WORD.sub(rf"\1.{scenario}", _NODE.sub(rf"\1.{scenario}", line))
