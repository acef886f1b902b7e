"""Chooses how a run is watched: a live view on a terminal, plain lines elsewhere."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mithridate.cli.plain import PlainLines
from mithridate.model.run import Observer

PLAIN = "MITHRIDATE_PLAIN"
"""Set to 1: plain lines on a terminal too."""


@contextmanager
def watching(title: str, cancel: threading.Event) -> Iterator[Observer]:
    """An observer that shows events on stderr until the end of the block. `title` names what is scanned."""
    if not sys.stderr.isatty() or os.environ.get("TERM", "dumb") == "dumb" or os.environ.get(PLAIN, "") not in {"", "0"}:
        yield PlainLines(sys.stderr)
        return
    from mithridate.cli.live import LiveView  # loads Rich: only where it is looked at

    with LiveView(title, cancel) as view:
        yield view
