"""Runs the hunt's rounds: slices side by side, corpora shared between engines, candidates collected once."""

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mithridate.hunt.engines.interface import Engine
from mithridate.hunt.scheduler import Assignment
from mithridate.model.entry import EntryPoint
from mithridate.model.run import HuntProgress
from mithridate.model.search import SearchResult, SearchSlice
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.leavings import disarm

_INPUT_FLOOR = 4096
_INPUT_CEILING = 1 << 20
_KEPT_OF_ONE_KIND = 4
_LARGEST_FILE = 64 << 20
_KEPT = 3000
"""How many inputs of an entry point outlive the run."""

_TAKEN_OVER = 200
"""How many inputs of its sisters an entry point takes over before a slice, the smallest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A new candidate: where its bytes lie, the name the engine gave it, and a key that equal violations tend to share."""

    entry: int
    engine: str
    path: Path
    name: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceOutcome:
    """One finished slice and what was new in it."""

    assignment: Assignment
    result: SearchResult
    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Bounds every slice has: memory in bytes, seconds an input may take."""

    memory_bytes: int
    unit_timeout_s: float


class Campaign:
    """The hunt on all entry points of one run. `area` is the run's own directory; everything below it may be lost and redone."""

    def __init__(
        self,
        entries: Sequence[EntryPoint],
        engines: Sequence[Engine],
        sandbox: Sandbox,
        area: Path,
        pace: Pace,
        observe: Callable[[HuntProgress], None],
        cancel: threading.Event,
    ) -> None:
        self._entries = entries
        self._engines = engines
        self._sandbox = sandbox
        self._area = area
        self._pace = pace
        self._observe = observe
        self._cancel = cancel
        self._seen: set[tuple[int, str, str]] = set()
        self._executions: dict[tuple[int, int], int] = {}
        self._candidates: dict[int, int] = {}
        self._looked_through: dict[tuple[int, Path], int] = {}
        self._sisters = {
            i: [k for k in range(len(entries)) if k != i and _sisters(entries[i], entries[k])] for i in range(len(entries))
        }

    def deepen(self, entry: int, like: int) -> None:
        """Take in an entry point that is new among the entries; it shares what it keeps with `like` and its sisters."""
        kin = [like, *self._sisters[like]]
        self._sisters[entry] = kin
        for one in kin:
            self._sisters[one] = [*self._sisters[one], entry]

    def plant(self, entry: int, seeds: Sequence[bytes], dictionary: bytes) -> None:
        """Give an entry point its seeds and dictionary, before its first slice. Doing it again changes nothing."""
        base = self._base(entry)
        if base.exists():  # by a process of this run that was killed, perhaps in the middle of a slice
            disarm(base, _LARGEST_FILE)
        if dictionary:
            base.mkdir(parents=True, exist_ok=True)
            (base / "dictionary").write_bytes(dictionary)
        for engine in self._engines:
            corpus = self._directory(entry, engine, "corpus")
            for seed in seeds:
                path = corpus / hashlib.sha1(seed, usedforsecurity=False).hexdigest()
                if not path.exists():
                    path.write_bytes(seed)

    def corpus_files(self, entry: int) -> list[Path]:
        """Inputs that any engine kept for this entry point, one a content, the smallest _KEPT of them."""
        files: dict[str, tuple[int, str]] = {}
        for engine in self._engines:
            for one in _inputs(self._directory(entry, engine, "corpus")):
                if one.is_file(follow_symlinks=False):
                    files[one.name] = one.stat().st_size, one.path
        return [Path(path) for _, path in sorted(files.values())[:_KEPT]]

    def forget_nothing(self, outcomes: Sequence[SliceOutcome]) -> None:
        """Take over what earlier rounds of an interrupted run have already reported."""
        for outcome in outcomes:
            self._note(outcome)

    def round(self, assignments: Sequence[Assignment], left_s: float) -> tuple[SliceOutcome, ...]:
        """Run the slices side by side, one core each, and return them in the order given."""
        for assignment in assignments:  # before any slice runs: a corpus that a target can write to is not read
            self._take_over(assignment.entry, self._directory(assignment.entry, self._engines[assignment.engine], "corpus"))
        with ThreadPoolExecutor(max_workers=max(1, len(assignments))) as pool:
            outcomes = tuple(pool.map(lambda a: self._slice(a, left_s), assignments))
        for outcome in outcomes:
            self._note(outcome)
        return outcomes

    def _slice(self, assignment: Assignment, left_s: float) -> SliceOutcome:
        entry, engine = self._entries[assignment.entry], self._engines[assignment.engine]
        before = self._executions.get((assignment.entry, assignment.engine), 0)
        corpus = self._directory(assignment.entry, engine, "corpus")
        dictionary = self._base(assignment.entry) / "dictionary"
        started = time.monotonic()
        work = SearchSlice(
            entry=entry,
            seconds=assignment.seconds,
            seed=assignment.seed,
            corpus=corpus,
            foreign=tuple(self._directory(assignment.entry, e, "corpus") for e in self._engines if e is not engine),
            candidates=self._directory(assignment.entry, engine, "candidates"),
            work=self._directory(assignment.entry, engine, "work"),
            dictionary=dictionary if dictionary.exists() else None,
            memory_bytes=self._pace.memory_bytes,
            input_bytes=_input_bytes(corpus),
            unit_timeout_s=self._pace.unit_timeout_s,
        )

        def tick(executions: int, covered: int, edges: int, units: int) -> None:
            self._observe(
                HuntProgress(
                    entry_id=entry.id,
                    engine=engine.name,
                    executions=before + executions,
                    per_second=executions / max(time.monotonic() - started, 0.5),
                    covered=covered,
                    edges=edges,
                    corpus_units=units,
                    candidates=self._candidates.get(assignment.entry, 0),
                    time_left_s=left_s,
                )
            )

        result = engine.search(work, self._sandbox, tick, self._cancel)
        self._observe(
            HuntProgress(
                entry_id=entry.id,
                engine=engine.name,
                executions=before + result.executions,
                per_second=result.executions / result.wall_s if result.wall_s else 0.0,
                covered=result.covered,
                edges=result.edges,
                corpus_units=result.corpus_units,
                candidates=self._candidates.get(assignment.entry, 0) + len(result.candidates),
                time_left_s=left_s,
            )
        )
        return SliceOutcome(assignment=assignment, result=result, found=self._new(assignment, engine, result))

    def _take_over(self, entry: int, corpus: Path) -> None:
        """Bring what the same program kept under other arguments: an input that went deep there may well do so here."""
        offered = self._base(entry) / "offered"
        known = set(offered.read_text().split()) if offered.exists() else set()
        found: dict[str, tuple[int, str, str]] = {}
        for sister in self._sisters[entry]:
            for engine in self._engines:
                directory = self._directory(sister, engine, "corpus")
                changed = directory.stat().st_mtime_ns
                if self._looked_through.get((entry, directory)) == changed:
                    continue  # most are as they were: a hunt has many doors and works on a few at a time
                new = [one for one in _inputs(directory) if one.name not in known]
                found |= {one.name: (one.stat().st_size, one.name, one.path) for one in new if one.is_file(follow_symlinks=False)}
                if not new:
                    self._looked_through[entry, directory] = changed
        chosen = sorted(found.values())[:_TAKEN_OVER]
        for _, name, path in chosen:
            if not (corpus / name).exists():
                shutil.copyfile(path, corpus / name)
        if chosen:
            with offered.open("a") as file:
                file.writelines(f"{name}\n" for _, name, _ in chosen)

    def _new(self, assignment: Assignment, engine: Engine, result: SearchResult) -> tuple[Found, ...]:
        found: list[Found] = []
        kinds: dict[str, int] = {}
        for path in result.candidates:
            key = _key(path.name)
            kinds[key] = kinds.get(key, 0) + 1
            if (assignment.entry, engine.name, path.name) not in self._seen and kinds[key] <= _KEPT_OF_ONE_KIND:
                found.append(Found(entry=assignment.entry, engine=engine.name, path=path, name=path.name, key=key))
        return tuple(found)

    def _note(self, outcome: SliceOutcome) -> None:
        at = (outcome.assignment.entry, outcome.assignment.engine)
        self._executions[at] = self._executions.get(at, 0) + outcome.result.executions
        self._seen |= {(f.entry, f.engine, f.name) for f in outcome.found}
        self._candidates[at[0]] = self._candidates.get(at[0], 0) + len(outcome.found)

    def _base(self, entry: int) -> Path:
        return self._area / hashlib.sha256(self._entries[entry].id.encode()).hexdigest()[:16]

    def _directory(self, entry: int, engine: Engine, kind: str) -> Path:
        directory = self._base(entry) / engine.name / kind
        directory.mkdir(parents=True, exist_ok=True)
        return directory


def _sisters(one: EntryPoint, other: EntryPoint) -> bool:
    """True for one program under different arguments."""
    return bool(one.arguments or other.arguments) and (one.component, one.name) == (other.component, other.name)


def _key(name: str) -> str:
    """What candidates of one cause share: the harness writes why-place-stack-number; engines write kind-digest."""
    parts = name.split("-")
    if len(parts) >= 4:
        return "-".join(parts[:-1])
    return parts[0] if len(parts) > 1 else name


def _input_bytes(corpus: Path) -> int:
    largest = max((one.stat().st_size for one in _inputs(corpus)), default=0)
    return max(_INPUT_FLOOR, min(_INPUT_CEILING, largest * 2))


def _inputs(corpus: Path) -> list[os.DirEntry[str]]:
    """What lies in a corpus directory; not as Path objects, for there are thousands and this is asked every few seconds."""
    with os.scandir(corpus) as listing:
        return [one for one in listing if not one.name.startswith(".")]
