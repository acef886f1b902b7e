"""Which function of the standard library the program called, when a sink deep inside it was reached."""

# ruff: noqa: PTH120 - pathlib would be one more import in the target, and slower

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ..recording import OBSERVER

if TYPE_CHECKING:
    from types import FrameType

LIBRARY = os.path.dirname(os.path.realpath(os.__file__)) + os.sep
_library: dict[str, bool] = {}


def library_calls() -> list[FrameType]:
    """Frames of the standard library between the sink and the code that called it, innermost first."""
    calls: list[FrameType] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(OBSERVER):
        frame = frame.f_back
    while frame is not None and in_library(frame):
        calls.append(frame)
        frame = frame.f_back
        while frame is not None and calls and frame.f_code.co_filename.startswith(OBSERVER):
            frame = frame.f_back
    return calls if frame is not None else []


def in_library(frame: FrameType) -> bool:
    """Whether this is code of the standard library (packages that are installed below it are not)."""
    file = frame.f_code.co_filename
    try:
        return _library[file]
    except KeyError:
        real = os.path.realpath(file)
        packaged = "/site-packages/" in real or "/dist-packages/" in real
        _library[file] = file.startswith("<frozen ") or (real.startswith(LIBRARY) and not packaged)
        return _library[file]


def name(frame: FrameType) -> tuple[str, str]:
    """The module and the function of a frame, qualified where the interpreter knows (3.11)."""
    return str(frame.f_globals.get("__name__", "")), getattr(frame.f_code, "co_qualname", frame.f_code.co_name)


def called(default: str) -> str:
    """The standard library's function that the program called; `default` when it reached the sink itself."""
    calls = library_calls()
    if not calls:
        return default
    module, function = name(calls[-1])
    return f"{module}.{function}".replace(".__init__", "").replace(".<locals>", "")


def outermost(package: str) -> str:
    """The function of a package that code outside of it called, on the way to here."""
    found = ""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module, function = name(frame)
        if module == package or module.startswith(package + "."):
            found = f"{package}.{function}"
        elif found and not frame.f_code.co_filename.startswith(OBSERVER):
            break
        frame = frame.f_back
    return found.replace(".__init__", "")
