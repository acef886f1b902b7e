"""Places for calls: taken until the work has ended, and waited for by so many calls and no more."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from mithridate.mcp import worker as inner
from mithridate.mcp import workers as outer
from mithridate.mcp.settings import Settings
from mithridate.mcp.worker import Worker
from mithridate.mcp.workers import Outcome, WorkerLost, Workers
from mithridate.model.exchange import DataClass


class Slow:
    """Stands for a process: answers when it is let, and takes its time to end."""

    def __init__(self) -> None:
        self.answers, self.ends, self.has_ended = anyio.Event(), anyio.Event(), False
        self.retiring = False

    async def say(self, said: dict[str, Any]) -> None:
        self.number = said["call"]

    async def hear(self) -> dict[str, Any]:
        await self.answers.wait()
        return {"call": self.number, "answer": "{}", "shortened": False, "cpu_s": 0.0}

    async def end(self, _grace_s: float) -> None:
        with anyio.move_on_after(5):
            await self.ends.wait()
        self.has_ended = True


def served(monkeypatch: pytest.MonkeyPatch, work: Callable[[Workers, list[Slow]], Any]) -> None:
    """With a single place."""
    made: list[Slow] = []

    async def started(self: Workers) -> Slow:
        made.append(Slow())
        self._all.add(made[-1])  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(Workers, "_started", started)

    async def main() -> None:
        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                await work(Workers(Settings(home=Path("/nowhere"), roots=(), at_once=1), tasks), made)

    anyio.run(main)


async def settled() -> None:
    for _ in range(20):
        await anyio.sleep(0)


def test_a_cancelled_calls_place_is_free_when_its_process_has_ended_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(workers: Workers, made: list[Slow]) -> None:
        outcomes: list[Outcome] = []

        async def call(number: int) -> None:
            outcomes.append(await workers.call(number, "list_runs", {}, lambda _: None))

        async with anyio.create_task_group() as first:
            first.start_soon(call, 1)
            await settled()
            first.cancel_scope.cancel()
        async with anyio.create_task_group() as second:
            second.start_soon(call, 2)
            await settled()
            assert len(made) == 1, "the first process is still at work"
            made[0].ends.set()
            await settled()
            assert made[0].has_ended and len(made) == 2
            made[1].answers.set()
        assert [outcome.answer for outcome in outcomes] == ["{}"]

    served(monkeypatch, work)


def test_so_many_calls_wait_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(workers: Workers, made: list[Slow]) -> None:
        outcomes: list[Outcome] = []

        async def call(number: int) -> None:
            outcomes.append(await workers.call(number, "list_runs", {}, lambda _: None))

        async with anyio.create_task_group() as calls:
            for number in range(1 + 8 + 3):
                calls.start_soon(call, number)
            await settled()
            assert [(o.kind, o.message) for o in outcomes] == [("busy", "8 calls wait already")] * 3
            made[0].answers.set()
        assert sum(outcome.answer == "{}" for outcome in outcomes) == 9

    served(monkeypatch, work)


def test_a_call_that_is_cancelled_while_its_process_starts_holds_its_place_until_that_has_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(outer, "_GRACE_S", 0.3)
    opened = anyio.open_process

    async def open_process(_argv: list[str], **options: Any) -> Any:
        return await opened(["/bin/sleep", "100"], **options)  # says nothing, and does not end when it is told to

    monkeypatch.setattr(outer.anyio, "open_process", open_process)

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            workers = Workers(Settings(home=tmp_path, roots=(), at_once=1), tasks)
            with anyio.move_on_after(0.5):
                await workers.call(1, "list_runs", {}, lambda _: None)
            assert not workers._all and workers._places.value == 1
        assert not list(tmp_path.iterdir())

    anyio.run(main)


def test_nothing_is_left_of_a_process_that_was_not_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def open_process(*_: object, **__: object) -> None:
        await anyio.sleep(60)

    monkeypatch.setattr(outer.anyio, "open_process", open_process)

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            with anyio.move_on_after(0.2):
                await Workers(Settings(home=tmp_path, roots=(), at_once=1), tasks).warm()
        assert not list(tmp_path.iterdir())

    anyio.run(main)


def test_a_place_is_free_again_when_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(workers: Workers, _made: list[Slow]) -> None:
        async def none(_self: Workers) -> Slow:
            raise WorkerLost

        monkeypatch.setattr(Workers, "_started", none)
        for number in range(3):
            assert (await workers.call(number, "list_runs", {}, lambda _: None)).kind == "our-fault"

    served(monkeypatch, work)


def test_work_that_does_not_end_with_its_time_is_told_as_budget(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class _Ended(BaseException):
        pass

    said: list[bytes] = []

    class _Out:
        def write(self, data: bytes) -> None:
            said.append(data)

        def flush(self) -> None:
            pass

    ended = threading.Event()

    def end(_code: int) -> None:
        ended.set()
        raise _Ended

    def forever(_asked: object, _work: object) -> dict[str, object]:
        assert ended.wait(20)
        time.sleep(0.2)
        return {}

    monkeypatch.setattr(inner.os, "_exit", end)
    monkeypatch.setattr(inner, "GRACE_S", 0.1)
    monkeypatch.setattr(inner.registry, "ability", {"list_runs": forever}.__getitem__)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    worker = Worker(Settings(home=tmp_path, roots=(tmp_path,), wall_s=0.1), _Out())  # type: ignore[arg-type]
    worker._calls.put({"call": 7, "tool": "list_runs", "arguments": {}})
    worker._calls.put(None)
    worker.work()
    assert b'"call": 7' in said[1] and b'"kind": "budget"' in said[1]


def test_each_tool_says_what_it_gives() -> None:
    from mithridate.mcp.catalogue import TOOLS

    assert all(tool.gives for tool in TOOLS.values())
    assert {DataClass.FINDINGS, DataClass.EXCERPTS, DataClass.PROOFS} <= TOOLS["read_finding"].gives
    assert outer._WAITING == 8
