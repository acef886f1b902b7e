"""Integer overflow or truncation before an allocation or a copy: the size wrapped round, and the object is smaller than meant."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from mithridate.model.violation import ViolationKind
from mithridate.repair.c.bounds import allocation_size
from mithridate.repair.c.codebase import Place
from mithridate.repair.c.edits import replaced, replacing
from mithridate.repair.c.excess import plain
from mithridate.repair.c.nodes import condition, descendants, identifiers, operator, statement_of, text, uncast
from mithridate.repair.c.scene import Draft, Scene, definition
from mithridate.repair.proposers.missing_bound import OUT_OF_BOUNDS
from mithridate.repair.proposers.template import Template

MESSAGE = "size overflow"
_NARROW = re.compile(
    r"\b(?:u?int(?:8|16|32)_t|u?int(?:8|16|32)|unsigned(?: int| short| char)?|int|short|long|ushort|uint|u(?:8|16|32))\b"
)
_KINDS = OUT_OF_BOUNDS | {ViolationKind.ALLOCATION_SIZE}


def drafts(scene: Scene) -> Iterator[Draft]:
    """Checks where the size is computed: in front of the allocation, at the variable that holds it, and of lengths of copies."""
    for depth, site in enumerate(scene.allocation[:3]):
        allocated = allocation_size(site.statement)
        if allocated is not None:
            for size in allocated[1]:
                yield from _of_size(scene, site, size, 0.8 + 0.4 * depth)
            if len(allocated[1]) == 1:
                yield from _by_calloc(scene, site, allocated[0], 1.6 + 0.4 * depth)
    for place in scene.places[:1]:
        for access in scene.accesses(place)[:2]:
            for node in (access.length, access.index, access.offset):
                if node is not None and identifiers(node):
                    yield from _of_size(scene, place, node, 1.3)
        yield from _sums(scene, place)


def _of_size(scene: Scene, place: Place, size: Node, rank: float) -> Iterator[Draft]:
    """For an expression that is a sum or a product, and for the variable that holds one."""
    size = uncast(size)
    if size.type in ("identifier", "field_expression"):
        given = definition(place, text(size))
        value = (given.child_by_field_name("right") or given.child_by_field_name("value")) if given is not None else None
        if given is not None and value is not None:
            value = uncast(value)
            if value.type == "binary_expression":
                yield from _held(scene, place, text(size), given, value, rank - 0.1)
    elif size.type == "binary_expression":
        yield from _before(scene, place, size, place.statement, "SIZE_MAX", rank)
        for inner in descendants(size, {"identifier"}):
            given = definition(place, text(inner))
            value = (given.child_by_field_name("right") or given.child_by_field_name("value")) if given is not None else None
            if given is not None and value is not None and uncast(value).type == "binary_expression":
                yield from _held(scene, place, text(inner), given, uncast(value), rank + 0.2)
        yield from _widened(scene, place, size, rank + 0.5)


def _held(scene: Scene, place: Place, name: str, given: Node, value: Node, rank: float) -> Iterator[Draft]:
    """`room = declared + 1`: a result that is less than what went in has wrapped round."""
    sign = operator(value)
    left, right = value.child_by_field_name("left"), value.child_by_field_name("right")
    if left is None or right is None or sign not in ("+", "*", "<<"):
        return
    one, other = plain(left), plain(right)
    if one is None or other is None:
        return
    first, second = (one, other) if identifiers(left) else (other, one)
    cause = f"{name} = {text(value)} wraps round, and passes for a small size."
    told = f"{name} < {_operand(first)}"
    if sign == "*":
        told = f"{_operand(first)} != 0 && {name} / {_operand(first)} != {_operand(second)}"
    where = statement_of(given)
    checks = [
        asked
        for check in descendants(place.function.body, {"if_statement"})
        if where.end_byte <= check.start_byte <= place.statement.start_byte
        and (asked := condition(check)) is not None
        and name in identifiers(asked)
        and _leaves(check)
    ]
    if checks:  # along with what is rejected there already
        both = f"{told} || {text(checks[0])}"
        if sign == "*":
            both = f"({told}) || {text(checks[0])}"
        content = replaced(place.source, [replacing(checks[0], both)])
        yield scene.draft(place, content, cause=cause, fix=f"It is rejected where {told}.", condition=told, rank=rank)
        limit = checks[0].child_by_field_name("right") if operator(checks[0]) in (">", ">=") else None
        if limit is not None and sign == "+" and text(checks[0].child_by_field_name("left")) == name:
            compared = f"{first} {operator(checks[0])} {_operand(text(limit))} - {_operand(second)}"
            content = replaced(place.source, [replacing(checks[0], compared)])
            yield scene.draft(
                place, content, cause=cause, fix="The limit is compared before adding.", condition=compared, rank=rank + 0.1
            )
    follower = where.next_named_sibling
    while follower is not None and follower.type == "comment":
        follower = follower.next_named_sibling
    if follower is not None and where.type != "if_statement":
        yield from scene.rejects(place, told, cause=cause, rank=rank + 0.15, at=follower, message=MESSAGE)
    variable = next((v for v in scene.code.in_scope(place) if v.expression == name), None)
    declared = statement_of(variable.node) if variable is not None and variable.node is not None else None
    if variable is not None and declared is not None and declared.type == "declaration" and variable.kind == "local":
        kind = declared.child_by_field_name("type")
        if kind is not None and _NARROW.search(text(kind)) and len(declared.children_by_field_name("declarator")) == 1:
            edits = [replacing(kind, "size_t"), replacing(left, f"(size_t){_operand(text(left))}")]
            content = replaced(place.source, edits)
            yield scene.draft(place, content, cause=cause, fix=f"{name} is computed and kept as size_t.", rank=rank + 0.3)


def _before(scene: Scene, place: Place, size: Node, at: Node, most: str, rank: float) -> Iterator[Draft]:
    """`malloc(a * b)`: rejected where a > SIZE_MAX / b."""
    sign = operator(size)
    left, right = size.child_by_field_name("left"), size.child_by_field_name("right")
    if left is None or right is None or sign not in ("*", "+"):
        return
    one, other = plain(uncast(left)), plain(uncast(right))
    if one is None or other is None:
        return
    if not identifiers(left):
        left, right, one, other = right, left, other, one
    cause = f"{text(size)} wraps round, and less is asked for than will be used."
    if sign == "*":
        constant = right.type in ("number_literal", "sizeof_expression") or other.isupper()
        told = f"{_operand(one)} > {most} / {_operand(other)}"
        if not constant:
            told = f"{_operand(other)} != 0 && {told}"
    else:
        told = f"{_operand(one)} > {most} - {_operand(other)}"
    for number, limit in enumerate((most, "UINT_MAX", "INT_MAX")):
        yield from scene.rejects(
            place, told.replace(most, limit), cause=cause, rank=rank + 0.5 * number, at=at, wrong="bound", message=MESSAGE
        )
    if left.type == "binary_expression":
        yield from _before(scene, place, left, at, most, rank + 0.3)


def _widened(scene: Scene, place: Place, size: Node, rank: float) -> Iterator[Draft]:
    """The first operand becomes size_t, and the whole is computed as wide as the allocator takes it."""
    first = size
    while (left := first.child_by_field_name("left")) is not None and operator(first) in ("*", "+", "-", "<<"):
        first = left
    if first.type in ("identifier", "field_expression", "subscript_expression") and first != size:
        content = replaced(place.source, [replacing(first, f"(size_t){text(first)}")])
        yield scene.draft(
            place,
            content,
            cause=f"{text(size)} is computed in a type that is too narrow.",
            fix="It is computed as size_t.",
            rank=rank,
        )


def _by_calloc(scene: Scene, place: Place, call: Node, rank: float) -> Iterator[Draft]:
    """calloc() looks for the overflow itself."""
    function = call.child_by_field_name("function")
    listed = call.child_by_field_name("arguments")
    size = uncast(listed.named_children[0]) if listed is not None and listed.named_child_count == 1 else None
    if function is None or text(function) != "malloc" or size is None or operator(size) != "*":
        return
    left, right = size.child_by_field_name("left"), size.child_by_field_name("right")
    content = replaced(place.source, [replacing(call, f"calloc({text(left)}, {text(right)})")])
    yield scene.draft(
        place, content, cause=f"{text(size)} wraps round.", fix="calloc() refuses a product that does not fit.", rank=rank
    )


def _sums(scene: Scene, place: Place) -> Iterator[Draft]:
    """`if (offset + length > size)` passes when the sum wraps round: compared without a sum."""
    for check in descendants(place.function.body, {"if_statement", "while_statement"}):
        if check.start_byte > place.statement.start_byte:
            break
        asked = condition(check)
        for comparison in descendants(asked, {"binary_expression"}) if asked is not None else ():
            left, right = comparison.child_by_field_name("left"), comparison.child_by_field_name("right")
            if left is None or right is None or operator(comparison) not in (">", ">=") or operator(uncast(left)) != "+":
                continue
            whole = uncast(left)
            one, other = whole.child_by_field_name("left"), whole.child_by_field_name("right")
            if one is None or other is None or not identifiers(one) or not identifiers(other):
                continue
            sign = operator(comparison)
            told = f"{text(one)} > {text(right)} || {text(other)} {sign} {text(right)} - {text(one)}"
            held = comparison.parent is not None and comparison.parent.type == "binary_expression"
            if held and operator(comparison.parent) != "||":  # type: ignore[arg-type]
                told = f"({told})"
            content = replaced(place.source, [replacing(comparison, told)])
            yield scene.draft(
                place,
                content,
                cause=f"{text(whole)} wraps round, and is less than {text(right)} then.",
                fix="What is left is compared, without a sum.",
                condition=told,
                rank=0.9,
            )


def _leaves(check: Node) -> bool:
    consequence = check.child_by_field_name("consequence")
    kinds = {"return_statement", "goto_statement", "break_statement", "continue_statement"}
    return consequence is not None and next(descendants(consequence, kinds), None) is not None


def _operand(told: str) -> str:
    return told if re.fullmatch(r"\w+(?:(?:->|\.|\[)[\w\]]+)*|sizeof\s*\([^()]*\)|sizeof \*?\w+", told) else f"({told})"


INTEGER_WRAP = Template("integer-wrap", _KINDS, drafts, most=20)
