"""Slices of search: the planner and a runner in turn, and what is kept of them."""

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mithridate.hunt.engines.calls import outcome
from mithridate.hunt.engines.calls.door import Door, door_file, read_door
from mithridate.hunt.engines.calls.finds import Found
from mithridate.hunt.engines.calls.planner import Planner
from mithridate.hunt.engines.calls.plans import Knowledge
from mithridate.hunt.engines.calls.runner import Runner, SandboxRunner
from mithridate.hunt.engines.calls.sources import Source, read_sources
from mithridate.hunt.engines.calls.state import Job, Purpose, State, load, save
from mithridate.hunt.engines.harness import harnesses
from mithridate.hunt.engines.in_process import found_candidates, units
from mithridate.hunt.engines.interface import Ticker
from mithridate.model.entry import Binary, EntryKind, EntryPoint
from mithridate.model.project import Flavour, Skipped, ToolFailure
from mithridate.model.search import SearchResult, SearchSlice
from mithridate.model.violation import Violation
from mithridate.oracles.confinement.records import read_records
from mithridate.oracles.confinement.violations import violations
from mithridate.sandbox.interface import Sandbox

STATE_FILE = "calls.json"
_FIRST, _FEWEST, _MOST = 48, 4, 400
_BATCH_S = 6.0
_SHORTEST_S = 1.0
_LONGEST_S = 10.0
"""Wall seconds of a batch: what hangs in it is learned of before much of its kind is run. What it did not get to comes again."""
_PROBING_S = 1.2
"""CPU seconds of a run that looks around; what is slow in it gets a ladder with the full time."""
_PATIENCE_S = 0.8
"""The same of one whose calls are to show whether they take long: most of those that do end by this limit."""
_CONFIRMING_S = 3.0
"""The same of one that is to show what matters, with something to spare."""
_DEEP_S = 9.0
"""To come to the end of the stack: a little less than a replay may take."""
_SIEVE_S = 0.25
"""The same of expressions alone, of which the fast ones take next to nothing."""
_FAILURES = 2

RunnerMaker = Callable[[SearchSlice, Sandbox, threading.Event | None], Runner]
Judge = Callable[[bytes, Sequence[bytes]], Sequence[tuple[Violation, ...]]]
"""From a batch's records and documents to the violations of each run."""


def confinement(records: bytes, documents: Sequence[bytes]) -> list[tuple[Violation, ...]]:
    """The verdicts of syntactic confinement."""
    read = read_records(records)
    return [violations(read, number, data) for number, data in enumerate(documents)]


class CallsEngine:
    """Drives the functions of a package by planned batches of input documents.

    `runner` stands for the sandbox where there is none; `judge` for the oracle of injection.
    """

    name = "calls"
    kinds = frozenset({EntryKind.FUNCTION, EntryKind.COMMAND, EntryKind.HARNESS})

    def __init__(self, runner: RunnerMaker | None = None, judge: Judge = confinement) -> None:
        self._make = runner or _sandboxed
        self._judge = judge

    def accepts(self, entry: EntryPoint) -> Skipped | None:
        """Functions and programs of a language with an observer."""
        if entry.kind not in self.kinds:
            return Skipped(what=f"{entry.id} with {self.name}", reason="it is not made of functions that can be called")
        binary = _binary(entry)
        if binary is None or not door_file(binary).is_file():
            return Skipped(what=f"{entry.id} with {self.name}", reason="its door could not be prepared")
        if entry.kind is EntryKind.HARNESS and harnesses(binary).engine == "hypothesis":
            reason = "strategies make its values from the bytes, so that no text of ours is among them"
            return Skipped(what=f"{entry.id} with {self.name}", reason=reason)
        return None

    def search(
        self, work: SearchSlice, sandbox: Sandbox, tick: Ticker | None = None, cancel: threading.Event | None = None
    ) -> SearchResult:
        """See Engine.search. Goes on where the last slice ended, and returns early when nothing is left to try."""
        binary = _binary(work.entry)
        if binary is None:
            raise ValueError("accepts() refused this entry point")
        known = Knowledge(door=read_door(door_file(binary).read_bytes()), sources=sources_of(binary))
        runner = self._make(work, sandbox, cancel)
        state = load(work.work / STATE_FILE)
        one = _Slice(work, runner, self._judge, Planner(state=state, known=known), tick, cancel)
        return one.search(self.name, known.door)


def sources_of(binary: Binary) -> dict[str, Source]:
    """The source of the project that a build was made of."""
    tree = binary.directory / "src"
    return read_sources(tree) if tree.is_dir() else {}


@dataclass(slots=True)
class _Slice:
    """One slice's work."""

    work: SearchSlice
    runner: Runner
    judge: Judge
    planner: Planner
    tick: Ticker | None
    cancel: threading.Event | None
    executions: int = 0
    cpu_s: float = 0.0
    document_s: float = 0.0
    failures: int = 0
    failed: str = ""

    @property
    def state(self) -> State:
        """What the planner knows."""
        return self.planner.state

    def search(self, engine: str, door: Door) -> SearchResult:
        started = time.monotonic()
        before = units(self.work.corpus)
        through = False
        if not door.targets:
            self.failed = "the door names no function"
        while door.targets and (left := self.work.seconds - (time.monotonic() - started)) > _SHORTEST_S and not self._cancelled():
            jobs = self.planner.next(self._many(left))
            if not jobs:
                through = True
                break
            self._batch(jobs, left)
            if self.failures > _FAILURES:
                break
        save(self.state, self.work.work / STATE_FILE)
        return SearchResult(
            engine=engine,
            executions=self.executions,
            wall_s=time.monotonic() - started,
            cpu_s=self.cpu_s,
            covered=self.state.covered,
            edges=self.state.covered,
            new_units=max(0, units(self.work.corpus) - before),
            corpus_units=units(self.work.corpus),
            candidates=found_candidates(self.work.candidates),
            restarts=self.failures,
            failure=ToolFailure(tool=engine, why=self.failed) if self.failed and not self.executions else None,
            exhausted=through,
        )

    def _many(self, left: float) -> int:
        """As many documents as a batch's time is likely to suffice for."""
        if not self.document_s:
            return _FIRST
        return max(_FEWEST, min(_MOST, int(min(_BATCH_S, left) / self.document_s)))

    def _batch(self, jobs: Sequence[Job], left: float) -> None:
        """Run jobs: those that look around with little time and with coverage, timed ones without; the full time to confirm."""
        probing_s = min(_PROBING_S, self.work.unit_timeout_s)
        confirming = [job for job in jobs if job.purpose is Purpose.CONFIRM or (job.purpose is Purpose.LADDER and job.control)]
        climbing = [job for job in jobs if job.purpose is Purpose.LADDER and not job.control]
        probing = [job for job in jobs if job.purpose is Purpose.PROBE]
        deep = [job for job in jobs if job.purpose is Purpose.DEEP]
        sieving = [job for job in jobs if job.purpose is Purpose.SIEVE]
        timed = (Purpose.LADDER, Purpose.CONFIRM, Purpose.PROBE, Purpose.SIEVE, Purpose.DEEP)
        others = [job for job in jobs if job.purpose not in timed]
        for some, each_s in ((confirming, min(_CONFIRMING_S, self.work.unit_timeout_s)), (climbing, probing_s)):
            together = max(1, int(2 * _BATCH_S / each_s))
            for start in range(0, len(some), together):
                self._run(some[start : start + together], left, each_s, coverage=False)
        if deep:
            self._run(deep, left, _DEEP_S, coverage=False)
        rounds = ((sieving, _SIEVE_S, False), (probing, _PATIENCE_S, False), (others, _PROBING_S, True))
        for some, each_s, coverage in rounds:
            if some:
                self._run(some, left, min(each_s, self.work.unit_timeout_s), coverage=coverage)

    def _run(self, jobs: Sequence[Job], left: float, each_s: float, *, coverage: bool) -> None:
        started = time.monotonic()
        documents = [job.document for job in jobs]
        seconds = min(left, max(_LONGEST_S, each_s * 4))
        output = self.runner.run(documents, seconds, each_s, coverage=coverage)
        self.cpu_s += output.cpu_s
        opened, runs = outcome.read(output.records, len(jobs))
        if opened.failed or not (opened.ready or any(runs)):
            self.failures += 1
            self.failed = opened.failed or output.words
            self.state.queue += jobs if self.failures <= _FAILURES else []
            return
        self.planner.compiled(opened.compiled)
        judged = self.judge(output.records, documents) if any(job.control for job in jobs) else [()] * len(jobs)
        stopped = False
        for job, run, seen in zip(jobs, runs, judged, strict=True):
            if run is None:
                if job.tries < 4 and (stopped or time.monotonic() - started >= seconds * 0.9):
                    self.state.queue.append(job)
                elif job.tries < 2:
                    job.tries += 1
                    self.state.queue.append(job)
                stopped = True
                continue
            self.executions += max(1, len(run.answers))
            self._keep(self.planner.learn(job, run, seen))
        done = sum(run is not None for run in runs)
        if done and coverage:
            each = max(0.001, (time.monotonic() - started) / done)
            self.document_s = each if not self.document_s else (self.document_s + each) / 2
        if self.tick:
            self.tick(self.executions, self.state.covered, self.state.covered, units(self.work.corpus))

    def _keep(self, found: Sequence[Found]) -> None:
        for one in found:
            if one.name:
                (self.work.candidates / one.name).write_bytes(one.data)
            else:
                name = hashlib.sha1(one.data, usedforsecurity=False).hexdigest()
                (self.work.corpus / name).write_bytes(one.data)

    def _cancelled(self) -> bool:
        return self.cancel is not None and self.cancel.is_set()


def _binary(entry: EntryPoint) -> Binary | None:
    return entry.binary(Flavour.PLAIN) or entry.binary(Flavour.FUZZ)


def _sandboxed(work: SearchSlice, sandbox: Sandbox, cancel: threading.Event | None) -> Runner:
    binary = _binary(work.entry)
    if binary is None:
        raise ValueError("accepts() refused this entry point")
    return SandboxRunner(entry=work.entry, binary=binary, sandbox=sandbox, memory_bytes=work.memory_bytes, cancel=cancel)
