"""The part of a hypergraph that matters for some goals, numbered anew, so that it can be asked many times."""

import numpy as np
import numpy.typing as npt

from mithridate.estate import knuth
from mithridate.estate.hypergraph import Floats, Hypergraph, Ints, Longs
from mithridate.estate.solver import Mask, Solution, ordered


class Core:
    """The instances `chosen` of `graph`, with the atoms that they mention. `true` are atoms of the graph that hold at once."""

    def __init__(self, graph: Hypergraph, chosen: npt.NDArray[np.int64], true: Ints, goals: Ints) -> None:
        self.graph = graph
        self.original = chosen
        """(instances,) the numbers of its instances in the graph."""
        widths = graph.starts[chosen + 1] - graph.starts[chosen]
        self.starts: Longs = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
        needed = graph.premises[_ranges(graph.starts[chosen], widths)]
        mentioned = np.concatenate([graph.heads[chosen], needed, true, goals[goals >= 0]])
        self.atoms = np.unique(mentioned).astype(np.int32)
        """(atoms,) the numbers of its atoms in the graph."""
        self.heads: Ints = self._own(graph.heads[chosen])
        self.premises: Ints = self._own(needed)
        self.costs: Floats = np.ascontiguousarray(graph.costs[chosen])
        self.true: Ints = self._own(true)
        self.goals: Ints = self._own(goals[goals >= 0])
        self._begin, self._uses = knuth.uses_of(self.starts, self.premises, len(self.atoms))

    @property
    def instances(self) -> int:
        """How many instances it has."""
        return len(self.heads)

    def solve(self, blocked: Mask, costs: Floats | None = None, *, stop_at: int = -1) -> Solution:
        """The cheapest derivations without the instances that `blocked` (instances,) marks; no farther than `stop_at`."""
        priced = self.costs if costs is None else costs
        found = knuth.cheapest(self.heads, priced, self.starts, self._begin, self._uses, self.true, blocked, stop_at, np.inf)
        return Solution(*found, self.true)

    def own(self, atom: int) -> int:
        """The own number of an atom of the graph."""
        return int(np.searchsorted(self.atoms, atom))

    def has(self, atom: int) -> bool:
        """An atom of the graph is in the core, and something in it leads there."""
        own = self.own(atom)
        if atom < 0 or own >= len(self.atoms) or self.atoms[own] != atom:
            return False
        return bool(np.isin(own, self.heads) or np.isin(own, self.true))

    def needs(self, instance: int) -> list[int]:
        """The premises of an instance."""
        return [int(p) for p in self.premises[self.starts[instance] : self.starts[instance + 1]]]

    def derivation(self, solution: Solution, goal: int) -> list[int]:
        """The instances (own numbers) of the cheapest derivation of a goal, each after those that it builds on."""
        return ordered(solution, goal, self.needs)

    def _own(self, atoms: npt.NDArray[np.int32]) -> Ints:
        return np.searchsorted(self.atoms, atoms).astype(np.int32)


def _ranges(starts: Longs, widths: Longs) -> Longs:
    """The places starts[i] to starts[i] + widths[i] - 1, end to end."""
    total = int(widths.sum())
    first = np.repeat(starts - np.concatenate([[0], np.cumsum(widths)[:-1]]), widths) if len(widths) else np.empty(0, np.int64)
    return (first + np.arange(total)).astype(np.int64)
