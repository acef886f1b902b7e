"""The processes that do the work: some are kept for the next call, and one that does not end when it must is killed."""

import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from anyio.abc import Process, TaskGroup
from anyio.streams.buffered import BufferedByteReceiveStream

from mithridate.mcp.settings import Settings
from mithridate.sandbox.leavings import remove_tree

_STARTUP_S = 120.0
_GRACE_S = 20.0
"""More than a worker gives itself (worker.GRACE_S)."""
_LAST_GRACE_S = 1.0
"""At the server's end: a client waits two seconds for it."""
_WAITING = 8
"""Calls that wait, for each that may be at work."""
_LINE_FACTOR = 3
"""The document is JSON in a string of JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a call ended: with an answer, or with an error (its kind, one sentence, a hint). CPU seconds."""

    answer: str = ""
    shortened: bool = False
    kind: str = ""
    message: str = ""
    hint: str = ""
    cpu_s: float = 0.0


class WorkerLost(Exception):
    """The process ended in the middle of a call, or did not start."""


class _Worker:
    def __init__(self, process: Process, scratch: Path, most: int) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._scratch = scratch
        self._stdin = process.stdin
        self._lines = BufferedByteReceiveStream(process.stdout)
        self._most = most
        self.retiring = False

    async def say(self, said: dict[str, Any]) -> None:
        await self._stdin.send(json.dumps(said).encode() + b"\n")

    async def hear(self) -> dict[str, Any]:
        try:
            line = await self._lines.receive_until(b"\n", self._most)
        except (anyio.IncompleteRead, anyio.EndOfStream, anyio.DelimiterNotFound, anyio.ClosedResourceError) as error:
            raise WorkerLost from error
        said: dict[str, Any] = json.loads(line)
        return said

    async def end(self, grace_s: float) -> None:
        """Tell it that nothing more will come, and kill it when it goes on."""
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await self._stdin.aclose()
        with anyio.move_on_after(grace_s):
            await self.process.wait()
        self.kill()
        await self.process.wait()
        await self.process.aclose()
        await anyio.to_thread.run_sync(remove_tree, self._scratch)

    def kill(self) -> None:
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


class Workers:
    """At most `settings.at_once` at work, those included that were told to end and have not; further calls wait, at most a few
    times as many."""

    def __init__(self, settings: Settings, tasks: TaskGroup) -> None:
        self._settings = settings
        self._tasks = tasks
        self._places = anyio.Semaphore(settings.at_once)
        self._waiting = 0
        self._starting = anyio.Lock()
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()

    async def call(self, number: int, tool: str, arguments: dict[str, Any], told: Callable[[str], None]) -> Outcome:
        """Have one call done. `told` gets the words for what is being done. When the caller is cancelled, so is the call."""
        told("wait")
        most = _WAITING * self._settings.at_once
        try:
            self._places.acquire_nowait()
        except anyio.WouldBlock:
            if self._waiting >= most:
                return Outcome(kind="busy", message=f"{most} calls wait already", hint="ask again when some of them are answered")
            self._waiting += 1
            try:
                await self._places.acquire()
            finally:
                self._waiting -= 1
        told("start")
        worker: _Worker | None = None
        whole = False
        try:
            worker = await self._taken()
            outcome = await self._through(worker, number, tool, arguments, told)
            whole = outcome.kind not in ("cancelled", "budget")
            return outcome
        except (WorkerLost, OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
            if worker is None:
                return Outcome(kind="our-fault", message="no process could be started for the work")
            return Outcome(kind="our-fault", message="the process that did the work has ended; the call was not finished")
        finally:
            if worker is None or whole:
                self._idle += [worker] if worker is not None else []
                self._places.release()
            else:
                self._tasks.start_soon(self._replaced, worker)

    async def warm(self) -> None:
        """Start one, so that the first call need not wait for it."""
        async with self._starting:
            if not self._all:
                with suppress(WorkerLost, OSError):
                    self._idle.append(await self._started())

    @asynccontextmanager
    async def ending(self) -> AsyncIterator[None]:
        """End all of them behind the block, those that were told before to end, too."""
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                for worker in self._idle:
                    worker.kill()
                async with anyio.create_task_group() as tasks:
                    for worker in list(self._all):
                        tasks.start_soon(self._retire, worker)
                    with anyio.move_on_after(_LAST_GRACE_S):
                        for worker in list(self._all):
                            await worker.process.wait()
                    for worker in self._all:
                        worker.kill()

    async def _taken(self) -> _Worker:
        if not self._idle:
            async with self._starting:  # one of them may just be starting
                if not self._idle:
                    return await self._started()
        return self._idle.pop()

    async def _through(
        self, worker: _Worker, number: int, tool: str, arguments: dict[str, Any], told: Callable[[str], None]
    ) -> Outcome:
        with anyio.move_on_after(self._settings.wall_s + _STARTUP_S + _GRACE_S):
            await worker.say({"call": number, "tool": tool, "arguments": arguments})
            while True:
                said = await worker.hear()
                if said.get("call") != number:
                    continue
                if "stage" in said:
                    told(str(said["stage"]))
                elif "answer" in said:
                    return Outcome(answer=said["answer"], shortened=said["shortened"], cpu_s=said["cpu_s"])
                else:
                    return Outcome(**said["error"], cpu_s=said["cpu_s"])
        return Outcome(kind="budget", message=f"the {self._settings.wall_s:g} seconds of time that a call may take are over")

    async def _started(self) -> _Worker:
        # -P: nothing is imported from the directory that we happen to be in, which may be a target's
        scratch = tempfile.mkdtemp(prefix="mithridate-mcp-", dir=self._settings.home)
        argv = [sys.executable, "-P", "-m", "mithridate.mcp.worker", scratch]
        try:
            process = await anyio.open_process(argv, stderr=None, cwd=self._settings.home, start_new_session=True)
        except BaseException:
            remove_tree(Path(scratch))
            raise
        worker = _Worker(process, Path(scratch), _LINE_FACTOR * self._settings.answer_bytes + (64 << 10))
        self._all.add(worker)
        try:
            await process.stdin.send(self._settings.encode().encode() + b"\n")  # type: ignore[union-attr]
            with anyio.fail_after(_STARTUP_S):
                await worker.hear()
        except BaseException as error:
            await self._retire(worker)  # a place is taken until then
            if isinstance(error, TimeoutError):
                raise WorkerLost from error
            raise
        return worker

    async def _replaced(self, worker: _Worker) -> None:
        """Its place is free when it has ended with all that it does, and not before."""
        try:
            await self._retire(worker)
        finally:
            self._places.release()

    async def _retire(self, worker: _Worker) -> None:
        if worker.retiring:
            return
        worker.retiring = True
        if worker in self._idle:
            self._idle.remove(worker)
        with anyio.CancelScope(shield=True):
            await worker.end(_GRACE_S)
        self._all.discard(worker)
