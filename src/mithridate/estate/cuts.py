"""The cheapest set of actions that leaves no path to the goals.

Implicit hitting set (Moreno-Centeno and Karp, "The implicit hitting set approach to solve combinatorial optimization problems",
Operations Research 61(2), 2013): every path must lose at least one of its steps, so a cut meets the action set of every path.
Paths are found as they are needed: the cheapest choice that meets all known ones is either a cut, and then none is cheaper, or
leaves a path, which is added. Each round adds paths that have no action in common, so that the bound rises quickly.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mithridate.estate.actions import Actions
from mithridate.estate.core import Core
from mithridate.estate.hitting import cheapest_hit
from mithridate.estate.solver import Solution

_DETOUR = 1e-3
"""What an instance weighs that no action touches: among paths with as few actions, the shortest."""


@dataclass(frozen=True, slots=True)
class Separation:
    """`chosen` actions cut all goals of the core but `uncut`, which no set of actions does; no cut costs less than `bound`.
    When the time was too short to find any cut, `chosen` is empty and `cost` infinite.

    `proofs` are derivations (instances of the core, in order) that together force the bound.
    """

    chosen: frozenset[int]
    cost: float
    bound: float
    uncut: tuple[int, ...]
    proofs: tuple[tuple[int, ...], ...]

    @property
    def found(self) -> bool:
        """A cut was found in the time that was given."""
        return bool(np.isfinite(self.cost))


def separate(core: Core, actions: Actions, seconds: float = 60.0) -> Separation:
    """The cheapest cut; when the time runs out, the best found, with the bound that is proved."""
    return _Search(core, actions, time.monotonic() + seconds).run()


class _Search:
    def __init__(self, core: Core, actions: Actions, end: float) -> None:
        self._core = core
        self._actions = actions
        self._end = end
        self._grace = max(1.0, end - time.monotonic())
        self._weights = actions.counts.astype(np.float64) + _DETOUR
        self._sets: list[frozenset[int]] = []
        self._proofs: list[tuple[int, ...]] = []
        self._goals: list[int] = []

    def run(self) -> Separation:
        all_blocked = (self._actions.counts > 0).astype(np.uint8)
        uncut = tuple(self._open(self._core.solve(all_blocked), [int(g) for g in self._core.goals]))
        self._goals = [int(g) for g in self._core.goals if int(g) not in uncut]
        best: frozenset[int] | None = None
        bound = 0.0
        while True:
            left = self._end - time.monotonic()
            hit = cheapest_hit(self._sets, self._actions.costs.tolist(), left) if left > 0 or not self._sets else None
            if hit is None:
                break
            bound = max(bound, hit.bound)
            wide = self._widen(hit.chosen)
            if wide is None:
                break
            if wide == hit.chosen:
                return self._done(hit.chosen, bound, uncut)
            if best is None or self._cost(wide) < self._cost(best):
                best = wide
        if best is None:
            return Separation(frozenset(), float("inf"), bound, uncut, ())
        return self._done(self._reduced(best), bound, uncut)

    def _widen(self, chosen: frozenset[int]) -> frozenset[int] | None:
        """Add paths that `chosen` leaves, and all their actions to it, until none is left; None when the time is over."""
        wide = chosen
        while True:
            if time.monotonic() > self._end + self._grace:
                return None
            solution = self._core.solve(self._actions.blocked(wide), self._weights)
            reached = self._open(solution, self._goals)
            if not reached:
                return wide
            for goal in sorted(reached, key=lambda g: float(solution.dist[g])):
                derivation = self._core.derivation(solution, goal)
                met = self._actions.of_all(derivation)
                if not met & (wide - chosen):
                    self._sets.append(met)
                    self._proofs.append(tuple(derivation))
                    wide |= met

    def _reduced(self, chosen: frozenset[int]) -> frozenset[int]:
        """Leave out, dearest first, what the cut does not need."""
        kept = set(chosen)
        for action in sorted(chosen, key=lambda a: (-self._actions.costs[a], a)):
            if time.monotonic() > self._end + self._grace:
                break
            if not self._open(self._core.solve(self._actions.blocked(kept - {action})), self._goals):
                kept.discard(action)
        return frozenset(kept)

    def _open(self, solution: Solution, goals: Sequence[int]) -> list[int]:
        return [g for g in goals if np.isfinite(solution.dist[g])]

    def _cost(self, chosen: frozenset[int]) -> float:
        return float(sum(self._actions.costs[a] for a in chosen))

    def _done(self, chosen: frozenset[int], bound: float, uncut: tuple[int, ...]) -> Separation:
        cost = self._cost(chosen)
        return Separation(chosen, cost, min(bound, cost), uncut, tuple(self._proofs))
