"""One run: the process that carries out one document, control first, then attack."""

from __future__ import annotations

import faulthandler
import gc
import json
import math
import os
import random
import resource
import signal
from pathlib import Path
from typing import Any, NoReturn

from .asked import book
from .command_line import Limits
from .coverage import Coverage
from .documents import PHASES, Document, Values
from .doors.interface import Context, Door
from .invalid import Invalid
from .marks import Marks
from .observed import observe_errors, trouble
from .preloading import Preloading
from .records import Records
from .sanitizer import Report

PRIVATE = b"!"
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


def carry_out(
    document: Document,
    door: Door,
    context: Context,
    run: Run,
    *,
    limits: Limits,
    coverage: Coverage | None,
    preloading: Preloading,
    draw: random.Random,
    dump: Any,
    report: Report | None,
    held: int,
    reopen: bool,
) -> NoReturn:
    """Run `document` in this process, which ends with it. The last line to the parent says how it went.

    With a `report`, what is said on standard error is kept there, and fatal signals are left to the sanitizer.
    """
    ended: dict[str, Any] = {"ended": "done", "frames": []}
    try:
        os.setsid()
        if report is not None:
            report.take_standard_error()
        confine(limits, dump, held, signals=report is None)
        gc.enable()
        if reopen:
            door.open()
        if coverage is not None:
            coverage.start()
        _phases(document, door, context, run, coverage, Marks(document.numbers, draw), report)
    except Invalid as error:
        ended = {"ended": "invalid", "why": str(error)[:500], "frames": []}
    except MemoryError as error:
        trouble.memory = error
    except BaseException as error:  # noqa: BLE001 (raised outside of any step, as by a lifespan or a signal handler of the target)
        observe_errors(context, [error], "door")
    if trouble.memory is not None and ended["ended"] == "done":
        ended = {"ended": "memory", "frames": context.places.of_error(trouble.memory)}
    signal.setitimer(signal.ITIMER_PROF, 0)
    book.marks = None
    covered = coverage.told() if coverage is not None else []
    run.to_parent({**ended, "covered": covered, "modules": preloading.told()})
    os._exit(0)


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
    seconds = math.ceil(limits.cpu_s) + 2
    _bound(resource.RLIMIT_CORE, 0)
    _bound(resource.RLIMIT_CPU, seconds)
    _bound(resource.RLIMIT_FSIZE, 1 << 30)
    if limits.memory_mib > 0:
        _bound(resource.RLIMIT_AS, held + (limits.memory_mib << 20))
    signal.setitimer(signal.ITIMER_PROF, limits.cpu_s)


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
) -> None:
    values = Values(marks)
    door.enter()
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
                answer = client.take(step, values)
                book.marks = None
                run.write(step=index, answer={**answer, **book.told(), **_edges(coverage)})
        finally:
            context.recorder.end()
    door.leave()


def _edges(coverage: Coverage | None) -> dict[str, int]:
    return coverage.step() if coverage is not None else {"edges": 0, "new_edges": 0}
