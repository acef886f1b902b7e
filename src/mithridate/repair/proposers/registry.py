"""Proposers by name, in the order in which they are asked."""

from mithridate.repair.interface import Proposer
from mithridate.repair.learning.proposer import LearnedGuard
from mithridate.repair.proposers.allocation_limit import ALLOCATION_LIMIT
from mithridate.repair.proposers.arithmetic import DIVISION, SHIFT, SIGNED_OVERFLOW
from mithridate.repair.proposers.assertion import ASSERTION
from mithridate.repair.proposers.before_object import BEFORE_OBJECT
from mithridate.repair.proposers.freed_memory import FREED_MEMORY
from mithridate.repair.proposers.integer_wrap import INTEGER_WRAP
from mithridate.repair.proposers.left_over import LEFT_OVER
from mithridate.repair.proposers.missing_bound import MISSING_BOUND
from mithridate.repair.proposers.null_check import NULL_CHECK
from mithridate.repair.proposers.object_size import OBJECT_SIZE
from mithridate.repair.proposers.off_by_one import OFF_BY_ONE
from mithridate.repair.proposers.recursion import RECURSION
from mithridate.repair.proposers.signedness import SIGNEDNESS
from mithridate.repair.proposers.string_bounds import STRING_BOUNDS
from mithridate.repair.proposers.template import Read, Template
from mithridate.repair.proposers.uninitialised import UNINITIALISED
from mithridate.repair.proposers.unterminated import UNTERMINATED

TEMPLATES: tuple[Template, ...] = (
    OFF_BY_ONE,
    MISSING_BOUND,
    LEFT_OVER,
    OBJECT_SIZE,
    BEFORE_OBJECT,
    STRING_BOUNDS,
    NULL_CHECK,
    DIVISION,
    SHIFT,
    SIGNED_OVERFLOW,
    INTEGER_WRAP,
    SIGNEDNESS,
    UNTERMINATED,
    FREED_MEMORY,
    RECURSION,
    ALLOCATION_LIMIT,
    ASSERTION,
    UNINITIALISED,
)
"""Those for C and C++; each knows the kinds of violation that it is for."""


def create() -> tuple[Proposer, ...]:
    """All proposers: those for C and C++, what is learnt for these, and those for Python."""
    from mithridate.repair.python.every import PYTHON_PROPOSERS  # only now: their syntax tree takes a quarter of a second

    read = Read()
    return (*(template.sharing(read) for template in TEMPLATES), LearnedGuard(), *(kind() for kind in PYTHON_PROPOSERS))
