"""Signals as a person's terminal would have them: a shell that starts us in the background has made SIGINT and SIGHUP ignored,
and ignored signals are inherited by every program that the tests start."""

import gc
import os
import signal

from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # how long an example takes says more about the machine than about us
settings.load_profile("untimed")


def pytest_configure() -> None:
    os.environ.setdefault("MITHRIDATE_PATCH", "0")  # patches take minutes: the tests of them ask for them
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()  # thousands of tests, which live to the end: they need not be looked through again and again
