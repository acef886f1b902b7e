"""Finding what a door names: "package.module:attribute", "package.module:factory()", "package.module:Class.method"."""

from __future__ import annotations

import importlib
import sys
import threading
import time
from typing import Any

SETTLING_S = 3.0
_NOTHING = object()


def find(name: str) -> Any:
    """The object named; a name that ends in "()" is called without arguments. What importing raises goes through."""
    called = name.endswith("()")
    module, _, attribute = name[:-2].partition(":") if called else name.partition(":")
    found: Any = sys.modules.get(module) or _imported(module)
    for part in attribute.split(".") if attribute else ():
        found = getattr(found, part)
    return found() if called else found


def _imported(name: str) -> Any:
    """A module; a name that its package has for another thing, as for the fast variant of it, stands for that afterwards too."""
    package, _, last = name.rpartition(".")
    around = importlib.import_module(package) if package else None
    had = vars(around).get(last, _NOTHING) if around is not None else _NOTHING
    module = importlib.import_module(name)
    if around is not None and had is not _NOTHING and had is not module:
        setattr(around, last, had)
    return module


def settle(seconds: float = SETTLING_S) -> None:
    """Wait for threads that importing started and that end by themselves, as those that fetch something once do.

    Threads that are left make each run open the door anew, which costs a run as much as opening does.
    """
    until = time.monotonic() + seconds
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(max(0.0, until - time.monotonic()))
