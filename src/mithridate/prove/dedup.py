"""One finding a root cause: groups proofs that show the same flaw (DESIGN.md §4, "Dedup").

Two proofs show one flaw when any of these holds:
1. their violations have the same signature;
2. violations of one family happen at the same file, line and function, with the same direction of access;
3. violations of one family, in one function, miss an object that was made at the same place (or is the same variable).
Time that a regular expression takes is one finding an expression, wherever it is matched.
Observed facts are one finding a place: of them only the line counts, not the way that led there.
The relation is closed transitively, and the result does not depend on the order of the proofs.
"""

from collections.abc import Hashable, Iterable, Sequence
from enum import StrEnum

from mithridate.model.finding import Proof
from mithridate.model.violation import OBSERVED_FACTS, Access, Frame, Violation, ViolationKind

ALLOCATION_FRAMES = 2
"""How many project frames name an allocation site: one is not enough where a wrapper such as xmalloc makes every object."""


class Family(StrEnum):
    """Kinds that one flaw shows in turn, depending on where in memory the bad access happens to land."""

    OUT_OF_BOUNDS = "out-of-bounds"
    LIFETIME = "lifetime"
    NULL = "null"


_FAMILIES = {
    ViolationKind.HEAP_BUFFER_OVERFLOW: Family.OUT_OF_BOUNDS,
    ViolationKind.STACK_BUFFER_OVERFLOW: Family.OUT_OF_BOUNDS,
    ViolationKind.STACK_BUFFER_UNDERFLOW: Family.OUT_OF_BOUNDS,
    ViolationKind.DYNAMIC_STACK_BUFFER_OVERFLOW: Family.OUT_OF_BOUNDS,
    ViolationKind.GLOBAL_BUFFER_OVERFLOW: Family.OUT_OF_BOUNDS,
    ViolationKind.CONTAINER_OVERFLOW: Family.OUT_OF_BOUNDS,
    ViolationKind.USE_AFTER_POISON: Family.OUT_OF_BOUNDS,
    ViolationKind.UNKNOWN_ADDRESS_ACCESS: Family.OUT_OF_BOUNDS,
    ViolationKind.WILD_POINTER: Family.OUT_OF_BOUNDS,
    ViolationKind.BUS_ERROR: Family.OUT_OF_BOUNDS,
    ViolationKind.ARRAY_INDEX: Family.OUT_OF_BOUNDS,
    ViolationKind.NEGATIVE_SIZE_PARAM: Family.OUT_OF_BOUNDS,
    ViolationKind.HEAP_USE_AFTER_FREE: Family.LIFETIME,
    ViolationKind.DOUBLE_FREE: Family.LIFETIME,
    ViolationKind.STACK_USE_AFTER_RETURN: Family.LIFETIME,
    ViolationKind.STACK_USE_AFTER_SCOPE: Family.LIFETIME,
    ViolationKind.NULL_DEREFERENCE: Family.NULL,
    # "member access within null pointer", a step before the dereference of the same line
    ViolationKind.UNDEFINED_BEHAVIOUR: Family.NULL,
}

_NO_FIXED_PLACE = frozenset({ViolationKind.TIMEOUT, ViolationKind.MEMORY_EXHAUSTION, ViolationKind.STACK_EXHAUSTION})
"""The innermost frame of these is chance: only the signature groups them."""


def group(proofs: Iterable[Proof]) -> tuple[tuple[Proof, ...], ...]:
    """Partition `proofs` by root cause. Groups and their members come in a stable order: the most telling proof first."""
    ordered = sorted(proofs, key=_rank)
    return tuple(tuple(ordered[i] for i in members) for members in _joined([_keys_of_proof(proof) for proof in ordered]))


def roots(violations: Sequence[Violation]) -> list[list[int]]:
    """The positions of violations of one door, grouped by root cause by the same rules."""
    return _joined([_keys(v) if v.frames else [("signature", v.signature)] for v in violations])


def _joined(keys: Sequence[Sequence[Hashable]]) -> list[list[int]]:
    """Positions whose keys overlap, directly or through others; in order."""
    parent = list(range(len(keys)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    seen: dict[Hashable, int] = {}
    for i, mine in enumerate(keys):
        for key in mine:
            first, here = find(seen.setdefault(key, i)), find(i)
            parent[max(first, here)] = min(first, here)
    groups: dict[int, list[int]] = {}
    for i in range(len(keys)):
        groups.setdefault(find(i), []).append(i)
    return list(groups.values())


def _keys_of_proof(proof: Proof) -> list[Hashable]:
    """Where nothing tells the place, all that is known is the door: what goes wrong behind two doors is not one flaw."""
    if proof.violation.frames:
        return _keys(proof.violation)
    return [("door", proof.entry_id, proof.signature)]


def same_root(one: Violation, other: Violation) -> bool:
    """True when the two violations show the same flaw by the rules above, without a third between them."""
    return not set(_keys(one)).isdisjoint(_keys(other))


def _rank(proof: Proof) -> tuple[object, ...]:
    """Sort key: what fires on the snapshot first, then more control, then writes, then kinds that say more, then smaller inputs,
    then anything stable."""
    violation = proof.violation
    return (
        proof.shadow is not None,
        -proof.control.tier,
        violation.access is not Access.WRITE,
        violation.kind is ViolationKind.ARRAY_INDEX,
        proof.size,
        proof.signature,
        proof.entry_id,
        proof.blob,
    )


def _keys(violation: Violation) -> list[Hashable]:
    """Whoever shares one of these keys shares the root cause."""
    keys: list[Hashable] = [("signature", violation.signature)]
    place = violation.place
    if violation.kind in OBSERVED_FACTS and place is not None and place.line:
        return [("fact", violation.kind, place.file, place.line)]
    if place is not None and place.pattern:
        return [("pattern", violation.kind, place.file, place.line)]
    if place is None or not place.in_project or violation.kind in _NO_FIXED_PLACE:
        return keys
    family = _FAMILIES.get(violation.kind, violation.kind)
    # A violation that does not say its direction (an array index, a double free) joins both.
    directions = (violation.access,) if violation.access else tuple(Access)
    for direction in directions:
        if place.line:
            keys.append(("place", family, direction, place.file, place.line, place.function))
        made_at = _project_sites(violation.allocation)
        if made_at:
            keys.append(("allocation", family, direction, place.file, place.function, made_at))
        elif violation.region is not None and violation.region.name:
            keys.append(("variable", family, direction, place.file, place.function, violation.region.kind, violation.region.name))
    return keys


def _project_sites(frames: Sequence[Frame]) -> tuple[tuple[str, int], ...]:
    return tuple((f.file, f.line) for f in frames if f.in_project and f.line)[:ALLOCATION_FRAMES]
