"""Estimates what a search has left to find, from how often it has seen what it found.

Good and Turing: the chance that the next input reaches something new is about (things seen once) / (inputs).
Chao2: the number of things unseen is about f1² / (2·f2). Method: M. Böhme, STADS, TOSEM 27(2), 2018.
"""

from collections.abc import Sequence

from mithridate.model.run import ResidualRisk
from mithridate.model.search import Species

_FEW = 1000


def residual_risk(counts: Sequence[Species]) -> ResidualRisk:
    """Combine the last counts of each engine on one entry point; the one with the most samples speaks."""
    best = max(counts, key=lambda s: s.samples, default=Species())
    if not best.samples or not best.observed:
        return ResidualRisk(discovery_probability=None, completeness=None, basis="no species counts were taken")
    discovery = max(best.singletons, 1) / best.samples
    unseen = best.singletons**2 / (2 * best.doubletons) if best.doubletons else best.singletons * (best.singletons - 1) / 2
    completeness = best.observed / (best.observed + unseen)
    basis = (
        f"{best.samples} sampled executions, {best.singletons} edges seen once, {best.doubletons} twice, {best.observed} in all"
    )
    if best.samples < _FEW:
        basis += "; few samples, read with care"
    return ResidualRisk(discovery_probability=discovery, completeness=completeness, basis=basis)
