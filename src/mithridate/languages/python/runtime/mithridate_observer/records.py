"""Records: one JSON object a line, on a descriptor that the target's own output never reaches."""

from __future__ import annotations

import fcntl
import json
import os
import sys
import threading
from typing import Any

MAX_LINE = 256 * 1024
MAX_TEXT = 64 * 1024
_HIGH_DESCRIPTOR = 200


def take_standard_output() -> int:
    """Move the real standard output to a high private descriptor and return it; all that the target prints goes to /dev/null."""
    sys.stdout.flush()
    private = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, _HIGH_DESCRIPTOR)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    return private


class Records:
    """Writes records to one descriptor, whole lines only."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._writing = threading.Lock()

    def write(self, record: dict[str, Any]) -> None:
        """Write `record` as one line of at most MAX_LINE bytes; its longest texts are cut when it is longer."""
        self.write_line(line(record))

    def write_line(self, data: bytes) -> None:
        """Write `data`, a whole line, however long the reader takes."""
        view = memoryview(data)
        with self._writing:
            while view:
                view = view[os.write(self.descriptor, view) :]


def line(record: dict[str, Any]) -> bytes:
    """`record` as a line of ASCII JSON of at most MAX_LINE bytes."""
    encoded = _encode(record)
    for _ in range(64):
        if len(encoded) <= MAX_LINE:
            break
        record = _with_longest_halved(record)
        encoded = _encode(record)
    return encoded


def _encode(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=True, separators=(",", ":"), default=str).encode("ascii") + b"\n"


def _with_longest_halved(record: dict[str, Any]) -> dict[str, Any]:
    """A copy whose longest string or list, wherever it is, has half its length."""
    longest: tuple[int, list[Any]] = (0, [])
    stack: list[tuple[Any, list[Any]]] = [(record, [])]
    while stack:
        value, way = stack.pop()
        if isinstance(value, str):
            size = len(value)
        elif isinstance(value, dict):
            stack.extend((each, [*way, key]) for key, each in value.items())
            continue
        elif isinstance(value, list):
            stack.extend((each, [*way, index]) for index, each in enumerate(value))
            size = 8 * len(value)
        else:
            continue
        if size > longest[0]:
            longest = (size, way)
    copy: dict[str, Any] = json.loads(json.dumps(record, default=str))
    if not longest[1]:
        return copy
    place: Any = copy
    for key in longest[1][:-1]:
        place = place[key]
    last = longest[1][-1]
    place[last] = place[last][: len(place[last]) // 2]
    return copy
