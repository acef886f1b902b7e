"""In front of the object: a pointer is set a fixed number of elements before where its object begins."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from mithridate.model.violation import Relation
from mithridate.repair.c.accesses import split
from mithridate.repair.c.codebase import Place
from mithridate.repair.c.edits import replaced, replacing
from mithridate.repair.c.nodes import called, descendants, text, uncast
from mithridate.repair.c.scene import Draft, Scene
from mithridate.repair.c.source import Function, Source
from mithridate.repair.proposers.missing_bound import OUT_OF_BOUNDS
from mithridate.repair.proposers.template import Template

_FRAMES = 4
_CALLED = 6


def drafts(scene: Scene) -> Iterator[Draft]:
    """The pointer is set to the beginning, in the functions on the way and in those that gave them a pointer."""
    region, index = scene.violation.region, "index -" in scene.violation.message
    if (region is None or region.relation is not Relation.BEFORE) and not index:
        return
    for depth, place in enumerate(scene.places[:_FRAMES]):
        yield from _set_before(scene, place, place.source, place.function, 0.6 + 0.2 * depth)
        for number, (source, function) in enumerate(_givers(scene, place)):
            yield from _set_before(scene, place, source, function, 0.7 + 0.2 * depth + 0.05 * number)


def _set_before(scene: Scene, place: Place, source: Source, function: Function, rank: float) -> Iterator[Draft]:
    for given in descendants(function.body, {"assignment_expression", "init_declarator"}):
        value = given.child_by_field_name("right") or given.child_by_field_name("value")
        target = text(given.child_by_field_name("left") or given.child_by_field_name("declarator")).lstrip("* ")
        if value is None:
            continue
        base, offset, sign = split(value)
        if sign != "-" or offset is None or offset.type != "number_literal" or not _is_pointer(scene, place, function, base):
            continue
        told = text(uncast(value))
        yield Draft(
            changes={source.path: replaced(source, [replacing(uncast(value), text(base))])},
            cause=f"{target} is set to {told}, which lies before {text(base)}.",
            fix=f"It is set to {text(base)}.",
            rank=rank,
            functions=(function.name,),
        )


def _is_pointer(scene: Scene, place: Place, function: Function, base: Node) -> bool:
    """As its declaration in that function says; in the place's own one also by what is in sight there."""
    name = re.escape(text(base))
    if not re.fullmatch(r"\w+", text(base)):
        variable = scene.code.resolved(place, base) if function.node == place.function.node else None
        return variable is not None and (variable.is_pointer or variable.is_array)
    return re.search(rf"\*\s*(?:const\s+)?{name}\b|\b{name}\s*\[[^\]]*\]\s*[;=,]", text(function.node)) is not None


def _givers(scene: Scene, place: Place) -> Iterator[tuple[Source, Function]]:
    """The project's functions whose result is assigned in the place's function."""
    names: dict[str, None] = {}
    for given in descendants(place.function.body, {"assignment_expression", "init_declarator"}):
        value = given.child_by_field_name("right") or given.child_by_field_name("value")
        if value is not None and uncast(value).type == "call_expression":
            names[called(uncast(value))] = None
    for name in list(names)[:_CALLED]:
        yield from list(scene.code.definitions(name))[:1]


BEFORE_OBJECT = Template("before-object", OUT_OF_BOUNDS, drafts, most=6)
