"""Proposers by name, in the order in which they are asked."""

from collections.abc import Callable

from mithridate.repair.interface import Proposer
from mithridate.repair.python.every import PYTHON_PROPOSERS

_PROPOSERS: tuple[Callable[[], Proposer], ...] = (*PYTHON_PROPOSERS,)


def create() -> tuple[Proposer, ...]:
    """All proposers."""
    return tuple(kind() for kind in _PROPOSERS)
