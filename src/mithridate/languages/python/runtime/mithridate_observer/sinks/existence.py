"""Paths that the project's own code asks about (sink path, mode exists): whether a file is there can be told from the answer.

Only questions that the project itself puts: `os.path.realpath` and frameworks look at each part of a path before they confine it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from . import paths
from .patching import argument, before

if TYPE_CHECKING:
    from types import ModuleType

    from ..recording import Recorder

_QUESTIONS = ("exists", "lexists", "isfile", "isdir", "getsize")
_METHODS = ("exists", "is_file", "is_dir")


def patch_path(module: ModuleType) -> None:
    """`os.path`'s questions."""
    for name in _QUESTIONS:
        before(module, name, _asking(f"os.path.{name}"))


def patch_pathlib(module: ModuleType) -> None:
    """The same of `pathlib.Path`."""
    for name in _METHODS:
        before(module.Path, name, _asking(f"pathlib.Path.{name}"))


def _asking(api: str) -> Any:
    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        path = argument(args, kwargs, 0, "path")
        if isinstance(path, int) or path is None or not recorder.in_project(sys._getframe(1)):
            return
        paths.reached(recorder, api, path, "exists")

    return look
