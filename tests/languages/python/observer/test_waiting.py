"""The parent's side of a run: how long it waits."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mithridate.languages.python.runtime.mithridate_observer.child import PRIVATE
from mithridate.languages.python.runtime.mithridate_observer.records import Records
from mithridate.languages.python.runtime.mithridate_observer.waiting import Waiting


def waited(work: Callable[[int], None], wall_s: float, entering_s: float, records: Path) -> str:
    """How a process ended that does `work` with its end of the pipe."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.setpgid(0, 0)
        try:
            work(writing)
        finally:
            os._exit(0)
    os.close(writing)
    with records.open("wb") as out:
        return Waiting(pid, reading, Records(out.fileno()), wall_s, entering_s).outcome().ended


def say(writing: int, **told: object) -> None:
    os.write(writing, PRIVATE + json.dumps(told).encode() + b"\n")


@pytest.mark.parametrize(("times", "ended"), [(1, "exit 0"), (0, "timeout")])
def test_a_start_has_time_of_its_own_and_the_document_all_of_its_time_after_it(times: int, ended: str, tmp_path: Path) -> None:
    def work(writing: int) -> None:
        time.sleep(1.0)
        for _ in range(times):
            say(writing, entered=True)
        time.sleep(1.0)

    assert waited(work, 1.5, 0.1 if not times else 5.0, tmp_path / "records") == ended


def test_who_says_again_that_it_has_started_gets_no_more_time(tmp_path: Path) -> None:
    def work(writing: int) -> None:
        for _ in range(30):
            say(writing, entered=True)
            time.sleep(0.1)

    assert waited(work, 1.0, 1.0, tmp_path / "records") == "timeout"
