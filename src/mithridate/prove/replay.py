"""Feeds one input to one entry point, each time in a fresh sandbox, and asks the oracles. Evidence comes from here."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mithridate.languages.invocation import one_input
from mithridate.model.entry import Binary, EntryPoint
from mithridate.model.execution import Command, Execution, Limits, Mount
from mithridate.model.project import ToolFailure
from mithridate.model.violation import Clean, Violation, ViolationKind
from mithridate.oracles.interface import Oracle
from mithridate.oracles.report_parser import parse_report
from mithridate.prove.batch import run_batch
from mithridate.prove.blame import blamed
from mithridate.prove.busy import busy_frames
from mithridate.prove.symbols import SYMBOLIZER, Symbols, unnamed
from mithridate.sandbox.interface import Sandbox

Judgement = tuple[Violation, ...] | Clean | ToolFailure
"""What the oracles say about one execution."""

REPLAY_LIMITS = Limits(wall_s=60.0, cpu_s=10.0, memory_bytes=2 << 30, processes=64, idle_s=5.0)
TRIES = 3
"""How often a replay is tried when our own tools break; a broken tool counts neither for nor against a candidate."""

SAMPLES_S = (0.6, 1.0, 1.5)
"""When (seconds of wall time) a program that never ends is interrupted to see where it is."""

QUICK_SHARE = 64
"""Inputs that share one sandbox in a batch: enough to make its start-up cheap, few enough to look at the clock between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One execution and its judgement."""

    execution: Execution
    judgement: Judgement

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The violations, the gravest first; empty for a clean or a failed execution."""
        return self.judgement if isinstance(self.judgement, tuple) else ()

    def with_signature(self, signature: str) -> Violation | None:
        """The violation with that signature, if it happened."""
        return next((v for v in self.violations if v.signature == signature), None)

    @property
    def report(self) -> str:
        """What the process wrote to its standard error."""
        return self.execution.stderr.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replays:
    """How often an input fired the violation with one signature. `others` are the signatures seen instead."""

    signature: str
    replays: int
    fired: int
    others: tuple[str, ...] = ()
    failures: tuple[ToolFailure, ...] = ()

    @property
    def stable(self) -> bool:
        """True when it fired every time."""
        return self.replays > 0 and self.fired == self.replays


class Replayer:
    """Runs inputs for the prove room. `limits` bound one replay; `jobs` is how many sandboxes run at once."""

    def __init__(self, sandbox: Sandbox, judge: Oracle, limits: Limits = REPLAY_LIMITS, jobs: int = 2) -> None:
        self.limits = limits
        self._sandbox = sandbox
        self._judge = judge
        self._jobs = max(1, jobs)
        self._symbols = Symbols(sandbox)

    def once(self, entry: EntryPoint, binary: Binary, data: Path | bytes) -> Judgement:
        """The judgement of one execution in a fresh sandbox."""
        return self.observe(entry, binary, data).judgement

    def observe(
        self, entry: EntryPoint, binary: Binary, data: Path | bytes, samples_s: Sequence[float] = SAMPLES_S
    ) -> Observation:
        """The same as `once`, with the execution itself. Repeated (at most TRIES times) only when a tool of ours broke.

        What never ends has no stack of its own: it is run again and interrupted at each of `samples_s`.
        """
        with _as_file(data) as file:
            return self._observe(entry, binary, file, samples_s)

    def beside(
        self, entry: EntryPoint, binary: Binary, data: bytes, mounts: Sequence[Mount], options: Mapping[str, str]
    ) -> Judgement:
        """The judgement of one execution that sees `mounts` as well; `options` are added to the variables of those names."""
        with _as_file(data) as file:
            command, own = one_input(entry, binary, file, self._judge.arm(entry).env)
            env = {**command.env, **{name: f"{command.env.get(name, '')}:{more}".lstrip(":") for name, more in options.items()}}
            _, judgement = self._judged(replace(command, env=env), (*own, *mounts), binary)
        return tuple(blamed(v, binary) for v in judgement) if isinstance(judgement, tuple) else judgement

    def many(self, entry: EntryPoint, binary: Binary, data: Path | bytes, n: int, signature: str) -> Replays:
        """`n` replays in as many fresh sandboxes, and how many fired the violation with `signature`."""
        with _as_file(data) as file, ThreadPoolExecutor(self._jobs) as pool:
            seen = list(pool.map(lambda _: self._observe(entry, binary, file, SAMPLES_S[:1]), range(n)))
        fired = sum(o.with_signature(signature) is not None for o in seen)
        others = {v.signature for o in seen for v in o.violations} - {signature}
        failures = tuple(o.judgement for o in seen if isinstance(o.judgement, ToolFailure))
        return Replays(signature=signature, replays=n, fired=fired, others=tuple(sorted(others)), failures=failures)

    def batch(
        self, entry: EntryPoint, binary: Binary, inputs: Sequence[bytes], seconds: float, cpu_s: float | None = None
    ) -> list[Judgement | None]:
        """A quick judgement of each input, for search and not for evidence; None where `seconds` did not suffice.

        Many inputs share a sandbox (each in a process of its own) and reports are not symbolised: compare by `quick_signature`.
        `cpu_s` bounds one process (default: the replay limit).
        """
        shares = [inputs[i : i + QUICK_SHARE] for i in range(0, len(inputs), QUICK_SHARE)]
        if len(shares) < self._jobs <= len(inputs):
            size = -(-len(inputs) // self._jobs)
            shares = [inputs[i : i + size] for i in range(0, len(inputs), size)]
        each = cpu_s or self.limits.cpu_s or self.limits.wall_s
        environment = self._judge.arm(entry).env

        def run(share: Sequence[bytes]) -> list[Judgement | None]:
            ended = run_batch(self._sandbox, entry, binary, share, environment, self.limits, each, seconds)
            return [None if execution is None else self._quickly(execution) for execution in ended]

        with ThreadPoolExecutor(self._jobs) as pool:
            return [judgement for share in pool.map(run, shares) for judgement in share]

    def _from_where(self, observation: Observation, command: Command, mounts: Sequence[Mount], binary: Binary) -> Observation:
        """The same with a stack for a jump to an unmapped address, where unwind tables end at once and frame pointers do not.

        Its innermost frame is the caller of the function that jumped: that function's own frame cannot be seen any more.
        """
        options = f"{command.env.get('ASAN_OPTIONS', '')}:fast_unwind_on_fatal=1".lstrip(":")
        again, judged = self._judged(replace(command, env={**command.env, "ASAN_OPTIONS": options}), mounts, binary)
        placed = (
            next((v for v in judged if v.kind is ViolationKind.WILD_JUMP and v.frames), None)
            if isinstance(judged, tuple)
            else None
        )
        if placed is None:
            return observation
        found = tuple(placed if _landed_nowhere(v) else v for v in observation.violations)
        return replace(observation, judgement=found, execution=again)

    def _judged(self, command: Command, mounts: Sequence[Mount], binary: Binary) -> tuple[Execution, Judgement]:
        """One execution, its report with named places, and the judgement."""
        symbolizer = command.env.get(SYMBOLIZER, "")
        quick = replace(command, env=unnamed(command.env)) if symbolizer else command
        execution = self._sandbox.run(quick, mounts, self.limits)
        named = self._symbols.named(binary, execution, symbolizer) if symbolizer else execution
        return (execution, named) if isinstance(named, ToolFailure) else (named, self._judge.judge(named))

    def _quickly(self, execution: Execution) -> Judgement:
        """The judgement with every violation that was reported: without symbols the suite cannot tell two of one kind apart."""
        judgement = self._judge.judge(execution)
        if not isinstance(judgement, tuple):
            return judgement
        return tuple(dict.fromkeys((*judgement, *parse_report(execution.stderr))))

    def _observe(self, entry: EntryPoint, binary: Binary, file: Path, samples_s: Sequence[float]) -> Observation:
        command, mounts = one_input(entry, binary, file, self._judge.arm(entry).env)
        for _ in range(TRIES):
            execution, judgement = self._judged(command, mounts, binary)
            observation = Observation(execution=execution, judgement=judgement)
            if not isinstance(observation.judgement, ToolFailure):
                break
        if any(_landed_nowhere(v) for v in observation.violations):
            observation = self._from_where(observation, command, mounts, binary)
        if any(_unplaced(v) for v in observation.violations):
            frames = busy_frames(lambda again: self._judged(again, mounts, binary)[0], command, samples_s)
            placed = tuple(replace(v, frames=frames) if _unplaced(v) else v for v in observation.violations)
            observation = replace(observation, judgement=placed)
        if observation.violations:
            observation = replace(observation, judgement=tuple(blamed(v, binary) for v in observation.violations))
        return observation


@contextmanager
def _as_file(data: Path | bytes) -> Iterator[Path]:
    """A file with the input; every sandbox shows it read-only, so that replays can share it."""
    if isinstance(data, Path):
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="mithridate-replay-") as folder:
        file = Path(folder, "input")
        file.write_bytes(data)
        yield file


def _landed_nowhere(violation: Violation) -> bool:
    return violation.kind is ViolationKind.WILD_JUMP and not violation.frames


def _unplaced(violation: Violation) -> bool:
    return violation.kind is ViolationKind.TIMEOUT and not violation.frames
