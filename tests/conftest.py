"""Signals as a person's terminal would have them: a shell that starts us in the background has made SIGINT and SIGHUP ignored,
and ignored signals are inherited by every program that the tests start."""

import gc
import os
import signal
from pathlib import Path

from hypothesis import settings

_MEMORY = "/dev/shm"
_ROOM = 12 << 30


def roomy_memory() -> str | None:
    """Where files are kept in memory, if there is much room: a twelfth of the CPU time went by with files that soon are gone."""
    try:
        there = os.statvfs(_MEMORY)
        words = Path("/proc/meminfo").read_text().split()
        free = min(there.f_bavail * there.f_frsize, int(words[words.index("MemAvailable:") + 1]) << 10)
    except (OSError, ValueError):
        return None
    usable = os.access(_MEMORY, os.W_OK | os.X_OK) and not there.f_flag & os.ST_NOEXEC
    return _MEMORY if usable and free >= _ROOM else None


settings.register_profile("untimed", deadline=None)  # how long an example takes says more about the machine than about us
settings.load_profile("untimed")


def pytest_configure() -> None:
    if place := roomy_memory():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", place)
    os.environ.setdefault("MITHRIDATE_PATCH", "0")  # patches take minutes: the tests of them ask for them
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()  # thousands of tests, which live to the end: they need not be looked through again and again
