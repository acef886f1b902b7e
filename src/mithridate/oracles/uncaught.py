"""Exceptions that a project's own fuzz target or property test lets through.

Such a harness says by itself what counts: what it catches is the interface's way of refusing input, and what it lets through, or
asserts, its author calls a flaw (the contract of Atheris and of Hypothesis). Of a function or a route an exception says nothing.
"""

from mithridate.model.observation import Observation, Sink
from mithridate.model.violation import ViolationKind

_JUDGED_ELSEWHERE = frozenset({"MemoryError", "RecursionError"})
"""What counts as too much is measured (oracles/growth)."""
_OURS = frozenset({"ImportError", "SkipTest"})
"""What the environment lacks, and tests that say so."""
_ENGINES = ("hypothesis", "atheris")


def uncaught(observation: Observation) -> ViolationKind | None:
    """The violation that an exception is by the contract of the harness that it left; None for all other observations.

    No violation are errors of the operating system, as the sandbox has no network and few files, and what the harness calls
    itself and did not foresee: then the harness is at fault.
    """
    detail = observation.detail
    if observation.sink is not Sink.ERROR or not detail.get("target") or not observation.frames:
        return None
    bases = frozenset(detail.get("bases", "").split())
    if "Exception" not in bases or bases & (_JUDGED_ELSEWHERE | _OURS) or "errno" in detail:
        return None
    if detail.get("module", "").partition(".")[0] in _ENGINES or detail.get("by") not in ("project", "target"):
        return None
    return ViolationKind.ASSERTION if "AssertionError" in bases else ViolationKind.UNCAUGHT_EXCEPTION
