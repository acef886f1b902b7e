"""Decides which calls to make next, and learns from what they showed."""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from mithridate.hunt.engines.calls import growth, plans, sieve
from mithridate.hunt.engines.calls.attack_values import Asked, attacks
from mithridate.hunt.engines.calls.door import Door, Target
from mithridate.hunt.engines.calls.outcome import Compiled, Run, Seen
from mithridate.hunt.engines.calls.plans import Knowledge
from mithridate.hunt.engines.calls.scalable import Scalable
from mithridate.hunt.engines.calls.state import STAGES, Job, Kept, Purpose, Stage, State, Unit
from mithridate.hunt.engines.calls.steps import CLOSING, OPENING, Call, Place, at, leaves, replaced, spliced
from mithridate.model.observation import FACTS, Sink
from mithridate.model.violation import Frame, Violation, ViolationKind
from mithridate.oracles.growth.measured import measure
from mithridate.oracles.growth.verdict import RECURSION_BYTES, judge

_URGENT = (Purpose.CONFIRM, Purpose.LADDER, Purpose.ATTACK, Purpose.SIEVE)
_CLOSER = (Purpose.LADDER, Purpose.CONFIRM)
_WAVE = 14
_INPUTS = 24
_KEPT = 4
_SELECTED = 3
_WITNESSES_A_TARGET = 10
_WAY = 3
"""Innermost frames that tell the ways to a sink apart: behind a helper lies what each of its callers makes of an input."""
_WAYS, _MOST_WAYS = 3, 12
"""Targets that lead to one place and are kept as candidates, through the same callers and in all: the first may be one that is
there for its caller to choose, and of a helper's callers one may be put right and not the others."""
_MANNERS = 3
"""Manners of text that slow one expression down, or targets that lead to one slow loop, and are kept as candidates: each may be
a flaw of its own within the expression, and of the loop's callers one may be put right."""
_WORN_OUT = 3
_FRUITLESS = 200
"""Looks at units in a row that give nothing to do: mutations of worn-out shapes have no end."""
_EXPECTED = 2.0
"""What a target that was not looked at is expected to reach, as a target's edges count."""
_CLIMBS = 5
"""Closer looks at a target since its last find; those that cost next to nothing count little."""
_CHEAP_S, _CHEAPLY = 0.3, 0.1
_FEW, _MANY = 3, 40
"""Runs special to one target in a batch, before and after it was seen that they end: each that hangs takes all its time."""
_CLOSE, _WARY, _ALIKE = 3, 6, 2
"""Ladders of one target in a batch; probes of one that has hung or died before; ladders of a shape whose last one did not end."""
_DEEPEST = 3
"""Targets that are let take all the time that a run may have to come to the end of the stack."""
_HUNG = 2
"""Such runs that hung, after which the others of the target are left: all of them give it much the same."""
_ENTERED = 60
_COMPILED = 400
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

_OF_SINK = {
    Sink.SQL: frozenset({ViolationKind.SQL_INJECTION}),
    Sink.SHELL: frozenset({ViolationKind.SHELL_INJECTION}),
    Sink.COMMAND: frozenset({ViolationKind.ARGUMENT_INJECTION, ViolationKind.SHELL_INJECTION}),
    Sink.PATH: frozenset({ViolationKind.PATH_TRAVERSAL}),
    Sink.HTML: frozenset({ViolationKind.CROSS_SITE_SCRIPTING}),
    Sink.HEADER: frozenset({ViolationKind.HEADER_INJECTION}),
    Sink.REDIRECT: frozenset({ViolationKind.OPEN_REDIRECT}),
    Sink.REQUEST: frozenset({ViolationKind.REQUEST_FORGERY}),
    Sink.XPATH: frozenset({ViolationKind.XPATH_INJECTION}),
    Sink.REGEX: frozenset({ViolationKind.REGEX_INJECTION}),
    Sink.LOG: frozenset({ViolationKind.LOG_INJECTION}),
    Sink.TEMPLATE: frozenset({ViolationKind.TEMPLATE_INJECTION}),
    Sink.XML: frozenset({ViolationKind.XML_INJECTION}),
    Sink.ENTITY: frozenset({ViolationKind.EXTERNAL_ENTITY}),
    Sink.LDAP: frozenset({ViolationKind.LDAP_INJECTION}),
    Sink.CODE: frozenset({ViolationKind.CODE_INJECTION}),
    Sink.TYPE: frozenset({ViolationKind.UNSAFE_DESERIALISATION}),
    Sink.MODULE: frozenset({ViolationKind.UNTRUSTED_IMPORT}),
    Sink.MEMBER: frozenset({ViolationKind.ARCHIVE_TRAVERSAL}),
}
"""What an attack on a sink may show."""

_ANNOUNCED = re.compile(r"(?i)unsafe|insecure|danger|untrusted|pickl|marshal")
"""Named so, a function says that its caller is to trust what it loads."""

_OF_PARSERS = frozenset(
    {
        ViolationKind.UNSAFE_DESERIALISATION,
        ViolationKind.EXTERNAL_ENTITY,
        ViolationKind.ARCHIVE_TRAVERSAL,
        ViolationKind.CODE_INJECTION,
        ViolationKind.UNTRUSTED_IMPORT,
    }
)
"""What input in a parser's own language makes the parser do."""


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


def takes_apart(target: Target) -> bool:
    """Whether its name says that it takes something apart."""
    return bool(set(re.findall(r"[a-z]+", target.function.rpartition(".")[2].lower())) & _VERBS)


def promise(target: Target) -> float:
    """How much a target promises: functions at the top of a package do, and those that by their name take something apart."""
    score = 1.0 if "." not in target.function else 0.0
    score += max(0.0, 1.0 - target.module.count(".") / 2)
    score += 1.5 if takes_apart(target) else 0.0
    return score - max(0, sum(p.required for p in target.parameters) - 2)


@dataclass(slots=True)
class _Batch:
    """Jobs for one batch: few of what may take all its time, as one shows what the others would.

    `special` says how many of the runs special to a target may be among them.
    """

    state: State
    most: int
    special: Callable[[str], int]
    jobs: list[Job] = field(default_factory=list)
    _together: Counter[str] = field(default_factory=Counter)

    def admits(self, job: Job) -> bool:
        """Whether there is room for it; counted if so."""
        limits: dict[str, int] = {}
        if job.purpose is Purpose.SPECIAL:
            limits[f"special {job.target}"] = self.special(job.target)
        elif job.purpose in _CLOSER:
            limits[f"{job.purpose} {job.target}"] = _CLOSE if job.purpose is Purpose.LADDER else 1
            limits.update(
                {f"closer {shape}": _ALIKE for parts, _ in job.texts[:1] if (shape := _digest(parts)) in self.state.long}
            )
        elif job.purpose is Purpose.DEEP:
            limits["deep"] = 1
        elif job.purpose is Purpose.PROBE:
            shapes = (_digest(parts) for parts, _ in job.texts)
            limits.update({f"shape {shape}": 1 for shape in shapes if self.state.worn.get(shape)})
            if self.state.units[job.target].strikes:
                limits[f"probe {job.target}"] = _WARY
        if len(self.jobs) >= self.most or any(self._together[name] >= limit for name, limit in limits.items()):
            return False
        self._together.update(limits.keys())
        return True


@dataclass(slots=True)
class Planner:
    """The search over all targets of a door: breadth first, stage by stage, what is urgent in between."""

    state: State
    known: Knowledge
    _lists: dict[tuple[str, Stage], list[Job]] = field(default_factory=dict)
    _measured: dict[str, sieve.Suspicion] = field(default_factory=dict)
    _pending: set[str] = field(default_factory=set)
    """Of those, the keys that a run is on its way for; of what was given up on the way nobody waits for a result."""

    def __post_init__(self) -> None:
        self.known.compiled, self.known.sieved, self.known.paces = self.state.compiled, self.state.sieved, self.state.paces
        for name in distinct(self.known.door):
            self.state.units.setdefault(name, Unit(target=name))

    def next(self, most: int) -> list[Job]:
        """Up to `most` jobs; empty when nothing is left."""
        self.state.queue.sort(key=lambda job: _URGENT.index(job.purpose) if job.purpose in _URGENT else len(_URGENT))
        waiting, self.state.queue = self.state.queue, []
        self._pending = {parts[0][0] for job in waiting if job.purpose is Purpose.SIEVE for parts, _ in job.texts}
        batch = _Batch(self.state, most, self._together)
        for job in waiting:
            if job.purpose not in _CLOSER or not self._known(job.witness, job):
                self._admit(batch, job)
        planned = True
        while planned and len(batch.jobs) < most:
            planned = False
            for job in self._planned(most - len(batch.jobs)):
                self._admit(batch, job)
                planned = True
            if batch.jobs:
                break
        return batch.jobs

    def _admit(self, batch: "_Batch", job: Job) -> None:
        """Into the batch, or into the queue behind it; or nowhere, when it would show nothing new."""
        kept = self._without_worn(job)
        if kept is None or (kept.purpose is Purpose.SPECIAL and not self._together(kept.target)):
            return
        if batch.admits(kept):
            batch.jobs.append(kept)
        else:
            self.state.queue.append(kept)

    def _together(self, target: str) -> int:
        """How many of the runs special to a target may be in one batch; none any more when they hang."""
        hung = self.state.hung.get(target)
        return _FEW if hung is None else _MANY if hung == 0 else _FEW if hung < _HUNG else 0

    def _planned(self, most: int) -> Iterable[Job]:
        done: set[str] = set()
        fruitless = 0
        while most > 0 and fruitless < _FRUITLESS:
            unit = self._next_unit(done)
            if unit is None:
                return
            fruitless += 1
            stage = STAGES[unit.stage]
            if (unit.target, stage) not in self._lists:
                unmeasured = self.known.unmeasured(stage, unit)
                measuring = self._measuring(unit, unmeasured)
                if measuring or any(sieve.key(one) in self._pending for one in unmeasured):
                    done.add(unit.target)  # its turn comes when they are known
                    most -= len(measuring)
                    yield from measuring
                    continue
                self._lists[unit.target, stage] = plans.jobs(stage, unit, self.known)
            listed = self._lists[unit.target, stage]
            room = most
            if listed and listed[0].purpose is Purpose.SPECIAL:
                room = min(most, self._together(unit.target))
                if room:
                    done.add(unit.target)
            part = listed[unit.position : unit.position + room]
            unit.position += len(part) if room else len(listed)
            fresh = [job for one in part if (job := self._without_worn(one)) is not None]
            if unit.position >= len(listed):
                del self._lists[unit.target, stage]
                unit.position = 0
                if fresh:
                    done.add(unit.target)  # the next stage is planned with what this one shows
                if stage is Stage.MUTATIONS and listed:
                    unit.rounds += 1  # as long as there is time: the next round changes the inputs in other ways
                else:
                    unit.stage += 1
            if fresh:
                fruitless = 0
            most -= len(fresh)
            yield from fresh

    def _measuring(self, unit: Unit, suspicions: Sequence[sieve.Suspicion]) -> list[Job]:
        """Runs for those that no run is on its way for."""
        fresh = [one for one in suspicions if sieve.key(one) not in self._measured]
        self._measured.update({sieve.key(one): one for one in fresh})
        self._pending.update(sieve.key(one) for one in fresh)
        return sieve.measurements(unit.target, fresh, plans.WORST)

    def _next_unit(self, done: set[str]) -> Unit | None:
        waiting = [
            u
            for u in self.state.units.values()
            if u.stage < len(STAGES) and not u.given_up and (u.stage == 0 or u.kept) and u.target not in done
        ]
        return min(waiting, key=self._rank, default=None)

    def _rank(self, unit: Unit) -> tuple[float, str]:
        """Breadth first, but a target that promises more is some stages ahead of one that promises little."""
        promised = promise(self.known.door.targets[unit.target])
        if unit.stage == 0:  # as if it reached something: a look at most targets comes before a second at one that reached little
            return (-promised - _EXPECTED, unit.target)
        return (unit.stage - promised - math.log2(1 + unit.edges) / 2 + unit.strikes / 3 + unit.rounds / 2, unit.target)

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
        if job.purpose is Purpose.SIEVE:
            self._learn_sieve(job, run)
            return []
        unit.calls += len(run.answers)
        found = self._injections(job, violations)
        match job.purpose:
            case Purpose.SHAPES:
                self._learn_shapes(unit, job, run)
            case Purpose.LADDER | Purpose.CONFIRM | Purpose.DEEP:
                found += self._learn_ladder(job, run)
                return found
            case Purpose.ATTACK | Purpose.SPECIAL:
                if found and job.witness:
                    self.state.witnesses[job.witness] = _WAVE
                if job.purpose is Purpose.SPECIAL:
                    hung = run.ended == "timeout"
                    self.state.hung[job.target] = self.state.hung.get(job.target, 0) + hung
                    if hung and not found and run.control_answers:
                        self.state.queue.append(replace(job, purpose=Purpose.CONFIRM))
            case _:
                found += self._learn_inputs(unit, job, run)
        self._suspect(unit, job, run)
        self._follow(unit, job, run)
        for answer in run.answers:
            self.compiled(answer.compiled)
            unit.files += [f for f in answer.files if f not in unit.files and len(unit.files) < _ENTERED]
            unit.compared += [c for c in answer.compared if c and c not in unit.compared and len(unit.compared) < 60]
        return found

    def compiled(self, seen: Sequence[Compiled]) -> None:
        """Take over regular expressions that were seen at run time."""
        for text, flags, file, line in seen:
            known = self.state.compiled.setdefault(file, [])
            if len(known) < _COMPILED and (text, flags) not in {(t, f) for t, f, _ in known}:
                known.append((text, flags, line))

    def _learn_shapes(self, unit: Unit, job: Job, run: Run) -> None:
        ranked: list[tuple[tuple[int, int, int, int], Kept]] = []
        seen: set[tuple[int, str]] = set()
        total = 0
        for position, (call, answer) in enumerate(zip(job.calls, run.answers, strict=False)):
            total += answer.new_edges
            if answer.raised and answer.raised not in unit.raised and len(unit.raised) < 12:
                unit.raised.append(answer.raised[:200])
            kept = Kept(call=_unmarked(call), edges=total, raised=answer.raised[:200])
            if answer.new_edges > 0 and not answer.raised and True in call.get("kwargs", {}).values():
                self._select(unit, Kept(call=kept.call, edges=answer.new_edges))
            wrong = bool(_BINDING.search(answer.raised))
            key = (answer.new_edges, answer.raised[:60])
            repeat = key in seen and answer.new_edges == 0
            seen.add(key)
            later = -answer.new_edges if "files" in call else position  # most runs of a program only tell how it is used
            ranked.append(((wrong, repeat, bool(answer.raised), later), kept))
        ranked.sort(key=lambda pair: pair[0])
        usable = [kept for rank, kept in ranked if not rank[0] and leaves(kept.call)] or [
            k for _, k in ranked[:1] if leaves(k.call)
        ]
        unit.kept += usable[: max(0, _KEPT - len(unit.kept))]
        for kept in unit.kept:
            kept.edges = max(kept.edges, total)
        unit.edges += total

    def _select(self, unit: Unit, kept: Kept) -> None:
        """Keep a call in which one argument opened up what can be done with the others."""
        unit.selected = sorted([*unit.selected, kept], key=lambda one: -one.edges)[:_SELECTED]

    def _learn_inputs(self, unit: Unit, job: Job, run: Run) -> list[Found]:
        found: list[Found] = []
        for call, (parts, _), answer in zip(job.calls, job.texts, run.answers, strict=False):
            unit.edges += answer.new_edges
            if answer.new_edges > 0 and job.purpose is Purpose.INPUTS and len(leaves(call)) > 1:
                self._select(unit, Kept(call=call, edges=answer.new_edges, settled=list(job.place)))
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
            self._climb(job, position, answered=True)
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

    def _climb(self, job: Job, position: int, *, recursion: bool = False, place: str = "", answered: bool = False) -> None:
        """Put a closer look into the queue, once for a shape and target and not again for a place of which enough is known.

        `answered`: the call took long, and came to its end.
        """
        if self._known(place, job, position) or self.state.climbs.get(job.target, 0) >= _CLIMBS:
            return
        parts, times = job.texts[position]
        shape = Scalable(tuple((text, again) for text, again in parts))
        key = f"{job.target}|{'/'.join(map(str, job.place))}|{_digest(parts)}|{'deep' if recursion else ''}"
        if key in self.state.suspects:
            return
        self.state.suspects.add(key)
        self.state.climbs[job.target] = self.state.climbs.get(job.target, 0) + 1
        call, leaf = job.calls[position], tuple(job.place)
        if recursion:
            closer = growth.single(job.target, call, leaf, shape, min(times, shape.times(RECURSION_BYTES - 500)))
        elif times > 2 and shape.fixed + shape.unit * times <= growth.STEEP_BYTES and answered:
            closer = growth.stairs(job.target, call, leaf, shape, times)
        elif any(again for _, again in shape.parts):
            closer = growth.ladder(job.target, call, leaf, shape)
        else:
            closer = growth.single(job.target, call, leaf, shape, 1)
        closer.witness = place
        self.state.queue.append(closer)

    def _learn_sieve(self, job: Job, run: Run) -> None:
        shown = sieve.slow(job, run.answers, complete=run.complete)
        large = sieve.is_large(job)
        self.state.paces.update(sieve.paces(job, run.answers, complete=run.complete))
        self.state.sieved.update({name: slow for name, slow in shown.items() if slow or large})
        fast = [self._measured[name] for name, slow in shown.items() if not slow and name in self._measured]
        if not large:
            self.state.queue += sieve.measurements(job.target, fast, plans.WORST, large=True)
        if not run.complete and (left := sieve.rest(job, len(run.answers), self._slow_enough())) is not None:
            self.state.queue.append(left)

    def _slow_enough(self) -> set[str]:
        """Patterns of which so many shapes are known to be slow that more would show nothing."""
        slow = Counter(one[0].text for name, one in self._measured.items() if self.state.sieved.get(name))
        return {text for text, count in slow.items() if count >= sieve.ENOUGH}

    def _learn_ladder(self, job: Job, run: Run) -> list[Found]:
        measured = measure(job.document, run.records)
        if not run.complete:
            self.state.long.add(_digest(job.texts[0][0]))
            self._descend(job, len(run.answers))
        if not job.control:
            for position, answer in enumerate(run.answers):
                if answer.raised.startswith("RecursionError"):
                    self._climb(job, position, recursion=True)
                    break
            place = next((_where(f) for f in measured.frames), "")
            if growth.promising(measured) and not self._known(place, job):
                closer = growth.trimmed(job, measured)
                closer.witness = place
                self.state.queue.append(closer)
            elif run.complete and sum(answer.seconds for answer in run.answers) < _CHEAP_S:
                self.state.climbs[job.target] = max(0.0, self.state.climbs.get(job.target, 0) - 1 + _CHEAPLY)
            return []
        violation = judge(measured)
        if violation is None:
            return []
        if not violation.frames:
            violation = _placed(violation, self.known.door.targets[job.target])
        place = _where(violation.place) if violation.place is not None else ""
        if self._known(place, job) if _of_pattern(violation) else self._enough(violation, job.target):
            return []
        self.state.climbs[job.target] = 0
        return self._kept(growth.shortened(job, measured), violation)

    def _descend(self, job: Job, answered: int) -> None:
        """Where what nests takes so long that the end of the stack is not reached, reach it once, whatever it takes."""
        parts, _ = job.texts[0]
        reached = job.texts[answered - 1][1] if 0 < answered <= len(job.texts) else 0
        nests = sum(again for _, again in parts) > 1
        if nests and job.purpose is Purpose.LADDER and reached < growth.DEEP_TIMES and len(self.state.deep) < _DEEPEST:
            shape = Scalable(tuple((text, again) for text, again in parts))
            if job.target not in self.state.deep:
                self.state.deep.add(job.target)
                deep = growth.single(job.target, job.calls[0], tuple(job.place), shape, growth.DEEP_TIMES)
                self.state.queue.append(replace(deep, purpose=Purpose.DEEP))

    def _injections(self, job: Job, violations: Sequence[Violation]) -> list[Found]:
        found: list[Found] = []
        for violation in violations:
            key, callers = _key(violation), f"{_key(violation)}<{violation.signature}"
            way, many = f"{key}@{job.target}", self.state.finds
            if _follows(violation, job) and many.get(key, 0) < _MOST_WAYS and many.get(callers, 0) < _WAYS and way not in many:
                many[way], many[callers] = 1, many.get(callers, 0) + 1
                found += self._kept(job, violation)
        return found

    def _kept(self, job: Job, violation: Violation) -> list[Found]:
        key = _key(violation)
        self.state.finds[key] = self.state.finds.get(key, 0) + 1
        if violation.place is not None:
            where = _where(violation.place)
            self.state.places.add(f"{where}~{_manner(job.texts)}" if _of_pattern(violation) else f"{where}@{job.target}")
            if self.state.finds[key] >= _MANNERS:
                self.state.places.add(where)
        self.state.candidates += 1
        digest = hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest()[:12]
        name = f"calls-{violation.kind.value}-{digest}-{self.state.candidates}"
        return [Found(data=job.document, name=name, violation=violation)]

    def _known(self, place: str, job: Job, position: int = 0) -> bool:
        """Nothing new is to be had from texts like this one of the job's, or through its target, at that place."""
        texts = job.texts[position:]
        told = {place, f"{place}@{job.target}", *([f"{place}~{_manner(texts)}"] if texts else [])}
        return not told.isdisjoint(self.state.places)

    def _enough(self, violation: Violation, target: str) -> bool:
        """Of a loop, enough ways to it are kept, or this one: what is put right may be one of its callers."""
        way = f"{_where(violation.place)}@{target}" if violation.place is not None else ""
        return way in self.state.places or self.state.finds.get(_key(violation), 0) >= _MANNERS

    def _follow(self, unit: Unit, job: Job, run: Run) -> None:
        """Attack every sink that a mark reached, once a place."""
        if job.purpose not in (
            Purpose.SHAPES,
            Purpose.MARKS,
        ):  # elsewhere the mark stands in a text of ours, which hides where the argument goes
            return
        for seen in run.seen:
            if seen.phase != "attack" or seen.sink in FACTS or seen.sink is Sink.ERROR or seen.step >= len(job.calls):
                continue
            call = job.calls[seen.step]
            marks = dict(plans.attacked_leaf(call))
            for number, *_ in seen.marks:
                if number in marks:
                    self._pursue(unit, call, marks[number], seen, number)

    def _asked(self, unit: Unit, place: Place) -> Asked:
        """What the target says of the argument at a place."""
        target = self.known.door.targets[unit.target]
        parameters = target.construct or () if place[0] == "construct" else target.parameters
        key = next(iter(place[2:] if place[0] == "construct" else place[1:]), "")  # standard input has no name
        name = key if isinstance(key, str) else next((p.name for p in parameters[key : key + 1]), "")
        return Asked(parameter=name, words=f"{target.function} {target.doc[:300]}")

    def _pursue(self, unit: Unit, call: Call, place: Place, seen: Seen, number: int) -> None:
        where = " ".join(f"{f.file}:{f.line}" for f in seen.frames[:_WAY]) or unit.target
        key = f"{seen.sink}|{seen.api}|{where}|{place[-1]}"
        own = f"@{unit.target}"
        if key in self.state.witnesses or self.state.witnesses.get(own, 0) >= _WITNESSES_A_TARGET:
            return
        wave = attacks(seen, number, self._asked(unit, place))[:_WAVE]
        self.state.witnesses[key] = 0
        self.state.witnesses[own] = self.state.witnesses.get(own, 0) + 1
        value = at(call, place)
        plain = _unmarked(call, but=place)
        for twin in wave:
            attack = replaced(plain, place, spliced(value, twin.attack))
            control = replaced(plain, place, spliced(value, twin.control))
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


def _follows(violation: Violation, job: Job) -> bool:
    """The violation is of the sink that the job attacks: others see in passing what the caller is to choose."""
    if violation.kind in RESOURCES or not job.control:
        return False
    if job.purpose is Purpose.SPECIAL:
        announced = violation.kind is ViolationKind.UNSAFE_DESERIALISATION and _ANNOUNCED.search(job.target)
        return violation.kind in _OF_PARSERS and not announced
    return job.sink is not None and violation.kind in _OF_SINK.get(job.sink, frozenset())


def _unmarked(call: Call, but: Place = ()) -> Call:
    """The call with the marks taken out of its plain texts, not of the one at `but`."""
    for place in leaves(call):
        value = at(call, place)
        if place != but and isinstance(value, str):
            call = replaced(call, place, value.replace(OPENING, "").replace(CLOSING, ""))
    return call


def _digest(parts: Sequence[tuple[str, bool]]) -> str:
    return hashlib.sha1(repr([tuple(p) for p in parts]).encode(), usedforsecurity=False).hexdigest()[:16]


def _where(frame: Frame) -> str:
    return f"{frame.file}:{frame.line if frame.pattern else frame.function}"


def _key(violation: Violation) -> str:
    place = violation.place
    return f"{violation.kind.value}|{_where(place)}" if place else violation.kind.value


def _of_pattern(violation: Violation) -> bool:
    return violation.place is not None and bool(violation.place.pattern)


def _manner(texts: Sequence[growth.Text]) -> str:
    return Scalable(tuple((text, again) for text, again in texts[0][0])).manner if texts else ""


def _placed(violation: Violation, target: Target) -> Violation:

    return replace(violation, frames=(Frame(function=target.function, file=target.file, line=target.line),))
