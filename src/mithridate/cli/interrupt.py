"""Ctrl-C: the first keeps everything, the second kills at once. SIGTERM and a closed terminal do the same."""

import _thread
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from mithridate.model.errors import ExitCode

STOPPING = "stopping; everything done so far is kept (once more kills at once)"

_SHOW_CURSOR = b"\x1b[?25h"


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """An event that the first signal sets. Only in the main thread; the signals' former meaning comes back afterwards."""
    cancel = threading.Event()
    asked = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        # os.write, not print: the signal may have come in the middle of a print.
        if asked:
            if os.isatty(2):
                os.write(2, _SHOW_CURSOR + b"\n")
            os._exit(ExitCode.INTERRUPTED)
        asked = True
        # Not here: the signal may have come in the middle of cancel.wait(), which holds the lock that set() takes.
        _thread.start_new_thread(cancel.set, ())
        if not os.isatty(2):
            os.write(2, f"mithridate: {STOPPING}\n".encode())

    wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    heard = [number for number in wanted if signal.getsignal(number) is not signal.SIG_IGN]  # nohup stays nohup
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield cancel
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
