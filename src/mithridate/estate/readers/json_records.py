"""The records of a large JSON document, one at a time: elements of one array, wherever it is, with a bound on what one may hold.

ijson builds one record in memory while the rest of the file is read in pieces. A hostile file could make that one record grow
without end, or nest so deeply that the names of its levels alone fill the memory; so all bytes pass through a gauge first, which
counts depth and values outside of strings and stops the reading. A record that large is no record of any format read here.
"""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

import ijson
import numpy as np
import numpy.typing as npt

from mithridate.model.errors import UsageError

MOST_NESTED = 64
"""Levels of arrays and objects within each other; the formats read here need less than ten."""
DEEPEST_BILL = 500
"""The same in bills of materials, whose components nest; the parser's work grows with the square."""
MOST_VALUES = 8_000_000
"""Values of one record: a group of more than two million members."""
LARGEST_RECORD = 512 << 20
"""Bytes of one record."""
_PIECE = 128 << 10
_QUOTE, _BACKSLASH = 0x22, b"\\"
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_MARK = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\x00{", b"{\x00")


class RecordTooLarge(Exception):
    """A record beyond the bounds of this module; what comes after it cannot be read."""


_WRONG = (ijson.JSONError, RecordTooLarge, ValueError, OverflowError)
"""What the parser and the gauge raise; UnicodeDecodeError is a ValueError."""


def records(file: IO[bytes], prefix: str, deepest: int = MOST_NESTED) -> Iterator[Any]:
    """Each element at `prefix` ("data.item": the elements of the array "data"), in the order of the file.

    `file` must be able to go back to its start. ValueError tells why the document is no JSON from some place on, RecordTooLarge
    that it is beyond the bounds. What was yielded before stays true. A document that has no such array yields nothing.
    """
    gauge = _Gauge(file, prefix, deepest)
    count = 0
    try:
        for record in ijson.items(gauge, prefix, buf_size=_PIECE, use_float=True):
            count += 1
            yield record
    except _WRONG:
        file.seek(0)
        yield from islice(_up_to_the_mistake(file, prefix, deepest), count, None)


def records_of(path: Path, prefix: str) -> Iterator[Any]:
    """The elements at `prefix` of a file, nested as bills may be. UsageError for a file that is no JSON or beyond the bounds."""
    try:
        with path.open("rb") as file:
            yield from records(file, prefix, DEEPEST_BILL)
    except RecordTooLarge as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    except ValueError as error:
        raise UsageError(f"{path} is no JSON: {error}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def value_of(path: Path, prefix: str) -> Any:
    """The first value at a prefix; None when there is none. Errors as `records_of` raises them."""
    return next(records_of(path, prefix), None)


def one_document(path: Path) -> bool:
    """It begins with an object, not with a list."""
    try:
        with path.open("rb") as file:
            return without_mark(file.read(4096)).startswith(b"{")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def _up_to_the_mistake(file: IO[bytes], prefix: str, deepest: int) -> Iterator[Any]:
    """All records before the first mistake, three times slower: the fast way drops those that share a piece with it."""
    gauge = _Gauge(file, prefix, deepest)
    done = ijson.sendable_list()
    parser = ijson.items_coro(done, prefix, use_float=True)
    mistake: Exception | None = None
    piece = b"{"
    while piece and mistake is None:
        try:
            piece = gauge.read()
            if piece:
                parser.send(piece)
            else:
                parser.close()
        except _WRONG as error:
            mistake = error
        if done:
            yield from done
            del done[:]
    if isinstance(mistake, RecordTooLarge):
        raise mistake
    if mistake is not None:
        raise ValueError(_reason(mistake))


def refuse_other_encodings(head: bytes, name: str) -> None:
    """UsageError for text that is not UTF-8: JSON that some shells write."""
    if head.startswith(_WIDE):
        raise UsageError(f"{name} is UTF-16 text", hint="save it as UTF-8")


def without_mark(head: bytes) -> bytes:
    """The bytes after a UTF-8 byte order mark and white space."""
    return head.removeprefix(_MARK).lstrip()


class _Gauge:
    """A file for ijson that measures the JSON that passes."""

    def __init__(self, file: IO[bytes], prefix: str, deepest: int) -> None:
        self._file = file
        self._deepest = deepest
        beside_lists = prefix not in ("", "item") and "." not in prefix
        self._around = 2 if beside_lists else prefix.count(".") + 1
        """Levels around a record, or around those of the lists beside it; whatever is that far out holds nothing read before."""
        self._started = False
        self._deltas = np.zeros(256, dtype=np.int32)
        for sign, step in (("[", 1), ("{", 1), ("]", -1), ("}", -1)):
            self._deltas[ord(sign)] = step
        self._counts = np.zeros(256, dtype=bool)
        self._counts[[ord(sign) for sign in "[{,"]] = True
        self._depth = 0
        self._values = 0
        self._bytes = 0
        self._inside = False
        self._escaping = False

    def read(self, size: int = -1) -> bytes:
        """The next piece. RecordTooLarge when it goes beyond the bounds."""
        if size == 0:
            return b""
        piece = self._file.read(_PIECE)
        if not self._started:
            self._started = True
            piece = piece.removeprefix(_MARK)
        if piece:
            self._measure(piece)
        return piece

    def _measure(self, piece: bytes) -> None:
        signs = np.frombuffer(self._unescaped(piece), dtype=np.uint8)
        outside = self._outside(signs)
        levels = np.where(outside, self._deltas[signs], 0).cumsum() + self._depth
        if int(levels.max()) > self._deepest:
            raise RecordTooLarge(f"arrays and objects are nested more than {self._deepest} levels deep")
        self._depth = int(levels[-1])
        between = np.flatnonzero(outside & (levels <= self._around))
        since = int(between[-1]) + 1 if len(between) else 0
        if since:
            self._values = self._bytes = 0
        self._values += int(np.count_nonzero(self._counts[signs[since:]] & outside[since:]))
        self._bytes += len(signs) - since
        if self._values > MOST_VALUES:
            raise RecordTooLarge(f"one record holds more than {MOST_VALUES:,} values")
        if self._bytes > LARGEST_RECORD:
            raise RecordTooLarge(f"one record is larger than {LARGEST_RECORD >> 20} MiB")

    def _unescaped(self, piece: bytes) -> bytes:
        """The piece with each backslash and what it escapes replaced, in the same length."""
        if self._escaping:
            piece = b"_" + piece[1:]
            self._escaping = False
        if _BACKSLASH in piece:
            piece = _ESCAPED.sub(b"__", piece)
            self._escaping = piece.endswith(_BACKSLASH)
        return piece

    def _outside(self, signs: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """Which signs stand outside of strings."""
        quotes = (signs == _QUOTE).cumsum() + self._inside
        self._inside = bool(quotes[-1] & 1)
        outside: npt.NDArray[np.bool_] = (quotes & 1) == 0
        return outside


def _reason(error: Exception) -> str:
    """The first line of the parser's message, printable and short."""
    told = error.args[0] if error.args else ""
    text = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
    line = next(iter(text.splitlines()), "") or "it ends too early"
    return "".join(c if c.isprintable() else "?" for c in line)[:120]
