"""Texts of one shape in any size: some of their parts are repeated."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_WORDS = "amber stone quiet river "


@dataclass(frozen=True, slots=True)
class Scalable:
    """`parts` are (text, whether it is repeated); all repeated parts equally often. `origin` names where the shape comes from.

    In parts, U+DC80 to U+DCFF stand for the bytes from 0x80 on, as `surrogateescape` has it.
    """

    parts: tuple[tuple[str, bool], ...]
    origin: str = ""
    enough: int = 0
    """So many repeats slow the pattern down that the shape was made for, as far as that was measured."""

    @property
    def unit(self) -> int:
        """Characters that one more repeat adds."""
        return sum(len(text) for text, again in self.parts if again) or 1

    @property
    def fixed(self) -> int:
        """Characters that are always there."""
        return sum(len(text) for text, again in self.parts if not again)

    @property
    def manner(self) -> str:
        """That of the parts that are repeated."""
        return manner("".join(text for text, again in self.parts if again))

    @property
    def binary(self) -> bool:
        """It has bytes that are no text."""
        return any(_is_byte(sign) for text, _ in self.parts for sign in text)

    def times(self, size: int) -> int:
        """How many repeats make about `size` characters; at least one."""
        return max(1, (size - self.fixed) // self.unit)

    def value(self, times: int) -> Mapping[str, Any]:
        """The V of the format with so many repeats."""
        return _joined(
            [{"make": "repeat", "of": _made(text), "times": times} if again else _made(text) for text, again in self.parts]
        )

    def harmless(self, times: int) -> Mapping[str, Any]:
        """A V of as many bytes, where plain words stand for what is repeated."""
        size = sum(_bytes(text) for text, again in self.parts if again) * times
        fixed = sum(_bytes(text) for text, again in self.parts if not again)
        lines = _WORDS * 3 + "\n"
        filling = [{"make": "repeat", "of": lines, "times": size // len(lines)}, (lines)[: size % len(lines)]]
        begins = self.parts[0][0] if not self.parts[0][1] and len(self.parts[0][0]) > 40 else ""
        return _joined([begins, *filling, "a" * (fixed - _bytes(begins))])


def _bytes(text: str) -> int:
    return sum(1 if _is_byte(sign) else len(sign.encode("utf-8", "surrogatepass")) for sign in text)


def _is_byte(sign: str) -> bool:
    """As `surrogateescape` (PEP 383) writes a byte that is no text."""
    return "\udc80" <= sign <= "\udcff"


def _made(text: str) -> Any:
    """The V of a part: text, or bytes where it has some."""
    if not any(map(_is_byte, text)):
        return text
    return {"make": "bytes", "latin1": text.encode("utf-8", "surrogateescape").decode("latin-1")}


def manner(text: str) -> str:
    """What kinds of characters a text has, each once: two pumps of one manner most likely show one flaw of a pattern."""
    return "".join(sorted({"a" if c.isalpha() else "0" if c.isdigit() else " " if c.isspace() else c for c in text}))


def repeated(pump: str, prefix: str = "", suffix: str = "", origin: str = "") -> Scalable:
    """prefix, pump repeated, suffix."""
    parts = ((prefix, False), (pump, True), (suffix, False))
    return Scalable(tuple(part for part in parts if part[0]), origin)


def nested(opening: str, closing: str, inside: str = "", prefix: str = "", suffix: str = "", origin: str = "") -> Scalable:
    """So many openings, as many closings."""
    parts = ((prefix, False), (opening, True), (inside, False), (closing, True), (suffix, False))
    return Scalable(tuple(part for part in parts if part[0]), origin)


def _joined(parts: list[Any]) -> Mapping[str, Any]:
    return {"make": "join", "of": [part for part in parts if part != ""]}


def digest(parts: Sequence[tuple[str, bool]]) -> str:
    """What a shape is known by."""
    return hashlib.sha1(repr([tuple(p) for p in parts]).encode(), usedforsecurity=False).hexdigest()[:16]
