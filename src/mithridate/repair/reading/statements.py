"""What a reader makes of a source file: its functions, and of each its statements in order, without layout and comments."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

OUTSIDE = ""
"""The name of the function that stands for everything outside of functions."""


class Kind(StrEnum):
    """EFFECT does something (a call, an assignment). EXIT leaves a block or function. CONDITION decides a branch or loop.
    HANDLER takes an error. The rest declares or says something."""

    EFFECT = "effect"
    EXIT = "exit"
    CONDITION = "condition"
    DECLARATION = "declaration"
    HANDLER = "handler"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement, or the head of a compound one.

    `text` has its white space made even. `calls` are the names called, `ignored` those whose value nobody uses.
    `guards` are the conditions around it, the outermost first; `settled` is the truth value of a condition that depends on
    nothing. `cut` exits make what follows unreachable. `body` is the byte offset where what a branch does begins, inside of its
    braces; without braces `end` is where it ends (both -1 where unknown). `leaves`: it ends by leaving. `swallows`: a handler
    that neither tells nor passes on; `broad` ones take every error.
    """

    kind: Kind
    text: str
    line: int
    calls: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    settled: bool | None = None
    cut: bool = False
    body: int = -1
    end: int = -1
    leaves: bool = False
    broad: bool = False
    swallows: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """`body` is the byte offset behind its opening brace or colon, -1 where there is none (see OUTSIDE)."""

    name: str
    line: int
    statements: tuple[Statement, ...]
    body: int = -1

    @property
    def calls(self) -> tuple[str, ...]:
        """All names called in it."""
        return tuple(call for statement in self.statements for call in statement.calls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One file. `functions` are by name; one that comes again has a number."""

    functions: dict[str, Function]


class Reader(Protocol):
    """Reads the files of one language."""

    suffixes: frozenset[str]

    def read(self, source: bytes, suffix: str) -> Unit:
        """What is in it. A file that is not in the language gives what could be understood."""
        ...


def even(text: str) -> str:
    """Text with every run of white space as one blank."""
    return " ".join(text.split())


def unit(functions: list[Function]) -> Unit:
    """A file of these functions."""
    named: dict[str, Function] = {}
    for function in functions:
        name, count = function.name, 1
        while name in named:
            count += 1
            name = f"{function.name} ({count})"
        named[name] = function
    return Unit(functions=named)
