"""Calls a function as soon as a module has been imported, without importing it and without standing between it and its loader."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Patch = Callable[[ModuleType], None]


class _Watcher(MetaPathFinder):
    """Finds nothing itself: asks the finders after it, and lets the loader that they give call the patches when it is done."""

    def __init__(self, patches: dict[str, Patch]) -> None:
        self._patches = patches
        self._asking = False

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname not in self._patches or self._asking:
            return None
        self._asking = True
        try:
            spec = _found_by_others(self, fullname, path, target)
        finally:
            self._asking = False
        loader = spec.loader if spec is not None else None
        if loader is not None and hasattr(loader, "exec_module"):
            _also(loader, self._patches[fullname])
        return spec


def when_loaded(patches: dict[str, Patch]) -> None:
    """Call each patch with its module, now when the module is loaded already, else right after it has been imported."""
    waiting: dict[str, Patch] = {}
    for name, patch in patches.items():
        module = sys.modules.get(name)
        if module is not None:
            patch(module)
        else:
            waiting[name] = patch
    sys.meta_path.insert(0, _Watcher(waiting))


def _found_by_others(
    watcher: MetaPathFinder, fullname: str, path: Sequence[str] | None, target: ModuleType | None
) -> ModuleSpec | None:
    for finder in list(sys.meta_path):
        if finder is watcher or not hasattr(finder, "find_spec"):
            continue
        spec = finder.find_spec(fullname, path, target)
        if spec is not None:
            return spec
    return None


def _also(loader: Any, patch: Patch) -> None:
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        execute(module)
        try:
            patch(module)
        except (AttributeError, TypeError):  # another version of the module, without what the patch looks for
            return

    try:
        loader.exec_module = exec_module
    except (AttributeError, TypeError):  # a built-in loader, shared by all its modules
        return
