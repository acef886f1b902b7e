"""What-if: facts and actions taken away from a question, without grounding again."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mithridate.estate.hypergraph import Hypergraph
from mithridate.estate.rules.linter import named
from mithridate.estate.rules.terms import NUMBER, Atom, Fix, Variable
from mithridate.estate.tables import table
from mithridate.model.errors import UsageError

_FACT = re.compile(r"\s*([a-z][A-Za-z0-9_-]*)\s*\((.*)\)\s*\Z", re.DOTALL)


class Removal:
    """`without` are facts, "allow(zone:a, zone:b, tcp, _, _)" with `_` for anything, or actions by their sentence.

    UsageError for what is neither, or matches nothing.
    """

    def __init__(self, graph: Hypergraph, without: Sequence[str]) -> None:
        self._graph = graph
        touched: list[npt.NDArray[np.int64]] = []
        told: list[str] = []
        for word in without:
            found = _FACT.match(word)
            if found and found[1] in graph.base.rules.predicates:
                removed = self._fact(word, found[1], _terms(found[2]))
            else:
                removed = self._action(word)
            touched += removed
            told.append(word.strip())
        self.told = tuple(told)
        self.blocked = np.empty(0, dtype=np.uint8)
        """(instances,) 1 for those that can no longer be used; empty when nothing was taken away."""
        if touched:
            self.blocked = np.zeros(graph.instances, dtype=np.uint8)
            self.blocked[np.concatenate(touched)] = 1

    def _fact(self, word: str, name: str, terms: Sequence[str]) -> list[npt.NDArray[np.int64]]:
        predicate = self._graph.base.rules.predicates[name]
        if not predicate.stated:
            raise UsageError(f"{name} is {predicate.role}: only facts can be taken away")
        if len(terms) != predicate.arity:
            raise UsageError(f"{name} takes {predicate.arity} terms, not {len(terms)}, in {word!r}")
        conditions = {
            i: self._number(term, kind) for i, (term, kind) in enumerate(zip(terms, predicate.types, strict=True)) if term != "_"
        }
        return [self._rows(name, conditions, word)]

    def _action(self, word: str) -> list[npt.NDArray[np.int64]]:
        for fix in self._graph.base.rules.fixes:
            bound = _match(fix, word.strip())
            if bound is not None:
                return [self._rows(atom.predicate, self._bound(atom, bound), word) for atom in fix.removes]
        raise UsageError(f"{word!r} is neither a fact nor the sentence of an action", hint="write it as the report does")

    def _bound(self, atom: Atom, bound: dict[str, str]) -> dict[int, int]:
        types = self._graph.base.rules.predicates[atom.predicate].types
        found: dict[int, int] = {}
        for i, (argument, kind) in enumerate(zip(atom.arguments, types, strict=True)):
            if not isinstance(argument, Variable):
                found[i] = argument.value if isinstance(argument.value, int) else self._graph.base.symbol(argument.value)
            elif argument.name in bound:
                found[i] = self._number(bound[argument.name], kind)
        return found

    def _number(self, term: str, kind: str) -> int:
        if kind == NUMBER:
            if not term.isdigit():
                raise UsageError(f"{term!r} is no number")
            return int(term)
        return self._graph.base.symbol(term)

    def _rows(self, name: str, conditions: dict[int, int], word: str) -> npt.NDArray[np.int64]:
        where = " AND ".join(f"a{i} = {value}" for i, value in conditions.items()) or "true"
        known = table(self._graph.base.rules.predicates[name])
        got = self._graph.base.db.execute(f"SELECT rid FROM {known} WHERE {where}").fetchnumpy()
        rows = np.asarray(got["rid"], dtype=np.int32)
        if not len(rows):
            raise UsageError(f"no fact matches {word!r}")
        return self._graph.touching(name, rows)


def _terms(text: str) -> list[str]:
    """Terms between commas; quotes keep commas in."""
    parts = re.findall(r'\s*("(?:\\.|[^"\\])*"|[^,]*)\s*(?:,|\Z)', text)
    terms = [p.strip() for p in parts[: text.count(",") + 1]]
    terms = [t[1:-1].replace('\\"', '"') if t.startswith('"') and t.endswith('"') and len(t) > 1 else t for t in terms]
    while terms and not terms[-1]:
        terms.pop()
    return terms


def _match(fix: Fix, sentence: str) -> dict[str, str] | None:
    """The variables of a fix that make its sentence this one."""
    pattern = "".join(
        f"(?P<{part}>.+?)" if i % 2 else re.escape(part) for i, part in enumerate(re.split(r"\{([^{}]*)\}", fix.sentence))
    )
    if len(set(named(fix.sentence))) != len(named(fix.sentence)):
        return None
    found = re.fullmatch(pattern, sentence)
    return found.groupdict() if found else None
