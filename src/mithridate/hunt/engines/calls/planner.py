"""Decides which calls to make next, and hands what they showed to those who learn from it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from mithridate.hunt.engines.calls import plans, reach
from mithridate.hunt.engines.calls.batches import CLOSER, Batch, special_together
from mithridate.hunt.engines.calls.climbs import Climbs
from mithridate.hunt.engines.calls.finds import Finds, Found
from mithridate.hunt.engines.calls.measuring import Measuring
from mithridate.hunt.engines.calls.outcome import Compiled, Run
from mithridate.hunt.engines.calls.plans import Knowledge
from mithridate.hunt.engines.calls.promise import distinct, promise
from mithridate.hunt.engines.calls.pursuit import WAVE, Pursuit
from mithridate.hunt.engines.calls.scalable import digest
from mithridate.hunt.engines.calls.state import STAGES, Job, Purpose, Stage, State, Unit
from mithridate.model.violation import Violation

_URGENT = (Purpose.CONFIRM, Purpose.LADDER, Purpose.ATTACK, Purpose.SIEVE)
_WORN_OUT = 3
_FRUITLESS = 200
"""Looks at units in a row that give nothing to do: mutations of worn-out shapes have no end."""
_EXPECTED = 2.0
"""What a target that was not looked at is expected to reach, as a target's edges count."""
_ENTERED = 60
_COMPILED = 400


@dataclass(slots=True)
class Planner:
    """The search over all targets of a door: breadth first, stage by stage, what is urgent in between."""

    state: State
    known: Knowledge
    _lists: dict[tuple[str, Stage], list[Job]] = field(default_factory=dict)
    _measuring: Measuring = field(init=False)
    _finds: Finds = field(init=False)
    _climbs: Climbs = field(init=False)
    _pursuit: Pursuit = field(init=False)

    def __post_init__(self) -> None:
        self.known.compiled, self.known.sieved, self.known.paces = self.state.compiled, self.state.sieved, self.state.paces
        for name in distinct(self.known.door):
            self.state.units.setdefault(name, Unit(target=name))
        self._measuring, self._finds = Measuring(self.state), Finds(self.state)
        self._climbs = Climbs(self.state, self._finds, self.known.door)
        self._pursuit = Pursuit(self.state, self.known.door)

    def next(self, most: int) -> list[Job]:
        """Up to `most` jobs; empty when nothing is left."""
        self.state.queue.sort(key=lambda job: _URGENT.index(job.purpose) if job.purpose in _URGENT else len(_URGENT))
        waiting, self.state.queue = self.state.queue, []
        self._measuring.expect(waiting)
        batch = Batch(self.state, most, self._together)
        for job in waiting:
            if job.purpose not in CLOSER or not self._finds.known(job.witness, job):
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

    def _admit(self, batch: Batch, job: Job) -> None:
        """Into the batch, or into the queue behind it; or nowhere, when it would show nothing new."""
        kept = self._without_worn(job)
        if kept is None or (kept.purpose is Purpose.SPECIAL and not self._together(kept.target)):
            return
        if batch.admits(kept):
            batch.jobs.append(kept)
        else:
            self.state.queue.append(kept)

    def _together(self, target: str) -> int:
        return special_together(self.state, target)

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
                measuring = self._measuring.begin(unit, unmeasured)
                if measuring or self._measuring.awaited(unmeasured):
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
        keep = [i for i, (parts, _) in enumerate(job.texts) if self.state.worn.get(digest(parts), 0) < _WORN_OUT]
        job.calls, job.texts = [job.calls[i] for i in keep], [job.texts[i] for i in keep]
        return job if job.calls else None

    def learn(self, job: Job, run: Run, violations: Sequence[Violation]) -> list[Found]:
        """Take over what a run showed; `violations` are the injection oracle's."""
        unit = self.state.units[job.target]
        if job.purpose is Purpose.SIEVE:
            self._measuring.learn(job, run)
            return []
        unit.calls += len(run.answers)
        found = self._finds.injections(job, violations)
        match job.purpose:
            case Purpose.SHAPES:
                reach.learn_shapes(unit, job, run)
            case Purpose.LADDER | Purpose.CONFIRM | Purpose.DEEP:
                found += self._climbs.learn(job, run)
                return found
            case Purpose.ATTACK | Purpose.SPECIAL:
                if found and job.witness:
                    self.state.witnesses[job.witness] = WAVE
                if job.purpose is Purpose.SPECIAL:
                    hung = run.ended == "timeout"
                    self.state.hung[job.target] = self.state.hung.get(job.target, 0) + hung
                    if hung and not found and run.control_answers:
                        self.state.queue.append(replace(job, purpose=Purpose.CONFIRM))
            case _:
                found += reach.learn_inputs(unit, job, run)
        self._climbs.suspect(unit, job, run)
        self._pursuit.follow(unit, job, run)
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
