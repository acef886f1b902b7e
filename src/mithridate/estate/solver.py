"""Questions about a hypergraph: from where, to what, without which facts."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mithridate.estate import knuth
from mithridate.estate.hypergraph import Floats, Hypergraph, Ints

START, REACHED = "start", "reached"
Mask = npt.NDArray[np.uint8]
_NOTHING: Mask = np.empty(0, dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Solution:
    """What can be derived, at what cost: dist (atoms,) the cost of the cheapest derivation, infinite where there is none; best
    (atoms,) the instance that ends it, -1 where the atom holds from the start or cannot be derived."""

    dist: Floats
    best: Ints
    true: Ints

    def derives(self, atom: int) -> bool:
        """The atom can be derived."""
        return atom >= 0 and bool(np.isfinite(self.dist[atom]))


class Solver:
    """Asks one hypergraph many questions; its index is made once."""

    def __init__(self, graph: Hypergraph) -> None:
        self.graph = graph
        self._begin, self._uses = knuth.uses_of(graph.starts, graph.premises, graph.size)

    def starts(self, nodes: Iterable[str]) -> Ints:
        """The atoms of these starting nodes; those that no rule takes up are left out."""
        found = {self.graph.atom(START, node) for node in nodes} - {-1}
        return np.array(sorted(found), dtype=np.int32)

    def goals(self, nodes: Sequence[str]) -> Ints:
        """The atom "reached" of each node, -1 for one that no rule can reach."""
        return np.array([self.graph.atom(REACHED, node) for node in nodes], dtype=np.int32)

    def solve(
        self, true: Ints, blocked: Mask = _NOTHING, *, costs: Floats | None = None, stop_at: int = -1, limit: float = np.inf
    ) -> Solution:
        """The cheapest derivations when the atoms `true` hold and no instance of `blocked` (instances,) may be used."""
        graph = self.graph
        dist, best = knuth.cheapest(
            graph.heads,
            graph.costs if costs is None else costs,
            graph.starts,
            self._begin,
            self._uses,
            true,
            blocked,
            stop_at,
            limit,
        )
        return Solution(dist, best, true)

    def relevant(self, solution: Solution, goals: Ints, blocked: Mask = _NOTHING) -> npt.NDArray[np.int64]:
        """The instances that some derivation of a goal can use."""
        graph = self.graph
        derived = np.isfinite(solution.dist).astype(np.uint8)
        found = knuth.relevant(graph.heads, graph.starts, graph.premises, derived, goals[goals >= 0], blocked)
        return np.flatnonzero(found)

    def derivation(self, solution: Solution, goal: int) -> list[int]:
        """The instances of the cheapest derivation of an atom, each after those that it builds on; [] when it holds at once."""
        return ordered(solution, goal, self.graph.needs)


def ordered(solution: Solution, goal: int, needs: Callable[[int], list[int]]) -> list[int]:
    """The instances of the cheapest derivation of an atom, premises first."""
    order: list[int] = []
    seen: set[int] = set()
    stack: list[tuple[int, bool]] = [(goal, False)]
    while stack:
        atom, done = stack.pop()
        instance = int(solution.best[atom])
        if instance < 0:
            continue
        if done:
            order.append(instance)
        elif atom not in seen:
            seen.add(atom)
            stack.append((atom, True))
            stack.extend((p, False) for p in reversed(needs(instance)) if p not in seen)
    return order
