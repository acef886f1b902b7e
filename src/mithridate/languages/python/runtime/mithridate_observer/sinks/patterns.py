"""Regular expressions (sink regex): the pattern, not what it is matched against."""

# ruff: noqa: ARG001 - the signatures are those of handlers and looks

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..recording import OBSERVER
from . import stack
from .patching import before

if TYPE_CHECKING:
    from types import FrameType, ModuleType

    from ..recording import Recorder


def patch(module: ModuleType) -> None:
    """All functions of `re` (and of the package `regex`) compile through one, also those that were imported by name long ago."""
    package = module.__name__.partition(".")[0]

    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        pattern = args[0]
        if not isinstance(pattern, (str, bytes)) or not recorder.holds(pattern):
            return
        frame: FrameType | None = sys._getframe(1)
        function = "compile"
        while frame is not None:
            name = frame.f_globals.get("__name__", "")
            if name == package or name.startswith(package + "."):
                function = frame.f_code.co_name
            elif not frame.f_code.co_filename.startswith(OBSERVER):
                break
            frame = frame.f_back
        if frame is not None and stack.in_library(frame):
            return
        recorder.saw("regex", f"{package}.{function}", pattern)

    before(module, "_compile", look)
