"""Regular expressions as trees whose nodes know where in the pattern they are written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MOST_DEPTH = 60
_MANY = re.compile(r"\{([0-9]*)(,?)([0-9]*)\}")
_CLASSES = "dDwWsS"
_LITERAL_ESCAPE = re.compile(
    r"\\(?:[abfnrtv\\]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|0[0-7]{0,2}|[0-3][0-7]{2}|[^0-9a-zA-Z])", re.S
)


class TooDeep(Exception):
    """Groups are nested deeper than is looked at."""


@dataclass(frozen=True, slots=True)
class Node:
    """[start, end) of the pattern."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Chars(Node):
    """One character out of a set: a letter, an escape, a class, a dot."""


@dataclass(frozen=True, slots=True)
class Row(Node):
    """One after the other."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice(Node):
    """One of several, the first one that fits."""

    branches: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat(Node):
    """`least` to `most` times (None: without bound), as often as possible unless lazy."""

    inner: Node
    least: int
    most: int | None
    lazy: bool


@dataclass(frozen=True, slots=True)
class Group(Node):
    """What is between parentheses, which are kept under this number (0: not kept)."""

    inner: Node
    number: int


@dataclass(frozen=True, slots=True)
class Other(Node):
    """What is not regular, or is no character: conditions, back-references, atomic groups, flags of a part."""


def parse(pattern: str, *, verbose: bool = False) -> Node | None:
    """The tree of a pattern that compiles; None where it nests too deep. What is not understood is Other."""
    try:
        return _Parser(pattern, verbose).choice(0)[0]
    except TooDeep:
        return None


def groups(pattern: str, *, verbose: bool = False) -> int:
    """How many groups the tree keeps, those within Other included; -1 where it nests too deep."""
    parser = _Parser(pattern, verbose)
    try:
        parser.choice(0)
    except TooDeep:
        return -1
    return parser.groups


def inside(node: Node) -> Iterator[Node]:
    """A node and all below it, inner ones first."""
    if isinstance(node, Row):
        below: tuple[Node, ...] = node.items
    elif isinstance(node, Choice):
        below = node.branches
    elif isinstance(node, Repeat | Group):
        below = (node.inner,)
    else:
        below = ()
    for one in below:
        yield from inside(one)
    yield node


def edge(node: Node, side: int) -> Node:
    """What stands first (0) or last (-1) in it, in whatever groups and rows."""
    while isinstance(node, Group) or (isinstance(node, Row) and node.items):
        node = node.inner if isinstance(node, Group) else node.items[side]
    return node


class _Parser:
    def __init__(self, pattern: str, verbose: bool) -> None:
        self._pattern = pattern
        self._blank = re.compile(r"(?:[ \t\n\r\v\f]|#[^\n]*)*" if verbose else "")
        self.groups = 0

    def choice(self, at: int, depth: int = 0) -> tuple[Node, int]:
        if depth > _MOST_DEPTH:
            raise TooDeep
        start, branches = at, []
        while True:
            row, at = self._row(at, depth)
            branches.append(row)
            if self._pattern[at : at + 1] != "|":
                return (branches[0] if len(branches) == 1 else Choice(start, at, tuple(branches))), at
            at += 1

    def _row(self, at: int, depth: int) -> tuple[Node, int]:
        start, items = at, []
        while (at := self._behind_blanks(at)) < len(self._pattern) and self._pattern[at] not in "|)":
            node, at = self._one(at, depth)
            repeated, at = self._repeated(node, at)
            items.append(repeated)
        return (items[0] if len(items) == 1 else Row(start, at, tuple(items))), at

    def _behind_blanks(self, at: int) -> int:
        found = self._blank.match(self._pattern, at)
        return found.end() if found else at

    def _one(self, at: int, depth: int) -> tuple[Node, int]:
        letter = self._pattern[at]
        if letter == "(":
            return self._group(at, depth)
        if letter in "^$":
            return Other(at, at + 1), at + 1
        if letter == "[":
            end = class_end(self._pattern, at)
            return Chars(at, end), end
        if letter != "\\":
            return Chars(at, at + 1), at + 1
        if self._pattern[at + 1 : at + 2] in _CLASSES:
            return Chars(at, at + 2), at + 2
        found = _LITERAL_ESCAPE.match(self._pattern, at)
        if found:
            return Chars(at, found.end()), found.end()
        number = re.compile(r"\\(?:[1-9]\d?|N\{[^}]*\}|.)", re.S).match(self._pattern, at)
        end = number.end() if number else at + 1
        return Other(at, end), end

    def _repeated(self, node: Node, at: int) -> tuple[Node, int]:
        behind = at
        at = self._behind_blanks(at)
        letter = self._pattern[at : at + 1]
        found = _MANY.match(self._pattern, at)
        if letter and letter in "*+?":
            least, most, end = int(letter == "+"), (1 if letter == "?" else None), at + 1
        elif found and found[0] != "{}":
            least = int(found[1] or 0)
            most, end = (int(found[3]) if found[3] else None) if found[2] else least, found.end()
        else:
            return node, behind
        sign = self._pattern[end : end + 1]
        if sign == "+":
            return Other(node.start, end + 1), end + 1
        lazy = sign == "?"
        return Repeat(node.start, end + lazy, node, least, most, lazy), end + lazy

    def _group(self, start: int, depth: int) -> tuple[Node, int]:
        head = re.compile(r"\((?:\?(?::|P<\w+>))?(?!\?)").match(self._pattern, start)
        number = 0
        if head is not None and head[0] != "(?:":
            self.groups += 1
            number = self.groups
        if head is None:
            return self._strange(start, depth)
        inner, at = self.choice(head.end(), depth + 1)
        return Group(start, at + 1, inner, number), at + 1

    def _strange(self, start: int, depth: int) -> tuple[Node, int]:
        """A condition or the like. Groups in it count."""
        comment = re.compile(r"\(\?#[^)]*\)|\(\?P=\w+\)").match(self._pattern, start)
        if comment:
            return Other(start, comment.end()), comment.end()
        head = re.compile(r"\(\?(?:<?[=!]|>|\(\w+\)|[a-zA-Z-]*:?)").match(self._pattern, start)
        _, at = self.choice(head.end() if head else start + 1, depth + 1)
        return Other(start, at + 1), at + 1


def class_end(pattern: str, at: int) -> int:
    """Where a class of characters that begins at `at` is over."""
    end = at + 1
    end += pattern[end : end + 1] == "^"
    end += pattern[end : end + 1] == "]"
    while end < len(pattern) and pattern[end] != "]":
        end += 2 if pattern[end] == "\\" else 1
    return end + 1
