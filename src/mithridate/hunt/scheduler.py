"""Shares the hunt's budget over (entry point × engine) by what the last slices brought.

A bandit with decaying rewards: an arm's worth is what it brought per CPU-second lately, new coverage and new violations
alike, plus a bonus for arms that were seldom tried (UCB1: P. Auer et al., Machine Learning 47, 2002). First looks at new entry
points take at most half of the time, so that many doors do not keep the hunt from going through the good ones. The scheduler only
decides; it starts nothing, and given the same results it decides the same, which is what makes a killed run resumable.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

_DECAY = 0.5
_VIOLATION_WORTH = 40.0
_FIRST_SLICE_S = 20.0
_SHORTEST_SLICE_S = 6.0
_LONGEST_SLICE_S = 90.0
_GROWTH = 1.5
_CURIOSITY = 0.35
_BARREN_SHARE = 0.6
_FIRST_LOOKS_SHARE = 0.5
_BARREN_FLOOR_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One slice to run: which entry point and engine (indices as given), for how many seconds, with which seed."""

    entry: int
    engine: int
    seconds: float
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Yield:
    """What a slice brought: edges never covered before on this entry, violations never seen before, and its cost.

    `exhausted`: the engine has nothing left to try on this entry.
    """

    new_edges: int
    new_violations: int
    cpu_s: float
    failed: bool = False
    exhausted: bool = False


@dataclass(slots=True)
class _Arm:
    entry: int
    engine: int
    seconds: float
    slices: int = 0
    worth: float = 0.0
    barren_s: float = 0.0
    spent_s: float = 0.0
    first_s: float = 0.0
    retired: bool = False
    ahead: bool = False
    """Not yet tried, and to be tried before anything else."""


@dataclass(slots=True)
class Scheduler:
    """Decides round by round. `arms` are (entry, engine) pairs, the most promising first; `budget_s` is wall time."""

    arms: Sequence[tuple[int, int]]
    budget_s: float
    jobs: int
    seed: int
    _arms: list[_Arm] = field(init=False)
    _round: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        share = self.budget_s * self.jobs / max(1, len(self.arms)) / 3
        # Short first slices are for comparing arms; where each has a core and is its door's only engine, nothing is to be chosen.
        alone = len(self.arms) <= self.jobs and len({entry for entry, _ in self.arms}) == len(self.arms)
        first = min(_LONGEST_SLICE_S if alone else _FIRST_SLICE_S, max(_SHORTEST_SLICE_S, share))
        self._arms = [_Arm(entry=e, engine=g, seconds=first) for e, g in self.arms]

    @property
    def saturated(self) -> bool:
        """True when no arm has brought anything for so long that more time is not worth it."""
        return all(arm.retired for arm in self._arms)

    @property
    def untried(self) -> tuple[tuple[int, int], ...]:
        """Arms that never got a slice."""
        return tuple((a.entry, a.engine) for a in self._arms if not a.slices)

    def deepen(self, entry: int, instead_of: int) -> None:
        """A new entry point, the same as another whose search a flaw holds up, without that flaw.

        It is tried next, whatever the others promise: what lies behind the flaw is new ground. The other one keeps its arms, for
        whoever mends a flaw may close ways that have nothing to do with it.
        """
        best = max((a.worth for a in self._arms), default=0.0) or 1.0
        known = [a for a in self._arms if a.entry == instead_of and not a.retired]
        self._arms += [_Arm(entry=entry, engine=a.engine, seconds=a.seconds, worth=2 * best, ahead=True) for a in known]

    def next_round(self, left_s: float) -> tuple[Assignment, ...]:
        """Up to `jobs` slices to run side by side within `left_s` seconds; empty when the hunt is over."""
        if left_s < 1.0 or self.saturated:
            return ()
        self._round += 1
        chosen: list[_Arm] = []
        for _ in range(self.jobs):
            arm = self._best(chosen)
            if arm is None:
                break
            chosen.append(arm)
        # Slices of one round end together: nobody waits for a longer neighbour.
        seconds = min(min((a.seconds for a in chosen), default=0.0), left_s)
        return tuple(
            Assignment(entry=a.entry, engine=a.engine, seconds=seconds, seed=self.seed * 1000 + self._round * 10 + i)
            for i, a in enumerate(chosen)
        )

    def record(self, assignment: Assignment, gained: Yield) -> None:
        """Learn from one finished slice."""
        arm = next(a for a in self._arms if (a.entry, a.engine) == (assignment.entry, assignment.engine))
        cost = max(gained.cpu_s, 0.5)
        brought = math.log1p(gained.new_edges) * 4 + gained.new_violations * _VIOLATION_WORTH
        rate = brought / cost
        if not self._tried(arm.entry) and not arm.ahead:
            arm.first_s = assignment.seconds
        arm.worth = rate if not arm.slices else _DECAY * rate + (1 - _DECAY) * arm.worth
        arm.slices += 1
        arm.ahead = False
        arm.spent_s += assignment.seconds
        arm.barren_s = 0.0 if brought else arm.barren_s + assignment.seconds
        arm.seconds = min(_LONGEST_SLICE_S, arm.seconds * _GROWTH)
        patience = max(_BARREN_FLOOR_S, _BARREN_SHARE * self.budget_s)
        arm.retired = gained.failed or gained.exhausted or arm.barren_s >= patience

    def _best(self, taken: Sequence[_Arm]) -> _Arm | None:
        free = [a for a in self._arms if a not in taken and not a.retired]
        if not free:
            return None
        other_entries = [a for a in free if all(a.entry != t.entry for t in taken)]
        pool = other_entries or free
        deeper = next((a for a in pool if a.ahead), None)
        if deeper is not None:
            return deeper
        fresh = next((a for a in pool if not self._tried(a.entry)), None)
        tried = [a for a in pool if self._tried(a.entry)]
        if fresh is not None and (not tried or self._first_looks_s <= _FIRST_LOOKS_SHARE * self._spent_s):
            return fresh
        scale = max((a.worth for a in self._arms), default=0.0) or 1.0

        def score(arm: _Arm) -> float:
            curiosity = math.sqrt(math.log(max(self._spent_s, 2.0)) / max(arm.spent_s, _SHORTEST_SLICE_S))
            return self._promise(arm) / scale + _CURIOSITY * curiosity

        return max(tried or pool, key=score)

    @property
    def _spent_s(self) -> float:
        return sum(a.spent_s for a in self._arms)

    @property
    def _first_looks_s(self) -> float:
        return sum(a.first_s for a in self._arms)

    def _tried(self, entry: int) -> bool:
        return any(a.entry == entry and a.slices for a in self._arms)

    def _promise(self, arm: _Arm) -> float:
        """An arm that was never tried promises what its entry point gave to the other engines."""
        if arm.slices:
            return arm.worth
        return max((a.worth for a in self._arms if a.entry == arm.entry and a.slices), default=0.0)
