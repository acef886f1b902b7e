"""Replays many input documents of one door at once: the door opens once a sandbox, each document runs in its own process.

n of n still means n fresh sandboxes: each of them runs every document once. They run them in different orders, so that what one
document leaves behind for the next (files, a database) cannot fire the same violation every time. Documents that are wanted less
often are spread over these sandboxes: opening the door costs as much as dozens of runs.
"""

import json
import tempfile
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from mithridate.model.entry import Binary, EntryPoint
from mithridate.model.execution import Command, Ending, Execution, Limits, Mount
from mithridate.model.observation import Observation
from mithridate.model.project import ToolFailure
from mithridate.model.violation import Clean, Violation
from mithridate.prove.pace import Paces
from mithridate.prove.replay import Judgement, Replays
from mithridate.sandbox.interface import Sandbox

Inputs = Callable[[EntryPoint, Binary, Path], tuple[Command, tuple[Mount, ...]]]
"""The command that runs every document in a host directory, in order of name, and the mounts it needs."""

Seen = tuple[tuple[Violation, ...], tuple[Observation, ...]]
"""What one run violated, the gravest first, and what reached sinks in its attack."""

Judge = Callable[[bytes, Sequence[bytes]], Mapping[int, Seen]]
"""From an observer's records, and the documents it was given in order, to each run (counted from 0) that came to its end."""

SHARE = 1024
"""Documents that are given to one sandbox. What it has no time for goes to further ones."""

TRIES = 3
"""How often in a row a sandbox may answer nothing at all before what is left is given up."""

OUTPUT_BYTES = 256 << 20
"""Records kept of one sandbox: a run writes kilobytes, rarely some hundred."""

RECORDS_BYTES = 128 << 10
"""Records kept as the report of one run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """One run of a document: what was violated; if anything, what reached sinks with a mark.

    `records` (JSON lines) are kept of a document's first run only: one report a proof is enough, and they are long. Of a run that
    violated nothing they are kept where the caller asks for its answers.
    """

    violations: tuple[Violation, ...]
    observations: tuple[Observation, ...] = ()
    records: str = ""

    def with_signature(self, signature: str) -> Violation | None:
        """The violation with that signature, if it happened."""
        return next((v for v in self.violations if v.signature == signature), None)


@dataclass(frozen=True, slots=True)
class _Turn:
    """A document (its position) in one of its runs (counted from 0)."""

    document: int
    run: int


class Witnesses:
    """Runs documents for the prove room. `limits.wall_s` bounds the time of one sandbox.

    `jobs` is how many sandboxes run at once, whatever number of threads asks.
    """

    def __init__(self, sandbox: Sandbox, limits: Limits, jobs: int, command: Inputs, judge: Judge) -> None:
        self._sandbox = sandbox
        # The observer bounds each run by itself; what a whole batch takes says nothing about one of them.
        self._limits = replace(limits, cpu_s=None, idle_s=None, output_bytes=max(limits.output_bytes, OUTPUT_BYTES))
        self._jobs = max(1, jobs)
        self._command = command
        self._judge = judge
        self._places = threading.BoundedSemaphore(self._jobs)
        self._paces = Paces(self._jobs)

    def replay(
        self, entry: EntryPoint, binary: Binary, documents: Sequence[bytes], n: int
    ) -> list[list[tuple[Violation, ...] | None]]:
        """For each document, what each of `n` fresh sandboxes saw it violate; None where it got no answer from our own tools."""
        return [[None if w is None else w.violations for w in seen] for seen in self.witness(entry, binary, documents, n)]

    def witness(
        self,
        entry: EntryPoint,
        binary: Binary,
        documents: Sequence[bytes],
        n: int | Sequence[int] = 1,
        *,
        answers: bool = False,
    ) -> list[list[Witnessed | None]]:
        """The same as `replay`, with more about each run. `n` may give a number for each document: so many sandboxes run it.

        `answers`: records are kept of runs that violated nothing, too.
        """
        counts = [n] * len(documents) if isinstance(n, int) else list(n)
        turns = _turns(counts)
        seen: list[list[Witnessed | None]] = [[None] * count for count in counts]

        def run(share: Sequence[_Turn]) -> Mapping[int, Witnessed]:
            first = frozenset(at for at, turn in enumerate(share) if turn.run == 0)
            return self._share(entry, binary, [documents[turn.document] for turn in share], first, answers=answers)

        with self._paces.asking(), ThreadPoolExecutor(self._jobs) as pool:
            work = [share for turn in turns for share in self._shares(binary, turn, len(turns))]
            for share, answered in zip(work, pool.map(run, work), strict=True):
                for at, witnessed in answered.items():
                    seen[share[at].document][share[at].run] = witnessed
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

    def _shares(self, binary: Binary, turn: Sequence[_Turn], turns: int) -> list[Sequence[_Turn]]:
        """What one sandbox would run, in parts for as many sandboxes as are worth opening the door in."""
        parts = self._paces.parts(binary, len(turn), turns)
        size = min(SHARE, -(-len(turn) // parts)) if turn else SHARE
        return [turn[i : i + size] for i in range(0, len(turn), size)]

    def _share(
        self, entry: EntryPoint, binary: Binary, documents: Sequence[bytes], first: frozenset[int], *, answers: bool
    ) -> Mapping[int, Witnessed]:
        """Run the documents, each in one sandbox only, in as many sandboxes as it takes. Keep the records of those in `first`."""
        done: dict[int, Witnessed] = {}
        left, silent = list(range(len(documents))), 0
        while left and silent < TRIES:
            recorded = {i for i, p in enumerate(left) if p in first}
            answered, ending = self._run(entry, binary, [documents[p] for p in left], recorded, answers=answers)
            done |= {left[run]: witnessed for run, witnessed in answered.items() if run < len(left)}
            silent = 0 if answered else silent + 1
            left = [p for p in left if p not in done]
            if left and not answered and ending is not Ending.EXITED:
                left = [*left[1:], left[0]]  # it may be what ends the sandbox: let the others have their turn first
        return done

    def _run(
        self, entry: EntryPoint, binary: Binary, documents: Sequence[bytes], first: set[int], *, answers: bool
    ) -> tuple[Mapping[int, Witnessed], Ending]:
        execution = self._executed(entry, binary, documents)
        judged = self._judge(execution.stdout, documents)
        fired = {run for run, (violations, _) in judged.items() if violations}
        self._paces.learn(binary, execution, len(judged))
        records = _records(execution.stdout, first if answers else fired & first)
        made = {
            run: Witnessed(
                violations=violations,
                observations=tuple(o for o in observations if o.marks) if violations else (),
                records=records.get(run, ""),
            )
            for run, (violations, observations) in judged.items()
        }
        return made, execution.ending

    def _executed(self, entry: EntryPoint, binary: Binary, documents: Sequence[bytes]) -> Execution:
        """One sandbox at work, when there is a place for it."""
        with self._places, tempfile.TemporaryDirectory(prefix="mithridate-witness-") as folder:
            for number, document in enumerate(documents):
                Path(folder, f"{number:06d}.json").write_bytes(document)
            command, mounts = self._command(entry, binary, Path(folder))
            return self._sandbox.run(command, mounts, self._limits)


_NO_ANSWER = ToolFailure(tool="observer", why="the entry point did not open, or the run of the document was cut off")


def _turns(counts: Sequence[int]) -> list[list[_Turn]]:
    """What each of the sandboxes runs, in order: document i in `counts[i]` of them, spread evenly.

    Each has an order of its own: each second one is the reverse of that before it, each two are rotated further. So where all
    documents are run everywhere, no document always goes before another.
    """
    turns = max(counts, default=0)
    made: list[list[_Turn]] = [[] for _ in range(turns)]
    at = 0
    for document, count in enumerate(counts):
        for run in range(count):
            made[(at + run) % turns].append(_Turn(document, run))
        at += count if count < turns else 0
    return [_turned(turn, k, turns) for k, turn in enumerate(made)]


def _turned(run: list[_Turn], turn: int, turns: int) -> list[_Turn]:
    start = turn // 2 * len(run) // max(1, -(-turns // 2))
    order = [*run[start:], *run[:start]]
    return order[::-1] if turn % 2 else order


def _records(stdout: bytes, runs: Collection[int]) -> dict[int, str]:
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
