import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from sqlalchemy import select

from mithridate.store.database import open_database, runs

PROCESSES = 4


def open_and_read(file: Path, together: Barrier) -> None:
    together.wait(60)
    with open_database(f"sqlite:///{file}").connect() as connection:
        connection.execute(select(runs)).all()


@pytest.mark.parametrize("attempt", range(5))
def test_processes_that_start_together_share_a_fresh_database(attempt: int, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    together = context.Barrier(PROCESSES)
    started = [context.Process(target=open_and_read, args=(tmp_path / "fresh.sqlite", together)) for _ in range(PROCESSES)]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0] * PROCESSES
