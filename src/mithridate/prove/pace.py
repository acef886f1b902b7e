"""How long doors take to open and documents to run, so that a batch is split over as many sandboxes as are worth it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mithridate.model.entry import Binary
from mithridate.model.execution import Execution

WORTH = 1.0
"""A sandbox of its own is worth it for documents that take so many times as long as the door takes to open."""

FEWEST = 32
"""Documents that are not split as long as nothing is known of their door."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Wall seconds: `opening` of a door, `each` of its documents."""

    opening: float
    each: float


class Paces:
    """The pace of each door as last seen, and how many threads ask for sandboxes at the moment."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._known: dict[Binary, Pace] = {}
        self._asking = 0
        self._lock = threading.Lock()

    def learn(self, binary: Binary, execution: Execution, runs: int) -> None:
        """Take note of a sandbox that ran so many documents."""
        opening = _opening(execution.stdout)
        if opening is not None and runs:
            with self._lock:
                self._known[binary] = Pace(opening, max(0.0, execution.wall_s - opening) / runs)

    def parts(self, binary: Binary, documents: int, turns: int) -> int:
        """In how many sandboxes each of `turns` has its `documents` done soonest, leaving places to the others who ask."""
        with self._lock:
            places, pace = self._jobs // max(1, self._asking), self._known.get(binary)
        if pace is None:
            worth = documents // FEWEST
        else:
            worth = int(documents * pace.each / (WORTH * pace.opening)) if pace.opening > 0 else documents
        return max(1, min(places // max(1, turns), worth))

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While a thread asks for sandboxes."""
        with self._lock:
            self._asking += 1
        try:
            yield
        finally:
            with self._lock:
                self._asking -= 1


def _opening(stdout: bytes) -> float | None:
    """The seconds that the observer says the door took to open: the first of its records."""
    try:
        told = json.loads(stdout[: stdout.find(b"\n")])["ready"]["seconds"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return float(told) if isinstance(told, int | float) and 0 <= told < 1e6 else None
