"""The two sides of the no-tax measurement: one slice through Mithridate, and the same command without it.

The raw side takes the very command that the engine adapter would give to the sandbox (same binary, flags, seeds, environment,
duration), puts host paths in place of the sandbox's, and starts it as an ordinary process.
"""

import ctypes
import os
import re
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mithridate.cli.plain import PlainLines
from mithridate.hunt.campaign import Campaign, Pace
from mithridate.hunt.engines.interface import Engine
from mithridate.hunt.scheduler import Assignment
from mithridate.model.entry import EntryPoint
from mithridate.model.execution import Command, Execution, Limits, Mount
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.launcher import ENVIRONMENT

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER, prctl(2)
_DONE = re.compile(rb"stat::number_of_executed_units:\s*(\d+)")
_STATUS = re.compile(rb"^#(\d+)\t", re.MULTILINE)
_GRACE_S = 90.0
_SHORTEST_RUN_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one slice did. CPU seconds are those of everything: target, engine, sandbox and, on our side, Mithridate itself.

    `own_cpu_s` is the share of this process; `restarts` is how often the target took the engine down.
    """

    executions: int
    cpu_s: float
    own_cpu_s: float
    wall_s: float
    restarts: int

    @property
    def per_cpu_s(self) -> float:
        """Executions per CPU second."""
        return self.executions / self.cpu_s if self.cpu_s else 0.0

    @property
    def per_wall_s(self) -> float:
        """Executions per wall second, from before the sandbox is made to after it is gone."""
        return self.executions / self.wall_s if self.wall_s else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One slice to measure on both sides: an entry point with its seeds and dictionary, one engine, seconds, random seed."""

    entry: EntryPoint
    engine: Engine
    seeds: Sequence[bytes]
    dictionary: bytes
    seconds: float
    seed: int
    pace: Pace


def through_mithridate(work: Slice, sandbox: Sandbox) -> Sample:
    """One round of a campaign with one slice in it, in the sandbox, as the pipeline runs it."""
    with tempfile.TemporaryDirectory(prefix="bench-ours-") as area, Path(os.devnull).open("w") as nowhere:
        campaign = _campaign(work, sandbox, Path(area), PlainLines(nowhere))
        before = _clocks()
        (outcome,) = campaign.round([_assignment(work)], work.seconds)
        spent = _since(before)
    if outcome.result.failure:
        raise RuntimeError(f"{outcome.result.failure.tool}: {outcome.result.failure.why}")
    return _sample(outcome.result.executions, spent, outcome.result.restarts)


def raw(work: Slice) -> Sample:
    """The engine alone: no sandbox, no supervision, no Mithridate. Its scratch directory is in memory, as the sandbox's is.

    An engine that the target takes down with it is started again on its corpus until the time is up, as on our side.
    """
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    executions, turns, spent = 0, 0, (0.0, 0.0, 0.0)
    with tempfile.TemporaryDirectory(prefix="bench-raw-") as area, tempfile.TemporaryDirectory(dir=memory) as scratch:
        while (left := work.seconds - spent[2]) > _SHORTEST_RUN_S:
            command, mounts = captured(replace(work, seconds=left, seed=work.seed + turns), Path(area))
            places = {m.target: str(m.source) for m in mounts} | {"/tmp": scratch}
            log = Path(area, "log")
            before = _clocks()
            _execute(*on_host(command, places), Path(scratch), log, left + _GRACE_S)
            own, children, wall = _since(before)
            spent = (spent[0] + own, spent[1] + children, spent[2] + wall)
            turns += 1
            done = _executions(log.read_bytes(), Path(places.get("/work", area)))
            if not done:
                raise RuntimeError(f"the raw engine executed nothing: {log.read_text(errors='replace')[-500:]}")
            executions += done
    return _sample(executions, spent, turns - 1)


def _execute(argv: Sequence[str], env: Mapping[str, str], scratch: Path, log: Path, limit_s: float) -> None:
    with log.open("wb") as stream:
        process = subprocess.Popen(argv, env=env, cwd=scratch, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stream)
        try:
            process.wait(limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        _reap_orphans()


def adopt_orphans() -> None:
    """Make orphaned grandchildren ours, so that the CPU time of what an engine leaves behind is counted (prctl(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Keep this process and all that it starts on one core: orchestration then takes its time from the engine, and shows."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class _Captured(Exception):
    """Carries what would have been run."""

    def __init__(self, command: Command, mounts: Sequence[Mount]) -> None:
        super().__init__("captured")
        self.command = command
        self.mounts = mounts


class _Catch:
    """A sandbox that runs nothing: it hands back the command it was given."""

    name = "catch"

    def check(self) -> None:
        """Always ready."""

    def run(
        self,
        command: Command,
        mounts: Sequence[Mount] = (),
        limits: Limits = Limits(),  # noqa: ARG002
        on_stderr: Callable[[bytes], None] | None = None,  # noqa: ARG002
        cancel: threading.Event | None = None,  # noqa: ARG002
    ) -> Execution:
        """Raise _Captured."""
        raise _Captured(command, mounts)


def captured(work: Slice, area: Path) -> tuple[Command, Sequence[Mount]]:
    """The command that the engine's adapter gives to the sandbox for this slice, with everything laid out below `area`."""
    campaign = _campaign(work, _Catch(), area, lambda _event: None)
    try:
        campaign.round([_assignment(work)], work.seconds)
    except _Captured as caught:
        return caught.command, caught.mounts
    raise RuntimeError(f"{work.engine.name} ran nothing on {work.entry.id}")


def on_host(command: Command, places: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """The command's argv and whole environment with the sandbox's paths replaced by those of the host."""
    targets = "|".join(re.escape(target) for target in sorted(places, key=len, reverse=True))
    inside = re.compile(rf"(?<![\w./-])({targets})(?![\w.-])")

    def moved(word: str) -> str:
        return inside.sub(lambda match: places[match[1]], word)

    argv = [moved(word) for word in command.argv]
    return argv, {name: moved(value) for name, value in {**ENVIRONMENT, **command.env}.items()}


def _campaign(work: Slice, sandbox: Sandbox, area: Path, observe: Callable[..., None]) -> Campaign:
    campaign = Campaign([work.entry], [work.engine], sandbox, area, work.pace, observe, threading.Event())
    campaign.plant(0, work.seeds, work.dictionary)
    return campaign


def _assignment(work: Slice) -> Assignment:
    return Assignment(entry=0, engine=0, seconds=work.seconds, seed=work.seed)


def _executions(log: bytes, work: Path) -> int:
    """What the engine itself says: libFuzzer on its last lines, afl-fuzz in its statistics."""
    if found := _DONE.findall(log) or _STATUS.findall(log):
        return int(found[-1])
    for stats in work.glob("out/*/fuzzer_stats"):
        for line in stats.read_text(errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "execs_done":
                return int(value)
    return 0


def _clocks() -> tuple[float, float, float]:
    """CPU seconds of this process, of its ended children, and the wall clock."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime, children.ru_utime + children.ru_stime, time.monotonic()


def _since(before: tuple[float, float, float]) -> tuple[float, float, float]:
    own, children, wall = (now - then for now, then in zip(_clocks(), before, strict=True))
    return own, children, wall


def _sample(executions: int, spent: tuple[float, float, float], restarts: int) -> Sample:
    own, children, wall = spent
    return Sample(executions=executions, cpu_s=own + children, own_cpu_s=own, wall_s=wall, restarts=restarts)


def _reap_orphans() -> None:
    until = time.monotonic() + 5.0
    while time.monotonic() < until:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.01)
        except ChildProcessError:
            return
