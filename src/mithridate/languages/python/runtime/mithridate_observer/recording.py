"""The recorder that sinks report to: what reached a sink, with whose tokens, called from where.

Runs inside the target's interpreter: standard library only, Python >= 3.9. Records are those of docs/input-document.md.
"""

# ruff: noqa: PTH100, PTH120 - pathlib would be one more import in the target, and slower

from __future__ import annotations

import json
import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

MOST_TEXT = 64 * 1024
"""Characters of an observation's text, around the marks."""
MOST_ESCAPED = 160 * 1024
"""Bytes of that text once it is escaped JSON: a record's line may be 256 KiB with everything else in it."""
MOST_DETAIL = 4 * 1024
MOST_FRAMES = 40
MOST_TEXTS = 64
"""Texts written for one (sink, api, frames) in a phase: a loop over marked values says nothing new after that."""
MOST_TROUBLES = 20
SHORTEST_PREFIX = 3

OBSERVER = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
"""The observer's own code, which is no frame of anybody's."""


class Stopped(Exception):
    """A dangerous sink was not carried out. Raised as a subclass that the target may catch as its own (`stopped`)."""


_stops: dict[type[BaseException], type[BaseException]] = {}


def stopped(kind: type[BaseException], *arguments: Any, **named: Any) -> BaseException:
    """An exception that is both `kind`, with the arguments that `kind` takes, and `Stopped`."""
    if kind not in _stops:
        _stops[kind] = type(kind.__name__, (kind, Stopped), {"__module__": kind.__module__, "__qualname__": kind.__qualname__})
    return _stops[kind](*arguments, **named)


class _Local(threading.local):
    """What holds for this thread only."""

    quiet: frozenset[str] = frozenset()
    busy = False
    handed: tuple[dict[str, Any], ...] | list[dict[str, Any]] = ()
    """The project's frames where what this thread does was handed to it (sinks/pools.py)."""


local = _Local()


@contextmanager
def quiet(*sinks: str) -> Iterator[None]:
    """Leave out these sinks in this thread for a while: an outer call has already said what an inner one would repeat."""
    before = local.quiet
    local.quiet = before.union(sinks)
    try:
        yield
    finally:
        local.quiet = before


@contextmanager
def unobserved() -> Iterator[None]:
    """Nothing that this thread does is seen or stopped: for the observer's own work while observation is on."""
    before = local.busy
    local.busy = True
    try:
        yield
    finally:
        local.busy = before


class Recorder:
    """Writes each observation once a phase.

    `emit` writes one record, whole even when several threads call it. `roots` maps real directories of the project to their
    names in records: `{"/tmp/tree": "/src"}`. `troubles` are errors of the sinks' own code, which the target never sees.
    """

    def __init__(self, emit: Callable[[dict[str, Any]], None], roots: Mapping[str, str]) -> None:
        self.on = False
        self.troubles: list[str] = []
        self.roots = sorted(((os.path.realpath(real), name) for real, name in roots.items()), key=lambda root: -len(root[0]))
        self._emit = emit
        self._run = 0
        self._phase = ""
        self._marks: list[tuple[int, str, str]] = []
        self._tokens: tuple[str, ...] = ()
        self._bytes: tuple[bytes, ...] = ()
        self._shortest = 0
        self._prefix = ""
        self._prefix_bytes = b""
        self._seen: set[tuple[Any, ...]] = set()
        self._sites: set[tuple[object, ...]] = set()
        self._counts: dict[tuple[Any, ...], int] = {}
        self._places: dict[str, str | None] = {}

    def begin(self, run: int, phase: str, marks: Sequence[tuple[int, str, str]]) -> None:
        """Observe from now on, with these tokens: (number, opening, closing)."""
        self._run, self._phase = run, phase
        self._marks = [(number, opening.lower(), closing.lower()) for number, opening, closing in marks]
        self._tokens = tuple(token for _, opening, closing in self._marks for token in (opening, closing))
        self._bytes = tuple(token.encode() for token in self._tokens)
        prefix = os.path.commonprefix(self._tokens)  # noqa: RUF071 - of characters
        self._prefix = prefix if len(prefix) >= SHORTEST_PREFIX else ""
        self._prefix_bytes = self._prefix.encode()
        self._shortest = min(map(len, self._tokens), default=0)
        self._seen.clear()
        self._sites.clear()
        self._counts.clear()
        self.on = True

    def end(self) -> None:
        """Observe no longer."""
        self.on = False

    def trouble(self, error: Exception) -> None:
        """Note an error of a sink's own code: the target must not see it."""
        note = f"{type(error).__name__}: {error}"
        if note not in self.troubles and len(self.troubles) < MOST_TROUBLES:
            self.troubles.append(note)

    def holds(self, text: str | bytes) -> bool:
        """Whether a token is in `text`, in whatever case."""
        if len(text) < self._shortest:
            return False
        low: Any = text.lower()
        if isinstance(text, str):
            return (not self._prefix or self._prefix in low) and any(map(low.__contains__, self._tokens))
        return (not self._prefix or self._prefix_bytes in low) and any(map(low.__contains__, self._bytes))

    def marked(self, value: object, depth: int = 2) -> bool:
        """Whether text, or text in a container or in the containers in it, holds a token; never calls the target's code."""
        kind = type(value)
        if kind is str or kind is bytes:
            return self.holds(value)  # type: ignore[arg-type]
        if isinstance(value, str):
            return self.holds(str.__str__(value))
        if isinstance(value, (bytes, bytearray)):
            return self.holds(bytes(value))
        if depth == 0:
            return False
        if isinstance(value, (list, tuple)):
            return any(self.marked(item, depth - 1) for item in value)
        if isinstance(value, dict):
            return any(self.marked(key, depth - 1) or self.marked(item, depth - 1) for key, item in list(dict.items(value)))
        return False

    def saw(
        self,
        sink: str,
        api: str,
        text: str | bytes,
        dialect: str = "",
        stopped: bool = False,
        detail: Mapping[str, str] | None = None,
        fact: bool = False,
    ) -> bool:
        """Write the observation if a mark is in `text`, or if it is a fact about project code; True when a mark is in it."""
        if not self.on or local.busy or sink in local.quiet:
            return False
        marked = self.holds(text)
        if not marked and not fact:
            return False
        with unobserved():
            frames = self.frames()
            if not marked and not (frames and self.in_project(sys._getframe(1))):
                return False
            self._write(sink, api, text, dialect, stopped, detail or {}, frames)
        return marked

    def _write(
        self,
        sink: str,
        api: str,
        text: str | bytes,
        dialect: str,
        stopped: bool,
        detail: Mapping[str, str],
        frames: list[dict[str, Any]],
    ) -> None:
        text = text if isinstance(text, str) else bytes(text).decode("latin-1")
        place = (sink, api, tuple((frame["file"], frame["line"], frame["function"]) for frame in frames))
        if (place, text) in self._seen or self._counts.get(place, 0) >= MOST_TEXTS:
            return
        self._seen.add((place, text))
        self._counts[place] = self._counts.get(place, 0) + 1
        low = text.lower()
        observed = {
            "sink": sink,
            "api": api,
            "text": self._around(text, low),
            "dialect": dialect,
            "marks": [number for number, opening, closing in self._marks if opening in low or closing in low],
            "frames": frames,
            "stopped": stopped,
            "detail": {name: str(value)[:MOST_DETAIL] for name, value in detail.items()},
        }
        self._emit({"run": self._run, "phase": self._phase, "observed": observed})

    def _around(self, text: str, low: str) -> str:
        """The part of `text` that holds the marks, from a quarter before the first, small enough for a record."""
        first = min((place for place in (low.find(token) for token in self._tokens) if place >= 0), default=0)
        size = MOST_TEXT
        while True:
            start = max(0, min(first - size // 4, len(text) - size))
            part = text[start : start + size]
            if len(part) * 12 <= MOST_ESCAPED or len(json.dumps(part)) <= MOST_ESCAPED:
                return part
            size //= 2

    def named(self, path: str) -> str:
        """`path` as records name it: below the project's root where it is in one of its real directories."""
        for real, name in self.roots:
            if path == real or path.startswith(real + os.sep):
                return name + path[len(real) :]
        return path

    def place(self, file: str) -> str | None:
        """The name in records of a code file of the project, "" for a package's, None for the observer's own."""
        try:
            return self._places[file]
        except KeyError:
            pass
        real = os.path.realpath(file)
        if file.startswith(OBSERVER):
            place: str | None = None
        else:
            named = self.named(real)
            inside = named != real or any(real.startswith(root + os.sep) for root, _ in self.roots)
            packaged = "/site-packages/" in named or "/dist-packages/" in named or file.startswith("<")
            place = named if inside and not packaged else ""
        self._places[file] = place
        return place

    def frames(self) -> list[dict[str, Any]]:
        """The project's frames, innermost first; those of packages where the project has none on this stack."""
        project, others = self._framed(sys._getframe(1))
        return project or list(local.handed) or others

    def project_frames(self) -> list[dict[str, Any]]:
        """The project's frames alone."""
        return self._framed(sys._getframe(1))[0] or list(local.handed)

    def _framed(self, start: FrameType) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Frames of the project, and those of packages further in."""
        project: list[dict[str, Any]] = []
        others: list[dict[str, Any]] = []
        for frame in _stack(start):
            code = frame.f_code
            place = self.place(code.co_filename)
            if place or (
                place == "" and not project and len(others) < MOST_FRAMES and not code.co_filename.startswith("<frozen")
            ):
                found = {"file": place or self.named(code.co_filename), "line": frame.f_lineno or 0, "function": code.co_name}
                (project if place else others).append(found)
            if len(project) == MOST_FRAMES:
                break
        return project, others

    def in_project(self, frame: FrameType | None) -> bool:
        """Whether the innermost frame that is not the observer's is the project's code."""
        caller = self._caller(frame)
        return caller is not None and bool(self.place(caller.f_code.co_filename))

    def new_site(self, sink: str, what: str) -> bool:
        """Whether this is the first time in this phase that this line of the project does this: facts are asked for often."""
        caller = self._caller(sys._getframe(1))
        if caller is None or not self.place(caller.f_code.co_filename):
            return False
        site = (sink, what, id(caller.f_code), caller.f_lineno)
        if site in self._sites:
            return False
        self._sites.add(site)
        return True

    def _caller(self, frame: FrameType | None) -> FrameType | None:
        while frame is not None and self.place(frame.f_code.co_filename) is None:
            frame = frame.f_back
        return frame


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames from this one outwards, and on through the greenlets that wait for this one.

    The bridge between async and sync code of SQLAlchemy and others hides the caller in a greenlet of its own.
    """
    module = sys.modules.get("greenlet")
    greenlet = module.getcurrent() if module is not None and hasattr(module, "getcurrent") else None
    while frame is not None:
        yield frame
        frame = frame.f_back
        while frame is None and greenlet is not None and greenlet.parent is not None:
            greenlet = greenlet.parent
            frame = greenlet.gr_frame


active: Recorder | None = None
"""The recorder that sinks report to; None before `sinks.install`."""
