"""What of a violation can move, and whether it moved: the comparisons behind the control tiers.

Address randomisation is not control. Addresses are compared relative to the object that was missed; an absolute address
counts only as far as it is the same in repeated runs of one input: all of it, or its offset in a page, which
randomisation keeps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from mithridate.model.violation import Region, Relation, Violation, ViolationKind
from mithridate.prove import wording
from mithridate.prove.batch import module_places

PAGE_BYTES = 4096
SAME_SITE_BYTES = 256
"""A check's report and the access itself are two instructions of one statement; further apart, they are two places."""

_K = ViolationKind
ADDRESS_KINDS = frozenset(
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
        _K.USE_AFTER_POISON,
        _K.UNKNOWN_ADDRESS_ACCESS,
        _K.WILD_POINTER,
        _K.NULL_DEREFERENCE,
        _K.BUS_ERROR,
    }
)
"""Kinds that one instruction shows in turn, depending on where the address that it uses points."""


class Part(StrEnum):
    """The parts of a violation that an attacker may want to steer."""

    ADDRESS = "address"
    SIZE = "size"
    TARGET = "target"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What differs between repeated runs of one and the same input. What is noisy shows nothing when it differs."""

    address: bool
    page_offset: bool
    region: bool
    size: bool


def noise(repeats: Sequence[Violation]) -> Noise:
    """The noise floor that repeated runs of one input show."""
    return Noise(
        address=len({v.address for v in repeats}) > 1,
        page_offset=len({None if v.address is None else v.address % PAGE_BYTES for v in repeats}) > 1,
        region=len({v.region for v in repeats}) > 1,
        size=len({v.size for v in repeats}) > 1,
    )


def same_site(one: Violation, other: Violation) -> bool:
    """True when both are (as far as modules and offsets tell) the same access in the program."""
    if one.access is not other.access and None not in (one.access, other.access):
        return False
    if one.kind is not other.kind and not {one.kind, other.kind} <= ADDRESS_KINDS:
        return False
    here, there = module_places(one), module_places(other)
    if not here or not there:
        return not here and not there and one.kind is other.kind
    return here[0][0] == there[0][0] and abs(here[0][1] - there[0][1]) <= SAME_SITE_BYTES and here[1:3] == there[1:3]


def same_place(one: Violation, other: Violation) -> bool:
    """The same question for symbolised violations: one file, one line, one function."""
    a, b = one.place, other.place
    if one.kind is ViolationKind.WILD_JUMP or a is None or b is None:
        return one.signature == other.signature
    kinds = one.kind is other.kind or {one.kind, other.kind} <= ADDRESS_KINDS
    return kinds and (a.file, a.line, a.function) == (b.file, b.line, b.function)


def moved(before: Violation, after: Violation, floor: Noise) -> frozenset[Part]:
    """Which parts moved from one violation to the other at the same place, beyond the noise floor."""
    parts = set()
    if before.kind is _K.WILD_JUMP:
        if after.kind is _K.WILD_JUMP and not floor.address and None not in (before.address, after.address):
            parts |= {Part.TARGET} if before.address != after.address else set()
        return frozenset(parts)
    if _address_moved(before, after, floor):
        parts.add(Part.ADDRESS)
    if _size_moved(before, after, floor):
        parts.add(Part.SIZE)
    return frozenset(parts)


def follows(before: Violation, after: Violation, old: bytes, new: bytes) -> bool:
    """True when a jump's target changed by just what one byte of the input changed, at some byte of the address.

    Guards against calling it control when the input merely selects which garbage is jumped to.
    """
    if before.address is None or after.address is None or len(old) != len(new):
        return False
    differences = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
    if len(differences) != 1:
        return False
    delta = differences[0][1] - differences[0][0]
    change = (after.address - before.address) % (1 << 64)
    return any(change == (delta << (8 * i)) % (1 << 64) for i in range(8))


def description(violation: Violation, part: Part) -> str:
    """The moved part in words: "0 bytes past the end of a heap object of 16 bytes", "32 bytes", "address 0x41414141"."""
    if part is Part.SIZE:
        return wording.count(violation.size, "byte")
    if violation.region is not None and part is Part.ADDRESS:
        return wording.position(violation.region)
    return "an unknown address" if violation.address is None else f"address {violation.address:#x}"


def _address_moved(before: Violation, after: Violation, floor: Noise) -> bool:
    if before.region is not None:
        if floor.region:
            return False
        if after.region is None:
            # Far outside: no object is near enough for the report to name one.
            return after.kind in (_K.WILD_POINTER, _K.UNKNOWN_ADDRESS_ACCESS, _K.BUS_ERROR) and after.access is before.access
        return _moved_in_region(before, after, before.region, after.region)
    if after.region is not None or before.address is None or after.address is None:
        return before.region is None and after.region is not None and not floor.page_offset
    if not floor.address:
        return before.address != after.address
    return not floor.page_offset and before.address % PAGE_BYTES != after.address % PAGE_BYTES


def _moved_in_region(before: Violation, after: Violation, old: Region, new: Region) -> bool:
    """Both the distance from the object's start and that from its end must change: otherwise only the object's size did."""
    if (old.kind, old.name) != (new.kind, new.name) or module_places_of_allocation(before) != module_places_of_allocation(after):
        return False
    return _from_start(old) != _from_start(new) and _from_end(old) != _from_end(new)


def module_places_of_allocation(violation: Violation) -> tuple[tuple[str, int], ...]:
    """Where the missed object was made, as module offsets; two frames see through a wrapper around malloc."""
    return tuple((f.module, f.offset) for f in violation.allocation if f.module)[:2]


def _size_moved(before: Violation, after: Violation, floor: Noise) -> bool:
    if floor.size or before.size == after.size or not before.size or not after.size:
        return False
    if before.region is None or after.region is None:
        return before.region is after.region
    # An access that always misses by as much, whatever the object's size, is not steered.
    return after.size - before.size != after.region.size - before.region.size


def _from_start(region: Region) -> int:
    if region.relation is Relation.AFTER:
        return region.size + region.distance
    return -region.distance if region.relation is Relation.BEFORE else region.distance


def _from_end(region: Region) -> int:
    return _from_start(region) - region.size
