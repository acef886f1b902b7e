"""How many unknown flaws an attacker must assume to reach a goal, and which.

The smallest set of assumptions from which the goal follows meets every landmark: a set of assumptions without all of which it
does not follow. Implicit hitting set again, with the roles exchanged: a choice that is not enough is grown to a largest one that
still is not; what is left over is a smallest landmark.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mithridate.estate.actions import blocks_of
from mithridate.estate.core import Core
from mithridate.estate.hitting import cheapest_hit
from mithridate.estate.rules.terms import Role
from mithridate.model.estate import Fact


@dataclass(frozen=True, slots=True)
class Distance:
    """The goal follows from the stated facts and `assumed`; nothing smaller than `bound` is enough. `assumed` is None when no set
    of assumptions is enough."""

    assumed: tuple[Fact, ...] | None
    bound: int

    @property
    def exact(self) -> bool:
        """No smaller set is enough."""
        return self.assumed is not None and len(self.assumed) == self.bound


class Distances:
    """Measures goals of a core."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._facts: list[tuple[str, int]] = []
        self._pairs = self._index()
        self._all = frozenset(range(len(self._facts)))

    def of(self, goal: int, seconds: float = 30.0) -> Distance:
        """The smallest set of assumptions for an atom of the core."""
        end = time.monotonic() + seconds
        if not self._follows(goal, self._all):
            return Distance(None, 0)
        landmarks: list[frozenset[int]] = []
        bound = 0
        while True:
            left = end - time.monotonic()
            hit = cheapest_hit(landmarks, [1.0] * len(self._facts), left) if left > 0 or not landmarks else None
            if hit is None:
                return Distance(self._told(self._cheap(goal)), bound)
            bound = max(bound, int(np.ceil(hit.bound - 1e-6)))
            if self._follows(goal, hit.chosen):
                return Distance(self._told(hit.chosen), bound)
            largest = self._absorb(goal, hit.chosen, sorted(self._all - hit.chosen), end)
            if largest is None:
                return Distance(self._told(self._cheap(goal)), bound)
            landmarks.append(self._all - largest)

    def _absorb(self, goal: int, chosen: frozenset[int], more: Sequence[int], end: float) -> frozenset[int] | None:
        """`chosen` and as many of `more` as do not make the goal follow, halves tried whole; None when the time is over."""
        if not more:
            return chosen
        if time.monotonic() > end:
            return None
        together = chosen.union(more)
        if not self._follows(goal, together):
            return together
        if len(more) == 1:
            return chosen
        half = len(more) // 2
        first = self._absorb(goal, chosen, more[:half], end)
        return None if first is None else self._absorb(goal, first, more[half:], end)

    def _cheap(self, goal: int) -> frozenset[int]:
        """The assumptions of a derivation that needs few."""
        counts = np.bincount(self._pairs[:, 0], minlength=self._core.instances).astype(np.float64) + 1e-6
        solution = self._core.solve(np.empty(0, dtype=np.uint8), counts, stop_at=goal)
        used = set(self._core.derivation(solution, goal))
        return frozenset(int(a) for i, a in self._pairs if int(i) in used)

    def _follows(self, goal: int, chosen: frozenset[int]) -> bool:
        allowed = np.zeros(len(self._facts), dtype=np.bool_)
        allowed[np.fromiter(chosen, dtype=np.int64)] = True
        blocked = np.zeros(self._core.instances, dtype=np.uint8)
        blocked[self._pairs[~allowed[self._pairs[:, 1]], 0]] = 1
        return bool(np.isfinite(self._core.solve(blocked, stop_at=goal).dist[goal]))

    def _told(self, chosen: frozenset[int]) -> tuple[Fact, ...]:
        base = self._core.graph.base
        facts = [base.rows(name, [rid])[rid] for name, rid in (self._facts[a] for a in sorted(chosen))]
        return tuple(facts)

    def _index(self) -> npt.NDArray[np.int64]:
        """(pairs, 2) an instance of the core and an assumption that it uses."""
        predicates = self._core.graph.base.rules.predicates
        found: list[npt.NDArray[np.int64]] = []
        numbers: dict[tuple[str, int], int] = {}
        offset = 0
        for block, rows in blocks_of(self._core):
            for column, name in enumerate(block.stated):
                if predicates[name].role is Role.ASSUMPTION:
                    rids = block.facts[rows, column]
                    uses = [numbers.setdefault((name, int(rid)), len(numbers)) for rid in rids]
                    found.append(np.stack([np.arange(offset, offset + len(rows)), np.array(uses)], axis=1).astype(np.int64))
            offset += len(rows)
        self._facts = list(numbers)
        return np.concatenate(found) if found else np.empty((0, 2), dtype=np.int64)
