"""Uninitialised variables and memory: a value to begin with."""

import re
from collections.abc import Iterator

from mithridate.model.violation import ViolationKind
from mithridate.repair.c.bounds import allocation_size
from mithridate.repair.c.codebase import Place
from mithridate.repair.c.edits import replaced, replacing
from mithridate.repair.c.nodes import arguments, called, identifiers, statement_of, text
from mithridate.repair.c.scene import Draft, Scene
from mithridate.repair.c.scope import Variable
from mithridate.repair.proposers.template import Template

KINDS = frozenset(
    {
        ViolationKind.WILD_POINTER,
        ViolationKind.BAD_FREE,
        ViolationKind.BUS_ERROR,
        ViolationKind.WILD_JUMP,
        ViolationKind.UNKNOWN_ADDRESS_ACCESS,
        ViolationKind.UNDEFINED_BEHAVIOUR,
        ViolationKind.NULL_DEREFERENCE,
        ViolationKind.HEAP_CORRUPTION,
    }
)


def drafts(scene: Scene) -> Iterator[Draft]:
    """Locals that the statement uses and that have no value yet at their declaration; memory that was not cleared."""
    for depth, place in enumerate(scene.places[:3]):
        used = identifiers(place.statement)
        for variable in scene.code.in_scope(place):
            if variable.kind == "local" and variable.expression in used and variable.value is None and variable.node is not None:
                yield from _begun(scene, place, variable, 0.9 + 0.4 * depth)
    for site in scene.allocation[:2]:
        allocated = allocation_size(site.statement)
        if allocated is None or called(allocated[0]) != "malloc":
            continue
        size = text(arguments(allocated[0])[0])
        yield scene.draft(
            site,
            replaced(site.source, [replacing(allocated[0], f"calloc(1, {size})")]),
            cause="What is allocated holds what was there before.",
            fix="It is cleared.",
            rank=1.2,
        )


def _begun(scene: Scene, place: Place, variable: Variable, rank: float) -> Iterator[Draft]:
    assert variable.node is not None
    if statement_of(variable.node).type != "declaration":
        return
    value = "0"
    if variable.is_pointer:
        value = "nullptr" if place.source.cplusplus and b"nullptr" in place.source.content else "NULL"
    elif variable.dimensions or re.search(r"\b(?:struct|union)\b", variable.type) or not variable.is_integer:
        value = "{0}" if not place.source.cplusplus else "{}"
    yield scene.draft(
        place,
        replaced(place.source, [replacing(variable.node, f"{text(variable.node)} = {value}")]),
        cause=f"{variable.expression} is used on a way on which it was given no value.",
        fix=f"It begins as {value}.",
        rank=rank,
    )


UNINITIALISED = Template("uninitialised", KINDS, drafts, most=10)
