"""What is looked at closer: calls that took long, ran out of stack or did not end, on a ladder of sizes until it is clear why."""

from dataclasses import dataclass, replace

from mithridate.hunt.engines.calls import growth
from mithridate.hunt.engines.calls.door import Door, Target
from mithridate.hunt.engines.calls.finds import Finds, Found, where
from mithridate.hunt.engines.calls.outcome import Run
from mithridate.hunt.engines.calls.scalable import Scalable, digest
from mithridate.hunt.engines.calls.state import Job, Purpose, State, Unit
from mithridate.model.violation import Frame, Violation
from mithridate.oracles.growth.measured import measure
from mithridate.oracles.growth.verdict import RECURSION_BYTES, judge

_CLIMBS = 5
"""Closer looks at a target since its last find; those that cost next to nothing count little."""
_CHEAP_S, _CHEAPLY = 0.3, 0.1
_DEEPEST = 3
"""Targets that are let take all the time that a run may have to come to the end of the stack."""


@dataclass(slots=True)
class Climbs:
    """Puts closer looks into the queue of a search, and learns from them."""

    state: State
    finds: Finds
    door: Door

    def suspect(self, unit: Unit, job: Job, run: Run) -> None:
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
                self._climb(job, len(run.answers), place=next((where(f) for f in run.frames), ""))

    def _resume(self, unit: Unit, job: Job, run: Run) -> None:
        """A run that did not end is the fault of the call that gave no answer; those behind it are made again."""
        done = len(run.answers)
        unit.strikes += 1
        if done < len(job.texts):
            shape = digest(job.texts[done][0])
            self.state.worn[shape] = self.state.worn.get(shape, 0) + 1
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
        if self.finds.known(place, job, position) or self.state.climbs.get(job.target, 0) >= _CLIMBS:
            return
        parts, times = job.texts[position]
        shape = Scalable(tuple((text, again) for text, again in parts))
        key = f"{job.target}|{'/'.join(map(str, job.place))}|{digest(parts)}|{'deep' if recursion else ''}"
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

    def learn(self, job: Job, run: Run) -> list[Found]:
        """From a ladder that looks promising to one beside harmless texts, and from that to a candidate."""
        measured = measure(job.document, run.records)
        if not run.complete:
            self.state.long.add(digest(job.texts[0][0]))
            self._descend(job, len(run.answers))
        if not job.control:
            for position, answer in enumerate(run.answers):
                if answer.raised.startswith("RecursionError"):
                    self._climb(job, position, recursion=True)
                    break
            place = next((where(f) for f in measured.frames), "")
            if growth.promising(measured) and not self.finds.known(place, job):
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
            violation = _placed(violation, self.door.targets[job.target])
        return self.finds.grown(job, growth.shortened(job, measured), violation)

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


def _placed(violation: Violation, target: Target) -> Violation:
    return replace(violation, frames=(Frame(function=target.function, file=target.file, line=target.line),))
