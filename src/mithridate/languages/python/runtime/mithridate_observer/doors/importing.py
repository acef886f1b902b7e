"""Finding what a door names: "package.module:attribute", "package.module:factory()", "package.module:Class.method"."""

from __future__ import annotations

import importlib
import threading
import time
from typing import Any

SETTLING_S = 3.0


def find(name: str) -> Any:
    """The object named; a name that ends in "()" is called without arguments. What importing raises goes through."""
    called = name.endswith("()")
    module, _, attribute = name[:-2].partition(":") if called else name.partition(":")
    found: Any = importlib.import_module(module)
    for part in attribute.split(".") if attribute else ():
        found = getattr(found, part)
    return found() if called else found


def settle(seconds: float = SETTLING_S) -> None:
    """Wait for threads that importing started and that end by themselves, as those that fetch something once do.

    Threads that are left make each run open the door anew, which costs a run as much as opening does.
    """
    until = time.monotonic() + seconds
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(max(0.0, until - time.monotonic()))
