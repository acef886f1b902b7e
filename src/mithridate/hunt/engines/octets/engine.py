"""The engine, and its search of fuzz targets: batches of documents with many calls each, kept where they take new edges."""

import hashlib
import json
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mithridate.hunt.engines.calls import outcome
from mithridate.hunt.engines.calls.door import door_file, read_door
from mithridate.hunt.engines.calls.runner import Runner, SandboxRunner
from mithridate.hunt.engines.calls.samples import SHORT
from mithridate.hunt.engines.calls.steps import MAX_BYTES, Call, document
from mithridate.hunt.engines.harness import as_document, given, harmless, harnesses, kept
from mithridate.hunt.engines.in_process import found_candidates
from mithridate.hunt.engines.interface import Ticker
from mithridate.hunt.engines.octets.functions import FunctionSearch
from mithridate.hunt.engines.octets.inputs import (
    has_native_code,
    project_samples,
    words,
)
from mithridate.hunt.engines.octets.reports import MOST_CAUSES, MOST_EDGES, causes
from mithridate.languages.python.runtime.mithridate_observer.drawing import Draw
from mithridate.languages.python.runtime.mithridate_observer.mutation import mutated
from mithridate.languages.python.sanitized import sanitized_modules
from mithridate.model.entry import Binary, EntryKind, EntryPoint
from mithridate.model.observation import Observation, Sink
from mithridate.model.project import Flavour, Skipped, ToolFailure
from mithridate.model.search import SearchResult, SearchSlice
from mithridate.oracles.uncaught import uncaught
from mithridate.sandbox.interface import Sandbox

STATE_FILE = "octets.json"
_CALLS = 32
"""Calls of one document: a run is a process of its own, and forking one costs as much as many calls."""
_ARMS = 5
_DOCUMENTS, _MOST_DOCUMENTS = 24, 1024
_SHORT_S, _LONG_S = 5.0, 12.0
"""Documents of a batch are as many as take about so long: a sandbox that imports a package is not had for nothing."""
_PROBED = 16
_EACH_S, _BATCH_S = 3.0, 25.0
_CORPUS, _OTHERS, _LARGEST = 96, 24, 16 << 10
_EVENLY = 0.4
_FAILURES = 2
_HARMLESS = 64
_OF_A_CAUSE = 3
_ADOPTED = 400
_LARGEST_OF_TARGETS = 4 << 10
_MEASURED = ("RecursionError", "MemoryError")
_TRIES = 3
"""Candidates of one cause, and searches for the call that shows a cause: calls before may have had a part in it."""
_GROWN, _GROWN_CALLS = 300_000, 3
_MOST_BYTES = MAX_BYTES * 3 // 4
"""Of the calls of a document, as its text: with its control it must not be larger than documents may be."""
_ESTIMATED, _AROUND = 4 << 10, 500
_GIVEN, _GIVEN_BYTES = 64, 2048
_VARIED = 0.3
"""Share of calls in which a number is changed as well."""
_SUMMARY = re.compile(r"SUMMARY: \w+: ([^\n]*)|([^\s:]+:\d+:\d+): runtime error: ([^\n]{0,60})")


@dataclass(slots=True)
class Arm:
    """A fuzz target of the project's own. `seeds` were not tried yet; `corpus` took new edges; `others` are seeds that took none,
    which code that tells little of itself may still be the nearest to.
    """

    target: str
    seeds: list[bytes]
    corpus: list[bytes] = field(default_factory=list)
    others: list[bytes] = field(default_factory=list)
    batches: int = 0
    gained: float = 1.0

    @property
    def rank(self) -> float:
        """What to search next: what brought much lately, and what was searched little."""
        return self.gained / (1 + self.batches) + 1.0 / (1 + self.batches)


@dataclass(slots=True)
class _Job:
    """One document of a batch, and the inputs of its calls."""

    arm: Arm
    calls: list[Call]
    inputs: list[bytes]
    control: list[Call] = field(default_factory=list)

    @property
    def data(self) -> bytes:
        return document(self.calls, self.control)


class OctetsEngine:
    """Mutates bytes and text for functions of packages with sanitized native code. `runner` stands for the sandbox in tests."""

    name = "octets"
    kinds = frozenset({EntryKind.FUNCTION, EntryKind.HARNESS})

    def __init__(self, runner: Runner | None = None) -> None:
        self._runner = runner

    def accepts(self, entry: EntryPoint) -> Skipped | None:
        """Fuzz targets, and functions of a build with sanitized extension modules; other functions are not its business."""
        binary = entry.binary(Flavour.PLAIN)
        if binary is not None and entry.kind is EntryKind.HARNESS and harnesses(binary).names:
            return None
        if binary is None or not sanitized_modules(binary.directory):
            return Skipped(what=f"{entry.id} with {self.name}", reason="it has no native code with a sanitizer")
        told = door_file(binary)
        if told.is_file() and not has_native_code(read_door(told.read_bytes()), sanitized_modules(binary.directory)):
            return Skipped(what=f"{entry.id} with {self.name}", reason="the build's native code is in other packages")
        return None

    def search(
        self, work: SearchSlice, sandbox: Sandbox, tick: Ticker | None = None, cancel: threading.Event | None = None
    ) -> SearchResult:
        """See Engine.search. What was learned is kept between slices."""
        binary = work.entry.binary(Flavour.PLAIN)
        if binary is None:
            raise ValueError("accepts() refused this entry point")
        runner = self._runner or SandboxRunner(
            entry=work.entry, binary=binary, sandbox=sandbox, memory_bytes=work.memory_bytes, cancel=cancel
        )
        if work.entry.kind is EntryKind.FUNCTION:
            return FunctionSearch(work, runner, binary, tick, cancel).search(self.name)
        return _Slice(work, runner, binary, tick, cancel).search(self.name)


@dataclass(slots=True)
class _Slice:
    work: SearchSlice
    runner: Runner
    binary: Binary
    tick: Ticker | None
    cancel: threading.Event | None
    arms: list[Arm] = field(default_factory=list)
    finds: dict[str, int] = field(default_factory=dict)
    sought: dict[str, int] = field(default_factory=dict)
    documents: int = _DOCUMENTS
    singles: list[_Job] = field(default_factory=list)
    executions: int = 0
    covered: int = 0
    cpu_s: float = 0.0
    failures: int = 0
    failed: str = ""
    _words: list[bytes] | None = None

    def search(self, engine: str) -> SearchResult:
        started = time.monotonic()
        self._load()
        before = sum(len(a.corpus) for a in self.arms)
        draw = Draw(self.work.seed)
        while (left := self.work.seconds - (time.monotonic() - started)) > 1.0 and not (self.cancel and self.cancel.is_set()):
            jobs = self._next(draw)
            if not jobs or self.failures > _FAILURES:
                break
            self._run(jobs, left)
        self._save()
        self._share()
        return SearchResult(
            engine=engine,
            executions=self.executions,
            wall_s=time.monotonic() - started,
            cpu_s=self.cpu_s,
            covered=self.covered,
            edges=self.covered,
            new_units=max(0, sum(len(a.corpus) for a in self.arms) - before),
            corpus_units=sum(len(a.corpus) for a in self.arms),
            candidates=found_candidates(self.work.candidates),
            restarts=self.failures,
            failure=ToolFailure(tool=engine, why=self.failed) if self.failed and not self.executions else None,
            exhausted=not self.arms and not self.failed,
        )

    def _next(self, draw: Draw) -> list[_Job]:
        """Single calls of what has to be told apart; else, for some arms, what they know first and then changes of it."""
        if self.singles:
            taken, self.singles = self.singles[:_CALLS], self.singles[_CALLS:]
            return taken
        jobs: list[_Job] = []
        words = self._tokens()
        chosen_arms = sorted(self.arms, key=lambda a: (-a.rank, a.target))[:_ARMS]
        for arm in chosen_arms:
            arm.batches += 1
            arm.gained *= 0.7
            known = [*arm.seeds, *arm.corpus]
            jobs += self._jobs(arm, known)
            arm.others = [*arm.others, *arm.seeds][-_OTHERS:]
            arm.seeds = []
            pool = [*arm.others, *known] or [b""]
            for _ in range(self.documents // len(chosen_arms)):
                chosen = [self._chosen(pool, draw) for _ in range(_CALLS)]
                jobs += self._jobs(arm, [mutated(data, pool, words, draw, _LARGEST_OF_TARGETS) for data in chosen])
        return jobs

    @staticmethod
    def _chosen(pool: Sequence[bytes], draw: Draw) -> bytes:
        """The shorter of any two, or rather one of the latest."""
        if draw.random() < _EVENLY:
            return min((pool[draw.randrange(len(pool))] for _ in range(2)), key=len)
        return pool[-1 - min(len(pool) - 1, int(draw.expovariate(2 / len(pool))))]

    @staticmethod
    def _jobs(arm: Arm, inputs: Sequence[bytes]) -> list[_Job]:
        """Documents with a call for each input, as many as a document may hold."""
        jobs: list[_Job] = []
        held = 0
        for data in inputs:
            one = given(arm.target, data)
            size = len(json.dumps(one)) if len(data) > _ESTIMATED else 6 * len(data) + _AROUND
            if size > _MOST_BYTES:
                continue
            if not jobs or held + size > _MOST_BYTES or len(jobs[-1].calls) >= _CALLS:
                jobs.append(_Job(arm, [], [], harmless(arm.target, _HARMLESS)))
                held = 0
            held += size
            jobs[-1].calls.append(one)
            jobs[-1].inputs.append(data)
        return jobs

    def _run(self, jobs: Sequence[_Job], left: float) -> None:
        documents = [job.data for job in jobs]
        started = time.monotonic()
        output = self.runner.run(documents, min(left, _BATCH_S), _EACH_S, alone=_alone(jobs))
        spent = time.monotonic() - started
        if spent < _SHORT_S and len(jobs) >= self.documents // 2:
            self.documents = min(_MOST_DOCUMENTS, self.documents * 2)
        elif spent > _LONG_S:
            self.documents = max(_ARMS, self.documents // 2)
        self.cpu_s += output.cpu_s
        opened, runs = outcome.read(output.records, len(jobs))
        if opened.failed or not (opened.ready or any(runs)):
            self.failures += 1
            self.failed = opened.failed or output.words
            return
        for job, run in zip(jobs, runs, strict=True):
            if run is None:
                continue
            self.executions += max(1, min(len(run.answers), len(job.calls)))
            self._learn(job.arm, job, run)
        if self.tick:
            self.tick(self.executions, self.covered, self.covered, sum(len(a.corpus) for a in self.arms))

    def _learn(self, arm: Arm, job: _Job, run: outcome.Run) -> None:
        for data, answer in zip(job.inputs, run.answers, strict=False):
            self.covered = max(self.covered, min(answer.edges, MOST_EDGES))
            if answer.new_edges > 0 and data not in arm.corpus and len(data) <= _LARGEST:
                arm.corpus.append(data)
                arm.gained += min(4.0, answer.new_edges / 8)
        if len(arm.corpus) > _CORPUS:
            arm.corpus = sorted(arm.corpus[: -_CORPUS // 2], key=len)[: _CORPUS // 2] + arm.corpus[-_CORPUS // 2 :]
        report = next((str(r["report"]) for r in reversed(run.records) if isinstance(r.get("report"), str)), "")
        done = len(run.answers)
        keys = causes(report)
        self._learn_ends(job, run, done)
        if run.ended.startswith(("exit", "signal")) and done < len(job.calls):
            self._keep(job, done, keys[-1:] or [f"{run.ended} in {job.calls[done]['target']}"])
        elif len(job.calls) == 1:
            self._keep(job, 0, [key for key in keys if key not in self.finds])
        elif new := [
            key for key in keys if key not in self.finds and self.sought.get(key, 0) < _TRIES and len(self.sought) < MOST_CAUSES
        ]:
            self.sought.update((key, self.sought.get(key, 0) + 1) for key in new)
            self.singles += [
                _Job(arm, [one], [data], job.control) for one, data in zip(job.calls[:done], job.inputs, strict=False)
            ]

    def _learn_ends(self, job: _Job, run: outcome.Run, done: int) -> None:
        """What a fuzz target let through, and inputs that it did not come to an end with."""
        for seen in run.seen:
            if seen.phase == "attack" and seen.step < len(job.inputs) and _counts(seen):
                frames = "|".join(f.code for f in seen.frames[:3])
                self._keep_some(job, seen.step, f"{seen.detail.get('type')} {frames}")
        if run.ended in ("timeout", "memory") and done < len(job.inputs) and len(run.control_answers) == len(job.control):
            self._keep_some(job, done, f"{run.ended} {next((f.code for f in run.frames), '')}")

    def _keep_some(self, job: _Job, position: int, key: str) -> None:
        """A few inputs of one cause: what one of them shows may follow from those before it in the process."""
        numbered = next((k for n in range(_OF_A_CAUSE) if (k := f"{key} {n}") not in self.finds), None)
        if numbered is not None:
            self._keep(job, position, [numbered])

    def _keep(self, job: _Job, position: int, keys: Sequence[str]) -> None:
        for key in keys:
            number = self.finds.get(key, 0) + 1
            if number <= _TRIES and (key in self.finds or len(self.finds) < MOST_CAUSES):
                self.finds[key] = number
                digest = hashlib.sha1(key.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[:12]
                made = as_document(job.arm.target, job.inputs[position])
                (self.work.candidates / f"octets-crash-{digest}-{number}").write_bytes(made)

    def _tokens(self) -> list[bytes]:
        if self._words is None:
            self._words = words(self.binary)
        return self._words

    def _load(self) -> None:
        try:
            told: dict[str, Any] = json.loads((self.work.work / STATE_FILE).read_bytes())
        except (OSError, ValueError):
            samples = [b"", b"\x00", *(text.encode() for text in SHORT)]
            samples += [data for data in project_samples(self.binary.directory / "src") if len(data) <= _LARGEST_OF_TARGETS]
            self.arms = [Arm(name, list(samples)) for name in harnesses(self.binary).names]
            self._adopt()
            return
        self.documents = int(told["documents"])
        self.finds, self.sought = dict(told["finds"]), dict(told["sought"])
        for one in told["arms"]:
            seeds, corpus, others = ([d.encode("latin-1") for d in one[name]] for name in ("seeds", "corpus", "others"))
            arm = Arm(one["target"], seeds, corpus, others, one["batches"], one["gained"])
            self.arms.append(arm)
        self._adopt()

    def _adopt(self) -> None:
        """Take over what other engines found for fuzz targets."""
        for arm in self.arms:
            if self.work.foreign:
                known = {*arm.seeds, *arm.corpus}
                fresh = [d for d in kept(self.work.foreign, arm.target) if d not in known and len(d) <= _LARGEST_OF_TARGETS]
                arm.seeds += fresh[:_ADOPTED]

    def _share(self) -> None:
        """Put the inputs of fuzz targets where other engines find them."""
        for arm in self.arms:
            for data in arm.corpus:
                made = as_document(arm.target, data)
                (self.work.corpus / hashlib.sha1(made, usedforsecurity=False).hexdigest()).write_bytes(made)

    def _save(self) -> None:
        arms = [
            {
                "target": a.target,
                "seeds": [d.decode("latin-1") for d in a.seeds],
                "corpus": [d.decode("latin-1") for d in a.corpus],
                "others": [d.decode("latin-1") for d in a.others],
                "batches": a.batches,
                "gained": a.gained,
            }
            for a in self.arms
        ]
        new = Path(self.work.work / f"{STATE_FILE}.new")
        told: dict[str, Any] = {"finds": self.finds, "sought": self.sought, "arms": arms}
        told["documents"] = self.documents
        new.write_text(json.dumps(told), "utf-8")
        new.replace(self.work.work / STATE_FILE)


def _counts(seen: outcome.Seen) -> bool:
    """An exception that the target's contract calls a flaw, or one that is measured when it is proved."""
    told = Observation(sink=seen.sink, api=seen.api, text=seen.text, frames=seen.frames, detail=seen.detail)
    return uncaught(told) is not None or (seen.sink is Sink.ERROR and seen.detail.get("type") in _MEASURED)


def _alone(jobs: Sequence[_Job]) -> list[int]:
    """Single calls that are to tell causes apart: a process says once what undefined behaviour is at a place."""
    return [number for number, job in enumerate(jobs) if len(job.calls) == 1]
