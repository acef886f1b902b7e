"""Signals as a person's terminal would have them: a shell that starts us in the background has made SIGINT and SIGHUP ignored,
and ignored signals are inherited by every program that the tests start."""

import os
import signal
from itertools import groupby

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # how long an example takes says more about the machine than about us
settings.load_profile("untimed")

_SCANS = {"e2e", "hostile"}  # folders


def pytest_configure() -> None:
    os.environ.setdefault("MITHRIDATE_PATCH", "0")  # patches take minutes: the tests of them ask for them
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of several workers each gets as many tests as the others and, when done, the last half of what another has left. So whole
    scans, which take a minute each, come first: left to the end they would keep one worker busy while the others rest. One
    worker is left to the other tests, so that not all scans share the machine with scans only."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    files = [[*tests] for _, tests in groupby(items, lambda item: item.path)]
    scans = [tests for tests in files if tests[0].path.parent.name in _SCANS]
    others = [item for tests in files if tests[0].path.parent.name not in _SCANS for item in tests]
    rows: list[pytest.Item] = []
    scanning = max(1, workers - 1)
    for worker in range(workers):
        rows += [item for tests in (scans[worker::scanning] if worker < scanning else []) for item in tests]
        size = max(0, len(items) * (worker + 1) // workers - len(rows))  # up to where xdist cuts
        rows += others[:size]
        del others[:size]
    items[:] = rows + others
