"""Which of several violations of one execution to look at first."""

from enum import IntEnum

from mithridate.model.violation import Access, Violation, ViolationKind
from mithridate.oracles.detector import Detector

_K = ViolationKind


class Gravity(IntEnum):
    """From the gravest down."""

    WILD_JUMP = 0
    MEMORY_WRITE = 1
    MEMORY_UNKNOWN = 2
    MEMORY_READ = 3
    WILD_ACCESS = 4
    STOPPED = 5
    UNDEFINED = 6
    RESOURCE = 7
    LEAK = 8


_WRITES = frozenset({_K.DOUBLE_FREE, _K.BAD_FREE, _K.ALLOC_DEALLOC_MISMATCH, _K.HEAP_CORRUPTION, _K.STACK_SMASHING})
_MEMORY = frozenset(
    {
        _K.HEAP_BUFFER_OVERFLOW,
        _K.STACK_BUFFER_OVERFLOW,
        _K.STACK_BUFFER_UNDERFLOW,
        _K.DYNAMIC_STACK_BUFFER_OVERFLOW,
        _K.GLOBAL_BUFFER_OVERFLOW,
        _K.CONTAINER_OVERFLOW,
        _K.HEAP_USE_AFTER_FREE,
        _K.STACK_USE_AFTER_RETURN,
        _K.STACK_USE_AFTER_SCOPE,
        _K.NEGATIVE_SIZE_PARAM,
        _K.PARAM_OVERLAP,
        _K.USE_AFTER_POISON,
        _K.UNKNOWN_ADDRESS_ACCESS,
        _K.WILD_POINTER,
    }
)
_RESOURCES = frozenset({_K.TIMEOUT, _K.MEMORY_EXHAUSTION, _K.ALLOCATION_SIZE})


def gravity(violation: Violation) -> Gravity:
    """How grave: memory written before memory read, before a mere stop, before undefined arithmetic, before resources."""
    kind = violation.kind
    if kind is _K.WILD_JUMP:
        return Gravity.WILD_JUMP
    if kind in _WRITES:
        return Gravity.MEMORY_WRITE
    if kind in _MEMORY:
        return _by_access(violation)
    if kind in _RESOURCES:
        return Gravity.RESOURCE
    if kind is _K.LEAK:
        return Gravity.LEAK
    if violation.detector == Detector.UNDEFINED_BEHAVIOUR_SANITIZER:
        return Gravity.UNDEFINED
    return Gravity.STOPPED


def _by_access(violation: Violation) -> Gravity:
    if violation.access is Access.WRITE:
        return Gravity.MEMORY_WRITE
    if violation.kind is _K.WILD_POINTER:
        return Gravity.WILD_ACCESS
    return Gravity.MEMORY_READ if violation.access is Access.READ else Gravity.MEMORY_UNKNOWN
