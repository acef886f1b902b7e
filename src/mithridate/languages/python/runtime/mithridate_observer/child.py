"""The process that carries out a document, control first, then attack; or several, one after another."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import math
import os
import random
import resource
import signal
import threading
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from . import many
from .asked import book
from .command_line import Limits
from .coverage import Coverage
from .documents import PHASES, Document, Values
from .doors.interface import Context, Door
from .invalid import Invalid
from .last import Last
from .marks import Marks
from .matching import made_at
from .observed import observe_errors, trouble
from .places import pattern_line, with_pattern
from .preloading import Preloading
from .records import Records
from .sanitizer import Report
from .standing import Standing

PRIVATE = b"!"
SAMPLE_S = 0.2
_PATTERNS = 200
"""Lines about patterns in what a run leaves behind."""
_SANITIZED_STACK = 64 << 20
"""Frames of sanitized code are several times as large: recursion that the usual 8 MiB hold must not end here."""


class Run:
    """Where a run's observations go: adds the run's number and the phase to what the recorder emits."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.number = 0
        self.phase = ""

    def emit(self, record: dict[str, Any]) -> None:
        """Write an observation, or a whole record about one."""
        if "observed" not in record:
            record = {"observed": record}
        self._records.write({"run": self.number, "phase": self.phase, **record})

    def write(self, **record: Any) -> None:
        """Write a record of this run's phase."""
        self._records.write({"run": self.number, "phase": self.phase, **record})

    def to_parent(self, told: dict[str, Any]) -> None:
        """Tell the observer's parent process something that is no record."""
        self._records.write_line(PRIVATE + json.dumps(told, default=str).encode("ascii") + b"\n")

    def redirect(self, descriptor: int) -> None:
        """Write to another descriptor from now on."""
        self._records = Records(descriptor)


ENTERING_S = 10.0
"""What an application may take to start, on top of its first document's time, which begins when it has."""


@dataclass
class Turn:
    """A document that a process is to carry out: its number in the batch, where its tokens are drawn from, whether its inputs
    are handed out as strings that tell what they are compared with, and whether the lines that it covers are counted.
    """

    number: int
    document: Document
    draw: random.Random
    heard: bool
    covered: bool


def carry_out(
    turns: list[Turn],
    door: Door,
    context: Context,
    run: Run,
    *,
    limits: Limits,
    coverage: Coverage | None,
    preloading: Preloading,
    dump: Any,
    report: Report | None,
    last: Last,
    held: int,
    reopen: bool,
    going_on: int,
    standing: Standing | None = None,
) -> NoReturn:
    """Carry out documents in this process, which ends with them.

    The last line to the parent about each says how it went; the next one begins when the parent, which puts the tree back
    meanwhile, has written a byte to `going_on`. What a document changed in the process stays for those behind it, but for
    what `_Setting` restores; with threads of a document still running there is no next one.

    With a `report`, what is said on standard error is kept there, and fatal signals are left to the sanitizer.
    """
    setting: _Setting | None = None
    spent: list[list[dict[str, Any]]] = []
    for turn in turns:
        began = time.process_time()
        ended: dict[str, Any] = {"ended": "done", "frames": []}
        run.number = turn.number
        book.heard = turn.heard
        try:
            if setting is None:
                os.setsid()
                if report is not None:
                    report.take_standard_error()
                confine(limits, dump, held, signals=report is None)
                spent = _sampled(context, dump)
                gc.enable()
                if reopen:
                    door.open()
                limit_time(replace(limits, cpu_s=limits.cpu_s + ENTERING_S))
                door.enter()
                limit_time(limits)
                run.to_parent({"entered": True})
                setting = _Setting()
            if coverage is not None:
                coverage.watch(turn.covered)
            if standing is not None:
                standing.watch()
            _phases(turn.document, door, context, run, coverage, Marks(turn.document.numbers, turn.draw), report, last)
        except Invalid as error:
            ended = {"ended": "invalid", "why": str(error)[:500], "frames": []}
        except MemoryError as error:
            trouble.memory = error
        except BaseException as error:  # noqa: BLE001 (raised outside of any step, as by a lifespan or a signal handler of the target)
            observe_errors(context, [error], "door")
        if trouble.memory is not None and ended["ended"] == "done":
            ended = {"ended": "memory", "frames": context.places.of_error(trouble.memory)}
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        if ended["ended"] == "done" and spent:
            ended["frames"] = spent[-1]
        book.marks = None
        if standing is not None:
            standing.close()
        more = turn is not turns[-1] and setting is not None and trouble.memory is None and setting.still_alone()
        told = {"covered": coverage.told() if coverage is not None else [], "modules": preloading.told(), "more": more}
        run.to_parent({**ended, **told, "cpu_s": time.process_time() - began})
        if not more or setting is None or not os.read(going_on, 1):
            break
        setting.restore()
        if coverage is not None:
            coverage.go_on()
        spent.clear()
        signal.setitimer(signal.ITIMER_VIRTUAL, SAMPLE_S, SAMPLE_S)
        limit_time(limits)
    os._exit(0)


class _Setting:
    """What a process puts back between two documents: working directory, environment, file mode mask."""

    def __init__(self) -> None:
        self._directory = os.getcwd()  # noqa: PTH109
        self._environment = dict(os.environ)
        self._threads = threading.active_count()

    def still_alone(self) -> bool:
        """Whether no thread that a document started is left."""
        return threading.active_count() <= self._threads

    def restore(self) -> None:
        """As it was when the first document began."""
        with contextlib.suppress(OSError):
            os.chdir(self._directory)
        if os.environ != self._environment:
            os.environ.clear()
            os.environ.update(self._environment)


def confine(limits: Limits, dump: Any, held: int, *, signals: bool = True) -> None:
    """Bound this process, which holds `held` bytes of address space.

    Out of CPU time, or (`signals`) with a fatal signal, it writes its stack to `dump` and dies. Without `signals` its native
    code is sanitized.
    """
    if signals:
        faulthandler.enable(file=dump, all_threads=False)
    else:
        _bound(resource.RLIMIT_STACK, _SANITIZED_STACK)
    faulthandler.register(signal.SIGPROF, file=dump, all_threads=False, chain=True)
    _bound(resource.RLIMIT_CORE, 0)
    _bound(resource.RLIMIT_FSIZE, 1 << 30)
    if limits.memory_mib > 0:
        _bound(resource.RLIMIT_AS, held + (limits.memory_mib << 20))
    limit_time(limits)


def limit_time(limits: Limits) -> None:
    """From now on, so much CPU time is left to this process."""
    _bound(resource.RLIMIT_CPU, math.ceil(time.process_time() + limits.cpu_s) + 2)
    signal.setitimer(signal.ITIMER_PROF, limits.cpu_s)


def _sampled(context: Context, dump: Any) -> list[list[dict[str, Any]]]:
    """The project's frames of the last moment at which CPU time had been used for a while: where a run that is slow spends it.

    Matching a regular expression looks for signals now and then, so that it is seen too; the place where it is made then comes
    first. It is written to `dump` as well, for a run that ends there.
    """
    kept: list[list[dict[str, Any]]] = []
    written: list[bytes] = []

    def look(_number: int, frame: Any) -> None:
        try:
            found = context.places.of_stack(frame)
            if found:
                made = None
                with contextlib.suppress(Exception):  # nothing of ours may come up in the target's code
                    made = made_at(frame)
                kept[:] = [with_pattern(found, made)]
                line = pattern_line(made, found[0]) if made is not None else b""
                if line and written[-1:] != [line] and len(written) < _PATTERNS:
                    written.append(line)
                    with contextlib.suppress(OSError):
                        os.write(dump.fileno(), line)
        except RecursionError:
            pass  # the target is as deep as it may go

    signal.signal(signal.SIGVTALRM, look)
    signal.setitimer(signal.ITIMER_VIRTUAL, SAMPLE_S, SAMPLE_S)
    return kept


def _bound(what: int, value: int) -> None:
    hard = resource.getrlimit(what)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, hard))


def address_space() -> int:
    """Bytes of address space that this process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def _phases(
    document: Document,
    door: Door,
    context: Context,
    run: Run,
    coverage: Coverage | None,
    marks: Marks,
    report: Report | None,
    last: Last,
) -> None:
    values = Values(marks)
    for phase in PHASES:
        if not document.steps[phase]:
            continue
        run.phase = phase
        if report is not None:
            report.forget()
        run.write(marks=marks.told())
        context.recorder.begin(run.number, phase, marks.told())
        client = door.client()
        try:
            for index, step in enumerate(document.steps[phase]):
                book.forget()
                context.places.forget()
                book.marks = marks
                if "many" in step:
                    tell = partial(_tell, run, index)
                    answer = many.carry_out(step["many"], client, values, coverage, report, last, tell, address_space)
                else:
                    answer = client.take(step, values)
                book.marks = None
                run.write(step=index, answer={**answer, **book.told(), **_edges(coverage)})
        finally:
            context.recorder.end()


def _tell(run: Run, index: int, told: dict[str, Any]) -> None:
    run.write(step=index, **told)


def _edges(coverage: Coverage | None) -> dict[str, Any]:
    return coverage.step() if coverage is not None else {"edges": 0, "new_edges": 0}
