"""`--at FILE:LINE`: whether a run comes by a line of the project, how often, and how things stand there when it first does."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from .places import Places

MOST_TIMES = 1_000
"""From here on nothing is counted any more."""
_MOST_LOCALS = 24
_LONGEST_TEXT = 120
_SIZED: dict[type, Callable[[Any], int]] = {
    list: list.__len__,
    tuple: tuple.__len__,
    dict: dict.__len__,
    set: set.__len__,
    frozenset: frozenset.__len__,
}


class Standing:
    """Watches a process for one line. `write` writes a record: at={"frames": [...], "locals": {name: text}} the first time."""

    def __init__(self, places: Places, file: str, line: int, write: Callable[..., None]) -> None:
        self._places = places
        self._file = file
        self._line = line
        self._write = write
        self._codes: dict[CodeType, bool] = {}
        self._times = 0

    def watch(self) -> None:
        """From now on, in all threads of this process."""
        threading.settrace(self._call)
        sys.settrace(self._call)

    def close(self) -> None:
        """A document ends: write at={"times": n}, and count anew."""
        self._write(at={"times": self._times})
        self._times = 0

    def _call(self, frame: FrameType, event: str, argument: Any) -> Any:
        del argument
        code = frame.f_code
        wanted = self._codes.get(code)
        if wanted is None:
            wanted = self._codes[code] = self._is_around(code)
        return self._look if event == "call" and wanted else None

    def _is_around(self, code: CodeType) -> bool:
        if self._places.shown(code.co_filename) != self._file:
            return False
        return any(line == self._line for _, _, line in code.co_lines())

    def _look(self, frame: FrameType, event: str, argument: Any) -> Any:
        del argument
        if event == "line" and frame.f_lineno == self._line:
            if self._times >= MOST_TIMES:
                return None
            self._times += 1
            if self._times == 1:
                self._write(at={"frames": self._places.of_stack(frame), "locals": _locals(frame)})
        return self._look


def _locals(frame: FrameType) -> dict[str, str]:
    named = [(name, value) for name, value in frame.f_locals.items() if not name.startswith("__")]
    return {name: _text(value) for name, value in named[:_MOST_LOCALS]}


def _text(value: Any) -> str:
    """What a value is, without running any code of the target: base classes' own methods are asked."""
    if value is None or value is True or value is False:
        return str(value)
    for base in type(value).__mro__:
        if base is str:
            return _cut(str.__repr__(str.__getitem__(value, slice(0, _LONGEST_TEXT))), str.__len__(value))
        if base is bytes:
            return _cut(bytes.__repr__(bytes.__getitem__(value, slice(0, _LONGEST_TEXT))), bytes.__len__(value))
        if base is int:
            bits = int.bit_length(value)
            return int.__repr__(value) if bits <= 4 * _LONGEST_TEXT else f"an int of {bits} bits"
        if base is float:
            return float.__repr__(value)
        if base in _SIZED:
            return f"{base.__name__} of {_SIZED[base](value)}"
    return f"a {type.__dict__['__name__'].__get__(type(value))}"


def _cut(text: str, length: int) -> str:
    return text if length <= _LONGEST_TEXT else f"{text}… ({length} long)"
