"""Where agents work: a snapshot that they may read and entry points that they may run inputs against. Nothing else.

Stages implement it; what it runs runs in the sandbox. Every method takes whatever a model says, and
answers with data or a refusal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

InputForm = Literal["text", "hex", "base64", "python", "document"]
"""How an input is written down: as text, in hexadecimal or base64 digits, as a Python program that prints its bytes (run in the
sandbox), or as an input document (docs/input-document.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An entry point as agents see it."""

    id: str
    kind: str
    language: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What one input did: "clean", "violation" or "failed"; `told` are the violation and its frames."""

    verdict: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """How often an input came by `line` (the first one with code from the one asked for on), and the stack and local variables
    when it first did."""

    line: int
    times: int
    stack: str
    values: str


class Reading(Protocol):
    """The half that only reads."""

    def files(self) -> Sequence[str]:
        """The source files, relative to the project's root, in order."""
        ...

    def read(self, file: str, first: int, last: int) -> list[str] | None:
        """Lines of a file (1-based, both ends in); None when it is no readable file of the snapshot."""
        ...

    def search(self, text: str) -> Sequence[tuple[str, int, str]]:
        """(file, line, its text) of the first places where this exact text stands."""
        ...

    def outline(self, file: str) -> Sequence[tuple[int, str]]:
        """(line, declaration) of the functions that a file defines."""
        ...


class Grounds(Reading, Protocol):
    """See the module."""

    def doors(self) -> Sequence[Door]:
        """The entry points."""
        ...

    def input(self, form: InputForm, value: str) -> bytes | str:
        """The bytes of an input, or one sentence why there are none."""
        ...

    def run(self, door: str, data: bytes) -> Ran:
        """Run an input once against an entry point, in a fresh sandbox."""
        ...

    def look(self, door: str, data: bytes, file: str, line: int) -> Stood | str:
        """Run an input once with an eye on a line, or one sentence why that cannot be done."""
        ...
