"""Where a regular expression can match one text in many ways, and texts that make a backtracking matcher try them all.

Two loops through which the same word leads make time grow with a power of the number of repeats (infinite degree of ambiguity,
IDA); one loop that the same word goes through in two ways makes it grow exponentially (EDA). Weber and Seidl, On the degree of
ambiguity of finite automata, 1991; Weideman et al., Analyzing matching time behavior of backtracking regular expression
matchers, 2016.
A search for the pattern anywhere in a text counts as a loop before it. What is found is a suspicion: the observer measures it.
"""

import functools
import operator
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mithridate.hunt.engines.calls.automaton import ALL, Automaton, TooLarge, build, letter, parse
from mithridate.hunt.engines.calls.scalable import manner

_STEPS = 60_000
_MOST = 8
_MANNERS = 4
"""Of one loop, words of so many manners: what is put right may be one of its alternatives, not the others."""
_FAILING = "\x00"
_PAIRS = 600
_SEPARATORS = functools.reduce(operator.or_, (1 << ord(sign) for sign in "/\\?#:&;, \t\r\n"))
"""Where a text is often split before a pattern is tried on a part of it."""
_State = TypeVar("_State")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguity:
    """prefix + pump repeated + suffix: the more repeats, the more ways to try before the match fails."""

    prefix: str
    pump: str
    suffix: str
    exponential: bool


def ambiguities(pattern: str, flags: int = 0) -> tuple[Ambiguity, ...]:
    """Those of a pattern, the worst and of each manner one first, at most a few; none when it is not understood."""
    tree = parse(pattern, flags)
    if tree is None:
        return ()
    found: list[Ambiguity] = []
    waiting = [tree]
    while waiting and len(found) < 4 * _MOST:
        try:
            automaton, asserted = build(waiting.pop())
        except (TooLarge, RecursionError):
            continue
        waiting += asserted[:8]
        found += _Search(automaton).all()
    distinct = {(a.prefix, a.pump, a.suffix): a for a in reversed(found)}
    ranked = sorted(distinct.values(), key=lambda a: (not a.exponential, len(a.prefix) + len(a.pump)))
    earlier = Counter[tuple[bool, str]]()
    turns: dict[Ambiguity, int] = {}
    for one in ranked:  # one of each manner before a second of any
        turns[one] = earlier[one.exponential, manner(one.pump)]
        earlier[one.exponential, manner(one.pump)] += 1
    return tuple(sorted(ranked, key=lambda a: (not a.exponential, turns[a]))[:_MOST])


class _Search:
    """Looks through the products of an automaton with itself."""

    def __init__(self, automaton: Automaton) -> None:
        self.sets = list(automaton.sets)
        self.follow: list[dict[int, int]] = [dict(f) for f in automaton.follow]
        self.start = 0
        self.looping = -1
        if not automaton.anchored:  # a matcher that searches tries every start: any text may come before
            self.looping = len(self.sets)
            self.sets.append(ALL)
            self.follow.append({**automaton.follow[0], self.looping: 1})
            self.follow[0] = {**self.follow[0], self.looping: 1}
        self.last = automaton.last
        self.component = _components(self.follow)
        self.steps = 0

    def all(self) -> list[Ambiguity]:
        return [*self._exponential(), *self._polynomial()]

    def _members(self) -> dict[int, list[int]]:
        """The components that hold a loop."""
        members: dict[int, list[int]] = {}
        for position, component in enumerate(self.component):
            members.setdefault(component, []).append(position)
        return {c: m for c, m in members.items() if len(m) > 1 or m[0] in self.follow[m[0]]}

    def _exponential(self) -> Iterator[Ambiguity]:
        for component, members in self._members().items():
            seen: set[str] = set()
            for one in members:
                twice = next((t for t, n in self.follow[one].items() if n > 1 and self.component[t] == component), None)
                word = self._doubled(one, twice) if twice is not None else self._two_ways(one)
                if word and manner(word) not in seen:
                    seen.add(manner(word))
                    yield from self._attacks(one, one, word, exponential=True)
                if len(seen) >= _MANNERS:
                    break

    def _doubled(self, one: int, other: int) -> str:
        """A word around a loop that has an edge which can be gone in two ways."""
        back = self._path(other, one)
        return letter(self.sets[other]) + back if back is not None else ""

    def _two_ways(self, one: int) -> str:
        """A word on which two different ways lead from a position back to it; "" if none was found."""
        start = (one, one, False)
        came: dict[tuple[int, int, bool], tuple[tuple[int, int, bool], str]] = {}
        queue = deque([start])
        inside = self.component[one]
        while queue and self.steps < _STEPS:
            state = queue.popleft()
            a, b, apart = state
            for x in self.follow[a]:
                if self.component[x] != inside:
                    continue
                for y in self.follow[b]:
                    self.steps += 1
                    common = self.sets[x] & self.sets[y]
                    after = (x, y, apart or x != y)
                    if not common or self.component[y] != inside or after in came:
                        continue
                    came[after] = (state, letter(common))
                    if after == (one, one, True):
                        return _spelled(came, after, start)
                    queue.append(after)
        return ""

    def _polynomial(self) -> Iterator[Ambiguity]:
        members = self._members()
        pairs = [
            (p, q)
            for a, ps in members.items()
            for b, qs in members.items()
            if a != b
            for p in ps[:12]
            for q in qs[:12]
            if self.sets[p] & self.sets[q] or len(ps) > 1 or len(qs) > 1
        ]
        pairs.sort(key=lambda pq: (pq[0] == self.looping, abs(pq[0] - pq[1])))
        found: set[tuple[int, int]] = set()
        for p, q in pairs[:_PAIRS]:
            key = (self.component[p], self.component[q])
            if key in found or self.steps > 4 * _STEPS:
                continue
            word = self._through_both(p, q)
            if word:
                found.add(key)
                yield from self._attacks(p, q, word, exponential=False)

    def _through_both(self, p: int, q: int) -> str:
        """A word that leads from p to p, from p to q and from q to q; "" if none was found."""
        start, goal = (p, p, q), (p, q, q)
        came: dict[tuple[int, int, int], tuple[tuple[int, int, int], str]] = {}
        queue = deque([start])
        steps = 0
        while queue and steps < _STEPS // 8:
            state = queue.popleft()
            a, m, b = state
            for x in self.follow[a]:
                if self.component[x] != self.component[p]:
                    continue
                for z in self.follow[b]:
                    outer = self.sets[x] & self.sets[z]
                    if not outer or self.component[z] != self.component[q]:
                        continue
                    for y in self.follow[m]:
                        steps += 1
                        common = outer & self.sets[y]
                        after = (x, y, z)
                        if not common or after in came:
                            continue
                        came[after] = (state, letter(common))
                        if after == goal:
                            self.steps += steps
                            return _spelled(came, after, start)
                        queue.append(after)
        self.steps += steps
        return ""

    def _attacks(self, p: int, q: int, pump: str, *, exponential: bool) -> Iterator[Ambiguity]:
        prefix = "" if p == self.looping else self._path(0, p, avoid=self.looping)
        if prefix is None:
            return
        expected = 0
        for position in {p, q, *self.follow[q]}:
            for after in (position, *self.follow[position]):
                expected |= self.sets[after] if after != self.looping else 0
        failing = ALL & ~expected
        if not failing and p != q:  # the first loop may take it, if only the second one and what follows do not
            failing = ALL & ~functools.reduce(operator.or_, (self.sets[after] for after in {q, *self.follow[q]}))
        suffixes = dict.fromkeys(letter(some) for some in (failing, failing & ~_SEPARATORS) if some) or {_FAILING: None}
        for suffix in suffixes:
            yield Ambiguity(prefix=prefix, pump=pump, suffix=suffix, exponential=exponential)

    def _path(self, source: int, target: int, avoid: int = -1) -> str | None:
        """The shortest word from one position to another; None when there is no way."""
        if source == target:
            return ""
        came: dict[int, tuple[int, str]] = {}
        queue = deque([source])
        while queue:
            at = queue.popleft()
            for after in self.follow[at]:
                if after in came or after == avoid or not self.sets[after]:
                    continue
                came[after] = (at, letter(self.sets[after]))
                if after == target:
                    word, here = "", after
                    while here != source or not word:
                        here, sign = came[here]
                        word = sign + word
                    return word
                queue.append(after)
        return None


def _spelled(came: dict[_State, tuple[_State, str]], end: _State, start: _State) -> str:
    word, here = "", end
    while here != start or not word:
        here, sign = came[here]
        word = sign + word
        if len(word) > 200:
            return ""
    return word


def _components(follow: Sequence[dict[int, int]]) -> list[int]:
    """For each position the number of its strongly connected component (Tarjan, without recursion)."""
    count = len(follow)
    index, low, component = [-1] * count, [0] * count, [-1] * count
    stack: list[int] = []
    clock = 0
    for root in range(count):
        if index[root] >= 0:
            continue
        work = [(root, iter(follow[root]))]
        index[root] = low[root] = clock
        clock += 1
        stack.append(root)
        while work:
            at, rest = work[-1]
            after = next(rest, None)
            if after is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[at])
                if low[at] == index[at]:
                    while True:
                        member = stack.pop()
                        component[member] = at
                        if member == at:
                            break
            elif index[after] < 0:
                index[after] = low[after] = clock
                clock += 1
                stack.append(after)
                work.append((after, iter(follow[after])))
            elif component[after] < 0:
                low[at] = min(low[at], index[after])
    return component
