"""Strings that tell what they are compared with.

Values and names of inputs are handed out as `Heard` only when the engine asks for it (`--heard`): a str subclass is a str to the
language and to pickle, JSON and re, but code that checks for the exact type treats it otherwise.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any, SupportsIndex

from .asked import asks_for_itself, book


class Heard(str):
    """Text from outside; equal to, ordered, hashed and written as plain text."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        book.compare(other)
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        book.compare(other)
        return str.__ne__(self, other)

    __hash__ = str.__hash__

    def __contains__(self, part: str) -> bool:  # type: ignore[override]
        book.compare(part)
        return str.__contains__(self, part)

    def startswith(self, prefix: Any, *limits: Any) -> bool:
        """As str's; notes the prefixes."""
        _compare_all(prefix)
        return str.startswith(self, prefix, *limits)

    def endswith(self, suffix: Any, *limits: Any) -> bool:
        """As str's; notes the suffixes."""
        _compare_all(suffix)
        return str.endswith(self, suffix, *limits)

    def find(self, part: str, *limits: Any) -> int:
        """As str's; notes the part."""
        book.compare(part)
        return str.find(self, part, *limits)

    def index(self, part: str, *limits: Any) -> int:
        """As str's; notes the part."""
        book.compare(part)
        return str.index(self, part, *limits)

    def count(self, part: str, *limits: Any) -> int:
        """As str's; notes the part."""
        book.compare(part)
        return str.count(self, part, *limits)

    def split(self, sep: str | None = None, maxsplit: SupportsIndex = -1) -> list[str]:
        """As str's; notes the separator, and its parts tell as well."""
        if sep is not None:
            book.compare(sep)
        return [Heard(part) for part in str.split(self, sep, maxsplit)]

    def partition(self, sep: str) -> tuple[str, str, str]:
        """As str's; notes the separator, and its parts tell as well."""
        book.compare(sep)
        before, found, after = str.partition(self, sep)
        return Heard(before), found, Heard(after)

    def rpartition(self, sep: str) -> tuple[str, str, str]:
        """As str's; notes the separator, and its parts tell as well."""
        book.compare(sep)
        before, found, after = str.rpartition(self, sep)
        return Heard(before), found, Heard(after)

    def __getitem__(self, key: Any) -> str:
        return Heard(str.__getitem__(self, key))

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (str.__str__(self),)

    def __copy__(self) -> Heard:
        return self

    def __deepcopy__(self, _memory: Any) -> Heard:
        return self


def _compare_all(constants: Any) -> None:
    for constant in constants if isinstance(constants, tuple) else (constants,):
        book.compare(constant)


def _telling(name: str) -> Callable[..., str]:
    plain = getattr(str, name)

    def method(self: Heard, *arguments: Any, **named: Any) -> str:
        return Heard(plain(self, *arguments, **named))

    method.__name__ = name
    method.__doc__ = f"As str.{name}; the result tells as well."
    return method


for _name in ("lower", "upper", "casefold", "strip", "lstrip", "rstrip", "title", "capitalize", "replace"):
    setattr(Heard, _name, _telling(_name))


def hear(value: Any, direct: bool = False) -> Any:
    """`value` as one that tells what it is compared with, when that is wanted and it is plain text; else as it is.

    A framework's own code, which may be compiled and insist on plain text, is not handed any (`direct`: see asks_for_itself).
    """
    if type(value) is str and book.heard and book.marks is not None and asks_for_itself(sys._getframe(1), direct):
        return Heard(value)
    return value


def hear_all(values: Iterable[Any]) -> list[Any]:
    """A list of values, each heard."""
    return [hear(value) for value in values]
