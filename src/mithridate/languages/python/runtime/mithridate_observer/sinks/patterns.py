"""Regular expressions (sink regex): the pattern, not what it is matched against. All that project code uses are noted as well."""

# ruff: noqa: ARG001 - the signatures are those of handlers and looks

from __future__ import annotations

import functools
import inspect
import linecache
import re
import sys
from typing import TYPE_CHECKING, Any

from .. import recording
from ..asked import book
from ..recording import OBSERVER
from . import stack
from .patching import before

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, ModuleType

    from ..recording import Recorder

_HELPERS = 4
_NAMED = re.compile(r"\s*(\w+)\s*(?::[^=]*)?=(?!=)")


def patch(module: ModuleType) -> None:
    """All functions of `re` (and of the package `regex`) compile through one, also those that were imported by name long ago."""
    package = module.__name__.partition(".")[0]

    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        pattern = args[0]
        if not isinstance(pattern, (str, bytes)) or not recorder.holds(pattern):
            return
        frame, function = _caller(package)
        if frame is not None and stack.in_library(frame):
            return
        recorder.saw("regex", f"{package}.{function}", pattern)

    module._compile = _noting(module._compile, package)  # type: ignore[attr-defined]
    before(module, "_compile", look)


def _noting(original: Callable[..., Any], package: str) -> Callable[..., Any]:
    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        pattern, flags = args[0], args[1] if len(args) > 1 else 0
        if isinstance(pattern, (str, bytes)) and not book.knows_pattern(pattern, int(flags)):
            frame, _ = _caller(package)
            frame = _maker(frame, pattern)
            recorder = recording.active
            shown = recorder.place(frame.f_code.co_filename) if frame is not None and recorder is not None else None
            if frame is not None and shown:
                book.compile(pattern, int(flags), shown, frame.f_lineno, _maker_name(frame))
        return original(*args, **kwargs)

    return call


def _maker(frame: FrameType | None, pattern: str | bytes) -> FrameType | None:
    """The frame that made a pattern: not one that was handed it as an argument, as helpers that compile and keep patterns are."""
    for _ in range(_HELPERS):
        if frame is None or frame.f_back is None:
            break
        code = frame.f_code
        handed = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        if not any(frame.f_locals.get(name) is pattern for name in handed):
            break
        frame = frame.f_back
    return frame


def _maker_name(frame: FrameType) -> str:
    """The function that makes a pattern here; outside of functions the name that it is given, else what it is."""
    code = frame.f_code
    if code.co_flags & inspect.CO_OPTIMIZED:
        return code.co_name
    named = _NAMED.match(linecache.getline(code.co_filename, frame.f_lineno)[:1000])
    return named[1] if named else "<pattern>"


def _caller(package: str) -> tuple[FrameType | None, str]:
    """The frame that called a function of `re`, and that function's name."""
    frame: FrameType | None = sys._getframe(1)
    function = "compile"
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name == package or name.startswith(package + "."):
            function = frame.f_code.co_name
        elif not frame.f_code.co_filename.startswith(OBSERVER):
            break
        frame = frame.f_back
    return frame, function
