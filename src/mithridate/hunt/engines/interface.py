"""The seam for search engines."""

import threading
from collections.abc import Callable
from typing import Protocol

from mithridate.model.entry import EntryKind, EntryPoint
from mithridate.model.project import Skipped
from mithridate.model.search import SearchResult, SearchSlice
from mithridate.sandbox.interface import Sandbox

Ticker = Callable[[int, int, int, int], None]
"""Called during a slice with (executions, covered edges, all edges, corpus units) as the engine reports them."""


class Engine(Protocol):
    """A way to search an entry point's inputs."""

    name: str
    kinds: frozenset[EntryKind]
    """The kinds of doors that it is made for; others are not its business, and no refusal."""

    def accepts(self, entry: EntryPoint) -> Skipped | None:
        """None when this engine can search `entry`, else why not."""
        ...

    def search(
        self, work: SearchSlice, sandbox: Sandbox, tick: Ticker | None = None, cancel: threading.Event | None = None
    ) -> SearchResult:
        """Search for `work.seconds` on one core; go on after violations; keep every input that fired one."""
        ...
