"""The k cheapest different paths to a goal.

Lawler's partition ("A procedure for computing the k best solutions to discrete optimization problems", Management Science 18(7),
1972) over shown steps: every other path lacks at least one step of the cheapest, so the next cheapest is the best of the answers
without each of them. The same step resting on other facts (two firewall rules that both allow it) is not a different one.
"""

import heapq
import time
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mithridate.estate.actions import blocks_of
from mithridate.estate.core import Core

_PRIME = np.uint64(0x9E3779B97F4A7C15)


class Alternatives:
    """Finds different paths in a core."""

    def __init__(self, core: Core) -> None:
        self._core = core
        started = time.monotonic()
        self._cheapest = core.solve(np.empty(0, dtype=np.uint8))
        self._solving_s = time.monotonic() - started

    @cached_property
    def _keys(self) -> npt.NDArray[np.uint64]:
        """(instances,) which step an instance is: a digest of its rule, its head and its premises; 0 for hidden ones."""
        keys = np.zeros(self._core.instances, dtype=np.uint64)
        offset = 0
        for number, (block, rows) in enumerate(blocks_of(self._core), start=1):
            if not block.rule.hidden:
                digest = np.full(len(rows), number, dtype=np.uint64)
                for column in (block.heads[rows], *block.premises[rows].T):
                    digest = (digest ^ column.astype(np.uint64)) * _PRIME
                    digest ^= digest >> np.uint64(29)
                keys[offset : offset + len(rows)] = digest | np.uint64(1)
            offset += len(rows)
        return keys

    def of(self, goal: int, most: int, seconds: float) -> list[tuple[float, list[int]]]:
        """(cost, derivation) of the cheapest different paths to an atom of the core, the cheapest first; at least one, however
        short the time."""
        end = time.monotonic() + seconds
        found: list[tuple[float, list[int]]] = []
        accepted: list[frozenset[int]] = []
        tried: set[frozenset[int]] = set()
        waiting: list[tuple[float, int, list[int], frozenset[int]]] = []
        if np.isfinite(self._cheapest.dist[goal]):
            derivation = self._core.derivation(self._cheapest, goal)
            waiting.append((float(self._cheapest.dist[goal]), 0, derivation, frozenset()))
        while waiting and len(found) < most:
            cost, _, derivation, without = heapq.heappop(waiting)
            if most == 1 or time.monotonic() + self._solving_s > end:
                return found or [(cost, derivation)]
            steps = self._steps(derivation)
            if not any(known <= steps for known in accepted):
                accepted.append(steps)
                found.append((cost, derivation))
            for step in sorted(steps) if len(found) < most else ():
                if time.monotonic() + self._solving_s > end:
                    break
                self._try(goal, without | {step}, tried, waiting)
        return found

    def _try(
        self,
        goal: int,
        without: frozenset[int],
        tried: set[frozenset[int]],
        waiting: list[tuple[float, int, list[int], frozenset[int]]],
    ) -> None:
        if without in tried:
            return
        tried.add(without)
        blocked = np.isin(self._keys, np.fromiter(without, dtype=np.uint64)).astype(np.uint8)
        solution = self._core.solve(blocked, stop_at=goal)
        if np.isfinite(solution.dist[goal]):
            derivation = self._core.derivation(solution, goal)
            heapq.heappush(waiting, (float(solution.dist[goal]), len(tried), derivation, without))

    def _steps(self, derivation: Iterable[int]) -> frozenset[int]:
        return frozenset(int(self._keys[i]) for i in derivation if self._keys[i])


def to_graph(core: Core, derivation: Sequence[int]) -> list[int]:
    """A derivation of the core in the numbers of its graph."""
    return [int(core.original[i]) for i in derivation]
