import signal

import pytest

from mithridate.sandbox.launcher import ended_by


@pytest.mark.parametrize("said", [b"Segmentation fault\n", b"sh: line 19:  2 Segmentation fault  ( exec ... )\n"])
def test_a_shell_that_names_a_signal_tells_death_by_it(said: bytes) -> None:
    assert ended_by(139, said) == signal.SIGSEGV


def test_a_silent_shell_tells_an_exit_code() -> None:
    assert ended_by(139, b"") is None


@pytest.mark.parametrize("code", [0, 1, 127, 128, 128 + 100, 255])
def test_a_code_that_no_signal_has_is_an_exit_code(code: int) -> None:
    assert ended_by(code, b"anything") is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGPIPE, signal.SIGTERM])
def test_signals_that_shells_are_silent_about_are_told_by_the_code(number: signal.Signals) -> None:
    assert ended_by(128 + number, b"") == number


def test_a_realtime_signal_is_still_a_signal() -> None:
    assert ended_by(128 + signal.SIGRTMIN + 5, b"Real-time signal 5\n") == signal.SIGRTMIN + 5
