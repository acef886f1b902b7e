"""A pattern for a deterministic automaton: its states are taken away one after the other (J. Brzozowski, E. McCluskey, 1963).

A text has one way through the automaton, and so it has through the pattern. Sets are written as the pattern wrote them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

from mithridate.repair.python.pattern_automaton import Alphabet, States

_MOST_RUNS = 6
_MOST_ORDERS = 5
_MOST_STATES = 24


@dataclass(frozen=True, slots=True)
class _Set:
    mask: int


@dataclass(frozen=True, slots=True)
class _Cat:
    items: tuple["_Part", ...]


@dataclass(frozen=True, slots=True)
class _Alt:
    branches: tuple["_Part", ...]


@dataclass(frozen=True, slots=True)
class _Many:
    inner: "_Part"
    sign: str


_Part = _Set | _Cat | _Alt | _Many
_EMPTY = _Cat(())


def texts_of(states: States, alphabet: Alphabet) -> list[str]:
    """Patterns for it, short ones first, in parentheses where they need them; none where it is too large."""
    if len(states.steps) > _MOST_STATES:
        return []
    writer = _Writer(alphabet)
    return sorted(
        {text for order in _orders(states) if (text := writer.text(_eliminated(states, order)))}, key=lambda t: (len(t), t)
    )


def set_text(mask: int, alphabet: Alphabet) -> str | None:
    """How a set of characters is written."""
    return _Writer(alphabet).text(_Set(mask))


def _orders(states: States) -> Iterator[tuple[int, ...]]:
    count = len(states.steps)
    if count <= _MOST_ORDERS:
        yield from permutations(range(count))
        return
    yield tuple(sorted(range(count), key=lambda state: len(set(states.steps[state].values()))))
    yield tuple(reversed(range(count)))


def _eliminated(states: States, order: tuple[int, ...]) -> _Part:
    """What leads from the beginning to an end once all states are gone."""
    begin, end = -1, -2
    edges: dict[tuple[int, int], _Part] = {(begin, 0): _EMPTY}
    for state, row in enumerate(states.steps):
        for to in set(row.values()):
            edges[state, to] = _Set(sum(1 << bit for bit, there in row.items() if there == to))
    for state in states.ends:
        edges[state, end] = _EMPTY
    for state in order:
        loop = edges.pop((state, state), None)
        into = [(source, part) for (source, to), part in edges.items() if to == state]
        out = [(to, part) for (source, to), part in edges.items() if source == state]
        edges = {pair: part for pair, part in edges.items() if state not in pair}
        for source, before in into:
            for to, after in out:
                way = _cat(before, *([_star(loop)] if loop else []), after)
                known = edges.get((source, to))
                edges[source, to] = way if known is None else _alt(known, way)
    return edges.get((begin, end), _EMPTY)


def _cat(*parts: _Part) -> _Part:
    items: list[_Part] = []
    for part in parts:
        for item in part.items if isinstance(part, _Cat) else (part,):
            last = items[-1] if items else None
            if isinstance(item, _Many) and item.sign == "*" and last == item.inner:
                items[-1] = _Many(item.inner, "+")
            elif isinstance(last, _Many) and last.sign == "*" and last.inner == item:
                items[-1] = _Many(item, "+")
            else:
                items.append(item)
    return items[0] if len(items) == 1 else _Cat(tuple(items))


def _alt(one: _Part, two: _Part) -> _Part:
    if one == two:
        return one
    if one == _EMPTY:
        return _maybe(two)
    if two == _EMPTY:
        return _maybe(one)
    branches = [*_branches(one), *_branches(two)]
    masks = [b.mask for b in branches if isinstance(b, _Set)]
    others = [b for b in branches if not isinstance(b, _Set)]
    joined = 0
    for mask in masks:
        joined |= mask
    branches = [*([_Set(joined)] if masks else []), *others]
    if len(branches) == 2:
        for a, b in (branches, reversed(branches)):
            items_a, items_b = _items(a), _items(b)
            if items_a and items_b[: len(items_a)] == items_a:
                return _cat(a, _maybe(_cat(*items_b[len(items_a) :])))
            if items_a and items_b[-len(items_a) :] == items_a:
                return _cat(_maybe(_cat(*items_b[: -len(items_a)])), a)
    return branches[0] if len(branches) == 1 else _Alt(tuple(branches))


def _items(part: _Part) -> tuple[_Part, ...]:
    return part.items if isinstance(part, _Cat) else (part,)


def _branches(part: _Part) -> tuple[_Part, ...]:
    return part.branches if isinstance(part, _Alt) else (part,)


def _maybe(part: _Part) -> _Part:
    if isinstance(part, _Many):
        return part if part.sign in "*?" else _Many(part.inner, "*")
    return part if part == _EMPTY else _Many(part, "?")


def _star(part: _Part) -> _Part:
    return _Many(part.inner if isinstance(part, _Many) else part, "*")


class _Unwritable(Exception):
    pass


class _Writer:
    def __init__(self, alphabet: Alphabet) -> None:
        self._alphabet = alphabet
        self._blocks = list(self._said())

    def text(self, part: _Part) -> str | None:
        try:
            return self._item(part) if isinstance(part, _Alt) else self._part(part)
        except _Unwritable:
            return None

    def _part(self, part: _Part) -> str:
        if isinstance(part, _Set):
            return self._set(part.mask)
        if isinstance(part, _Cat):
            return "".join(map(self._item, part.items))
        if isinstance(part, _Alt):
            return "|".join(map(self._part, part.branches))
        single = isinstance(part.inner, _Set)
        return (self._part(part.inner) if single else f"(?:{self._part(part.inner)})") + part.sign

    def _item(self, part: _Part) -> str:
        return f"(?:{self._part(part)})" if isinstance(part, _Alt) else self._part(part)

    def _said(self) -> Iterator[tuple[int, str]]:
        """Sets of the pattern that can stand in brackets, with what stands there."""
        for text, mask in self._alphabet.masks().items():
            if text.startswith("[^"):
                yield self._alphabet.all & ~mask, _in_brackets(text[2:-1])
            elif text.startswith("["):
                yield mask, _in_brackets(text[1:-1])
            elif re.fullmatch(r"\\[dDwWsS]", text):
                yield mask, text
                yield self._alphabet.all & ~mask, text.swapcase()
            elif text == ".":
                yield self._alphabet.all & ~mask, r"\n"
            else:
                yield mask, _in_brackets(text)

    def _set(self, mask: int) -> str:
        exact = [text for text, known in self._alphabet.masks().items() if known == mask]
        if exact:
            return min(exact, key=len)
        ways = [
            *(f"[{content}]" for content in self._covered(mask)),
            *(f"[^{content}]" for content in self._covered(self._alphabet.all & ~mask)),
        ]
        if not ways:
            raise _Unwritable
        return min(ways, key=len)

    def _covered(self, mask: int) -> Iterator[str]:
        """What stands in brackets for these characters."""
        left, content = mask, []
        for known, text in sorted(self._blocks, key=lambda block: -block[0].bit_count()):
            if known and not known & ~mask and known & left:
                content.append(text)
                left &= ~known
        runs = self._alphabet.runs(left)
        if mask and len(runs) <= _MOST_RUNS:
            yield "".join(content) + "".join(self._run(*run) for run in runs)

    def _run(self, start: int, end: int) -> str:
        first, last = (_character(code, self._alphabet.octets) for code in (start, end - 1))
        return first if end - start == 1 else first + last if end - start == 2 else f"{first}-{last}"


def _in_brackets(content: str) -> str:
    """Text of a class that may stand at any place in another; a character alone as well."""
    if re.fullmatch(r"\\[^\w\s]", content):
        content = content[1]
    if len(content) == 1:
        return f"\\{content}" if content in "]-^[\\&~|" else content
    if content[0] in "]-^":
        content = f"\\{content}"
    behind = re.search(r"(\\*)-$", content)
    if behind and len(behind[1]) % 2 == 0:
        content = f"{content[:-1]}\\-"
    return content


def _character(code: int, octets: bool) -> str:
    letter = chr(code)
    named = {"\n": r"\n", "\t": r"\t", "\r": r"\r", "\f": r"\f", "\v": r"\v"}.get(letter)
    if named:
        return named
    if 0x20 < code < 0x7F and letter not in "\"'":
        return f"\\{letter}" if letter in "]-^[\\&~|" else letter
    return f"\\x{code:02x}" if code < 0x100 or octets else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
