"""What is wrong in rule packs, each with the place where it stands."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from mithridate.estate.rules.terms import (
    NODE,
    NUMBER,
    Assume,
    Atom,
    Comparison,
    Constant,
    Cost,
    Fix,
    Pack,
    Place,
    Predicate,
    Role,
    Rule,
    Variable,
)

_NAMED = re.compile(r"\{([^{}]*)\}")
_ORDER = frozenset({"<", "<=", ">", ">="})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """`serious` ones keep the packs from being used."""

    place: Place
    message: str
    serious: bool = True

    def __str__(self) -> str:
        return f"{self.place}: {'' if self.serious else 'warning: '}{self.message}"


def named(sentence: str) -> list[str]:
    """The names in braces of a sentence, in order."""
    return _NAMED.findall(sentence)


def lint(packs: Iterable[Pack]) -> list[Mistake]:
    """Every mistake in packs that are used together, in the order of the text."""
    packs = list(packs)
    linter = _Linter(packs)
    return [*linter.declared(), *(m for pack in packs for m in linter.pack(pack)), *linter.together()]


class _Linter:
    def __init__(self, packs: list[Pack]) -> None:
        self._packs = packs
        self._predicates: dict[str, Predicate] = {}
        for predicate in (p for pack in packs for p in pack.predicates):
            self._predicates.setdefault(predicate.name, predicate)

    def declared(self) -> Iterator[Mistake]:
        for predicate in (p for pack in self._packs for p in pack.predicates):
            first = self._predicates[predicate.name]
            if (first.types, first.role) != (predicate.types, predicate.role):
                yield Mistake(place=predicate.place, message=f"{predicate.name} is declared otherwise at {first.place}")
            if not predicate.types and predicate.role is not Role.DERIVED:
                yield Mistake(place=predicate.place, message=f"{predicate.name} needs an argument")
            for name in named(predicate.sentence):
                if not name.isdigit() or int(name) >= predicate.arity:
                    yield Mistake(
                        place=predicate.place, message=f"{{{name}}} is no argument of {predicate.name}; they count from 0"
                    )

    def pack(self, pack: Pack) -> Iterator[Mistake]:
        for name, count in Counter(r.name for r in pack.rules).items():
            if count > 1:
                again = [r for r in pack.rules if r.name == name][1]
                yield Mistake(place=again.place, message=f"a second rule is called {name}")
        for rule in pack.rules:
            yield from self._rule(rule)
        for assume in pack.assumes:
            yield from self._assume(assume)
        for fix in pack.fixes:
            yield from self._fix(fix)

    def together(self) -> Iterator[Mistake]:
        """What only shows when all packs are seen."""
        rules = [r for pack in self._packs for r in pack.rules]
        given = {r.head.predicate for r in rules}
        needed = {a.predicate for r in rules for a in r.body}
        removed = {a.predicate for pack in self._packs for f in pack.fixes for a in f.removes}
        for predicate in self._predicates.values():
            if predicate.role is Role.DERIVED and predicate.name in needed and predicate.name not in given:
                yield Mistake(place=predicate.place, message=f"no rule gives {predicate.name}", serious=False)
        for rule in rules:
            for atom in rule.absent:
                if atom.predicate in removed:
                    message = f"{atom.predicate} is removed by a fix, so that no rule may ask for its absence"
                    yield Mistake(place=rule.place, message=message)

    def _rule(self, rule: Rule) -> Iterator[Mistake]:
        types: dict[str, str] = {}
        yield from self._atom(rule.head, rule.place, types, {Role.DERIVED}, "what a rule gives")
        for atom in rule.body:
            yield from self._atom(atom, rule.place, types, set(Role), "a premise")
        bound = {v for atom in rule.body for v in atom.variables}
        for atom in rule.absent:
            yield from self._atom(atom, rule.place, types, {Role.FACT}, "what is asked to be absent")
            yield from _unbound((v for v in atom.variables if not v.startswith("_")), bound, rule.place, "not")
        yield from _unbound(rule.head.variables, bound, rule.place, "the head")
        yield from self._compared(rule.comparisons, bound, types, rule.place)
        yield from _priced(rule.cost, bound, types, rule.place)
        yield from _unbound(
            named(rule.sentence), bound | {v for a in rule.absent for v in a.variables}, rule.place, "the sentence"
        )
        if not 0 < rule.confidence <= 1:
            yield Mistake(place=rule.place, message=f"confidence {rule.confidence} is not above 0 and at most 1")
        if not rule.body:
            yield Mistake(place=rule.place, message="a rule needs a premise")
        if not rule.sentence and not rule.hidden:
            yield Mistake(place=rule.place, message="a step that is shown needs a sentence (says) or must be hidden")
        yield from _lonely(rule)

    def _assume(self, assume: Assume) -> Iterator[Mistake]:
        types: dict[str, str] = {}
        yield from self._atom(assume.head, assume.place, types, {Role.ASSUMPTION}, "what is assumed")
        for atom in assume.body:
            yield from self._atom(atom, assume.place, types, {Role.FACT}, "what an assumption follows from")
        bound = {v for atom in assume.body for v in atom.variables}
        yield from _unbound(assume.head.variables, bound, assume.place, "the head")
        yield from self._compared(assume.comparisons, bound, types, assume.place)

    def _fix(self, fix: Fix) -> Iterator[Mistake]:
        types: dict[str, str] = {}
        for atom in fix.removes:
            yield from self._atom(atom, fix.place, types, {Role.FACT, Role.ASSUMPTION}, "what a fix removes")
            yield from _unbound(named(fix.sentence), set(atom.variables), fix.place, f"removes {atom.predicate}")
        yield from _priced(fix.cost, set(named(fix.sentence)), types, fix.place)

    def _atom(self, atom: Atom, place: Place, types: dict[str, str], roles: set[Role], what: str) -> Iterator[Mistake]:
        predicate = self._predicates.get(atom.predicate)
        if predicate is None:
            near = _near(atom.predicate, self._predicates)
            yield Mistake(place=place, message=f"{atom.predicate} is not declared{near}")
            return
        if predicate.role not in roles:
            wanted = " or ".join(sorted(roles))
            yield Mistake(place=place, message=f"{atom.predicate} is {predicate.role}, and {what} must be {wanted}")
        if len(atom.arguments) != predicate.arity:
            yield Mistake(place=place, message=f"{atom.predicate} takes {predicate.arity} arguments, not {len(atom.arguments)}")
            return
        for argument, kind in zip(atom.arguments, predicate.types, strict=True):
            if isinstance(argument, Constant):
                if isinstance(argument.value, int) != (kind == NUMBER):
                    yield Mistake(place=place, message=f"{argument.value!r} in {atom.predicate} is not of type {kind}")
            elif not _agree(types, argument.name, kind):
                message = f"{argument.name} is {types[argument.name]} and, in {atom.predicate}, {kind}"
                yield Mistake(place=place, message=message)

    def _compared(
        self, comparisons: Iterable[Comparison], bound: set[str], types: Mapping[str, str], place: Place
    ) -> Iterator[Mistake]:
        for comparison in comparisons:
            yield from _unbound(comparison.variables, bound, place, "a comparison")
            for side in (comparison.left, comparison.right):
                number = isinstance(side.value, int) if isinstance(side, Constant) else types.get(side.name, NUMBER) == NUMBER
                if comparison.operator in _ORDER and not number:
                    shown = side.value if isinstance(side, Constant) else side.name
                    yield Mistake(place=place, message=f"{shown} is no number, and {comparison.operator} compares numbers")


def _agree(types: dict[str, str], name: str, kind: str) -> bool:
    known = types.setdefault(name, kind)
    if known == NODE and kind != NUMBER:
        types[name] = kind
        return True
    return known == kind or (kind == NODE and known != NUMBER)


def _unbound(names: Iterable[str], bound: set[str], place: Place, where: str) -> Iterator[Mistake]:
    for name in dict.fromkeys(names):
        if name not in bound:
            shown = "_" if name.startswith("_") else name
            yield Mistake(place=place, message=f"{shown} of {where} is in no premise")


def _priced(cost: Cost, bound: set[str], types: Mapping[str, str], place: Place) -> Iterator[Mistake]:
    yield from _unbound(cost.variables, bound, place, "the cost")
    for name in cost.variables:
        if types.get(name, NUMBER) != NUMBER:
            yield Mistake(place=place, message=f"the cost {name} is {types[name]}, not {NUMBER}")


def _lonely(rule: Rule) -> Iterator[Mistake]:
    """Variables that stand once: most often a slip of the pen."""
    atoms = (rule.head, *rule.body, *rule.absent)
    counts = Counter(a.name for atom in atoms for a in atom.arguments if isinstance(a, Variable) and not a.anonymous)
    used = {*named(rule.sentence), *rule.cost.variables, *(v for c in rule.comparisons for v in c.variables)}
    for name, count in counts.items():
        if count == 1 and name not in used:
            yield Mistake(place=rule.place, message=f"{name} stands only once; write _ if that is meant", serious=False)


def _near(name: str, known: Iterable[str]) -> str:
    found = get_close_matches(name, list(known), n=1)
    return f"; is {found[0]} meant?" if found else ""
