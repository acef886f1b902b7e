"""Replays many input documents of one door at once: the door opens once a sandbox, each document runs in its own process.

n of n still means n fresh sandboxes: each of them runs every document once. They run them in different orders, so that what one
document leaves behind for the next (files, a database) cannot fire the same violation every time.
"""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from mithridate.model.entry import Binary, EntryPoint
from mithridate.model.execution import Command, Ending, Limits, Mount
from mithridate.model.observation import Observation
from mithridate.model.project import ToolFailure
from mithridate.model.violation import Clean, Violation
from mithridate.prove.replay import Judgement, Replays
from mithridate.sandbox.interface import Sandbox

Inputs = Callable[[EntryPoint, Binary, Path], tuple[Command, tuple[Mount, ...]]]
"""The command that runs every document in a host directory, in order of name, and the mounts it needs."""

Judge = Callable[[bytes, Sequence[bytes]], Mapping[int, tuple[Violation, ...]]]
"""From an observer's records, and the documents it was given in order, to what each run (counted from 0) violated, the gravest
first; no entry for a run that did not end."""

Observed = Callable[[bytes], Mapping[int, tuple[Observation, ...]]]
"""From an observer's records to what reached sinks in the attack of each run."""

SHARE = 256
"""Documents that are given to one sandbox. What it has no time for goes to further ones."""

TRIES = 3
"""How often in a row a sandbox may answer nothing at all before what is left is given up."""

OUTPUT_BYTES = 256 << 20
"""Records kept of one sandbox: a run writes kilobytes, rarely some hundred."""

RECORDS_BYTES = 128 << 10
"""Records kept as the report of one run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """One run of a document: what was violated; if anything, what reached sinks with a mark, and the records (JSON lines)."""

    violations: tuple[Violation, ...]
    observations: tuple[Observation, ...] = ()
    records: str = ""

    def with_signature(self, signature: str) -> Violation | None:
        """The violation with that signature, if it happened."""
        return next((v for v in self.violations if v.signature == signature), None)


class Witnesses:
    """Runs documents for the prove room. `limits.wall_s` bounds the time of one sandbox; `jobs` is how many run at once."""

    def __init__(self, sandbox: Sandbox, limits: Limits, jobs: int, command: Inputs, judge: Judge, observed: Observed) -> None:
        self._sandbox = sandbox
        # The observer bounds each run by itself; what a whole batch takes says nothing about one of them.
        self._limits = replace(limits, cpu_s=None, idle_s=None, output_bytes=max(limits.output_bytes, OUTPUT_BYTES))
        self._jobs = max(1, jobs)
        self._command = command
        self._judge = judge
        self._observed = observed

    def replay(
        self, entry: EntryPoint, binary: Binary, documents: Sequence[bytes], n: int
    ) -> list[list[tuple[Violation, ...] | None]]:
        """For each document, what each of `n` fresh sandboxes saw it violate; None where it got no answer from our own tools."""
        return [[None if w is None else w.violations for w in seen] for seen in self.witness(entry, binary, documents, n)]

    def witness(self, entry: EntryPoint, binary: Binary, documents: Sequence[bytes], n: int = 1) -> list[list[Witnessed | None]]:
        """The same as `replay`, with the records of each run."""
        work = [(k, part) for k in range(n) for part in _shares(_turned(len(documents), k, n))]
        seen: list[list[Witnessed | None]] = [[None] * n for _ in documents]

        def run(job: tuple[int, Sequence[int]]) -> Mapping[int, Witnessed]:
            return self._share(entry, binary, documents, job[1])

        with ThreadPoolExecutor(self._jobs) as pool:
            for (k, _), answered in zip(work, pool.map(run, work), strict=True):
                for document, witnessed in answered.items():
                    seen[document][k] = witnessed
        return seen

    def once(self, entry: EntryPoint, binary: Binary, data: Path | bytes) -> Judgement:
        """The judgement of one document in a fresh sandbox."""
        ((seen,),) = self.witness(entry, binary, [_bytes(data)])
        return _NO_ANSWER if seen is None else seen.violations or Clean()

    def many(self, entry: EntryPoint, binary: Binary, data: Path | bytes, n: int, signature: str) -> Replays:
        """`n` replays of one document in as many fresh sandboxes, and how many fired the violation with `signature`."""
        (seen,) = self.witness(entry, binary, [_bytes(data)], n)
        answered = [w for w in seen if w is not None]
        others = {v.signature for w in answered for v in w.violations} - {signature}
        return Replays(
            signature=signature,
            replays=n,
            fired=sum(w.with_signature(signature) is not None for w in answered),
            others=tuple(sorted(others)),
            failures=(_NO_ANSWER,) * (n - len(answered)),
        )

    def _share(
        self, entry: EntryPoint, binary: Binary, documents: Sequence[bytes], positions: Sequence[int]
    ) -> Mapping[int, Witnessed]:
        """Run the documents at `positions`, each in one sandbox only, in as many sandboxes as it takes."""
        done: dict[int, Witnessed] = {}
        left, silent = list(positions), 0
        while left and silent < TRIES:
            answered, ending = self._run(entry, binary, [documents[p] for p in left])
            done |= {left[run]: witnessed for run, witnessed in answered.items() if run < len(left)}
            silent = 0 if answered else silent + 1
            left = [p for p in left if p not in done]
            if left and not answered and ending is not Ending.EXITED:
                left = [*left[1:], left[0]]  # it may be what ends the sandbox: let the others have their turn first
        return done

    def _run(self, entry: EntryPoint, binary: Binary, documents: Sequence[bytes]) -> tuple[Mapping[int, Witnessed], Ending]:
        with tempfile.TemporaryDirectory(prefix="mithridate-witness-") as folder:
            for number, document in enumerate(documents):
                Path(folder, f"{number:06d}.json").write_bytes(document)
            command, mounts = self._command(entry, binary, Path(folder))
            execution = self._sandbox.run(command, mounts, self._limits)
        judged = self._judge(execution.stdout, documents)
        fired = [run for run, violations in judged.items() if violations]
        observed = self._observed(execution.stdout) if fired else {}
        records = _records(execution.stdout, fired)
        made = {
            run: Witnessed(
                violations=violations,
                observations=tuple(o for o in observed.get(run, ()) if o.marks) if violations else (),
                records=records.get(run, ""),
            )
            for run, violations in judged.items()
        }
        return made, execution.ending


_NO_ANSWER = ToolFailure(tool="observer", why="the entry point did not open, or the run of the document was cut off")


def _turned(count: int, turn: int, turns: int) -> list[int]:
    """The positions in an order of their own for each turn: rotated, and every second time reversed."""
    start = turn * count // max(1, turns)
    order = [*range(start, count), *range(start)]
    return order[::-1] if turn % 2 else order


def _shares(positions: Sequence[int]) -> list[Sequence[int]]:
    return [positions[i : i + SHARE] for i in range(0, len(positions), SHARE)]


def _records(stdout: bytes, runs: Sequence[int]) -> dict[int, str]:
    """The records of each of `runs`, as the observer wrote them."""
    kept: dict[int, list[str]] = {run: [] for run in runs}
    sizes = dict.fromkeys(kept, 0)
    for line in stdout.split(b"\n") if kept else ():
        run = _run_of(line)
        if run in kept and sizes[run] + len(line) <= RECORDS_BYTES:
            sizes[run] += len(line)
            kept[run].append(line.decode("utf-8", "replace"))
    return {run: "\n".join(lines) for run, lines in kept.items()}


def _run_of(line: bytes) -> int:
    """The run that a record belongs to; -1 for what is none."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return -1
    run = record.get("run") if isinstance(record, dict) else None
    return run if isinstance(run, int) else -1


def _bytes(data: Path | bytes) -> bytes:
    return data.read_bytes() if isinstance(data, Path) else data
