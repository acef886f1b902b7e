"""What-if: facts and actions taken away from a question, without grounding again."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mithridate.estate.facts import FactBase
from mithridate.estate.hypergraph import Hypergraph, Ints
from mithridate.estate.rules.terms import NUMBER, Atom, Constant, Fix
from mithridate.model.errors import UsageError

_FACT = re.compile(r"\s*([a-z][A-Za-z0-9_-]*)\s*\((.*)\)\s*\Z", re.DOTALL)
_NO_NUMBER = -1
"""What no fact has in a column of numbers."""


Rows = tuple[str, dict[int, int]]
"""A predicate, and the numbers that some of its columns have: the facts that go."""


class Removal:
    """`without` are facts, "allow(zone:a, zone:b, tcp, _, _)" with `_` for anything, or actions by their sentence.

    UsageError for what is neither, or matches nothing.
    """

    def __init__(self, graph: Hypergraph, without: Sequence[str]) -> None:
        self._graph = graph
        touched: list[npt.NDArray[np.int64]] = []
        told: list[str] = []
        for word in without:
            rows = removed(graph.base, word)
            found = [(name, self._matching(name, conditions)) for name, conditions in rows]
            if not any(len(facts) for _, facts in found):
                raise UsageError(f"no fact matches {word!r}")
            touched += [graph.touching(name, facts) for name, facts in found]
            told.append(word.strip())
        self.told = tuple(told)
        self.blocked = np.empty(0, dtype=np.uint8)
        """(instances,) 1 for those that can no longer be used; empty when nothing was taken away."""
        if touched:
            self.blocked = np.zeros(graph.instances, dtype=np.uint8)
            self.blocked[np.concatenate(touched)] = 1

    def _matching(self, name: str, conditions: dict[int, int]) -> Ints:
        where = " AND ".join(f"a{i} = {value}" for i, value in conditions.items()) or "true"
        known = self._graph.base.table(self._graph.base.rules.predicates[name])
        got = self._graph.base.db.execute(f"SELECT rid FROM {known} WHERE {where}").fetchnumpy()
        return np.asarray(got["rid"], dtype=np.int32)


def removed(base: FactBase, word: str) -> list[Rows]:
    """What a fact with `_` in it, or the sentence of an action, takes away. UsageError for what is neither.

    "Take read on a from b" can be read as "Take {R} from {N}" of another pack, too: the first reading that a fact fits is meant.
    """
    found = _FACT.match(word)
    if found and found[1] in base.rules.predicates:
        return [_fact(base, word, found[1], _terms(found[2]))]
    fitting = [(fix, bound) for fix in base.rules.fixes if (bound := bound_by(fix, word.strip())) is not None]
    readings = [[(atom.predicate, _bound(base, atom, bound)) for atom in fix.removes] for fix, bound in fitting]
    if readings:
        return next((rows for rows in readings if any(_stated(base, *one) for one in rows)), readings[0])
    raise UsageError(f"{word!r} is neither a fact nor the sentence of an action", hint="write it as the report does")


def _fact(base: FactBase, word: str, name: str, terms: Sequence[str]) -> Rows:
    predicate = base.rules.predicates[name]
    if not predicate.stated:
        raise UsageError(f"{name} is {predicate.role}: only facts can be taken away")
    if len(terms) != predicate.arity:
        raise UsageError(f"{name} takes {predicate.arity} terms, not {len(terms)}, in {word!r}")
    pairs = enumerate(zip(terms, predicate.types, strict=True))
    return name, {i: _number(base, term, kind) for i, (term, kind) in pairs if term != "_"}


def _bound(base: FactBase, atom: Atom, bound: dict[str, str]) -> dict[int, int]:
    found: dict[int, int] = {}
    types = base.rules.predicates[atom.predicate].types
    for i, (argument, kind) in enumerate(zip(atom.arguments, types, strict=True)):
        if isinstance(argument, Constant):
            found[i] = argument.value if isinstance(argument.value, int) else base.symbol(argument.value)
        elif argument.name in bound:
            term = bound[argument.name]
            found[i] = base.symbol(term) if kind != NUMBER else int(term) if term.isdigit() else _NO_NUMBER
    return found


def _stated(base: FactBase, name: str, conditions: dict[int, int]) -> bool:
    where = " AND ".join(f"a{i} = {value}" for i, value in conditions.items()) or "true"
    known = base.table(base.rules.predicates[name])
    return base.db.execute(f"SELECT 1 FROM {known} WHERE {where} LIMIT 1").fetchone() is not None


def _number(base: FactBase, term: str, kind: str) -> int:
    if kind != NUMBER:
        return base.symbol(term)
    if not term.isdigit():
        raise UsageError(f"{term!r} is no number")
    return int(term)


def _terms(text: str) -> list[str]:
    """Terms between commas; quotes keep commas in."""
    parts = re.findall(r'\s*("(?:\\.|[^"\\])*"|[^,]*)\s*(?:,|\Z)', text)
    terms = [p.strip() for p in parts[: text.count(",") + 1]]
    terms = [t[1:-1].replace('\\"', '"') if t.startswith('"') and t.endswith('"') and len(t) > 1 else t for t in terms]
    while terms and not terms[-1]:
        terms.pop()
    return terms


def bound_by(fix: Fix, sentence: str) -> dict[str, str] | None:
    """The variables of a fix that make its sentence this one."""
    pattern = ""
    for i, part in enumerate(re.split(r"\{([^{}]*)\}", fix.sentence)):
        group = f"(?P<{part}>.+?)"
        pattern += re.escape(part) if i % 2 == 0 else f"(?P={part})" if group in pattern else group
    found = re.fullmatch(pattern, sentence)
    return found.groupdict() if found else None
