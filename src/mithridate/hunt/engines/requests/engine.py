"""Slices of search: the planner and a runner in turn, and what is kept of them."""

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from mithridate.hunt.engines.in_process import found_candidates, kept_elsewhere, units
from mithridate.hunt.engines.interface import Ticker
from mithridate.hunt.engines.requests import table
from mithridate.hunt.engines.requests.planner import Kept, Planner, data_of, explores
from mithridate.hunt.engines.requests.records import Oracle
from mithridate.hunt.engines.requests.runner import Options, SandboxRunner
from mithridate.hunt.engines.requests.state import Plan, Purpose, load, save
from mithridate.hunt.engines.requests.views import Batch, Runner
from mithridate.model.entry import Binary, EntryKind, EntryPoint
from mithridate.model.project import Flavour, Skipped, ToolFailure
from mithridate.model.search import SearchResult, SearchSlice
from mithridate.sandbox.interface import Sandbox

STATE_FILE = "requests.json"

_SHARE = 1 / 6
"""How much of a slice one batch may take, as long as opening the door does not take most of that."""
_READY_SHARE = 5.0
_FEWEST, _MOST, _FIRST = 8, 4000, 48
_SHORTEST_S = 0.5
_OPENING_S = 90.0
"""What a door has to open for the first time, though the slice be shorter: a large application on a busy machine needs it."""
_REPLAYED = 400
_LARGEST_DOCUMENT = 1 << 20
_FAILURES = 1

RunnerMaker = Callable[[SearchSlice, Sandbox, threading.Event | None], Runner]


class RequestEngine:
    """Drives an application by planned batches of input documents.

    `oracle` reads and judges what an observer wrote; `runner` stands for the sandbox where there is none.
    """

    name = "requests"
    kinds = frozenset({EntryKind.APPLICATION})

    def __init__(self, runner: RunnerMaker | None = None, oracle: Oracle | None = None) -> None:
        self._make = runner or self._sandboxed
        self._oracle = oracle

    def accepts(self, entry: EntryPoint) -> Skipped | None:
        """Applications whose door an observer can open."""
        if entry.kind is not EntryKind.APPLICATION:
            return Skipped(what=f"{entry.id} with {self.name}", reason="it takes no requests")
        if _door(entry) is None:
            return Skipped(what=f"{entry.id} with {self.name}", reason="its door could not be prepared")
        return None

    def search(
        self, work: SearchSlice, sandbox: Sandbox, tick: Ticker | None = None, cancel: threading.Event | None = None
    ) -> SearchResult:
        """See Engine.search. Goes on where the last slice ended, and returns early when nothing is left to try."""
        return _Slice(work=work, runner=self._make(work, sandbox, cancel), tick=tick, cancel=cancel, engine=self.name).search()

    def _sandboxed(self, work: SearchSlice, sandbox: Sandbox, cancel: threading.Event | None) -> Runner:
        binary = _door(work.entry)
        if binary is None:
            raise ValueError("accepts() refused this entry point")
        if self._oracle is None:
            raise ValueError("no oracle for the observations")
        options = Options(each_s=work.unit_timeout_s, wall_s=2 * work.unit_timeout_s, memory_bytes=work.memory_bytes)
        return SandboxRunner(
            entry=work.entry, binary=binary, sandbox=sandbox, options=options, oracle=self._oracle, cancel=cancel
        )


@dataclass(slots=True)
class _Slice:
    """One slice's work."""

    work: SearchSlice
    runner: Runner
    tick: Ticker | None
    cancel: threading.Event | None
    engine: str
    executions: int = 0
    cpu_s: float = 0.0
    failures: int = 0
    failed: str = ""

    def search(self) -> SearchResult:
        started = time.monotonic()
        before = units(self.work.corpus)
        place = self.work.work / STATE_FILE
        state = load(place)
        planner = Planner(state=state, seed=self.work.seed)
        through = False
        planner.wander_again()
        planner.replay(self._unknown(state.written))
        while (left := self.work.seconds - (time.monotonic() - started)) > _SHORTEST_S and not self._cancelled():
            plans = self._next(planner)
            if not plans and state.units:
                through = True
                break
            batch = self._run(plans, left, planner)
            if batch.failed and self.failures > _FAILURES:
                break
        self._keep(planner.close())
        state.written = sorted(p.name for p in self.work.corpus.iterdir() if not p.name.startswith("."))
        save(state, place)
        table.write(state, self.work.work)
        return SearchResult(
            engine=self.engine,
            executions=self.executions,
            wall_s=time.monotonic() - started,
            cpu_s=self.cpu_s,
            covered=state.edges,
            edges=state.edges,
            new_units=max(0, units(self.work.corpus) - before),
            corpus_units=units(self.work.corpus),
            candidates=found_candidates(self.work.candidates),
            restarts=self.failures,
            failure=ToolFailure(tool=self.engine, why=self.failed) if self.failed and not self.executions else None,
            exhausted=through,
        )

    def _next(self, planner: Planner) -> list[Plan]:
        """As many documents as a share of the slice is likely to suffice for."""
        state = planner.state
        if not state.units:
            return []
        allotted = self._allotted(state.ready_s)
        many = int((allotted - state.ready_s) / state.document_s) if state.document_s else _FIRST
        return planner.next(max(_FEWEST, min(_MOST, many)))

    def _allotted(self, ready_s: float) -> float:
        return max(self.work.seconds * _SHARE, ready_s * _READY_SHARE)

    def _run(self, plans: Sequence[Plan], left: float, planner: Planner) -> Batch:
        state = planner.state
        started = time.monotonic()
        documents = [data_of(plan) for plan in plans]
        alone = {number for number, plan in enumerate(plans) if plan.purpose in (Purpose.REDUCE, Purpose.REPLAY)}
        exploring = {number for number, plan in enumerate(plans) if explores(plan)}
        seconds = min(left, 2 * self._allotted(state.ready_s)) if state.ready_s else max(left, _OPENING_S)
        batch = self.runner.run(documents, seconds, exploring=exploring, alone=alone)
        self.cpu_s += batch.cpu_s
        planner.open(batch.routes)
        if batch.ready_s:
            state.ready_s = batch.ready_s
        if batch.failed or not (batch.ready_s or any(batch.runs)):
            self.failures += 1
            self.failed = batch.failed or "no route could be found"
        elif not plans and not state.units:
            self.failures, self.failed = _FAILURES + 1, "the application declares no route"
            batch = Batch(runs=(), failed=self.failed)
        self._learn(planner, plans, batch)
        done = sum(run is not None for run in batch.runs)
        if done:
            each = max(0.0005, (time.monotonic() - started - batch.ready_s) / done)
            state.document_s = each if not state.document_s else (state.document_s + each) / 2
        if self.tick:
            self.tick(self.executions, state.edges, state.edges, units(self.work.corpus))
        return batch

    def _learn(self, planner: Planner, plans: Sequence[Plan], batch: Batch) -> None:
        """The first document that was not run to its end is to blame for that, unless the time was up."""
        blamed = not batch.failed and not (batch.cut and any(batch.runs))
        runs = (*batch.runs, *(None for _ in range(len(plans) - len(batch.runs))))
        for plan, run in zip(plans, runs, strict=False):
            if run is not None:
                self.executions += max(1, len(run.answers))
                self._keep(planner.learn(plan, run))
            else:
                self._keep(planner.put_back(plan, blamed=blamed))
                blamed = False

    def _keep(self, kept: Sequence[Kept]) -> None:
        for one in kept:
            if one.name:
                (self.work.candidates / one.name).write_bytes(one.data)
            else:
                name = hashlib.sha1(one.data, usedforsecurity=False).hexdigest()
                (self.work.corpus / name).write_bytes(one.data)

    def _unknown(self, written: Sequence[str]) -> list[bytes]:
        """Documents that others put into the corpora since the last slice."""
        known = set(written)
        corpora = (self.work.corpus, *self.work.foreign)
        documents = (kept for directory in corpora for kept in kept_elsewhere(directory, _LARGEST_DOCUMENT))
        return list(islice((data for name, data in documents if name not in known), _REPLAYED))

    def _cancelled(self) -> bool:
        return self.cancel is not None and self.cancel.is_set()


def _door(entry: EntryPoint) -> Binary | None:
    return entry.binary(Flavour.PLAIN) or entry.binary(Flavour.FUZZ)
