"""Lines of project code that a run covers, counted against those that the whole batch has covered before.

A code object is traced until all its lines have been seen; with Python 3.12 the interpreter's own monitoring does it, each
line's event switched off after the first time.
"""

from __future__ import annotations

import sys
import threading
from types import CodeType, FrameType
from typing import Any

from .native_edges import NativeEdges
from .places import Places

_TOOL = 4
MAX_FILES = 200


class Coverage:
    """Counts (file, line) pairs of project files, and edges of its sanitized native code (`native`) as (module, position).

    `known` holds those of earlier runs; a run's process adds to its copy.
    """

    def __init__(self, places: Places, native: NativeEdges | None = None) -> None:
        self._places = places
        self.native = native
        self.known: set[tuple[str, int]] = set()
        self._new: set[tuple[str, int]] = set()
        self._wanted: dict[CodeType, set[int] | None] = {}
        self._counted = 0
        self._watching = False
        self._files: set[str] = set()

    def watch(self, wanted: bool) -> None:
        """Watch this process, its threads included, from now on; or no longer."""
        if wanted == self._watching:
            return
        self._watching = wanted
        if self.native is not None and wanted:
            self.native.start()
        if hasattr(sys, "monitoring"):
            self._monitor(sys.monitoring, wanted)
        else:
            call = self._call if wanted else None
            threading.settrace(call)
            sys.settrace(call)

    def step(self) -> dict[str, Any]:
        """`edges`, `new_edges`, `files` and, with native code to count, `native` of an ANSWER."""
        if self.native is not None and self._watching:
            self._new.update(self.native.step())
        new = len(self._new) - self._counted
        self._counted = len(self._new)
        files = sorted(name for file in self._files if (name := self._places.shown(file)) is not None)
        self._files.clear()
        told = {"edges": len(self.known) + len(self._new), "new_edges": new, "files": files[:MAX_FILES]}
        return told if self.native is None else {**told, "native": any(self.native.taken.values())}

    def told(self) -> list[list[Any]]:
        """What this process covered that was not known, for the parent's `learn`."""
        return [[file, line] for file, line in self._new.copy()]  # copied at once: what is disposed of meanwhile runs code, too

    def go_on(self) -> None:
        """In a run's process: what it covered is known from now on, as its next document begins."""
        self.learn(self.told())
        self._new.clear()
        self._counted = 0

    def learn(self, told: list[list[Any]]) -> None:
        """Add what a run's process told."""
        if not told:
            return
        self.known.update((str(file), int(line)) for file, line in told)
        if self.native is not None:
            for file, place in told:
                if ".so" in file:
                    self.native.learn(file, place)
        by_file: dict[str, set[int]] = {}
        for file, line in told:
            by_file.setdefault(file, set()).add(line)
        for code, lines in self._wanted.copy().items():
            if lines and code.co_filename in by_file:
                lines.difference_update(by_file[code.co_filename])

    def _add(self, file: str, line: int) -> None:
        place = (file, line)
        if place not in self.known:
            self._new.add(place)

    def _lines(self, code: CodeType) -> set[int] | None:
        """Lines of a code object that have not been seen; None when it is not the project's."""
        try:
            return self._wanted[code]
        except KeyError:
            pass
        lines: set[int] | None = None
        if self._places.shown(code.co_filename) is not None:
            lines = {line for line in _lines_of(code) if (code.co_filename, line) not in self.known}
        self._wanted[code] = lines
        return lines

    def _call(self, frame: FrameType, event: str, argument: Any) -> Any:
        del argument
        if event != "call":
            return None
        lines = self._lines(frame.f_code)
        if lines is None:
            return None
        self._files.add(frame.f_code.co_filename)
        return self._line if lines else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        del argument
        if event == "line":
            lines = self._wanted.get(frame.f_code)
            if lines:
                lines.discard(frame.f_lineno)
                self._add(frame.f_code.co_filename, frame.f_lineno)
            else:
                frame.f_trace_lines = False
                return None
        return self._line

    def _monitor(self, monitoring: Any, wanted: bool) -> None:
        if not wanted:
            monitoring.set_events(_TOOL, 0)
            monitoring.free_tool_id(_TOOL)
            return

        def start(code: CodeType, _offset: int) -> Any:
            if self._places.shown(code.co_filename) is not None:
                monitoring.set_local_events(_TOOL, code, monitoring.events.LINE)
            return monitoring.DISABLE

        def line(code: CodeType, number: int) -> Any:
            self._files.add(code.co_filename)
            self._add(code.co_filename, number)
            return monitoring.DISABLE

        monitoring.use_tool_id(_TOOL, "mithridate")
        monitoring.register_callback(_TOOL, monitoring.events.PY_START, start)
        monitoring.register_callback(_TOOL, monitoring.events.LINE, line)
        monitoring.set_events(_TOOL, monitoring.events.PY_START)


def _lines_of(code: CodeType) -> set[int]:
    if hasattr(code, "co_lines"):
        return {line for _, _, line in code.co_lines() if line is not None}
    import dis

    return {line for _, line in dis.findlinestarts(code)}
