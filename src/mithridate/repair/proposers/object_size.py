"""An object of a fixed size that is smaller than what is always put into it: its declared or allocated size is what is wrong.

By the text alone: the object is found by its name and size, and what it needs is told by the size of what is copied.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from mithridate.model.violation import Region, Relation
from mithridate.repair.c.accesses import accesses
from mithridate.repair.c.bounds import allocation_size, bounds_of
from mithridate.repair.c.codebase import Place
from mithridate.repair.c.edits import replaced, replacing
from mithridate.repair.c.nodes import called, descendants, operator, text, uncast
from mithridate.repair.c.scene import Draft, Scene, governing
from mithridate.repair.proposers.missing_bound import OUT_OF_BOUNDS
from mithridate.repair.proposers.template import Template

_FRAMES = 4
_MOST = 1 << 20
_ON_STACK = re.compile(r"(?:^|_)alloca$", re.I)
_BYTES = re.compile(r"(?:void|(?:(?:un)?signed )?char|u?int8_t|uint8|byte)\*", re.I)


@dataclass(frozen=True, slots=True)
class _Object:
    """`size` is the number that says how many; `name` the variable that holds or points to it."""

    place: Place
    size: Node
    name: str


def drafts(scene: Scene) -> Iterator[Draft]:
    """As many bytes as there are elements; the size of a pointer; a number smaller than that of what is copied."""
    region = scene.violation.region
    if region is None or region.relation is not Relation.AFTER or not region.size:
        return
    sites = [*scene.allocation[:2], *scene.places[:_FRAMES]]
    for site in {(s.source.path, s.function.node.start_byte): s for s in reversed(sites)}.values():
        yield from _elements(scene, site, region)
        yield from _pointed_to(scene, site, region)
    needed = sorted({n for place in scene.places[:2] for n in _moved(scene, place)})
    for found in _objects(scene, region):
        for number in [n for n in needed if n > int(text(found.size))][:3]:
            yield scene.draft(
                found.place,
                replaced(found.place.source, [replacing(found.size, str(number))]),
                cause=f"{found.name} has room for {text(found.size)}, and {number} are put into it.",
                fix=f"It has room for {number}.",
                rank=0.65 if scene.missed and found.name == scene.missed else 0.8,
            )


def _elements(scene: Scene, site: Place, region: Region) -> Iterator[Draft]:
    """`int *p = malloc(10)` for ten of them."""
    for name, kind, call, size in _allocations(site):
        if size.type != "number_literal" or text(size) != str(region.size) or _BYTES.fullmatch(kind):
            continue
        told = f"{text(size)} * sizeof(*{name})"
        yield scene.draft(
            site,
            replaced(site.source, [replacing(size, told)]),
            cause=f"{called(call)}() is told a number of elements and takes it for a number of bytes.",
            fix=f"It is asked for {told}.",
            rank=0.6,
        )


def _pointed_to(scene: Scene, site: Place, region: Region) -> Iterator[Draft]:
    """`p = malloc(sizeof(p))`: the pointer's size for that of what it points to."""
    for name, _, _, size in _allocations(site):
        for asked in descendants(size, {"sizeof_expression"}):
            told = re.sub(r"^sizeof\s*", "", text(asked)).strip("() ")
            if told != name or region.size % 8:
                continue
            yield scene.draft(
                site,
                replaced(site.source, [replacing(asked, f"sizeof(*{name})")]),
                cause=f"sizeof({name}) is the size of the pointer, not of what it points to.",
                fix=f"It is asked for sizeof(*{name}).",
                rank=0.5,
            )


def _allocations(site: Place) -> Iterator[tuple[str, str, Node, Node]]:
    """Variable, its type, the call and the last factor of each allocation in the site's function."""
    kinds = _kinds(site)
    for held in descendants(site.function.body, {"init_declarator", "assignment_expression"}):
        value = held.child_by_field_name("value") or held.child_by_field_name("right")
        name = text(held.child_by_field_name("declarator") or held.child_by_field_name("left")).lstrip("* ")
        call = uncast(value) if value is not None else None
        if call is not None and call.type == "call_expression" and name in kinds:
            sizes = _sizes(call)
            if sizes:
                yield name, kinds[name], call, sizes[-1]


def _kinds(site: Place) -> dict[str, str]:
    """The function's local pointers with their types."""
    found: dict[str, str] = {}
    for declaration in descendants(site.function.body, {"declaration"}):
        for declarator in declaration.children_by_field_name("declarator"):
            told = text(declarator).partition("=")[0].strip()
            if "*" in told:
                found[told.lstrip("* ")] = text(declaration.child_by_field_name("type")) + "*" * told.count("*")
    return found


def _sizes(call: Node) -> list[Node]:
    if _ON_STACK.search(called(call)):
        listed = call.child_by_field_name("arguments")
        return [uncast(n) for n in listed.named_children[:1]] if listed is not None else []
    allocated = allocation_size(call)
    return [uncast(n) for n in allocated[1]] if allocated is not None and allocated[0] == call else []


def _objects(scene: Scene, region: Region) -> Iterator[_Object]:
    """Arrays and allocations of a number that fits the size of the object that was left, in the functions on the way."""
    seen: set[tuple[str, int]] = set()
    for site in [*scene.places[:_FRAMES], *scene.allocation[:2]]:
        for array in descendants(site.function.body, {"array_declarator"}):
            size, name = array.child_by_field_name("size"), text(array.child_by_field_name("declarator"))
            if size is None or (scene.missed and name != scene.missed) or (site.source.path, size.start_byte) in seen:
                continue
            if _fits(size, region.size):
                seen.add((site.source.path, size.start_byte))
                yield _Object(site, size, name)
        for call in descendants(site.function.body, {"call_expression"}):
            for size in [n for s in _sizes(call) for n in _factors(s)]:
                if _fits(size, region.size) and (site.source.path, size.start_byte) not in seen:
                    seen.add((site.source.path, size.start_byte))
                    held = call.parent
                    while held is not None and held.type in ("cast_expression", "parenthesized_expression"):
                        held = held.parent
                    left = (held.child_by_field_name("declarator") or held.child_by_field_name("left")) if held else None
                    yield _Object(site, size, text(left).lstrip("* ") or "the object")


def _factors(size: Node) -> list[Node]:
    if size.type == "binary_expression" and operator(size) == "*":
        sides = (size.child_by_field_name("left"), size.child_by_field_name("right"))
        return [uncast(n) for n in sides if n is not None]
    return [size]


def _fits(size: Node, object_bytes: int) -> bool:
    told = text(size)
    return (
        size.type == "number_literal"
        and told.isdigit()
        and int(told) > 1
        and object_bytes % int(told) == 0
        and (object_bytes // int(told) in (1, 2, 4, 8, 16))
    )


def _moved(scene: Scene, place: Place) -> Iterator[int]:
    """Numbers of elements that the statement moves: of its source, by its length, by the loop around it."""
    found = accesses(place.statement, place.frame.line, place.frame.column)
    nodes = [n for access in found for n in (access.length, access.scale) if n is not None]
    nodes += governing(place)[:2] if any(access.kind == "subscript" for access in found) else []
    told = {text(n) for node in nodes for n in descendants(node, {"number_literal"})}
    for access in found:
        if access.role == "source" or (access.kind == "subscript" and not access.writes):
            variable = scene.code.resolved(place, access.pointer)
            told |= set(variable.dimensions[:1]) if variable is not None and variable.is_array else set()
            told |= {bound.text for bound in bounds_of(scene, place, access.pointer)}
    yield from (int(number) for number in told if number.isdigit() and 1 < int(number) <= _MOST)


OBJECT_SIZE = Template("object-size", OUT_OF_BOUNDS, drafts, most=10)
