"""Unbounded string functions: strcpy, strcat, sprintf, gets and scanf's %s, told how much their destination holds."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from mithridate.repair.c.accesses import Access, split
from mithridate.repair.c.bounds import Bound, bounds_of
from mithridate.repair.c.codebase import Place
from mithridate.repair.c.edits import after, replaced, replacing
from mithridate.repair.c.excess import is_bytes, plain, pointer_text
from mithridate.repair.c.nodes import arguments, called, descendants, has_side_effects, text
from mithridate.repair.c.scene import Draft, Scene
from mithridate.repair.proposers.missing_bound import OUT_OF_BOUNDS
from mithridate.repair.proposers.template import Template

_COPIES = ("strcpy", "stpcpy", "strcat")
_TOLD = ("snprintf", "vsnprintf", "fgets")
"""They write no more than they are told, the terminator included."""
_SCANS = re.compile(r"^(?:__isoc\d\d_)?[fs]?scanf$")


def drafts(scene: Scene) -> Iterator[Draft]:
    """Rejected where too long, or the bounded function of the same purpose, or its true bound."""
    for depth, place in enumerate(scene.places[:3]):
        for access in scene.accesses(place):
            if access.kind == "call" and access.role == "destination" and access.length is None:
                for bound in bounds_of(scene, place, access.pointer)[:4]:
                    room = _room(scene, place, access, bound)
                    if room:
                        yield from _of_call(scene, place, access, room, bound.rank - 0.3 + depth)
            elif access.kind == "call" and access.role == "destination" and access.name in _TOLD and access.length is not None:
                yield from _told_wrong(scene, place, access, access.length, depth)
        yield from _scans(scene, place, depth)


def _told_wrong(scene: Scene, place: Place, access: Access, length: Node, depth: int) -> Iterator[Draft]:
    """It is told a size that is not its destination's, such as that of what it writes."""
    for bound in bounds_of(scene, place, access.pointer)[:3]:
        room = _room(scene, place, access, bound)
        if room and text(length) not in (room, f"({room})"):
            yield scene.draft(
                place,
                replaced(place.source, [replacing(length, room)]),
                cause=f"{access.name}() is told {text(length)}, which is not what its destination holds.",
                fix=f"It is told {room}.",
                condition=room,
                rank=bound.rank - 0.35 + depth,
            )


def _room(scene: Scene, place: Place, access: Access, bound: Bound) -> str:
    """The bytes from where the call writes to the end of the object."""
    base, offset = pointer_text(access.pointer), plain(access.offset)
    if base is None or (access.offset is not None and offset is None) or not is_bytes(scene, place, access.pointer):
        return ""
    if bound.unit == "end":
        return f"{bound.text} - {base}" if not offset else f"{bound.text} - ({base} + {offset})"
    limit = bound.text
    return f"{limit} - {_operand(offset)}" if offset else limit


def _of_call(scene: Scene, place: Place, access: Access, room: str, rank: float) -> Iterator[Draft]:
    given = arguments(access.node)
    cause = f"{access.name}() writes as much as it is given, whatever its destination holds ({room} bytes)."
    if access.name in _COPIES and len(given) >= 2:
        destination, source = given[0], given[1]
        if has_side_effects(source) or has_side_effects(destination):
            return
        length = _own(scene, access, "strlen")
        longer = f"{length}({text(source)})"
        if access.name == "strcat":
            longer = f"{length}({text(destination)}) + {longer}"
        over = f"{longer} >= {room}"
        yield from scene.rejects(place, over, cause=cause, rank=rank, message="string too long")
        yield from _copied(scene, place, access, given, room, cause, rank + 0.4)
    elif access.name in ("sprintf", "vsprintf") and given:
        fix = "It writes no more than that."
        name = called(access.node)
        function = access.node.child_by_field_name("function")
        if function is not None and name in ("sprintf", "vsprintf"):
            bounded = name.replace("printf", "nprintf")
            told = [text(given[0]), room, *(text(a) for a in given[1:])]
            content = replaced(place.source, [replacing(access.node, f"{bounded}{_gap(access.node)}({', '.join(told)})")])
            yield scene.draft(place, content, cause=cause, fix=fix, condition=room, rank=rank)
    elif access.name == "gets" and given:
        yield from _gets(scene, place, access, given[0], room, cause, rank)


def _own(scene: Scene, access: Access, name: str) -> str:
    """The project's own variant of a function, when it has one named as its variant of the called function is."""
    written = called(access.node)
    own = written.removesuffix(access.name) + name if written.endswith(access.name) else name
    return own if own != name and next(scene.code.definitions(own), None) is not None else name


def _copied(scene: Scene, place: Place, access: Access, given: list[Node], room: str, cause: str, rank: float) -> Iterator[Draft]:
    """Cut off: by the project's own bounded function when it has one, else by snprintf() or strncat()."""
    destination, source = text(given[0]), text(given[1])
    fix = "What does not fit is cut off."
    alone = access.node.parent is not None and access.node.parent.type == "expression_statement"
    own = "strlcat" if access.name == "strcat" else "strlcpy"
    if any(next(iter(scene.code.definitions(name)), None) for name in (own,)) and alone:
        told = f"{own}{_gap(access.node)}({destination}, {source}, {room})"
        yield scene.draft(place, replaced(place.source, [replacing(access.node, told)]), cause=cause, fix=fix, rank=rank - 0.1)
    if access.name == "strcat":
        length, bounded = _own(scene, access, "strlen"), _own(scene, access, "strncat")
        told = f"{bounded}{_gap(access.node)}({destination}, {source}, {room} - {length}({destination}) - 1)"
        yield scene.draft(place, replaced(place.source, [replacing(access.node, told)]), cause=cause, fix=fix, rank=rank)
    elif alone:
        told = f'{_own(scene, access, "snprintf")}{_gap(access.node)}({destination}, {room}, "%s", {source})'
        yield scene.draft(place, replaced(place.source, [replacing(access.node, told)]), cause=cause, fix=fix, rank=rank)


def _gets(scene: Scene, place: Place, access: Access, buffer: Node, room: str, cause: str, rank: float) -> Iterator[Draft]:
    told = f"fgets{_gap(access.node)}({text(buffer)}, {room}, stdin)"
    edits = [replacing(access.node, told)]
    fix = "fgets() reads no more than it holds."
    statement = access.node.parent
    if statement is not None and statement.type == "expression_statement":
        ended = f"{text(buffer)}[strcspn({text(buffer)}, \"\\n\")] = '\\0';"
        without_newline = after(place.source, place.function, statement, [ended])
        if without_newline is not None:
            first, second = without_newline, text(access.node).encode()
            content = first[: access.node.start_byte] + told.encode() + first[access.node.start_byte + len(second) :]
            yield scene.draft(place, content, cause=cause, fix=fix + " The line's end is taken off, as gets() did.", rank=rank)
    yield scene.draft(place, replaced(place.source, edits), cause=cause, fix=fix, rank=rank + 0.2)


def _scans(scene: Scene, place: Place, depth: int) -> Iterator[Draft]:
    """A width for each %s and %[ of a scanf() whose argument is an array with a number for its size."""
    for call in descendants(place.statement, {"call_expression"}):
        name = called(call)
        if not _SCANS.match(name):
            continue
        given = arguments(call)
        first = 0 if name.endswith("scanf") and not re.search(r"[fs]scanf$", name) else 1
        if len(given) <= first or given[first].type != "string_literal":
            continue
        layout, targets = text(given[first]), given[first + 1 :]
        conversions = [m for m in re.finditer(r"%(\*?)(\d*)([hlLqjzt]*)([a-zA-Z\[])", layout) if not m[1]]
        told, shift = layout, 0
        for conversion, target in zip(conversions, targets, strict=False):
            variable = scene.code.resolved(place, split(target)[0])
            if conversion[4] not in "s[" or conversion[2] or variable is None or not variable.is_array:
                continue
            size = variable.dimensions[0]
            size = scene.code.macros(place.source).get(size, size)
            if size.isdigit() and int(size) > 1:
                width = str(int(size) - 1)
                at = conversion.start() + 1 + shift
                told, shift = told[:at] + width + told[at:], shift + len(width)
        if told != layout:
            content = replaced(place.source, [replacing(given[first], told)])
            yield scene.draft(
                place,
                content,
                cause=f"{name}() stores as many characters as come, whatever the array holds.",
                fix="The width of the conversion is the declared size less the terminator.",
                rank=0.5 + depth,
            )


def _gap(call: Node) -> str:
    """The space that this file puts between a function's name and its arguments."""
    function, listed = call.child_by_field_name("function"), call.child_by_field_name("arguments")
    return " " if function is not None and listed is not None and listed.start_byte > function.end_byte else ""


def _operand(told: str | None) -> str:
    return told if told is None or re.fullmatch(r"\w+(?:(?:->|\.)\w+)*|\w+\([^()]*\)", told) else f"({told})"  # type: ignore[return-value]


STRING_BOUNDS = Template("string-bounds", OUT_OF_BOUNDS, drafts, most=16)
