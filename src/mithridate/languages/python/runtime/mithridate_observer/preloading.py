"""Imports once what every run would import anew: handlers that import a library when they are called are many."""

from __future__ import annotations

import contextlib
import gc
import sys
from importlib import import_module

from .places import Places

MOST = 400
"""Modules that are preloaded in all; a program may import for ever."""


class Preloading:
    """Knows the modules that were loaded when runs began. Modules of the project itself are never preloaded: what they do when
    imported belongs to the run."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._before = frozenset(sys.modules)
        self._tried: set[str] = set()
        self._counted = len(sys.modules)
        self._told: list[str] = []

    def told(self) -> list[str]:
        """In a run's process: modules that it imported, in that order, without the project's."""
        if len(sys.modules) != self._counted:
            self._counted = len(sys.modules)
            self._told = [name for name in list(sys.modules) if name not in self._before and self._foreign(name)][:MOST]
        return self._told

    def learn(self, names: list[str]) -> None:
        """In the parent: import what a run has imported. What fails, or does odd things, does so in a run of its own later."""
        new = [name for name in names if isinstance(name, str) and name not in self._tried and name not in sys.modules]
        for name in new[: MOST - len(self._tried)]:
            self._tried.add(name)
            with contextlib.suppress(BaseException):
                import_module(name)
        if new:
            self._before = frozenset(sys.modules)
            self._counted, self._told = len(sys.modules), []
            gc.collect()
            gc.freeze()

    def _foreign(self, name: str) -> bool:
        file = getattr(sys.modules.get(name), "__file__", None)
        return isinstance(file, str) and self._places.shown(file) is None
