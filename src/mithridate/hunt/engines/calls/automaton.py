"""A regular expression as an automaton without empty moves: Glushkov's positions, with what may follow each of them.

V. M. Glushkov, The abstract theory of automata, 1961. What is not regular is approximated: a back-reference stands for a copy of
its group, conditions of width zero for nothing (the patterns inside them are handed out, to be looked at by themselves).
The alphabet is ASCII and one letter beyond it; a set of characters is the bits of an integer.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from re import _constants as sre  # type: ignore[attr-defined,unused-ignore]
from re import _parser  # type: ignore[attr-defined,unused-ignore]
from typing import Any

ALPHABET: list[str] = [chr(c) for c in range(128)] + ["é"]
ALL = (1 << len(ALPHABET)) - 1
MOST_POSITIONS = 300
_COPIES = 2
"""How often something repeated a bounded number of times is written out, before the rest counts as a loop or as nothing."""
_NEWLINE = 1 << 10


class TooLarge(Exception):
    """The pattern has more positions than are looked at."""


@dataclass(slots=True)
class Automaton:
    """Position 0 is before the first character. `follow` counts the ways from a position to another; `last` may end the match."""

    sets: list[int] = field(default_factory=lambda: [0])
    follow: list[dict[int, int]] = field(default_factory=lambda: [{}])
    last: set[int] = field(default_factory=set)
    anchored: bool = False


@dataclass(slots=True)
class _Piece:
    nullable: bool
    first: list[int]
    last: list[int]


def parse(pattern: str, flags: int) -> Any | None:
    """The standard library's parse tree; None when it is no pattern, or too deep."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _parser.parse(pattern, flags)
    except (re.error, RecursionError, OverflowError, ValueError, TypeError, MemoryError):
        return None


def build(tree: Any) -> tuple[Automaton, list[Any]]:
    """The automaton of a parse tree, and the trees inside its assertions. Raises TooLarge."""
    builder = _Builder(tree.state.flags if hasattr(tree, "state") else 0)
    piece = builder.sequence(tree)
    automaton = builder.automaton
    automaton.follow[0] = {}
    for position in piece.first:
        automaton.follow[0][position] = automaton.follow[0].get(position, 0) + 1
    automaton.last = set(piece.last) | ({0} if piece.nullable else set())
    items = list(tree)
    automaton.anchored = bool(items) and items[0][0] is sre.AT and items[0][1] in (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING)
    return automaton, builder.asserted


class _Builder:
    def __init__(self, flags: int) -> None:
        self.automaton = Automaton()
        self.asserted: list[Any] = []
        self._flags = flags
        self._groups: dict[int, Any] = {}
        self._depth = 0

    def sequence(self, items: Any) -> _Piece:
        whole = _Piece(True, [], [])
        for operator, argument in items:
            whole = self._joined(whole, self._one(operator, argument))
        return whole

    def _one(self, operator: Any, argument: Any) -> _Piece:
        self._depth += 1
        if self._depth > 200:
            raise TooLarge
        try:
            return self._dispatch(operator, argument)
        finally:
            self._depth -= 1

    def _dispatch(self, operator: Any, argument: Any) -> _Piece:
        if operator in (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN):
            return self._position(character_set(operator, argument, self._flags))
        if operator is sre.BRANCH:
            return self._either([self.sequence(branch) for branch in argument[1]])
        if operator is sre.SUBPATTERN:
            group, added, removed, inside = argument
            if group:
                self._groups[group] = inside
            before, self._flags = self._flags, (self._flags | added) & ~removed
            piece = self.sequence(inside)
            self._flags = before
            return piece
        if operator is sre.ATOMIC_GROUP:
            return self.sequence(argument)
        if operator in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            return self._repeat(*argument)
        if operator is sre.GROUPREF and argument in self._groups:
            return self.sequence(self._groups[argument])
        if operator is sre.GROUPREF_EXISTS:
            _, yes, no = argument
            return self._either([self.sequence(yes), self.sequence(no) if no else _Piece(True, [], [])])
        if operator in (sre.ASSERT, sre.ASSERT_NOT):
            self.asserted.append(argument[1])
        return _Piece(True, [], [])

    def _position(self, characters: int) -> _Piece:
        automaton = self.automaton
        if len(automaton.sets) > MOST_POSITIONS:
            raise TooLarge
        automaton.sets.append(characters)
        automaton.follow.append({})
        at = len(automaton.sets) - 1
        return _Piece(False, [at], [at])

    def _repeat(self, least: int, most: Any, inside: Any) -> _Piece:
        unbounded = most is sre.MAXREPEAT or most - least > _COPIES
        whole = _Piece(True, [], [])
        for _ in range(min(least, _COPIES)):
            whole = self._joined(whole, self.sequence(inside))
        if unbounded:
            piece = self.sequence(inside)
            self._connect(piece.last, piece.first)
            whole = self._joined(whole, _Piece(True, piece.first, piece.last))
        else:
            for _ in range(int(most) - least):
                piece = self.sequence(inside)
                whole = self._joined(whole, _Piece(True, piece.first, piece.last))
        return whole

    def _joined(self, one: _Piece, two: _Piece) -> _Piece:
        self._connect(one.last, two.first)
        return _Piece(
            one.nullable and two.nullable,
            one.first + two.first if one.nullable else one.first,
            one.last + two.last if two.nullable else two.last,
        )

    def _connect(self, sources: Sequence[int], targets: Sequence[int]) -> None:
        for source in sources:
            follow = self.automaton.follow[source]
            for target in targets:
                follow[target] = follow.get(target, 0) + 1

    @staticmethod
    def _either(pieces: Sequence[_Piece]) -> _Piece:
        return _Piece(
            any(p.nullable for p in pieces),
            [at for p in pieces for at in p.first],
            [at for p in pieces for at in p.last],
        )


def character_set(operator: Any, argument: Any, flags: int) -> int:
    """The characters of one element of a pattern, as bits."""
    if operator is sre.ANY:
        return ALL if flags & re.DOTALL else ALL & ~_NEWLINE
    if operator is sre.LITERAL:
        found = _literal(argument)
    elif operator is sre.NOT_LITERAL:
        return ALL & ~_folded(_literal(argument), flags)
    else:
        negated = bool(argument) and argument[0][0] is sre.NEGATE
        found = 0
        for kind, value in argument[1:] if negated else argument:
            found |= _member(kind, value)
        found = _folded(found, flags)
        return ALL & ~found if negated else found
    return _folded(found, flags)


def _member(kind: Any, value: Any) -> int:
    if kind is sre.LITERAL:
        return _literal(value)
    if kind is sre.RANGE:
        low, high = value
        found = sum(1 << code for code in range(low, min(high, 127) + 1))
        return found | (1 << 128 if high >= ord("é") >= low or high > 0xFF else 0)
    if kind is sre.CATEGORY:
        return _CATEGORIES.get(value, 0)
    return 0


def _literal(code: int) -> int:
    return 1 << code if code < 128 else 1 << 128


def _folded(found: int, flags: int) -> int:
    if not flags & re.IGNORECASE:
        return found
    for low in range(26):
        upper, lower = 1 << (65 + low), 1 << (97 + low)
        if found & (upper | lower):
            found |= upper | lower
    return found


def _those(test: str) -> int:
    pattern = re.compile(test)
    return sum(1 << i for i, letter in enumerate(ALPHABET) if pattern.match(letter))


_CATEGORIES = {
    sre.CATEGORY_DIGIT: _those(r"\d"),
    sre.CATEGORY_NOT_DIGIT: _those(r"\D"),
    sre.CATEGORY_SPACE: _those(r"\s"),
    sre.CATEGORY_NOT_SPACE: _those(r"\S"),
    sre.CATEGORY_WORD: _those(r"\w"),
    sre.CATEGORY_NOT_WORD: _those(r"\W"),
}

_PREFERRED: list[str] = [*"a0 -\n_.,:\t<>\"'/*!(b1[{="]


def letter(characters: int) -> str:
    """One character of the set, a plain one where there is one."""
    for one in _PREFERRED:
        if characters >> ord(one) & 1:
            return str(one)
    return str(next(_letters(characters), ""))


def _letters(characters: int) -> Iterator[str]:
    printable = sorted(range(len(ALPHABET)), key=lambda i: (not 33 <= i < 127, i))
    yield from (ALPHABET[i] for i in printable if characters >> i & 1)
