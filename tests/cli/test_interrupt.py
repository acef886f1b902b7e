import os
import signal
import subprocess
import sys
import threading

import pytest

from mithridate.cli.interrupt import interruptible
from mithridate.model.errors import ExitCode

STUBBORN = """
import time
from mithridate.cli.interrupt import interruptible
with interruptible() as cancel:
    print("working", flush=True)
    cancel.wait()
    print("cancelled", flush=True)
    time.sleep(600)
"""

WAITING = """
import os, signal
from mithridate.cli.interrupt import interruptible
with interruptible() as cancel:
    with cancel._cond:  # as while it is waited for
        os.kill(os.getpid(), signal.SIGINT)
    print(cancel.wait(30))
"""


def test_a_signal_in_the_middle_of_waiting_for_one_is_heard() -> None:
    ended = subprocess.run([sys.executable, "-c", WAITING], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "True\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_asks_and_the_second_kills(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as work:
        assert work.stdout is not None and work.stderr is not None
        assert work.stdout.readline() == "working\n"
        work.send_signal(number)
        assert work.stdout.readline() == "cancelled\n"
        assert "everything done so far is kept" in work.stderr.readline()
        work.send_signal(number)
        assert work.wait(timeout=60) == ExitCode.INTERRUPTED


def test_the_signals_meaning_comes_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with interruptible() as cancel:
        os.kill(os.getpid(), signal.SIGTERM)
        assert cancel.wait(10)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_run_under_nohup_survives_the_terminal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible() as cancel:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not cancel.is_set()
            assert isinstance(cancel, threading.Event)
    finally:
        signal.signal(signal.SIGHUP, before)
