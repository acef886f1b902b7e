"""Which part of a large hypergraph is shown: what goals rest on, and nothing that would look as if it held of itself."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from mithridate.estate.hypergraph import Hypergraph
from mithridate.estate.solver import Solution

_LOOKED_AT = 4
"""Instances looked at for each one that is shown."""


def shown_part(
    graph: Hypergraph, solution: Solution, instances: npt.NDArray[np.int64], goals: Iterable[int], most: int
) -> list[int]:
    """About `most` of the instances: the cheapest derivations of the goals (atoms), the cheapest goals first, then the others by
    what they need and give, the cheapest first. Whatever any of them needs comes with its cheapest derivation."""
    chosen: set[int] = set()
    derived = (g for g in goals if solution.derives(g))
    for goal in sorted(derived, key=lambda g: float(solution.dist[g])):
        if len(chosen) < most:
            _complete(graph, solution, [goal], chosen)
    for instance in _cheapest(graph, solution, instances, most):
        if len(chosen) >= most:
            break
        chosen.add(instance)
        _complete(graph, solution, graph.needs(instance), chosen)
    return sorted(chosen, key=lambda i: (float(solution.dist[graph.heads[i]]), i))


def _cheapest(graph: Hypergraph, solution: Solution, instances: npt.NDArray[np.int64], most: int) -> Sequence[int]:
    near = instances[np.argsort(solution.dist[graph.heads[instances]], kind="stable")[: most * _LOOKED_AT]]
    dearest = [max(float(solution.dist[a]) for a in (int(graph.heads[i]), *graph.needs(int(i)))) for i in near]
    return [int(near[place]) for place in np.argsort(np.array(dearest), kind="stable")]


def _complete(graph: Hypergraph, solution: Solution, atoms: Sequence[int], chosen: set[int]) -> None:
    """Add the cheapest derivations of these atoms."""
    left = list(atoms)
    while left:
        instance = int(solution.best[left.pop()])
        if instance >= 0 and instance not in chosen:
            chosen.add(instance)
            left += graph.needs(instance)
