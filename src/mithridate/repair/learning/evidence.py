"""What was recorded at one place: the names with their types, and the states of executions that violate and that do not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mithridate.model.violation import ViolationKind
from mithridate.repair.learning.arithmetic import CType, State

AFTER = "#after"
BEFORE = "#before"


def after(pointer: str) -> str:
    """The recorded name of the bytes from a pointer to the end of its object, as AddressSanitizer knows the object."""
    return pointer + AFTER


def before(pointer: str) -> str:
    """The recorded name of the bytes from the start of a pointer's object to the pointer."""
    return pointer + BEFORE


@dataclass(frozen=True, slots=True)
class Pointer:
    """A pointer in sight: its source text, the size in bytes of what it points to (0: unknown), and that type as written."""

    text: str
    element: int = 0
    type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What a guard at a place may mention. `integers` are variables and members; `constants` are literals of the function,
    macros and sizeof expressions, by text; `mentioned` is what the statement at fault speaks of, `indices` what stands alone in
    its subscripts."""

    integers: Mapping[str, CType]
    pointers: tuple[Pointer, ...] = ()
    numbers: tuple[int, ...] = ()
    constants: Mapping[str, CType] = field(default_factory=dict)
    mentioned: frozenset[str] = frozenset()
    indices: frozenset[str] = frozenset()
    largest: Mapping[CType, str] = field(default_factory=dict)
    null: str = "NULL"
    size_bits: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """States at one place. `violating` has one state of each execution that violated what is to be repaired, the last before
    it; `healthy` has the other states. The counts are of executions."""

    violating: tuple[State, ...]
    healthy: tuple[State, ...]
    violated: int
    passed: int

    @property
    def thin(self) -> bool:
        """Too little to learn from without more variants."""
        return self.violated < _FEW or self.passed < _FEW


class Family(StrEnum):
    """What is wrong with the value, as far as the violation's kind tells."""

    BOUND = "bound"
    NULL = "null"
    DIVISOR = "divisor"
    SHIFT = "shift"
    WRAP = "wrap"
    SIZE = "size"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What the violation tells: its family, the bytes of the bad access, the size of the object that was missed (0: unknown)."""

    family: Family
    width: int = 0
    object_size: int = 0


_FEW = 3

_FAMILIES: Mapping[Family, tuple[ViolationKind, ...]] = {
    Family.BOUND: (
        ViolationKind.HEAP_BUFFER_OVERFLOW,
        ViolationKind.STACK_BUFFER_OVERFLOW,
        ViolationKind.STACK_BUFFER_UNDERFLOW,
        ViolationKind.DYNAMIC_STACK_BUFFER_OVERFLOW,
        ViolationKind.GLOBAL_BUFFER_OVERFLOW,
        ViolationKind.CONTAINER_OVERFLOW,
        ViolationKind.ARRAY_INDEX,
        ViolationKind.UNKNOWN_ADDRESS_ACCESS,
        ViolationKind.WILD_POINTER,
        ViolationKind.STACK_SMASHING,
        ViolationKind.HEAP_CORRUPTION,
    ),
    Family.NULL: (ViolationKind.NULL_DEREFERENCE,),
    Family.DIVISOR: (ViolationKind.DIVISION_BY_ZERO,),
    Family.SHIFT: (ViolationKind.SHIFT_EXPONENT,),
    Family.WRAP: (ViolationKind.SIGNED_INTEGER_OVERFLOW,),
    Family.SIZE: (
        ViolationKind.NEGATIVE_SIZE_PARAM,
        ViolationKind.ALLOCATION_SIZE,
        ViolationKind.MEMORY_EXHAUSTION,
        ViolationKind.VLA_BOUND,
    ),
}


def family(kind: ViolationKind) -> Family:
    """What a kind of violation says about the value that is wrong."""
    return next((name for name, kinds in _FAMILIES.items() if kind in kinds), Family.OTHER)


def distinct(states: Iterable[State], most: int) -> tuple[State, ...]:
    """Each state once, and of more than `most` an even choice."""
    unique = list({tuple(sorted(state.items())): state for state in states}.values())
    if len(unique) <= most:
        return tuple(unique)
    return tuple(unique[i * len(unique) // most] for i in range(most))
