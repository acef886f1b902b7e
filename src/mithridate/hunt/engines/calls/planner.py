"""Decides which calls to make next, and learns from what they showed."""

import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from mithridate.hunt.engines.calls import growth, plans
from mithridate.hunt.engines.calls.attack_values import attacks
from mithridate.hunt.engines.calls.door import Door, Target
from mithridate.hunt.engines.calls.outcome import Run, Seen
from mithridate.hunt.engines.calls.plans import Knowledge
from mithridate.hunt.engines.calls.scalable import Scalable
from mithridate.hunt.engines.calls.state import STAGES, Job, Kept, Purpose, Stage, State, Unit
from mithridate.hunt.engines.calls.steps import Call, Place, at, leaves, marked, replaced
from mithridate.model.observation import FACTS, Sink
from mithridate.model.violation import Frame, Violation, ViolationKind
from mithridate.oracles.growth.measured import measure
from mithridate.oracles.growth.verdict import RECURSION_BYTES, judge

_URGENT = (Purpose.CONFIRM, Purpose.LADDER, Purpose.ATTACK)
_WAVE = 14
_INPUTS = 24
_KEPT = 4
_WITNESSES_A_TARGET = 10
_WORN_OUT = 3
_FRUITLESS = 200
"""Looks at units in a row that give nothing to do: mutations of worn-out shapes have no end."""
_CLIMBS = 5
_BINDING = re.compile(
    r"TypeError: .*(missing \d+ required|unexpected keyword|positional argument|must be (str|bytes|int|a str)|a bytes-like object"
    r"|expected (str|bytes|string)|not supported between|has no len|object is not (iterable|callable|subscriptable|an iterator)"
    r"|object cannot be interpreted|can't concat|cannot use a (string|bytes))|AttributeError: '[\w.]+' object has"
)
"""What a call says whose arguments are of the wrong kind."""

_VERBS = frozenset(
    {
        "parse",
        "loads",
        "load",
        "read",
        "decode",
        "tokenize",
        "lex",
        "scan",
        "split",
        "match",
        "search",
        "convert",
        "render",
        "format",
    }
    | {"highlight", "compile", "extract", "open", "download", "validate", "clean", "sanitize", "normalize", "unquote", "unescape"}
    | {"from", "fetch", "get", "clone", "install", "run", "execute", "call", "html", "markdown", "text"}
)
"""What functions are called that work on what comes from outside."""

RESOURCES = frozenset(
    {
        ViolationKind.TIMEOUT,
        ViolationKind.SUPERLINEAR_TIME,
        ViolationKind.MEMORY_EXHAUSTION,
        ViolationKind.STACK_EXHAUSTION,
        ViolationKind.WILD_POINTER,
        ViolationKind.ABORT,
        ViolationKind.BUS_ERROR,
        ViolationKind.ILLEGAL_INSTRUCTION,
        ViolationKind.DIVISION_BY_ZERO,
        ViolationKind.FATAL_SIGNAL,
    }
)
"""Kinds that are judged by growth; of an injection oracle's verdicts the others count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A document to keep: with a name as a candidate, without one in the corpus."""

    data: bytes
    name: str = ""
    violation: Violation | None = None


def distinct(door: Door) -> list[str]:
    """Targets without those that are offered under a shorter name as well."""
    shortest: dict[tuple[str, int, str], str] = {}
    for name, target in door.targets.items():
        key = (target.file, target.line, target.function) if target.file and target.line else (name, 0, "")
        known = shortest.get(key)
        if known is None or (target.module.count("."), len(name)) < (known.count("."), len(known)):
            shortest[key] = name
    return list(shortest.values())


def promise(target: Target) -> float:
    """How much a target promises: functions at the top of a package do, and those that by their name take something apart."""
    words = set(re.findall(r"[a-z]+", target.function.rpartition(".")[2].lower()))
    score = 1.0 if "." not in target.function else 0.0
    score += max(0.0, 1.0 - target.module.count(".") / 2)
    score += 1.5 if words & _VERBS else 0.0
    return score - max(0, sum(p.required for p in target.parameters) - 2)


@dataclass(slots=True)
class Planner:
    """The search over all targets of a door: breadth first, stage by stage, what is urgent in between."""

    state: State
    known: Knowledge
    _lists: dict[tuple[str, Stage], list[Job]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in distinct(self.known.door):
            self.state.units.setdefault(name, Unit(target=name))

    def next(self, most: int) -> list[Job]:
        """Up to `most` jobs; empty when nothing is left."""
        self.state.queue.sort(key=lambda job: _URGENT.index(job.purpose) if job.purpose in _URGENT else len(_URGENT))
        wanted = [job for job in self.state.queue if job.purpose is not Purpose.LADDER or job.witness not in self.state.places]
        taken, self.state.queue = wanted[:most], wanted[most:]
        for job in self._planned(most - len(taken)):
            taken.append(job)
        return taken

    def _planned(self, most: int) -> Iterable[Job]:
        fruitless = 0
        while most > 0 and fruitless < _FRUITLESS:
            unit = self._next_unit()
            if unit is None:
                return
            fruitless += 1
            stage = STAGES[unit.stage]
            listed = self._lists.setdefault((unit.target, stage), plans.jobs(stage, unit, self.known))
            part = listed[unit.position : unit.position + most]
            unit.position += len(part)
            if unit.position >= len(listed):
                del self._lists[unit.target, stage]
                if stage is not Stage.MUTATIONS or not listed:
                    unit.stage += 1
                    unit.position = 0
            for job in part:
                if (wanted := self._without_worn(job)) is not None:
                    most -= 1
                    fruitless = 0
                    yield wanted

    def _next_unit(self) -> Unit | None:
        waiting = [u for u in self.state.units.values() if u.stage < len(STAGES) and not u.given_up and (u.stage == 0 or u.kept)]
        return min(waiting, key=self._rank, default=None)

    def _rank(self, unit: Unit) -> tuple[float, str]:
        """Breadth first, but a target that promises more is some stages ahead of one that promises little."""
        ahead = promise(self.known.door.targets[unit.target]) + math.log2(1 + unit.edges) / 2 if unit.stage else 0.0
        mutations = unit.position / 200 if STAGES[unit.stage] is Stage.MUTATIONS else 0.0
        return (unit.stage - ahead + unit.strikes / 3 + mutations, unit.target)

    def _without_worn(self, job: Job) -> Job | None:
        """Leave out shapes that have used up whole runs several times: what they show is known."""
        if job.purpose is not Purpose.PROBE:
            return job
        keep = [i for i, (parts, _) in enumerate(job.texts) if self.state.worn.get(_digest(parts), 0) < _WORN_OUT]
        job.calls, job.texts = [job.calls[i] for i in keep], [job.texts[i] for i in keep]
        return job if job.calls else None

    def learn(self, job: Job, run: Run, violations: Sequence[Violation]) -> list[Found]:
        """Take over what a run showed; `violations` are the injection oracle's."""
        unit = self.state.units[job.target]
        unit.calls += len(run.answers)
        found = self._injections(job, violations)
        match job.purpose:
            case Purpose.SHAPES:
                self._learn_shapes(unit, job, run)
            case Purpose.LADDER | Purpose.CONFIRM:
                found += self._learn_ladder(job, run)
                return found
            case Purpose.ATTACK | Purpose.SPECIAL:
                if found and job.witness:
                    self.state.witnesses[job.witness] = _WAVE
            case _:
                found += self._learn_inputs(unit, job, run)
        self._suspect(unit, job, run)
        self._follow(unit, job, run)
        for answer in run.answers:
            unit.compared += [c for c in answer.compared if c and c not in unit.compared and len(unit.compared) < 60]
        return found

    def _learn_shapes(self, unit: Unit, job: Job, run: Run) -> None:
        ranked: list[tuple[tuple[int, int, int, int], Kept]] = []
        seen: set[tuple[int, str]] = set()
        total = 0
        for position, (call, answer) in enumerate(zip(job.calls, run.answers, strict=False)):
            total += answer.new_edges
            if answer.raised and answer.raised not in unit.raised and len(unit.raised) < 12:
                unit.raised.append(answer.raised[:200])
            kept = Kept(call=_unmarked(call), edges=total, raised=answer.raised[:200])
            wrong = bool(_BINDING.search(answer.raised))
            key = (answer.new_edges, answer.raised[:60])
            repeat = key in seen and answer.new_edges == 0
            seen.add(key)
            ranked.append(((wrong, repeat, bool(answer.raised), position), kept))
        ranked.sort(key=lambda pair: pair[0])
        usable = [kept for rank, kept in ranked if not rank[0] and leaves(kept.call)] or [
            k for _, k in ranked[:1] if leaves(k.call)
        ]
        unit.kept += usable[: max(0, _KEPT - len(unit.kept))]
        for kept in unit.kept:
            kept.edges = max(kept.edges, total)
        unit.edges += total

    def _learn_inputs(self, unit: Unit, job: Job, run: Run) -> list[Found]:
        found: list[Found] = []
        for call, (parts, _), answer in zip(job.calls, job.texts, run.answers, strict=False):
            unit.edges += answer.new_edges
            fresh = answer.new_edges > 0 or (not answer.raised and len(unit.inputs) < 3)
            if fresh and job.purpose is Purpose.INPUTS and parts[0][0]:
                text = parts[0][0]
                if len(text) <= 8000 and all(text != known for _, known in unit.inputs):
                    unit.inputs.append((job.place, text))
                    del unit.inputs[:-_INPUTS]
                if answer.new_edges > 0:
                    found.append(Found(data=Job(target=job.target, purpose=job.purpose, calls=[call]).document))
        return found

    def _suspect(self, unit: Unit, job: Job, run: Run) -> None:
        """Look closer at calls that took long, ran out of stack or did not end; make the others that come after them later."""
        if not job.place or not job.texts:
            if not run.complete:
                self._resume(unit, job, run)
            return
        for position in growth.worn([a.seconds for a in run.answers]):
            self._climb(job, position)
        for position, answer in enumerate(run.answers):
            if answer.raised.startswith("RecursionError"):
                self._climb(job, position, recursion=True)
        if not run.complete:
            self._resume(unit, job, run)
            if len(run.answers) < len(job.calls):
                self._climb(job, len(run.answers), place=next((_where(f) for f in run.frames), ""))

    def _resume(self, unit: Unit, job: Job, run: Run) -> None:
        """A run that did not end is the fault of the call that gave no answer; those behind it are made again."""
        done = len(run.answers)
        unit.strikes += 1
        if done < len(job.texts):
            digest = _digest(job.texts[done][0])
            self.state.worn[digest] = self.state.worn.get(digest, 0) + 1
        rest = slice(done + 1, None)
        if job.calls[rest] and not job.control and job.tries < 4:
            again = Job(
                target=job.target,
                purpose=job.purpose,
                calls=job.calls[rest],
                texts=job.texts[rest],
                place=job.place,
                tries=job.tries + 1,
            )
            self.state.queue.append(again)

    def _climb(self, job: Job, position: int, *, recursion: bool = False, place: str = "") -> None:
        """Put a closer look into the queue, once for a shape and target and not again for a place of which enough is known."""
        if place in self.state.places or self.state.climbs.get(job.target, 0) >= _CLIMBS:
            return
        parts, times = job.texts[position]
        shape = Scalable(tuple((text, again) for text, again in parts))
        key = f"{job.target}|{'/'.join(map(str, job.place))}|{_digest(parts)}"
        if key in self.state.suspects:
            return
        self.state.suspects.add(key)
        self.state.climbs[job.target] = self.state.climbs.get(job.target, 0) + 1
        call, leaf = job.calls[position], tuple(job.place)
        if recursion:
            closer = growth.single(job.target, call, leaf, shape, min(times, shape.times(RECURSION_BYTES - 500)))
        elif any(again for _, again in shape.parts):
            closer = growth.ladder(job.target, call, leaf, shape)
        else:
            closer = growth.single(job.target, call, leaf, shape, 1)
        closer.witness = place
        self.state.queue.append(closer)

    def _learn_ladder(self, job: Job, run: Run) -> list[Found]:
        measured = measure(job.document, run.records)
        if not job.control:
            if growth.promising(measured) and next((_where(f) for f in measured.frames), "") not in self.state.places:
                self.state.queue.append(growth.trimmed(job, measured))
            return []
        violation = judge(measured)
        if violation is None:
            return []
        if not violation.frames:
            violation = _placed(violation, self.known.door.targets[job.target])
        if _key(violation) in self.state.finds:
            return []
        self.state.climbs[job.target] = 0
        return self._kept(job, violation)

    def _injections(self, job: Job, violations: Sequence[Violation]) -> list[Found]:
        found: list[Found] = []
        for violation in violations:
            if violation.kind not in RESOURCES and job.control and _key(violation) not in self.state.finds:
                found += self._kept(job, violation)
        return found

    def _kept(self, job: Job, violation: Violation) -> list[Found]:
        key = _key(violation)
        self.state.finds[key] = self.state.finds.get(key, 0) + 1
        if violation.place is not None:
            self.state.places.add(_where(violation.place))
        self.state.candidates += 1
        digest = hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest()[:12]
        name = f"calls-{violation.kind.value}-{digest}-{self.state.candidates}"
        return [Found(data=job.document, name=name, violation=violation)]

    def _follow(self, unit: Unit, job: Job, run: Run) -> None:
        """Attack every sink that a mark reached, once a place."""
        if job.purpose not in (Purpose.SHAPES, Purpose.SPECIAL):
            return
        for seen in run.seen:
            if seen.phase != "attack" or seen.sink in FACTS or seen.sink is Sink.ERROR or seen.step >= len(job.calls):
                continue
            call = job.calls[seen.step]
            marks = dict(plans.attacked_leaf(call))
            for number, *_ in seen.marks:
                if number in marks:
                    self._pursue(unit, call, marks[number], seen, number)

    def _pursue(self, unit: Unit, call: Call, place: Place, seen: Seen, number: int) -> None:
        where = next((f"{f.file}:{f.line}" for f in seen.frames), unit.target)
        key = f"{seen.sink}|{seen.api}|{where}|{place[-1]}"
        if (
            key in self.state.witnesses
            or sum(1 for k in self.state.witnesses if k.endswith(f"@{unit.target}")) >= _WITNESSES_A_TARGET
        ):
            return
        wave = attacks(seen, number)[:_WAVE]
        self.state.witnesses[key] = 0
        plain = _unmarked(call)
        for twin in wave:
            attack, control = replaced(plain, place, twin.attack), replaced(plain, place, twin.control)
            self.state.queue.append(
                Job(
                    target=unit.target,
                    purpose=Purpose.ATTACK,
                    calls=[attack],
                    control=[control],
                    place=list(place),
                    witness=key,
                    sink=seen.sink,
                )
            )


def _unmarked(call: Call) -> Call:
    """The call with the marks taken out of its plain texts."""
    for place in leaves(call):
        value = at(call, place)
        if isinstance(value, str) and value == marked(value[1:-1]):
            call = replaced(call, place, value[1:-1])
    return call


def _digest(parts: Sequence[tuple[str, bool]]) -> str:
    return hashlib.sha1(repr([tuple(p) for p in parts]).encode(), usedforsecurity=False).hexdigest()[:16]


def _where(frame: Frame) -> str:
    return f"{frame.file}:{frame.function}"


def _key(violation: Violation) -> str:
    place = violation.place
    return f"{violation.kind.value}|{_where(place)}" if place else violation.kind.value


def _placed(violation: Violation, target: Target) -> Violation:

    return replace(violation, frames=(Frame(function=target.function, file=target.file, line=target.line),))
