"""Cheapest sets that meet every one of some sets (weighted hitting set), by HiGHS."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array


@dataclass(frozen=True, slots=True)
class Hit:
    """`chosen` meets every set; no choice that does costs less than `bound`."""

    chosen: frozenset[int]
    bound: float


def cheapest_hit(sets: Sequence[Collection[int]], costs: Sequence[float], seconds: float) -> Hit | None:
    """The cheapest choice of elements (places in `costs`) that meets every set; None when the time was too short to find one.

    The sets must not be empty. The answer may be less than the best when the time runs out; then `bound` is below its cost.
    """
    if not sets:
        return Hit(frozenset(), 0.0)
    elements = sorted({e for one in sets for e in one})
    place = {e: i for i, e in enumerate(elements)}
    columns = [place[e] for one in sets for e in one]
    starts = np.concatenate([[0], np.cumsum([len(one) for one in sets])])
    matrix = csr_array((np.ones(len(columns)), columns, starts), shape=(len(sets), len(elements)))
    found = milp(
        np.array([costs[e] for e in elements]),
        integrality=np.ones(len(elements), dtype=np.int64),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, lb=1),
        options={"time_limit": max(seconds, 0.1), "mip_rel_gap": 0.0},
    )
    if found.x is None:
        return None
    chosen = frozenset(elements[i] for i in np.flatnonzero(found.x > 0.5))
    bound = sum(costs[e] for e in chosen) if found.status == 0 else float(found.mip_dual_bound)
    return Hit(chosen, bound)
