"""The search of functions: which ways of calling them are taken, then steps of many calls, a pool of calls for each function."""

import hashlib
import json
import random
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mithridate.hunt.engines.calls import outcome
from mithridate.hunt.engines.calls.door import Door, Target, door_file, read_door
from mithridate.hunt.engines.calls.promise import distinct, promise, takes_apart
from mithridate.hunt.engines.calls.reach import WRONG_ARGUMENTS
from mithridate.hunt.engines.calls.runner import Runner
from mithridate.hunt.engines.calls.steps import Call, document, leaves
from mithridate.hunt.engines.in_process import found_candidates
from mithridate.hunt.engines.interface import Ticker
from mithridate.hunt.engines.octets.inputs import (
    READERS,
    beginnings,
    filled,
    keyword_ways,
    keywords,
    native_targets,
    project_samples,
    tokens,
    value_of,
    ways,
)
from mithridate.hunt.engines.octets.pool import ASIDE, LARGEST_KEPT, LIKELY, NATIVE, Pool, unpacked
from mithridate.hunt.engines.octets.reports import MOST_CALLS, MOST_CAUSES, MOST_EDGES, causes, number
from mithridate.model.document import decode
from mithridate.model.entry import Binary
from mithridate.model.errors import UsageError
from mithridate.model.project import ToolFailure
from mithridate.model.search import SearchResult, SearchSlice

STATE_FILE = "octets.json"
_PROBED = 120
_BATCH_S, _LEAST_S = 12.0, 1.0
"""CPU seconds of the steps of a batch, and what importing a package is reckoned to take beside them."""
_EACH_S = 6.0
"""CPU seconds of one document at most: a call that takes longer than is left of its step's time ends the process."""
_FAILURES = 2
_ENDED = 20
_LARGEST = 16 << 10
_SEEDS, _PLACES, _WAYS, _KEYWORD_WAYS = 160, 2, 4, 24
_TRIES = 3
"""Candidates of one cause: calls before may have had a part in what is seen."""
_GIVEN, _GIVEN_BYTES = 200, 4096
_MUCH = 1000
_AGAIN = 2
"""How often the ways of calling a function are tried again when that came to no end."""
_WEARY = 6
"""Ends of processes after which a function is searched less: what it dies of is known, and hides what lies behind."""


@dataclass(slots=True)
class _Job:
    """One document: calls that are tried as they are, or a step of many calls of a pool."""

    data: bytes
    calls: Sequence[Call] = ()
    pool: Pool | None = None
    name: str = ""
    """The function whose ways are tried."""


@dataclass(slots=True)
class FunctionSearch:
    """A slice of search of the functions of a door."""

    work: SearchSlice
    runner: Runner
    binary: Binary
    tick: Ticker | None
    cancel: threading.Event | None
    pools: dict[str, Pool] = field(default_factory=dict)
    unprobed: list[str] = field(default_factory=list)
    again: dict[str, int] = field(default_factory=dict)
    """How often functions were tried in vain."""
    finds: dict[str, int] = field(default_factory=dict)
    given: list[bytes] = field(default_factory=list)
    executions: int = 0
    covered: int = 0
    cpu_s: float = 0.0
    failures: int = 0
    failed: str = ""
    steps: int = 0
    opening_s: float = 0.0
    """Wall seconds that it takes until the door is open: a batch that is cut off before has been for nothing."""
    _samples: list[bytes] | None = None
    _words: list[bytes] | None = None
    _names: list[str] | None = None

    def search(self, engine: str) -> SearchResult:
        """See Engine.search."""
        started = time.monotonic()
        told = door_file(self.binary).read_bytes()
        door, native = read_door(told), native_targets(told)
        self._load(door, native)
        before = self._kept()
        draw = random.Random(self.work.seed)
        batches = 0
        while not self._is_cancelled():
            left = self.work.seconds - (time.monotonic() - started)
            if (batches and left <= max(_LEAST_S, self.opening_s)) or self._is_aside() or self.failures > _FAILURES:
                break
            batches += 1
            jobs = [*self._probes(door, native), *self._next(draw, left)]
            if not jobs:
                break
            self._run(jobs, left, door)
        self._save()
        return SearchResult(
            engine=engine,
            executions=self.executions,
            wall_s=time.monotonic() - started,
            cpu_s=self.cpu_s,
            covered=self.covered,
            edges=self.covered,
            new_units=max(0, self._kept() - before),
            corpus_units=self._kept(),
            candidates=found_candidates(self.work.candidates),
            restarts=self.failures,
            failure=ToolFailure(tool=engine, why=self.failed) if self.failed and not self.executions else None,
            exhausted=self._is_aside() and not self.failed,
        )

    def _is_aside(self) -> bool:
        """Whether all functions were searched and none gets as far as native code: others search what is left of them."""
        return not self.unprobed and all(pool.batches > 0 and pool.nearness == ASIDE for pool in self.pools.values())

    def _is_cancelled(self) -> bool:
        return self.cancel is not None and self.cancel.is_set()

    def _kept(self) -> int:
        return sum(len(pool.kept) for pool in self.pools.values())

    def _probes(self, door: Door, native: Mapping[str, bool]) -> list[_Job]:
        """Which ways of calling the next functions are taken."""
        taken, self.unprobed = self.unprobed[:_PROBED], self.unprobed[_PROBED:]
        jobs = []
        for name in taken:
            target, guessed = door.targets[name], native.get(name, False)
            made = [*ways(target, guessed=guessed), *(keyword_ways(target, self._keywords()) if guessed else ())]
            calls = [_read(one) for one in made]
            jobs += [_Job(document(calls), calls, name=name)] if calls else []
        return jobs

    def _next(self, draw: random.Random, left: float) -> list[_Job]:
        """Steps for the most promising functions, as many as a batch has time for."""
        jobs: list[_Job] = []
        time_s = min(_BATCH_S, max(_BATCH_S / 2, left - _LEAST_S))
        words = self._tokens()
        for pool in sorted(self.pools.values(), key=lambda p: (-p.rank, p.target)):
            if time_s <= 0:
                break
            time_s -= pool.seconds
            self._give(pool)
            self.steps += 1
            seed = self.work.seed * 1_000_003 + self.steps
            jobs.append(_Job(pool.step(seed, words, self.given, draw, _LARGEST), pool=pool))
        return jobs

    def _run(self, jobs: Sequence[_Job], left: float, door: Door) -> None:
        limit_s = max(left, 2 * self.opening_s + _BATCH_S) + _EACH_S
        started = time.monotonic()
        output = self.runner.run([job.data for job in jobs], limit_s, _EACH_S, alone=())
        self.cpu_s += output.cpu_s
        opened, runs = outcome.read(output.records, len(jobs), begun=True)
        self.opening_s = max(self.opening_s, min(opened.seconds, time.monotonic() - started))  # said by whom we do not trust
        if opened.failed or not (opened.ready or any(runs)):
            self.failures += 1
            self.failed = opened.failed or output.words
            self._put_back(jobs, begun=())
            return
        for job, run in zip(jobs, runs, strict=True):
            if run is None:
                continue
            self.covered = max([self.covered, *(min(answer.edges, MOST_EDGES) for answer in run.answers)])
            if job.pool is not None:
                self._learn(job.pool, run)
                if run.ended:
                    job.pool.ended(whole=True)
            elif run.ended:
                self._learn_ways(job, run, door)
        cut = [(job, run is not None) for job, run in zip(jobs, runs, strict=True) if run is None or not run.ended]
        # documents are carried out in their order: the first without an end is what the batch came to its end with
        self._put_back([job for job, _ in cut], begun=[job for place, (job, begun) in enumerate(cut) if begun or place == 0])
        if self.tick:
            self.tick(self.executions, self.covered, self.covered, self._kept())

    def _put_back(self, jobs: Sequence[_Job], begun: Sequence[_Job]) -> None:
        """What came to no end is for the next batch; what was `begun` may be the reason, and is so a few times only."""
        names: list[str] = []
        for job in jobs:
            is_begun = any(job is one for one in begun)
            if job.pool is not None:
                job.pool.ended(whole=False, counts=is_begun)
            elif (tries := self.again.get(job.name, 0) + is_begun) <= _AGAIN:
                self.again[job.name] = tries
                names.append(job.name)
        self.unprobed = [*names, *self.unprobed]

    def _learn_ways(self, job: _Job, run: outcome.Run, door: Door) -> None:
        """A pool with the ways that the function takes, those first that raise nothing."""
        given = run.answers[: len(job.calls)]
        self.executions += max(1, len(given))
        usable: list[tuple[bool, int]] = []
        seen: set[str] = set()
        for position, answer in enumerate(given):
            if WRONG_ARGUMENTS.search(answer.raised) or answer.raised.startswith("TypeError"):
                continue
            key = f"{answer.raised[:60]}|{sorted(job.calls[position]['kwargs'])}"
            usable += [] if key in seen and answer.new_edges == 0 else [(bool(answer.raised), position)]
            seen.add(key)
            self._hand_on(value_of(answer.returned))
        if run.ended.startswith(("exit", "signal")) and len(given) < len(job.calls):
            died = len(given)
            usable.append((True, died))
            self._keep(job.calls[died], causes(_report(run))[-1:] or _unexplained(run.ended, str(job.calls[died]["target"])))
        ordered = [job.calls[position] for _, position in sorted(usable)]
        chosen = [c for c in ordered if not c["kwargs"]][:_WAYS] + [c for c in ordered if c["kwargs"]][:_KEYWORD_WAYS]
        if chosen:
            target = door.targets[str(chosen[0]["target"])]
            self.pools[target.name] = Pool(target.name, self._seeds(target, chosen), chosen)
            self.pools[target.name].gained += max(0.0, promise(target))
            # the plain way in need not get as far as native code where what comes in is taken apart
            answers = [record["answer"] for record in run.records if isinstance(record.get("answer"), dict)]
            reached = any(answer.get("native") is not False for answer in answers)
            self.pools[target.name].nearness = NATIVE if reached else LIKELY if takes_apart(target) else ASIDE

    def _seeds(self, target: Target, chosen: Sequence[Call]) -> list[Call]:
        """Calls to begin with: the ways that are taken, with what is known to be data of some format in their first places."""
        samples = [*self._project_samples(), *self.given]
        found: list[Call] = []
        for rank, one in enumerate(chosen[:_WAYS]):
            for place in leaves(one)[: _PLACES if rank == 0 else 1]:
                most = _SEEDS // (1 + rank)
                found += [filled(one, place, data) for data in beginnings(target, one, place, samples)[:most]]
        return found

    def _learn(self, pool: Pool, run: outcome.Run) -> None:
        most = pool.most_told(sum("died" in record for record in run.records))
        left = {"kept": most, "said": most, "last": most}
        for record in run.records:
            answer = record.get("answer")
            if isinstance(answer, dict) and "calls" in answer:
                self.executions += number(answer["calls"], MOST_CALLS)
                pool.nearness = NATIVE if answer.get("reached") is not False else ASIDE
            for what in left:
                if what not in record or left[what] <= 0:
                    continue
                left[what] -= 1
                call = unpacked(record[what], LARGEST_KEPT) if what == "kept" else unpacked(record[what])
                if call is not None and call["target"] == pool.target:
                    self._learn_call(pool, call, what, record)

    def _learn_call(self, pool: Pool, call: Call, what: str, record: outcome.Record) -> None:
        """A call that a record tells of: one that took new edges, was spoken of by a sanitizer, or ended its process."""
        if what == "last":
            self._learn_death(pool, call, str(record.get("died") or record.get("ended")), str(record.get("report") or ""))
        elif what == "said":
            self._keep(call, [key for key in causes(str(record.get("text"))) if key not in self.finds])
        elif pool.keep(call):
            pool.gained += min(2.0, 0.05 + number(record.get("new_edges"), MOST_EDGES) / 8)
            returned = record.get("returned")
            self._hand_on(returned.encode("latin-1", "replace") if isinstance(returned, str) else b"")

    def _learn_death(self, pool: Pool, last: Call, ended: str, report: str) -> None:
        """The call that a process died of."""
        pool.forget(last)
        if ended.startswith(("exit", "signal")):
            pool.deaths += 1
            pool.gained *= 1.0 if pool.deaths < _WEARY else 0.7
            self._keep(last, causes(report)[-1:] or _unexplained(ended, pool.target))
        elif ended in ("timeout", "memory") and not _asks_for_much(last):
            self._keep(last, [f"{ended} in {pool.target}"])

    def _give(self, pool: Pool) -> None:
        """Calls of a pool with what functions returned since it was searched last."""
        for data in self.given[min(len(self.given), pool.was_given) :]:
            pool.fresh += [filled(pool.plain, place, data) for place in leaves(pool.plain)[:_PLACES]]
        pool.was_given = len(self.given)

    def _hand_on(self, data: bytes) -> None:
        """What one function makes is what another reads: data that was returned is tried everywhere."""
        if 0 < len(data) <= _GIVEN_BYTES and data not in self.given and len(self.given) < _GIVEN:
            self.given.append(data)

    def _keep(self, call: Call, keys: Sequence[str]) -> None:
        pool = self.pools.get(str(call["target"]))
        made = document([call], [pool.plain] if pool else [])
        try:
            decode(made)
        except UsageError:
            return  # records are not to be trusted to hold calls that make a document
        for key in keys:
            tries = self.finds.get(key, 0) + 1
            if tries <= _TRIES and (key in self.finds or len(self.finds) < MOST_CAUSES):
                self.finds[key] = tries
                digest = hashlib.sha1(key.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[:12]
                (self.work.candidates / f"octets-crash-{digest}-{tries}").write_bytes(made)

    def _project_samples(self) -> list[bytes]:
        if self._samples is None:
            self._samples = project_samples(self.binary.directory / "src")
        return self._samples

    def _keywords(self) -> list[str]:
        if self._names is None:
            self._names = keywords(self.binary.directory / "src")
        return self._names

    def _tokens(self) -> list[bytes]:
        if self._words is None:
            self._words = tokens(self.binary.directory / "src")
        return self._words

    def _load(self, door: Door, native: Mapping[str, bool]) -> None:
        try:
            told: dict[str, Any] = json.loads((self.work.work / STATE_FILE).read_bytes())
        except (OSError, ValueError):
            names = [name for name in distinct(door) if door.targets[name].name]
            self.unprobed = sorted(
                names, key=lambda n: (n not in native, not takes_apart(door.targets[n]), -promise(door.targets[n]), n)
            )
            return
        self.unprobed = [name for name in told["unprobed"] if name in door.targets]
        self.again = dict(told.get("again", {}))
        self.finds, self.steps = dict(told["finds"]), int(told["steps"])
        self.opening_s = float(told["opening_s"])
        self.given = [data.encode("latin-1") for data in told["given"]]
        self.pools = {one["target"]: Pool.of(one) for one in told["pools"]}

    def _save(self) -> None:
        told: dict[str, Any] = {"unprobed": self.unprobed, "finds": self.finds, "steps": self.steps}
        told["again"] = self.again
        told["opening_s"] = self.opening_s
        told["given"] = [data.decode("latin-1") for data in self.given]
        told["pools"] = [pool.state() for pool in self.pools.values()]
        new = Path(self.work.work / f"{STATE_FILE}.new")
        new.write_text(json.dumps(told), "utf-8")
        new.replace(self.work.work / STATE_FILE)


def _report(run: outcome.Run) -> str:
    return next((str(r["report"]) for r in reversed(run.records) if isinstance(r.get("report"), str)), "")


def _unexplained(ended: str, target: str) -> list[str]:
    """The cause of a death that no sanitizer told of: a signal; an exit may be the target's own doing."""
    return [f"{ended[:_ENDED]} in {target}"] if ended.startswith("signal") else []


def _asks_for_much(value: Any) -> bool:
    """Whether a number in a call's arguments may be what takes time or memory: callers are free to ask for that."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, Mapping):
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)
        elif isinstance(one, int | float) and abs(one) > _MUCH:
            return True
    return False


def _read(one: Call) -> Call:
    """The same call, with what is made of the data read as well."""
    return {**one, "then": list(READERS)}
