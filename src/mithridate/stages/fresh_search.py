"""The gate's fresh hunt: what lies near given inputs is run, then all doors are searched by all engines that are for them."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from mithridate.hunt.engines import registry
from mithridate.hunt.engines.interface import Engine
from mithridate.hunt.engines.libfuzzer import LibFuzzer
from mithridate.model.entry import EntryPoint
from mithridate.model.project import ToolFailure
from mithridate.model.search import SearchResult, SearchSlice
from mithridate.model.violation import Violation
from mithridate.sandbox.interface import Sandbox

_SLICE_S = 15.0
_SHORTEST_S = 2.0
_INPUT_BYTES = 1 << 20
_SEEDS = 400
_LEAST_S = 1.2
"""libFuzzer's adapter starts nothing for a second or less."""
_NEAR_S = _LEAST_S
"""A slice that only runs what it is given."""
_UNPROFILED = 10
"""A seed with which that adapter does not look at comparisons, which costs much."""
_FIRST_NEAR = 256
"""How many tell how fast a door is."""
_GROWTH = 4
_FEW_NEAR = 32

Judged = Callable[[Sequence[bytes]], Sequence[tuple[Violation, ...] | ToolFailure]]


@dataclass(frozen=True, slots=True)
class FreshSearch:
    """What it is done with; everything that it writes goes below `area`, which is its own."""

    sandbox: Sandbox
    jobs: int
    memory_bytes: int
    cancel: threading.Event
    area: Path
    _folders: Iterator[int] = field(default_factory=count, init=False)

    def near(self, entry: EntryPoint, inputs: Sequence[bytes], seconds: float, judged: Judged) -> tuple[int, list[bytes]]:
        """How many of the inputs were run in about so many seconds, and those that are candidates for a violation.

        In one process where the door can be, which thousands of them may take a second in; else they are judged one by one.
        """
        engine = registry.create(LibFuzzer.name)
        in_process = engine.accepts(entry) is None
        return self._in_process(engine, entry, inputs, seconds) if in_process else self._one_by_one(inputs, seconds, judged)

    def hunt(
        self,
        entries: Sequence[EntryPoint],
        seconds: float,
        seeds: Mapping[str, Sequence[bytes]],
        enough: Callable[[Mapping[str, Sequence[bytes]]], bool],
    ) -> tuple[int, dict[str, list[bytes]]]:
        """Executions, and each door's candidates. All doors and engines in turn, slice by slice, on as many cores as jobs.

        `enough` is asked of the new candidates of each round of slices, whether the rest can be left out.
        """
        arms = [
            (entry, engine)
            for engine in map(registry.create, registry.names())
            for entry in entries
            if entry.kind in engine.kinds and engine.accepts(entry) is None
        ]
        works = [self._folder() for _ in arms]
        each = max(_SHORTEST_S, min(_SLICE_S, seconds * self.jobs / max(1, len(arms))))
        ends = time.monotonic() + seconds
        executions = 0
        candidates: dict[str, dict[bytes, None]] = {}
        told: set[tuple[str, bytes]] = set()

        def slice_of(number: int) -> None:
            nonlocal executions
            arm = number % len(arms)
            entry, engine = arms[arm]
            first = list(seeds.get(entry.id, ()))[:_SEEDS] if number < len(arms) else []  # they stay in the arm's folder
            result = self._slice(engine, entry, works[arm], first, min(each, max(_LEAST_S, ends - time.monotonic())), number + 1)
            executions += result.executions
            candidates.setdefault(entry.id, {}).update(dict.fromkeys(_brought(result)))

        with ThreadPoolExecutor(self.jobs) as pool:
            number = 0
            while arms and time.monotonic() < ends and not self.cancel.is_set():
                side_by_side = min(self.jobs, len(arms))  # an arm's folder is for one slice at a time
                list(pool.map(slice_of, range(number, number + side_by_side)))
                number += side_by_side
                new = {
                    entry_id: [data for data in found if (entry_id, data) not in told] for entry_id, found in candidates.items()
                }
                told.update((entry_id, data) for entry_id, found in new.items() for data in found)
                if any(new.values()) and enough(new):
                    break
        return executions, {entry_id: list(found) for entry_id, found in candidates.items()}

    def _in_process(self, engine: Engine, entry: EntryPoint, inputs: Sequence[bytes], seconds: float) -> tuple[int, list[bytes]]:
        found: list[bytes] = []
        ran, many, spent_s = 0, _FIRST_NEAR, 0.0
        while ran < len(inputs) and many > 0 and not self.cancel.is_set():
            some = inputs[ran : ran + many]
            result = self._slice(engine, entry, self._folder(), some, _NEAR_S, _UNPROFILED, given_only=True)
            found += _brought(result)
            if result.executions < len(some):  # it ended before it was through, or did not begin
                return ran + result.executions, found
            ran, spent_s = ran + len(some), spent_s + result.wall_s
            # What took a moment says more of how long a process takes to start than of how fast it is.
            early = spent_s < seconds / 2
            many = _GROWTH * len(some) if early else int((seconds - spent_s) * len(some) / max(result.wall_s, 0.01))
        return ran, found

    def _one_by_one(self, inputs: Sequence[bytes], seconds: float, judged: Judged) -> tuple[int, list[bytes]]:
        ends = time.monotonic() + seconds
        found: list[bytes] = []
        ran = 0
        for start in range(0, len(inputs), _FEW_NEAR):
            if time.monotonic() >= ends or self.cancel.is_set():
                break
            some = inputs[start : start + _FEW_NEAR]
            answers = [(data, seen) for data, seen in zip(some, judged(some), strict=True) if isinstance(seen, tuple)]
            found += [data for data, seen in answers if seen]
            ran += len(answers)
        return ran, found

    def _slice(
        self,
        engine: Engine,
        entry: EntryPoint,
        work: Path,
        seeds: Sequence[bytes],
        seconds: float,
        seed: int,
        *,
        given_only: bool = False,
    ) -> SearchResult:
        for name in ("corpus", "candidates", "work"):
            (work / name).mkdir(parents=True, exist_ok=True)
        for data in seeds:
            (work / "corpus" / hashlib.sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)
        asked = SearchSlice(
            entry=entry,
            seconds=seconds,
            seed=seed,
            corpus=work / "corpus",
            foreign=(),
            candidates=work / "candidates",
            work=work / "work",
            dictionary=None,
            memory_bytes=self.memory_bytes,
            input_bytes=_INPUT_BYTES,
            given_only=given_only,
        )
        return engine.search(asked, self.sandbox, cancel=self.cancel)

    def _folder(self) -> Path:
        return self.area / f"{next(self._folders)}"


def _brought(result: SearchResult) -> list[bytes]:
    return [path.read_bytes() for path in sorted(result.candidates) if path.is_file() and not path.is_symlink()]
