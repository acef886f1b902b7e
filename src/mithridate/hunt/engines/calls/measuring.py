"""Measurements of expressions alone, before functions are called: each shape of text once, and who needs it waits for it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from mithridate.hunt.engines.calls import plans, sieve
from mithridate.hunt.engines.calls.outcome import Run
from mithridate.hunt.engines.calls.state import Job, Purpose, State, Unit


@dataclass(slots=True)
class Measuring:
    """The measurements of a search. Of what was given up on the way nobody waits for a result."""

    state: State
    _asked: dict[str, sieve.Suspicion] = field(default_factory=dict)
    _pending: set[str] = field(default_factory=set)
    """Of those, the keys that a run is on its way for."""

    def expect(self, waiting: Sequence[Job]) -> None:
        """Results to wait for are those of jobs that wait for their turn."""
        self._pending = {parts[0][0] for job in waiting if job.purpose is Purpose.SIEVE for parts, _ in job.texts}

    def awaited(self, suspicions: Sequence[sieve.Suspicion]) -> bool:
        """Whether a run is on its way for any of them."""
        return any(sieve.key(one) in self._pending for one in suspicions)

    def begin(self, unit: Unit, suspicions: Sequence[sieve.Suspicion]) -> list[Job]:
        """Runs for those that no run is on its way for."""
        fresh = [one for one in suspicions if sieve.key(one) not in self._asked]
        self._asked.update({sieve.key(one): one for one in fresh})
        self._pending.update(sieve.key(one) for one in fresh)
        return sieve.measurements(unit.target, fresh, plans.WORST)

    def learn(self, job: Job, run: Run) -> None:
        """Which shapes are slow, and what is to be measured again."""
        shown = sieve.slow(job, run.answers, complete=run.complete)
        large = sieve.is_large(job)
        self.state.paces.update(sieve.paces(job, run.answers, complete=run.complete))
        self.state.sieved.update({name: slow for name, slow in shown.items() if slow or large})
        fast = [self._asked[name] for name, slow in shown.items() if not slow and name in self._asked]
        if not large:
            self.state.queue += sieve.measurements(job.target, fast, plans.WORST, large=True)
        if not run.complete and (left := sieve.rest(job, len(run.answers), self._slow_enough())) is not None:
            self.state.queue.append(left)

    def _slow_enough(self) -> set[str]:
        """Patterns of which so many shapes are known to be slow that more would show nothing."""
        slow = Counter(one[0].text for name, one in self._asked.items() if self.state.sieved.get(name))
        return {text for text, count in slow.items() if count >= sieve.ENOUGH}
