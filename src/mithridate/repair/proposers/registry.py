"""The proposers that every finding is shown to, in the order in which they are asked."""

from collections.abc import Callable

from mithridate.repair.interface import Proposer
from mithridate.repair.python.every import PYTHON_PROPOSERS

PROPOSERS: tuple[Callable[[], Proposer], ...] = PYTHON_PROPOSERS
"""What makes one of each."""


def proposers() -> tuple[Proposer, ...]:
    """One of each."""
    return tuple(make() for make in PROPOSERS)
