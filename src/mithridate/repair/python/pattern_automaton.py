"""Exact automata of parts of patterns: whether a text can be matched in two ways, and the one way it is matched in instead.

Positions and what may follow them: V. M. Glushkov, The abstract theory of automata, 1961. Ambiguity: two paths of one text
through the automaton with itself. Sets of characters are the bits of an integer: characters that no set tells apart share a bit.
"""

import re
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from mithridate.repair.python.pattern_tree import Chars, Choice, Group, Node, Repeat, Row

_MOST_POSITIONS = 160
_MOST_STATES = 400
_MOST_NODES = 4_000
_READABLE = "a0 -_b./\\n" + "".join(map(chr, range(0x21, 0x7F)))


class TooLarge(Exception):
    """The automaton would have more positions or states than are looked at."""


class Alphabet:
    """The characters that these sets tell apart."""

    def __init__(self, sets: Iterable[str], flags: int, octets: bool) -> None:
        self.octets = octets
        self._flags = flags
        self._known = {text: _runs(text, flags, octets) for text in sets}
        cuts = {0, _size(octets), *(at for runs in self._known.values() for run in runs for at in run)}
        self._cuts = sorted(cuts)
        starts = self._cuts[:-1]
        members: list[list[str]] = [[] for _ in starts]
        for text, runs in self._known.items():
            for start, end in runs:
                for at in range(bisect_right(starts, start) - 1, bisect_right(starts, end - 1)):
                    members[at].append(text)
        kinds: dict[tuple[str, ...], int] = {}
        self._kinds = [kinds.setdefault(tuple(row), len(kinds)) for row in members]
        self.all = (1 << len(kinds)) - 1
        self._masks = {text: sum(1 << bit for row, bit in kinds.items() if text in row) for text in self._known}

    def mask(self, text: str) -> int:
        """The bits of a set that was given."""
        return self._masks[text]

    def runs(self, mask: int) -> list[tuple[int, int]]:
        """[start, end) of the characters of a mask."""
        found: list[tuple[int, int]] = []
        for (start, end), kind in zip(pairwise(self._cuts), self._kinds, strict=True):
            if not mask >> kind & 1:
                continue
            if found and found[-1][1] == start:
                found[-1] = (found[-1][0], end)
            else:
                found.append((start, end))
        return found

    def runs_of(self, text: str) -> list[tuple[int, int]]:
        """[start, end) of the characters of a set that was given."""
        return self.runs(self._masks[text])

    def letters(self) -> list[str]:
        """A character of each bit, one that can be read where there is one."""
        found = []
        for bit in range(self.all.bit_length()):
            runs = self.runs(1 << bit)
            found.append(next((c for c in _READABLE if any(start <= ord(c) < end for start, end in runs)), chr(runs[0][0])))
        return found

    def masks(self) -> Mapping[str, int]:
        """All sets with their bits."""
        return self._masks


def _size(octets: bool) -> int:
    return 0x100 if octets else 0x110000


@lru_cache(maxsize=1)
def _everything() -> str:
    return "".join(map(chr, range(0x110000)))


@lru_cache(maxsize=256)
def _runs(text: str, flags: int, octets: bool) -> tuple[tuple[int, int], ...]:
    """[start, end) of the characters that a set matches."""
    if len(text) == 1 and text != "." and not flags & re.IGNORECASE:
        return ((ord(text), ord(text) + 1),)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _matched(text, flags, octets)


def _matched(text: str, flags: int, octets: bool) -> tuple[tuple[int, int], ...]:
    if octets:
        these = re.compile(text.encode("latin-1"), flags & ~re.UNICODE)
        codes = [code for code in range(0x100) if these.fullmatch(bytes([code]))]
        starts = [code for code in codes if code - 1 not in codes]
        return tuple((code, next(end for end in range(code + 1, 0x101) if end not in codes)) for code in starts)
    return tuple(found.span() for found in re.compile(f"(?:{text})+", flags).finditer(_everything()))


@dataclass(slots=True)
class Positions:
    """What stands at each position (0: before the text), what may follow it, and where a text may end."""

    sets: list[int] = field(default_factory=lambda: [0])
    follow: list[set[int]] = field(default_factory=lambda: [set()])
    last: set[int] = field(default_factory=set)
    twice: bool = False
    """One position follows another in two ways."""


@dataclass(slots=True)
class _Part:
    empty: bool
    first: list[int]
    last: list[int]


class _Builder:
    def __init__(self, pattern: str, alphabet: Alphabet) -> None:
        self.made = Positions()
        self._pattern = pattern
        self._alphabet = alphabet
        self._seen = 0

    def part(self, node: Node) -> _Part:
        self._seen += 1
        if self._seen > _MOST_NODES:
            raise TooLarge
        if isinstance(node, Chars):
            if len(self.made.sets) > _MOST_POSITIONS:
                raise TooLarge
            self.made.sets.append(self._alphabet.mask(self._pattern[node.start : node.end]))
            self.made.follow.append(set())
            at = len(self.made.sets) - 1
            return _Part(False, [at], [at])
        if isinstance(node, Group):
            return self.part(node.inner)
        if isinstance(node, Row):
            whole = _Part(True, [], [])
            for item in node.items:
                whole = self._joined(whole, self.part(item))
            return whole
        if isinstance(node, Choice):
            parts = [self.part(branch) for branch in node.branches]
            self.made.twice |= sum(p.empty for p in parts) > 1
            return _Part(any(p.empty for p in parts), [a for p in parts for a in p.first], [a for p in parts for a in p.last])
        assert isinstance(node, Repeat)
        return self._repeat(node)

    def _repeat(self, node: Repeat) -> _Part:
        """Copies one after the other: a text may be over after any that need not be there, and leaves none out."""
        count = node.most if node.most is not None else max(1, node.least)
        copies = [self.part(node.inner) for _ in range(count)]
        if not copies:
            return _Part(True, [], [])
        empty = copies[0].empty
        self.made.twice |= empty
        whole = _Part(empty or not node.least, copies[0].first, copies[0].last)
        for number, (before, copy) in enumerate(pairwise(copies), 2):
            self._connect(whole.last if empty else before.last, copy.first)
            first = whole.first + copy.first if empty else whole.first
            ends = number > max(1, node.least) or empty
            whole = _Part(whole.empty, first, whole.last + copy.last if ends else copy.last)
        if node.most is None:
            self._connect(copies[-1].last, copies[-1].first)
        return whole

    def _joined(self, one: _Part, two: _Part) -> _Part:
        self._connect(one.last, two.first)
        first = one.first + two.first if one.empty else one.first
        last = one.last + two.last if two.empty else two.last
        return _Part(one.empty and two.empty, first, last)

    def _connect(self, sources: Iterable[int], targets: Iterable[int]) -> None:
        for source in sources:
            self.made.twice |= not self.made.follow[source].isdisjoint(targets)
            self.made.follow[source].update(targets)


def positions(pattern: str, node: Node, alphabet: Alphabet) -> Positions:
    """The automaton of a node that holds nothing but characters, rows, choices, repetitions and groups. Raises TooLarge."""
    builder = _Builder(pattern, alphabet)
    part = builder.part(node)
    builder.made.follow[0] = set(part.first)
    builder.made.last = {*part.last, *([0] if part.empty else [])}
    return builder.made


def ambiguous(made: Positions) -> bool:
    """Whether one text takes two ways through these positions."""
    if made.twice:
        return True
    steps: dict[tuple[int, int], set[tuple[int, int]]] = {}
    todo = [(0, 0)]
    while todo:
        pair = todo.pop()
        if pair in steps:
            continue
        one, two = made.follow[pair[0]], made.follow[pair[1]]
        steps[pair] = {(a, b) for a in one for b in two if made.sets[a] & made.sets[b]}
        todo += steps[pair]
    back: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for pair, after in steps.items():
        for other in after:
            back.setdefault(other, set()).add(pair)
    todo = [(a, b) for a, b in steps if a in made.last and b in made.last]
    ends: set[tuple[int, int]] = set()
    while todo:
        pair = todo.pop()
        if pair[0] != pair[1]:
            return True
        if pair not in ends:
            ends.add(pair)
            todo += back.get(pair, ())
    return False


@dataclass(frozen=True, slots=True)
class States:
    """A deterministic automaton without dead ends. It begins at 0; a missing step refuses."""

    steps: tuple[Mapping[int, int], ...]
    """Of each state, the state that each bit (its number) leads to."""
    ends: frozenset[int]


def prefix_free(made: States) -> bool:
    """Whether no text of the language goes on as another."""
    return all(not made.steps[state] for state in made.ends)


def states(made: Positions, alphabet: Alphabet) -> States:
    """The deterministic automaton of these positions. Raises TooLarge."""
    bits = range(alphabet.all.bit_length())
    numbers: dict[frozenset[int], int] = {frozenset([0]): 0}
    rows: list[dict[int, int]] = []
    todo = list(numbers)
    while len(rows) < len(todo):
        here = todo[len(rows)]
        row: dict[int, int] = {}
        after = {at for position in here for at in made.follow[position]}
        for bit in bits:
            there = frozenset(at for at in after if made.sets[at] >> bit & 1)
            if not there:
                continue
            if there not in numbers:
                numbers[there] = len(numbers)
                todo.append(there)
            row[bit] = numbers[there]
        rows.append(row)
        if len(numbers) > _MOST_STATES:
            raise TooLarge
    ends = frozenset(number for here, number in numbers.items() if here & made.last)
    alive = _reaching(rows, ends)
    return _renamed({state: state for state in alive}, rows, ends)


def minimal(made: States) -> States:
    """The smallest automaton of the same texts (E. F. Moore's rounds)."""
    kind = {state: int(state in made.ends) for state in range(len(made.steps))}
    while True:
        seen: dict[tuple[int, tuple[tuple[int, int], ...]], int] = {}
        new = {}
        for state, row in enumerate(made.steps):
            steps = tuple(sorted((bit, kind[to]) for bit, to in row.items()))
            new[state] = seen.setdefault((kind[state], steps), len(seen))
        if len(seen) == len(set(kind.values())):
            return _renamed(new, made.steps, made.ends)
        kind = new


def _renamed(kind: Mapping[int, int], rows: Sequence[Mapping[int, int]], ends: frozenset[int]) -> States:
    """States of one kind made one; what leads to a state without a kind is left out."""
    if 0 not in kind:
        return States(({},), frozenset())
    order = [kind[0], *sorted({*kind.values()} - {kind[0]})]
    number = {one: at for at, one in enumerate(order)}
    found: list[dict[int, int]] = [{} for _ in order]
    for state, one in kind.items():
        found[number[one]] = {bit: number[kind[to]] for bit, to in rows[state].items() if to in kind}
    return States(tuple(found), frozenset(number[kind[state]] for state in ends if state in kind))


def _reaching(rows: list[dict[int, int]], ends: frozenset[int]) -> set[int]:
    back: dict[int, set[int]] = {}
    for state, row in enumerate(rows):
        for to in row.values():
            back.setdefault(to, set()).add(state)
    alive, todo = set(ends), list(ends)
    while todo:
        for state in back.get(todo.pop(), ()):
            if state not in alive:
                alive.add(state)
                todo.append(state)
    return alive


def same(one: States, two: States) -> bool:
    """Whether two minimal automata over one alphabet know the same texts."""
    paired, todo = {0: 0}, [0]
    while todo:
        a = todo.pop()
        b = paired[a]
        if (a in one.ends) != (b in two.ends) or one.steps[a].keys() != two.steps[b].keys():
            return False
        for bit, to in one.steps[a].items():
            if to not in paired:
                paired[to] = two.steps[b][bit]
                todo.append(to)
            elif paired[to] != two.steps[b][bit]:
                return False
    return True
