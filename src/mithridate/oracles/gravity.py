"""Which of several violations of one execution to look at first."""

from enum import IntEnum

from mithridate.model.violation import OBSERVED_FACTS, Access, Violation, ViolationKind
from mithridate.oracles.detector import Detector

_K = ViolationKind


class Gravity(IntEnum):
    """From the gravest down."""

    WILD_JUMP = 0
    EXECUTION = 1
    MEMORY_WRITE = 2
    STRUCTURE = 3
    MEMORY_UNKNOWN = 4
    MEMORY_READ = 5
    SELECTION = 6
    WILD_ACCESS = 7
    STOPPED = 8
    UNDEFINED = 9
    RESOURCE = 10
    LEAK = 11
    FACT = 12


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
_RESOURCES = frozenset({_K.TIMEOUT, _K.MEMORY_EXHAUSTION, _K.ALLOCATION_SIZE, _K.SUPERLINEAR_TIME})
_EXECUTION = frozenset({_K.SHELL_INJECTION, _K.CODE_INJECTION, _K.UNSAFE_DESERIALISATION, _K.UNTRUSTED_IMPORT})
_STRUCTURE = frozenset(
    {
        _K.SQL_INJECTION,
        _K.ARGUMENT_INJECTION,
        _K.CROSS_SITE_SCRIPTING,
        _K.HEADER_INJECTION,
        _K.XPATH_INJECTION,
        _K.LDAP_INJECTION,
        _K.REGEX_INJECTION,
        _K.LOG_INJECTION,
        _K.TEMPLATE_INJECTION,
        _K.XML_INJECTION,
        _K.ARCHIVE_TRAVERSAL,
    }
)
_SELECTION = frozenset({_K.PATH_TRAVERSAL, _K.OPEN_REDIRECT, _K.REQUEST_FORGERY, _K.EXTERNAL_ENTITY})
_OF_KIND = {
    **dict.fromkeys(_EXECUTION, Gravity.EXECUTION),
    **dict.fromkeys(_STRUCTURE, Gravity.STRUCTURE),
    **dict.fromkeys(_SELECTION, Gravity.SELECTION),
    **dict.fromkeys(OBSERVED_FACTS, Gravity.FACT),
}


def gravity(violation: Violation) -> Gravity:
    """How grave: what is executed, then what is written or changed in structure, then what is read or selected, before a mere
    stop, before undefined arithmetic, before resources; observed facts last."""
    kind = violation.kind
    if kind in _OF_KIND:
        return _OF_KIND[kind]
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
