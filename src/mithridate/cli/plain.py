"""A run in plain lines: one for each event, and one about the hunt every ten seconds. For logs and pipes."""

import threading
import time
from collections.abc import Callable
from typing import TextIO

from mithridate.cli.tally import Tally, clock_time, short_count
from mithridate.model.run import Event, HuntProgress, Note, ProofLanded, StageStarted
from mithridate.report.visible import visible

EVERY_S = 10.0
"""Seconds between two lines about the hunt."""


class PlainLines:
    """An Observer that writes lines to `stream`, each with the time since the start. Safe for several threads."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._started = clock()
        self._last = float("-inf")
        self._tally = Tally()
        self._lock = threading.RLock()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        with self._lock:
            match event:
                case StageStarted(stage=stage, detail=detail):
                    self._last = float("-inf")
                    self._write(f"{stage}: {detail}" if detail else stage)
                case ProofLanded(title=title, place=place, replays=replays):
                    self._write(f"proved: {title} at {place} ({replays} of {replays} replays)")
                case Note(text=text):
                    self._write(text)
                case HuntProgress():
                    self._tally.add(event, self._clock())
                    self._progress()

    def _progress(self) -> None:
        now = self._clock()
        if now - self._last < EVERY_S:
            return
        self._last = now
        total = self._tally.total()
        doors = f"{total.entries} entry point{'s' if total.entries != 1 else ''}"
        speed = f"{short_count(total.executions)} executions ({short_count(total.per_second)}/s)"
        found = f"{total.covered} edges, {total.candidates} candidates"
        self._write(f"hunting: {doors}, {speed}, {found}, {clock_time(total.time_left_s)} left")

    def _write(self, text: str) -> None:
        print(f"[{clock_time(self._clock() - self._started)}] {visible(text)}", file=self._stream, flush=True)
