"""JSON of any size, a record at a time. Nothing is built that is larger than one record."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import ijson

from mithridate.model.errors import UsageError

DEEPEST = 500
"""Levels of nesting; the parser's work grows with their square."""
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_REST_OF_TEXT = re.compile(rb'(?:[^"\\]|\\.)*"', re.DOTALL)
_LEVELS = re.compile(rb"[\[\]{}]")


class TooDeep(ValueError):
    """A document is nested too deeply."""


class Shallow:
    """A stream of JSON that ends with TooDeep instead of nesting more than DEEPEST levels."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._depth = 0
        self._rest = b""
        self._in_text = False

    def read(self, size: int = -1) -> bytes:
        """As a file's; the levels of what is given out are counted first."""
        data = self._file.read(size)
        self._count(self._rest + data)
        return data

    def _count(self, data: bytes) -> None:
        self._rest = b""
        at = 0
        if self._in_text:
            found = _REST_OF_TEXT.match(data)
            if found is None:
                self._rest = _unfinished(data)
                return
            self._in_text, at = False, found.end()
        bare = _TEXT.sub(b"", data[at:])
        bare, quote, text = bare.partition(b'"')
        if quote:
            self._in_text, self._rest = True, _unfinished(text)
        for level in _LEVELS.finditer(bare):
            self._depth += 1 if level[0] in (b"[", b"{") else -1
            if self._depth > DEEPEST:
                raise TooDeep(f"it is nested more than {DEEPEST} deep")


def records(path: Path, prefix: str) -> Iterator[Any]:
    """The values at an ijson prefix ("components.item"). UsageError for a file that is no JSON, or nested too deeply."""
    try:
        with path.open("rb") as file:
            yield from ijson.items(Shallow(file), prefix, use_float=True)
    except TooDeep as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    except (ijson.JSONError, UnicodeDecodeError, RecursionError, ValueError, OverflowError) as error:
        raise UsageError(f"{path} is no JSON: {' '.join(str(error).split())[:200]}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def value(path: Path, prefix: str) -> Any:
    """The first value at a prefix; None when there is none."""
    return next(records(path, prefix), None)


def one_document(path: Path) -> bool:
    """It begins with an object, not with a list."""
    try:
        with path.open("rb") as file:
            return file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def _unfinished(text: bytes) -> bytes:
    """A backslash at the end of a part of a text, whose other half comes with the next part."""
    slashes = len(text) - len(text.rstrip(b"\\"))
    return b"\\" if slashes % 2 else b""
