"""Missing bound: an index, a length or a pointer that was never compared with the true size of its object."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from mithridate.model.violation import ViolationKind
from mithridate.repair.c.accesses import Access
from mithridate.repair.c.bounds import bounds_of
from mithridate.repair.c.codebase import Place
from mithridate.repair.c.edits import Edit, before, indentation, replaced, replacing, style
from mithridate.repair.c.excess import Excess, excesses, is_bytes, more_than, plain
from mithridate.repair.c.nodes import arguments, condition, identifiers, operator, text, uncast
from mithridate.repair.c.scene import Draft, Scene, loop_of
from mithridate.repair.c.source import declared_name, loops_around
from mithridate.repair.proposers.template import Template

OUT_OF_BOUNDS = frozenset(
    {
        ViolationKind.HEAP_BUFFER_OVERFLOW,
        ViolationKind.STACK_BUFFER_OVERFLOW,
        ViolationKind.STACK_BUFFER_UNDERFLOW,
        ViolationKind.DYNAMIC_STACK_BUFFER_OVERFLOW,
        ViolationKind.GLOBAL_BUFFER_OVERFLOW,
        ViolationKind.CONTAINER_OVERFLOW,
        ViolationKind.ARRAY_INDEX,
        ViolationKind.NEGATIVE_SIZE_PARAM,
        ViolationKind.WILD_POINTER,
        ViolationKind.UNKNOWN_ADDRESS_ACCESS,
        ViolationKind.STACK_SMASHING,
        ViolationKind.BUS_ERROR,
        ViolationKind.USE_AFTER_POISON,
    }
)
_LOOKED_AT = 3
"""Accesses of the statement, and frames, that are looked at."""
MESSAGE = "value out of range"


def drafts(scene: Scene) -> Iterator[Draft]:
    """Guards at the access, at its loop, and in the callers that passed the object or the length."""
    for depth, place in enumerate(scene.places[:2]):
        for number, access in enumerate(scene.accesses(place)[:_LOOKED_AT]):
            penalty = 0.5 * number + 1.0 * depth
            for excess in excesses(scene, place, access)[:6]:
                yield from _guards(scene, place, access, excess, penalty)
            yield from _in_callers(scene, place, access, penalty + 0.15)


def _guards(scene: Scene, place: Place, access: Access, excess: Excess, penalty: float) -> Iterator[Draft]:
    cause = _cause(access, excess)
    rank = excess.rank + penalty
    yield from scene.rejects(place, excess.over, cause=cause, rank=rank, message=MESSAGE)
    yield from _before_loop(scene, place, excess, cause, rank)
    yield from _loop_goes_on(scene, place, excess, cause, rank + 0.2)
    yield from _clamped(scene, place, access, excess, cause, rank + 0.35)
    yield from _only_if(scene, place, excess, cause, rank + 0.5)


def _before_loop(scene: Scene, place: Place, excess: Excess, cause: str, rank: float) -> Iterator[Draft]:
    """`for (i = 0; i < n; i++) a[i]`: the count n was never compared with what a holds."""
    for loop in loops_around(place.statement)[:2]:
        asked = condition(loop)
        if asked is None or asked.type != "binary_expression" or operator(asked) not in ("<", "<=", "!="):
            continue
        left, right = asked.child_by_field_name("left"), asked.child_by_field_name("right")
        if left is None or right is None or text(left) not in excess.amount or not identifiers(right):
            continue
        if text(left) != excess.amount or not excess.strict or plain(right) is None:
            continue
        told = more_than(scene, scene.at(place, loop), right, excess.limit, ">=" if operator(asked) == "<=" else ">")
        if text(right) == excess.limit:
            continue
        yield from scene.rejects(scene.at(place, loop), told, cause=cause, rank=rank - 0.05, message=MESSAGE)


def _loop_goes_on(scene: Scene, place: Place, excess: Excess, cause: str, rank: float) -> Iterator[Draft]:
    """The loop around the access goes on only while the access fits."""
    loop = loop_of(place)
    asked = condition(loop) if loop is not None else None
    if loop is None or asked is None or excess.fits in text(asked):
        return
    declared = {v.expression for v in scene.code.in_scope(scene.at(place, loop))} | identifiers(asked)
    initial = loop.child_by_field_name("initializer")
    declared |= identifiers(initial) if initial is not None else set()
    if not set(re.findall(r"(?<![\w.>])[a-z_]\w*", excess.fits)) - {"sizeof", "size_t"} <= declared:
        return
    fits = f"({excess.fits})" if "||" in excess.fits else excess.fits
    old = f"({text(asked)})" if _lower(asked) else text(asked)
    new = f"{fits} && {old}" if place.statement == loop else f"{old} && {fits}"
    content = replaced(place.source, [replacing(asked, new)])
    yield scene.draft(place, content, cause=cause, fix=f"The loop ends where {excess.over}.", condition=excess.fits, rank=rank)


def _clamped(scene: Scene, place: Place, access: Access, excess: Excess, cause: str, rank: float) -> Iterator[Draft]:
    """The length is cut down to what fits."""
    length = access.length
    if length is None or access.kind != "call" or access.scale is not None:
        return
    fix = f"No more than {excess.limit} is moved."
    if length.type in ("identifier", "field_expression"):
        lines = [f"if ({excess.over})", f"    {text(length)} = {excess.limit};"]
        variable = scene.code.resolved(place, length)
        if variable is not None and "const" not in variable.type:
            content = before(place.source, place.function, place.statement, _indented(place, lines))
            if content is not None:
                yield scene.draft(place, content, cause=cause, fix=fix, condition=excess.over, rank=rank)
    cut = f"{excess.over} ? {excess.limit} : {text(length)}"
    content = replaced(place.source, [replacing(length, cut)])
    yield scene.draft(place, content, cause=cause, fix=fix, condition=excess.over, rank=rank + 0.3)


def _only_if(scene: Scene, place: Place, excess: Excess, cause: str, rank: float) -> Iterator[Draft]:
    """The statement is left out when the access does not fit."""
    statement, fix = place.statement, f"Nothing is done where {excess.over}."
    if statement.type == "expression_statement":
        parent = statement.parent
        if parent is not None and parent.type == "if_statement" and parent.child_by_field_name("alternative") is None:
            asked = condition(parent)
            if asked is not None:
                old = f"({text(asked)})" if _lower(asked) else text(asked)
                content = replaced(place.source, [replacing(asked, f"{old} && {_and(excess.fits)}")])
                yield scene.draft(place, content, cause=cause, fix=fix, condition=excess.fits, rank=rank - 0.1)
                return
        lines = _indented(place, [f"if ({excess.fits})", "    "])
        head = f"{lines[0]}\n{_indent(place)}{lines[1]}"
        newline = "\r\n" if b"\r\n" in place.source.content else "\n"
        content = replaced(place.source, [Edit(statement.start_byte, statement.start_byte, head.replace("\n", newline))])
        yield scene.draft(place, content, cause=cause, fix=fix, condition=excess.fits, rank=rank)
    elif statement.type == "if_statement":
        asked = condition(statement)
        if asked is not None:
            old = f"({text(asked)})" if _lower(asked) else text(asked)
            content = replaced(place.source, [replacing(asked, f"{_and(excess.fits)} && {old}")])
            yield scene.draft(place, content, cause=cause, fix=fix, condition=excess.fits, rank=rank - 0.2)


def _in_callers(scene: Scene, place: Place, access: Access, rank: float) -> Iterator[Draft]:
    """The function was handed an object and a length; its callers know how large the object is."""
    pointer, amount = access.pointer, access.length if access.kind == "call" else access.index
    current = place
    told: Node | None = amount
    for level in range(_LOOKED_AT):
        above = scene.caller(current)
        if above is None:
            return
        caller, call = above
        names = [declared_name(p.child_by_field_name("declarator")) for p in current.function.parameters]
        given = dict(zip(names, arguments(call), strict=False))
        handed = given.get(text(pointer))
        if handed is None:
            return
        lengths = [given[text(told)]] if told is not None and text(told) in given else _counts(scene, current, given)
        for length in lengths[:2]:
            if not identifiers(length) or plain(length) is None or text(length).isupper():
                continue
            for bound in bounds_of(scene, caller, handed)[:3]:
                limit = bound.text
                if bound.unit == "end" or limit == text(length):
                    continue
                if bound.unit == "elements" and access.kind == "call" and not is_bytes(scene, caller, handed):
                    limit = f"sizeof({text(handed)})"
                cause = f"{current.function.name}() is told a length that its caller never compared with {bound.why}."
                over = more_than(scene, caller, length, limit)
                yield from scene.rejects(caller, over, cause=cause, rank=rank + bound.rank + 0.15 * level, message=MESSAGE)
        pointer, current = uncast(handed), caller
        told = given.get(text(told)) if told is not None else None


def _counts(scene: Scene, place: Place, given: dict[str, Node]) -> list[Node]:
    return [
        given[v.expression]
        for v in scene.code.in_scope(place)
        if v.kind == "parameter" and v.is_integer and v.expression in given
    ]


def _cause(access: Access, excess: Excess) -> str:
    what = "written" if access.writes else "read"
    if access.kind == "call":
        return f"{access.name}() moves {excess.amount} bytes and this was not compared with {excess.limit} ({excess.why})."
    return f"{access.base} is {what} at {excess.amount}, which was not compared with {excess.limit} ({excess.why})."


def _lower(node: Node) -> bool:
    """Whether an expression needs parentheses beside &&."""
    return node.type in ("conditional_expression", "assignment_expression", "comma_expression") or operator(node) == "||"


def _and(told: str) -> str:
    return f"({told})" if "||" in told else told


def _indent(place: Place) -> str:
    return indentation(place.source, place.statement)


def _indented(place: Place, lines: list[str]) -> list[str]:
    unit = style(place.source, place.function).unit
    return [line.replace("    ", unit, 1) if line.startswith("    ") else line for line in lines]


MISSING_BOUND = Template("missing-bound", OUT_OF_BOUNDS, drafts)
