"""The best few changes: the actions that, within a budget, protect the most goals.

A goal is protected when every path to it loses a step. Paths are added as they are needed, as in cuts.py; HiGHS chooses. When no
choice within the budget protects a goal, the choice is the one found greedily that makes the cheapest paths dearest.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from mithridate.estate.actions import Actions
from mithridate.estate.core import Core

_TRIED = 64
"""Actions that each greedy step tries."""


@dataclass(frozen=True, slots=True)
class BestSet:
    """`chosen` protects `protected` (atoms of the core). `exact`: no set within the budget protects more."""

    chosen: frozenset[int]
    cost: float
    protected: tuple[int, ...]
    exact: bool


def best_set(core: Core, actions: Actions, *, most: int | None = None, budget: float = np.inf, seconds: float = 60.0) -> BestSet:
    """At most `most` actions that cost at most `budget` together."""
    return _Chooser(core, actions, most, budget, time.monotonic() + seconds).run()


class _Chooser:
    def __init__(self, core: Core, actions: Actions, most: int | None, budget: float, end: float) -> None:
        self._core, self._actions = core, actions
        self._most = len(actions) if most is None else most
        self._budget = budget
        self._end = end
        self._weights = actions.counts.astype(np.float64) + 1e-3
        self._paths: list[tuple[int, frozenset[int]]] = []

    def run(self) -> BestSet:
        goals = [int(g) for g in self._core.goals]
        hopeless = self._reached((self._actions.counts > 0).astype(np.uint8), goals)
        goals = [g for g in goals if g not in hopeless]
        chosen: frozenset[int] = frozenset()
        best: tuple[int, frozenset[int]] = (0, chosen)
        exact = True
        while goals:
            if time.monotonic() > self._end:
                exact = False
                break
            answer = self._choose(goals)
            if answer is None:
                exact = False
                break
            chosen, wanted = answer
            held = len(goals) - len(self._reached(self._actions.blocked(chosen), goals))
            best = max(best, (held, chosen), key=lambda one: one[0])
            if not self._add_paths(chosen, wanted):
                break
        chosen = best[1] if not exact else chosen
        reached = self._reached(self._actions.blocked(chosen), goals)
        protected = [g for g in goals if g not in reached]
        if not protected and goals:
            chosen, exact = self._dearest(goals), False
        cost = float(sum(self._actions.costs[a] for a in chosen))
        return BestSet(chosen, cost, tuple(protected), exact)

    def _choose(self, goals: Sequence[int]) -> tuple[frozenset[int], list[int]] | None:
        elements = sorted({a for _, met in self._paths for a in met})
        place = {a: i for i, a in enumerate(elements)}
        n, m = len(elements), len(goals)
        rows, columns, values, low, high = [], [], [], [], []
        for number, (goal, met) in enumerate(self._paths):
            rows += [number] * (len(met) + 1)
            columns += [place[a] for a in sorted(met)] + [n + goals.index(goal)]
            values += [1.0] * len(met) + [-1.0]
            low.append(0.0)
            high.append(np.inf)
        for limits, limit in (([1.0] * n, float(self._most)), ([float(self._actions.costs[a]) for a in elements], self._budget)):
            if np.isfinite(limit) and n:
                rows += [len(low)] * n
                columns += range(n)
                values += limits
                low.append(-np.inf)
                high.append(limit)
        total = float(self._actions.costs.sum()) + 1.0
        prices = [float(self._actions.costs[a]) / (2 * total) for a in elements] + [-1.0] * m
        constraints = (
            [LinearConstraint(coo_array((values, (rows, columns)), shape=(len(low), n + m)).tocsr(), low, high)] if low else []
        )
        found = milp(
            np.array(prices),
            integrality=np.ones(n + m, dtype=np.int64),
            bounds=Bounds(0, 1),
            constraints=constraints,
            options={"time_limit": max(0.1, self._end - time.monotonic())},
        )
        if found.x is None:
            return None
        chosen = frozenset(a for a, i in place.items() if found.x[i] > 0.5)
        return chosen, [g for k, g in enumerate(goals) if found.x[n + k] > 0.5]

    def _add_paths(self, chosen: frozenset[int], wanted: Sequence[int]) -> bool:
        """Add paths to goals that the choice was thought to protect and does not."""
        added = False
        wide = chosen
        while True:
            solution = self._core.solve(self._actions.blocked(wide), self._weights)
            reached = [g for g in wanted if np.isfinite(solution.dist[g])]
            if not reached:
                return added
            for goal in reached:
                met = self._actions.of_all(self._core.derivation(solution, goal))
                self._paths.append((goal, met))
                wide |= met
            added = True

    def _dearest(self, goals: Sequence[int]) -> frozenset[int]:
        chosen: frozenset[int] = frozenset()
        while len(chosen) < self._most and time.monotonic() < self._end:
            solution = self._core.solve(self._actions.blocked(chosen))
            met = {a for g in goals for a in self._actions.of_all(self._core.derivation(solution, g))}
            left = self._budget - sum(self._actions.costs[a] for a in chosen)
            tried = [a for a in sorted(met, key=lambda a: (self._actions.costs[a], a)) if self._actions.costs[a] <= left]
            now = self._total(chosen, goals)
            gains = [(self._total(chosen | {a}, goals) - now, -self._actions.costs[a], -a) for a in tried[:_TRIED]]
            if not gains or max(gains)[0] <= 0:
                break
            chosen |= {-max(gains)[2]}
        return chosen

    def _total(self, chosen: frozenset[int], goals: Sequence[int]) -> float:
        dist = self._core.solve(self._actions.blocked(chosen)).dist[list(goals)]
        return float(np.where(np.isfinite(dist), dist, 1e12).sum())

    def _reached(self, blocked: np.ndarray, goals: Sequence[int]) -> set[int]:
        dist = self._core.solve(blocked).dist
        return {g for g in goals if np.isfinite(dist[g])}
