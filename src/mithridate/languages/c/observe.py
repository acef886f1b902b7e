"""Finds the doors of a built program by watching: runs it in the sandbox and sees under which arguments it reads its input."""

import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from mithridate.languages.c.options import Form
from mithridate.languages.c.usage import Forms, Usage, ask, fingerprint
from mithridate.languages.c.walk import head
from mithridate.languages.c.watch import watching
from mithridate.languages.invocation import INPUT_DIRECTORY, OUTPUT_FILE
from mithridate.model.entry import INPUT, OUTPUT, EntryKind
from mithridate.model.execution import Command, Ending, Execution, Limits, Mount
from mithridate.model.project import Skipped
from mithridate.sandbox.interface import Sandbox

MAX_RUNS = 60
MAX_SUFFIXES = 4
_FINALISTS = 24
_CONTENT = 11
"""The points of a run that read its input, ended well, said something of its own and did not complain."""
_SAMPLES_COMPARED = 8
_COVERED_SAMPLES = 12
_MAGIC_BYTES = 6
_RUN_LIMITS = Limits(wall_s=0.8, output_bytes=64 << 10, processes=64, memory_bytes=2 << 30)
_PATIENCE = replace(_RUN_LIMITS, wall_s=8.0, idle_s=2.0)
_SYNTHETIC = b'1 2 + 3\nname = value\n<a b="c">text</a>\n{"k": [1, 2, 3]}\n'
_COMPLAINT = re.compile(
    rb"\bnot an?\b|\bbad\b|\bwrong\b|invalid|illegal|unknown|unrecogni|unsupported|corrupt|malformed|"
    rb"error|can(?:no|')t|failed|fatal|denied|read-only|usage:",
    re.IGNORECASE,
)

Coverage = Callable[[Form, Sequence[Path]], int]
"""Supplied by the owner: how many edges the program covers under a form on these inputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A door: `form` makes the program read its input, from a file named with `suffix` or from standard input.

    `read`: bytes were read with read(2); otherwise the file was opened and perhaps mapped. `depth` says how much happened then,
    comparable only within one program: covered edges when the owner measures them, else points for a run that did its work.
    """

    form: Form
    kind: EntryKind
    suffix: str
    read: bool
    depth: int
    exit_code: int | None
    outcome: str


@dataclass(frozen=True, slots=True)
class _Sight:
    """One run: under which form and on which input, what was seen of the input, and how the program ended."""

    form: Form
    sample: Path
    suffix: str
    touched: bool
    read: bool
    execution: Execution
    outcome: str
    refused: bool

    @property
    def points(self) -> int:
        """How much the run looks like real work, from what is visible outside."""
        ended_well = self.execution.ok or self.execution.ending in (Ending.SIGNALLED, Ending.WALL_LIMIT, Ending.OUTPUT_LIMIT)
        said = self.execution.stdout[:4096] + self.execution.stderr[:4096]
        return 4 * ended_well + 2 * (not self.refused) + 2 * self.read + 3 * (_COMPLAINT.search(said) is None)


def observe(
    program: str,
    forms: Forms,
    samples: Sequence[Path],
    sandbox: Sandbox,
    mounts: Sequence[Mount] = (),
    env: Mapping[str, str] | None = None,
    *,
    usage: Usage | None = None,
    limit: int = 4,
    seconds: float = 12.0,
    jobs: int = 2,
    coverage: Coverage | None = None,
) -> tuple[Observation, ...] | Skipped:
    """The doors of `program` (path in the sandbox): at most `limit`, good and different; Skipped with the reason if none.

    `samples` are likely inputs (host files), the likeliest first, best some dozens of several formats. Takes about
    `seconds` of wall time and MAX_RUNS runs on `jobs` threads at most, then at most as long again for `coverage`.
    Raises SandboxUnavailable as the sandbox does.
    """
    said = usage or ask(program, sandbox, mounts, env)
    if said.unstartable:
        return Skipped(what=program, reason=f"cannot be started in the sandbox: {said.unstartable}")
    with tempfile.TemporaryDirectory(prefix="mithridate-observe-") as scratch:
        trials = _Trials(program, sandbox, mounts, env or {}, said, Path(scratch), time.monotonic() + seconds, jobs)
        doors = _explore(trials, forms, list(samples) or [trials.file("synthetic", _SYNTHETIC)])
        if not doors:
            return Skipped(what=program, reason=_why_closed(trials.seen))
        if all(d.execution.ending is Ending.WALL_LIMIT for d in doors) and trials.waits(doors[0]):
            return Skipped(
                what=program, reason="reads its input and then waits for something else (a terminal, a network, a clock)"
            )
        finalists = _finalists(_meaningful(doors, said.text))
        measured = _measured(finalists, samples, coverage, time.monotonic() + seconds) if coverage else []
        return _chosen(measured or [(s, s.points) for s in finalists], limit)


class _Trials:
    """Runs the program on inputs, within one allowance of runs and time, and keeps every sight."""

    def __init__(
        self,
        program: str,
        sandbox: Sandbox,
        mounts: Sequence[Mount],
        env: Mapping[str, str],
        usage: Usage,
        scratch: Path,
        deadline: float,
        jobs: int,
    ) -> None:
        self._program, self._sandbox, self._mounts, self._env = program, sandbox, tuple(mounts), env
        self._usage, self._scratch, self._deadline, self._jobs = usage, scratch, deadline, jobs
        self._numbered = 0
        self.seen: list[_Sight] = []

    def file(self, name: str, content: bytes) -> Path:
        """A scratch input with `content`."""
        path = self._scratch / name
        path.write_bytes(content)
        return path

    def run(self, plans: Iterable[tuple[Form, Path, str]]) -> list[_Sight]:
        """One run for each (form, input, suffix), as many as the allowance has left."""
        todo = list(plans)[: MAX_RUNS - len(self.seen)]
        numbered = [(self._numbered + i, *plan) for i, plan in enumerate(todo)]
        self._numbered += len(todo)
        with ThreadPoolExecutor(max_workers=self._jobs) as pool:
            sights = [s for s in pool.map(lambda plan: self._one(*plan), numbered) if s is not None]
        self.seen.extend(sights)
        return sights

    def waits(self, sight: _Sight) -> bool:
        """True when the program, given time, still does not end and has nothing to do."""
        longer = self._one(self._numbered, sight.form, sight.sample, sight.suffix, _PATIENCE)
        self._numbered += 1
        return (
            longer is not None and longer.execution.ending is Ending.WALL_LIMIT and longer.execution.cpu_s < _PATIENCE.wall_s / 4
        )

    def _one(self, number: int, form: Form, sample: Path, suffix: str, limits: Limits = _RUN_LIMITS) -> _Sight | None:
        if limits is _RUN_LIMITS and time.monotonic() > self._deadline:
            return None
        own = self._scratch / f"{number}{suffix}"
        shutil.copyfile(sample, own)
        own.chmod(0o644)
        inside = f"{INPUT_DIRECTORY}/input{suffix}"
        from_file = any(INPUT in word for word in form)
        words = tuple(w.replace(INPUT, inside).replace(OUTPUT, OUTPUT_FILE) for w in form)
        command = Command(argv=(self._program, *words), env=self._env, stdin=b"" if from_file else own)
        with watching(own) as watch:
            mounts = (*self._mounts, Mount(source=own, target=inside)) if from_file else self._mounts
            execution = self._sandbox.run(command, mounts, limits)
            outcome = fingerprint(execution)
            refused = outcome in self._usage.refusals
            if not from_file:
                touched = read = execution.stdin_consumed > 0
            elif watch is None:
                touched = read = not refused
            else:
                touched, read = watch.opened, watch.read
        own.unlink()
        return _Sight(form, sample, suffix if from_file else "", touched, read, execution, outcome, refused)


def _explore(trials: _Trials, forms: Forms, samples: Sequence[Path]) -> list[_Sight]:
    """Try the forms stage by stage; each stage builds on what the stage before has shown to work."""
    variety = _one_of_each_suffix(samples)
    first = samples[0]
    trials.run((f, first, first.suffix) for f in forms.bases[:3])
    if trials.seen and not _touching(trials.seen) and all(s.execution.ending is Ending.WALL_LIMIT for s in trials.seen):
        return []
    trials.run((f, first, first.suffix) for f in forms.bases[3:])
    if not _touching(trials.seen):
        trials.run((f, s, s.suffix) for s in variety[1:] for f in forms.bases[:3])
    trials.run((f, first, first.suffix) for f in forms.shown[:10] if f not in forms.bases)
    working = _touching(trials.seen)
    if not working:
        return []
    told = next(s for s in sorted(working, key=lambda s: _place(s.form, forms.bases)))
    best = _on_the_best_sample(trials, told, samples, variety)
    if best.points < _CONTENT and _best(working).form != told.form:
        best = _best((best, _on_the_best_sample(trials, _best(working), samples, variety)))
    trials.run((f, best.sample, best.suffix) for f in forms.combined(best.form))
    return _suffixed(trials, best, _touching(trials.seen))


def _place(form: Form, forms: Sequence[Form]) -> int:
    return forms.index(form) if form in forms else len(forms)


def _best(sights: Iterable[_Sight]) -> _Sight:
    return max(sights, key=lambda s: (s.points, -len(s.form)))


def _on_the_best_sample(trials: _Trials, door: _Sight, samples: Sequence[Path], variety: Sequence[Path]) -> _Sight:
    """The form of `door` on the sample that it likes best.

    One sample of each suffix first. If most of them end alike, that is how the program refuses; a suffix that ends otherwise
    is probably the program's own, and more of its samples are tried.
    """
    tried = [door, *_touching(trials.run((door.form, s, s.suffix) for s in variety if s != door.sample))]
    best = _best(tried)
    (usual, count), *_ = Counter(s.outcome for s in tried).most_common(1)
    own = {s.sample.suffix for s in tried if s.outcome != usual} if count > 1 else {best.sample.suffix}
    if best.points < _CONTENT:
        rest = _unlike_first([s for s in samples if s.suffix in own], tried) or list(samples)
        tried += _touching(trials.run((door.form, s, s.suffix) for s in rest[:_SAMPLES_COMPARED]))
    fitting = [s for s in tried if count == 1 or s.outcome != usual]
    return _best(fitting or tried)


def _unlike_first(samples: Sequence[Path], tried: Sequence[_Sight]) -> list[Path]:
    """The samples not yet tried, those that begin like no other before them first."""
    known = {head(s.sample, _MAGIC_BYTES) for s in tried}
    done = {s.sample for s in tried}
    new: list[Path] = []
    alike: list[Path] = []
    for sample in samples:
        start = head(sample, _MAGIC_BYTES)
        if sample not in done:
            (alike if start in known else new).append(sample)
            known.add(start)
    return new + alike


def _suffixed(trials: _Trials, best: _Sight, doors: list[_Sight]) -> list[_Sight]:
    """The doors with the suffix that they need: none when the program does not look at it, else those that made a difference."""
    if not best.suffix or all(INPUT not in w for w in best.form):
        return doors
    bare = trials.run([(best.form, best.sample, "")])
    if bare and bare[0].touched and bare[0].outcome == best.outcome:
        return [replace(d, suffix="") for d in doors]
    return doors


def _touching(sights: Iterable[_Sight]) -> list[_Sight]:
    return [s for s in sights if s.touched]


def _meaningful(doors: Sequence[_Sight], text: str) -> list[_Sight]:
    """The doors without those that add to a shorter form only words of which the program does not tell, to no effect."""
    kept: list[_Sight] = []
    for door in sorted(doors, key=lambda s: len(s.form)):
        same = [k for k in kept if len(k.form) < len(door.form) and k.outcome == door.outcome and k.sample == door.sample]
        if door.form == ("-",) and any(k.form == () for k in kept):
            continue  # standard input by its other name
        if not any(_adds_nothing(door.form, k.form, text) for k in same):
            kept.append(door)
    return kept


def _adds_nothing(form: Form, shorter: Form, text: str) -> bool:
    extra = [w.split("=")[0] for w in form if w not in shorter]
    told = [w for w in extra if (w == OUTPUT and re.search(r"out|dst|dest", text, re.IGNORECASE)) or (len(w) > 1 and w in text)]
    return not told


def _one_of_each_suffix(samples: Sequence[Path]) -> list[Path]:
    firsts: dict[str, Path] = {}
    for sample in samples:
        firsts.setdefault(sample.suffix, sample)
    return list(firsts.values())[: MAX_SUFFIXES + 2]


def _why_closed(seen: Sequence[_Sight]) -> str:
    """Why a program that never read its input is no entry point."""
    waiting = [s for s in seen if s.execution.ending is Ending.WALL_LIMIT]
    if seen and len(waiting) * 2 >= len(seen):
        return "runs on without reading a file or standard input: it waits for something else (a terminal, a network, a clock)"
    alone = next((s for s in seen if not s.form), None)
    if alone is not None and alone.execution.ok:
        return "ends well without reading any input: it needs none (a self-test or a generator)"
    return f"none of {len({s.form for s in seen})} argument forms made it read its input; name one in mithridate.toml"


def _finalists(doors: Sequence[_Sight]) -> list[_Sight]:
    distinct: dict[tuple[Form, str], _Sight] = {}
    for door in sorted(doors, key=lambda s: -s.points):
        distinct.setdefault((door.form, door.suffix), door)
    return sorted(distinct.values(), key=lambda s: (-s.points, len(s.form)))[:_FINALISTS]


def _measured(
    finalists: Sequence[_Sight], samples: Sequence[Path], coverage: Coverage, deadline: float
) -> list[tuple[_Sight, int]]:
    """The finalists with what they cover, as many as the time allows; the input on which most was seen comes first."""
    measured: list[tuple[_Sight, int]] = []
    best = finalists[0].sample
    inputs = [best, *(p for p in samples if p != best)][:_COVERED_SAMPLES]
    for sight in finalists:
        if measured and time.monotonic() > deadline:
            break
        measured.append((sight, coverage(sight.form, inputs)))
    return measured if any(depth for _, depth in measured) else []


def _chosen(weighed: Sequence[tuple[_Sight, int]], limit: int) -> tuple[Observation, ...]:
    """The deepest doors, each next one weighed by what it does differently from those already chosen."""
    deepest = max(*(depth for _, depth in weighed), 1)
    left = list(weighed)
    chosen: list[tuple[_Sight, int]] = []
    while left and len(chosen) < limit:
        words = {w for s, _ in chosen for w in (*s.form, s.suffix)}
        outcomes = {s.outcome for s, _ in chosen} | {str(_kind(s.form)) for s, _ in chosen}
        best = max(left, key=lambda p: _worth(p[0], p[1] / deepest, words, outcomes, first=not chosen))
        left.remove(best)
        chosen.append(best)
    return tuple(_observation(s, d) for s, d in chosen)


def _worth(sight: _Sight, depth: float, words: set[str], outcomes: set[str], *, first: bool) -> float:
    """Depth (0 to 1) plus up to 0.7 for words, a kind and an outcome not seen among the chosen; short forms are chosen first."""
    if first:
        return depth - 0.01 * len(sight.form)
    new_words = len({*sight.form, sight.suffix} - words - {INPUT, OUTPUT})
    new_kind = str(_kind(sight.form)) not in outcomes
    return depth + 0.1 * min(new_words, 2) + 0.2 * (sight.outcome not in outcomes) + 0.3 * new_kind


def _kind(form: Form) -> EntryKind:
    return EntryKind.PROGRAM_FILE if any(INPUT in word for word in form) else EntryKind.PROGRAM_STDIN


def _observation(sight: _Sight, depth: int) -> Observation:
    return Observation(
        form=sight.form,
        kind=_kind(sight.form),
        suffix=sight.suffix,
        read=sight.read,
        depth=depth,
        exit_code=sight.execution.exit_code,
        outcome=sight.outcome,
    )
