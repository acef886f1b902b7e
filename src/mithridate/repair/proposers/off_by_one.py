"""Off by one: a comparison that lets one too many through, or an object that is one too small."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from mithridate.model.violation import Relation
from mithridate.repair.c.accesses import Access
from mithridate.repair.c.bounds import allocation_size
from mithridate.repair.c.codebase import Place
from mithridate.repair.c.edits import replaced, replacing
from mithridate.repair.c.nodes import bare, descendants, identifiers, operator, text, uncast
from mithridate.repair.c.scene import Draft, Scene, checks_before, definition, governing
from mithridate.repair.c.source import loops_around
from mithridate.repair.proposers.missing_bound import OUT_OF_BOUNDS
from mithridate.repair.proposers.template import Template

_NEAR = 16
"""Bytes: what misses its object by more than an element is not off by one."""


def drafts(scene: Scene) -> Iterator[Draft]:
    """Stricter comparisons around and before the access; one more element where the object is made."""
    region = scene.violation.region
    near = region is None or (region.relation is Relation.AFTER and region.distance <= _NEAR)
    penalty = 0.0 if near else 1.0
    for place in scene.places[:2]:
        for number, access in enumerate(scene.accesses(place)[:2]):
            yield from _comparisons(place, scene, access, penalty + 0.4 * number)
            yield from _ahead(place, scene, access, penalty + 0.4 * number)
    yield from _larger_allocation(scene, penalty)
    yield from _larger_array(scene, penalty)


def _names(place: Place, access: Access) -> set[str]:
    """The names that decide where the access goes, those that they come from included."""
    nodes = [n for n in (access.index, access.offset, access.length) if n is not None]
    names: set[str] = set().union(*(identifiers(n) | _fields(n) for n in nodes)) if nodes else set()
    if not names:
        names = identifiers(access.pointer)
    for name in list(names):
        given = definition(place, name)
        value = (given.child_by_field_name("right") or given.child_by_field_name("value")) if given is not None else None
        if value is not None:
            names |= identifiers(value)
    return names


def _fields(node: Node) -> set[str]:
    return {text(f) for f in descendants(node, {"field_expression"})}


def _comparisons(place: Place, scene: Scene, access: Access, rank: float) -> Iterator[Draft]:
    names = _names(place, access)
    inside = governing(place)
    for number, asked in enumerate([*inside, *checks_before(place)[:6]]):
        rejects = number >= len(inside)
        for comparison in descendants(asked, {"binary_expression"}):
            sign = operator(comparison)
            left, right = comparison.child_by_field_name("left"), comparison.child_by_field_name("right")
            if left is None or right is None:
                continue
            on_left, on_right = _about(left, names), _about(right, names)
            stricter = ""
            if rejects:
                stricter = {">": ">="}.get(sign, "") if on_left else {"<": "<="}.get(sign, "") if on_right else ""
            elif on_left:
                stricter = {"<=": "<"}.get(sign, "")
            elif on_right:
                stricter = {">=": ">"}.get(sign, "")
            if not stricter:
                continue
            told = f"{text(left)} {stricter} {text(right)}"
            content = replaced(place.source, [replacing(comparison, told)])
            yield scene.draft(
                place,
                content,
                cause=f"The comparison {text(comparison)} lets one too many through.",
                fix=f"It is {told}.",
                condition=told,
                rank=0.7 + rank + 0.1 * number,
            )


def _ahead(place: Place, scene: Scene, access: Access, rank: float) -> Iterator[Draft]:
    """`i < n` governs an access at `i + k`: the comparison has to look as far ahead as the access does."""
    index = access.index if access.index is not None else access.offset
    if index is None or index.type != "binary_expression" or operator(index) != "+":
        return
    left, right = index.child_by_field_name("left"), index.child_by_field_name("right")
    if left is None or right is None:
        return
    base, ahead = (left, right) if identifiers(left) else (right, left)
    if not identifiers(base) or ahead.type != "number_literal":
        return
    for number, asked in enumerate(governing(place)[:4]):
        for comparison in descendants(asked, {"binary_expression"}):
            one, other = comparison.child_by_field_name("left"), comparison.child_by_field_name("right")
            if operator(comparison) in ("<", "<=", "!=") and text(one) == text(base) and other is not None:
                sign = "<" if operator(comparison) == "!=" else operator(comparison)
                told = f"{text(base)} + {text(ahead)} {sign} {text(other)}"
                content = replaced(place.source, [replacing(comparison, told)])
                yield scene.draft(
                    place,
                    content,
                    cause=f"{text(comparison)} is checked and {access.base}[{text(index)}] is used.",
                    fix=f"It is {told}.",
                    condition=told,
                    rank=0.75 + rank + 0.1 * number,
                )


def _points(scene: Scene, site: Place, size: Node) -> bool:
    """Whether what was taken for a size is an address: the function that was called makes more than memory."""
    variable = scene.code.resolved(site, size)
    if variable is not None:
        return variable.is_pointer or variable.is_array
    name = re.escape(text(size))
    return re.search(rf"\b{name}\s*(?:->|\[)|\*\s*{name}\s*[=;,)]", text(site.function.body)) is not None


def _larger_allocation(scene: Scene, penalty: float) -> Iterator[Draft]:
    """The terminator, or the last element, was not counted."""
    for site in scene.allocation[:2]:
        allocated = allocation_size(site.statement)
        if allocated is None:
            continue
        sizes = allocated[1]
        size = uncast(sizes[0])
        if len(sizes) == 1 and size.type == "binary_expression" and operator(size) == "*":
            parts = [n for n in (size.child_by_field_name("left"), size.child_by_field_name("right")) if n is not None]
            counted = [p for p in parts if uncast(p).type != "sizeof_expression"]
            size = counted[0] if len(counted) == 1 else size
        if size.type == "sizeof_expression" or size.type == "number_literal" or _points(scene, site, size):
            continue
        told = f"{text(size)} + 1" if size.type in _SIMPLE or (operator(size) in ("+", "-")) else f"({text(size)}) + 1"
        if size.parent is not None and size.parent.type == "binary_expression":
            told = f"({text(size)} + 1)"
        yield scene.draft(
            site,
            replaced(site.source, [replacing(size, told)]),
            cause=f"{text(size)} does not count the last one that is used, such as a terminator.",
            fix=f"There is room for {told}.",
            condition="",
            rank=0.9 + penalty + 0.2 * ("strlen" not in text(size)),
        )


_SIMPLE = ("identifier", "field_expression", "call_expression", "subscript_expression")


def _larger_array(scene: Scene, penalty: float) -> Iterator[Draft]:
    """A declared array whose last element, or every second one, was forgotten."""
    for place in scene.places[:4]:
        for variable in scene.code.in_scope(place):
            if not variable.is_array or variable.node is None or not variable.dimensions[0]:
                continue
            if not scene.missed or variable.expression != scene.missed:
                continue
            array = next(iter(descendants(variable.node, {"array_declarator"})), None)
            size = array.child_by_field_name("size") if array is not None else None
            if size is None:
                continue
            written = _writes_per_round(place, variable.expression)
            if written > 1:
                told = _times(text(size), written)
                yield scene.draft(
                    place,
                    replaced(place.source, [replacing(size, told)]),
                    cause=f"{variable.expression} has room for {text(size)}, and each round of the loop writes {written}.",
                    fix=f"It has room for {told}.",
                    rank=0.6 + (penalty and 0.2),
                )
            told = f"{text(size)} + 1"
            yield scene.draft(
                place,
                replaced(place.source, [replacing(size, told)]),
                cause=f"{variable.expression} has no room for the last one that is used, such as a terminator.",
                fix=f"It has room for {told}.",
                rank=1.2 + penalty,
            )
            return


def _times(size: str, factor: int) -> str:
    """`N + 1` for N times `factor` and the one that was added."""
    added = re.fullmatch(r"(.+?)\s*\+\s*1", size)
    counted = added[1] if added else size
    counted = counted if re.fullmatch(r"\w+", counted) else f"({counted})"
    return f"{factor} * {counted}" + (" + 1" if added else "")


def _writes_per_round(place: Place, array: str) -> int:
    """How many elements one round of the loop around the access adds through a pointer or index that walks over the array."""
    loop = next(iter(loops_around(place.statement)), None)
    if loop is None:
        return 0
    walkers = {
        text(u.child_by_field_name("argument"))
        for u in descendants(loop, {"update_expression"})
        if operator(u) == "++" and u.parent is not None and u.parent.type in ("pointer_expression", "subscript_expression")
    }
    counts = []
    for walker in walkers:
        given = definition(place, walker)
        value = (given.child_by_field_name("right") or given.child_by_field_name("value")) if given is not None else None
        if value is None or (text(uncast(value)) != array and array not in identifiers(loop)):
            continue
        counts.append(
            sum(
                1
                for u in descendants(loop, {"update_expression"})
                if text(u.child_by_field_name("argument")) == walker and u.parent is not None and u.parent.type != "for_statement"
            )
        )
    return max(counts, default=0)


def _about(node: Node, names: set[str]) -> bool:
    node = bare(node)
    return bool((identifiers(node) | _fields(node)) & names) and node.type != "number_literal"


OFF_BY_ONE = Template("off-by-one", OUT_OF_BOUNDS, drafts, most=16)
