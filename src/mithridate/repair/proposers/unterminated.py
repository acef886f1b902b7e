"""Unterminated strings: a buffer is filled to its end and then read until a NUL that is not there."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from mithridate.model.violation import Access, Relation
from mithridate.repair.c.accesses import memory_call, split
from mithridate.repair.c.bounds import allocation_size, bounds_of
from mithridate.repair.c.codebase import Place
from mithridate.repair.c.edits import after, replaced, replacing
from mithridate.repair.c.nodes import arguments, called, descendants, has_side_effects, operator, statement_of, text, uncast
from mithridate.repair.c.scene import Draft, Scene, governing
from mithridate.repair.proposers.missing_bound import OUT_OF_BOUNDS
from mithridate.repair.proposers.template import Template

_BOUNDED = {"strlen": "strnlen", "strcmp": "strncmp", "strcasecmp": "strncasecmp", "strdup": "strndup"}
_FILLS = ("strncpy", "memcpy", "memmove", "read", "fread", "recv", "pread")


def drafts(scene: Scene) -> Iterator[Draft]:
    """Terminate it where it was filled; leave room for that where it was made; or read no further than it goes."""
    region = scene.violation.region
    if scene.violation.access is Access.WRITE or (region is not None and region.relation is Relation.BEFORE):
        return
    for depth, place in enumerate(scene.places[:3]):
        for access in [a for a in scene.accesses(place) if a.kind == "call" and a.terminated and a.role == "source"][:2]:
            yield from _read_no_further(scene, place, access.node, access.pointer, 0.9 + 0.3 * depth)
            yield from _terminated(scene, place, text(access.pointer), 0.4 + 0.3 * depth)
        for name in {text(n) for n in descendants(place.statement, {"identifier"})}:
            yield from _terminated(scene, place, name, 0.7 + 0.3 * depth)
    if _reads_a_string(scene):
        yield from _where_it_was_made(scene)


def _reads_a_string(scene: Scene) -> bool:
    """Whether it was read until a NUL: by a function of the C library, by one named like it, or by a loop."""
    innermost = scene.violation.frames[0] if scene.violation.frames else None
    if innermost is not None and not innermost.in_project and re.search(r"str|printf|puts|ato[ilf]", innermost.function):
        return True
    for place in scene.places[:2]:
        if re.search(r"str(?:len|cpy|cmp|chr|str|cat)", place.function.name):
            return True
        if any(access.terminated for access in scene.accesses(place)):
            return True
        if any(re.search(r"'\\0'|!= *0\b|\*\w+\s*(?:\+\+)?\)?$", text(asked)) for asked in governing(place)[:2]):
            return True
    return False


def _read_no_further(scene: Scene, place: Place, call: Node, pointer: Node, rank: float) -> Iterator[Draft]:
    name, given = called(call), arguments(call)
    function = call.child_by_field_name("function")
    if name not in _BOUNDED or function is None:
        return
    for bound in bounds_of(scene, place, pointer)[:3]:
        limit = bound.text if bound.unit != "end" else f"{bound.text} - {text(pointer)}"
        told = f"{_BOUNDED[name]}({', '.join([*(text(a) for a in given), limit])})"
        yield scene.draft(
            place,
            replaced(place.source, [replacing(call, told)]),
            cause=f"{name}() reads on until a NUL, and {text(pointer)} need not hold one.",
            fix=f"It reads no more than {limit}.",
            rank=rank + bound.rank - 1,
        )


def _terminated(scene: Scene, place: Place, name: str, rank: float) -> Iterator[Draft]:
    """After the last call that filled the buffer, in this function."""
    filling = None
    for call in descendants(place.function.body, {"call_expression"}):
        known = memory_call(call)
        if known is None or known[0] not in _FILLS or call.start_byte >= place.statement.start_byte:
            continue
        given = arguments(call)
        place_of = known[1].destination
        if place_of is not None and place_of < len(given) and text(split(given[place_of])[0]) == name:
            filling = (call, given, known)
    if filling is None:
        return
    call, given, (function, roles) = filling
    if any(has_side_effects(a) for a in given):
        return
    cause = f"{function}() fills {name} and puts no NUL behind it."
    statement = statement_of(call)
    offset = split(given[roles.destination or 0])[1]
    ends = []
    variable = scene.code.resolved(place, uncast(given[roles.destination or 0]))
    if variable is not None and variable.is_array and not scene.code.members(place.source, variable):
        ends.append((f"{name}[sizeof {name} - 1]" if re.fullmatch(r"\w+", name) else f"{name}[sizeof({name}) - 1]", 0.0))
    length = text(given[roles.length]) if roles.length is not None and roles.length < len(given) else ""
    if length and function == "strncpy":
        ends.append((f"{name}[{length} - 1]", 0.1))
    if length and function != "strncpy":
        held = (
            call.parent if call.parent is not None and call.parent.type in ("init_declarator", "assignment_expression") else None
        )
        got = text(held.child_by_field_name("declarator") or held.child_by_field_name("left")) if held is not None else length
        ends.append((f"{name}[{got}]" if offset is None else f"{name}[{text(offset)} + {got}]", 0.2))
    for end, extra in ends:
        content = after(place.source, place.function, statement, [f"{end} = '\\0';"])
        if content is not None and statement.type in ("expression_statement", "declaration"):
            yield scene.draft(place, content, cause=cause, fix=f"{end} ends it.", rank=rank + extra)
        shorter = _shorter(place, given, roles.length, name, end)
        if shorter is not None:
            yield scene.draft(place, shorter, cause=cause, fix=f"One less is taken, and {end} ends it.", rank=rank + extra + 0.15)


def _shorter(place: Place, given: list[Node], length: int | None, name: str, end: str) -> bytes | None:
    """One byte less is read, with the end set after that."""
    if length is None or length >= len(given) or given[length].type not in ("sizeof_expression", "identifier"):
        return None
    told = text(given[length])
    statement = statement_of(given[length])
    content = after(place.source, place.function, statement, [f"{end} = '\\0';"])
    if content is None or statement.type not in ("expression_statement", "declaration") or name not in end:
        return None
    at = given[length]
    return content[: at.start_byte] + f"{told} - 1".encode() + content[at.end_byte :]


def _where_it_was_made(scene: Scene) -> Iterator[Draft]:
    """The allocation gets one more byte, which is set after the bytes were copied into it."""
    for site in scene.allocation[:2]:
        allocated = allocation_size(site.statement)
        if allocated is None or len(allocated[1]) != 1:
            continue
        size = allocated[1][0]
        held = allocated[0].parent
        while held is not None and held.type in ("cast_expression", "parenthesized_expression"):
            held = held.parent
        if held is None or held.type not in ("init_declarator", "assignment_expression"):
            continue
        name = text(held.child_by_field_name("declarator") or held.child_by_field_name("left")).lstrip("* ")
        for call in descendants(site.function.body, {"call_expression"}):
            known = memory_call(call)
            given = arguments(call)
            if known is None or known[0] not in _FILLS or call.start_byte < site.statement.end_byte:
                continue
            at = known[1].destination
            if at is None or at >= len(given) or text(split(given[at])[0]) != name or known[1].length is None:
                continue
            statement = statement_of(call)
            content = after(site.source, site.function, statement, [f"{name}[{text(size)}] = '\\0';"])
            if content is None or statement.type != "expression_statement":
                continue
            one_more = f"{text(size)} + 1" if operator(size) in ("", "+", "*", "-") else f"({text(size)}) + 1"
            content = content[: size.start_byte] + one_more.encode() + content[size.end_byte :]
            yield scene.draft(
                site,
                content,
                cause=f"{name} is made without room for a NUL, and read as a string.",
                fix="It has room for one, and is ended with one.",
                rank=0.5,
            )
            break


UNTERMINATED = Template("unterminated-string", OUT_OF_BOUNDS, drafts, most=12)
