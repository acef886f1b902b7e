"""The condition under which an access leaves its object, for each bound that the object may have."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from mithridate.model.violation import Relation
from mithridate.repair.c.accesses import Access
from mithridate.repair.c.bounds import Bound, bounds_of, term
from mithridate.repair.c.codebase import Place
from mithridate.repair.c.nodes import bare, descendants, has_side_effects, operator, text, uncast
from mithridate.repair.c.scene import Scene, governing
from mithridate.repair.c.source import declared_name, loops_around

_BYTE = re.compile(
    r"\b(?:char|void|u?int8_t|uint8|u?int8|byte|BYTE|u8|uchar|guchar|Byte|Bytef|xmlChar|bool|_Bool|\w*byte(?:_t)?|\w*uchar(?:_t)?)\b"
)
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|\d+")


@dataclass(frozen=True, slots=True)
class Excess:
    """`over` is true when the access leaves the object, `fits` when it does not.

    `amount` is the index or length, `limit` what it must stay below (`strict`) or not pass; `rank` and `why` are the bound's.
    """

    over: str
    fits: str
    amount: str
    limit: str
    strict: bool
    rank: float
    why: str


def excesses(scene: Scene, place: Place, access: Access) -> list[Excess]:
    """The ways in which an access may be out of bounds, the likeliest bound first."""
    asked = [text(condition) for condition in governing(place)]
    found = _of(scene, place, access, bounds_of(scene, place, access.pointer))
    return [excess for excess in found if not any(excess.fits in told for told in asked)]


def more_than(scene: Scene, place: Place, expression: Node, limit: str, sign: str = ">") -> str:
    """The comparison that is true when a length is more than a limit; a signed one is compared as the size that it is used as."""
    told = text(expression)
    if is_signed(scene, place, expression) and ("sizeof" in limit or "size_t" in limit):
        return f"(size_t){_operand(told)} {sign} {limit}"
    return f"{_compared(told)} {sign} {limit}"


def plain(node: Node | None) -> str | None:
    """What an expression is worth before its statement runs, without side effects; None when that cannot be told."""
    if node is None:
        return None
    node = bare(node)
    if node.type == "update_expression":
        inner = node.child_by_field_name("argument")
        if inner is None or has_side_effects(inner):
            return None
        prefix = node.children[0] != inner
        return f"{text(inner)} {operator(node)[0]} 1" if prefix else text(inner)
    if has_side_effects(node):
        return None
    return text(node)


def pointer_text(node: Node) -> str | None:
    """A pointer expression without its side effects: `p` for `p++`."""
    return plain(uncast(node))


def is_bytes(scene: Scene, place: Place, pointer: Node) -> bool:
    """Whether what a pointer points to has the size of one byte, as far as its type's name tells."""
    variable = scene.code.resolved(place, pointer)
    if variable is None:
        return True
    return variable.stars + len(variable.dimensions) <= 1 and bool(_BYTE.search(variable.type))


def is_signed(scene: Scene, place: Place, expression: Node) -> bool:
    """Whether an expression may be negative: a name in it is a signed integer that is no loop's own counter."""
    counters = {
        declared_name(d) or text(d.child_by_field_name("left"))
        for loop in loops_around(place.statement)
        if (initial := loop.child_by_field_name("initializer")) is not None
        for d in descendants(initial, {"init_declarator", "assignment_expression"})
        if text(d.child_by_field_name("right") or d.child_by_field_name("value")).isdigit()
    }
    if any(cast for cast in descendants(expression, {"cast_expression"}) if "unsigned" in text(cast) or "size_t" in text(cast)):
        return False
    for node in descendants(expression, {"identifier", "field_expression"}):
        variable = scene.code.resolved(place, node)
        if variable is not None and variable.is_signed and text(node) not in counters:
            return True
    return False


def _of(scene: Scene, place: Place, access: Access, bounds: list[Bound]) -> Iterator[Excess]:
    if access.kind == "call":
        yield from _of_call(scene, place, access, bounds)
    elif access.kind == "member":
        for bound in bounds:
            if bound.unit == "bytes":
                size = f"sizeof *{_operand(access.base)}"
                yield Excess(
                    f"{bound.text} < {size}", f"{bound.text} >= {size}", size, bound.text, False, bound.rank + 0.6, bound.why
                )
    elif access.kind == "subscript" or access.offset is not None:
        yield from _of_index(scene, place, access, bounds)
    else:
        base = pointer_text(access.pointer)
        for bound in bounds if base is not None else []:
            if bound.unit == "end":
                yield Excess(
                    f"{base} >= {bound.text}", f"{base} < {bound.text}", base or "", bound.text, True, bound.rank, bound.why
                )
            elif re.fullmatch(r"[\w.>-]+", bound.text) and not bound.text.isdigit():
                yield Excess(f"{bound.text} == 0", f"{bound.text} > 0", "1", bound.text, False, bound.rank + 0.5, bound.why)
                yield Excess(f"{bound.text} <= 0", f"{bound.text} > 0", "1", bound.text, False, bound.rank + 0.7, bound.why)


def _of_index(scene: Scene, place: Place, access: Access, bounds: list[Bound]) -> Iterator[Excess]:
    index = access.index if access.index is not None else access.offset
    amount, base = plain(index), pointer_text(access.pointer)
    if amount is None or base is None or index is None:
        return
    if access.index is not None and access.offset is not None:
        extra = plain(access.offset)
        if extra is None:
            return
        amount = f"{extra} + {amount}"
    operand = _operand(amount)
    negative = is_signed(scene, place, index)
    before = scene.violation.region is not None and scene.violation.region.relation is Relation.BEFORE
    if before or negative:
        only = 0.8 if before else 2.0
        yield Excess(f"{_compared(amount)} < 0", f"{_compared(amount)} >= 0", amount, "0", False, only, "an index counts from 0")
    for bound in bounds:
        if bound.unit == "end":
            told = f"{base} + {operand}"
            yield Excess(f"{told} >= {bound.text}", f"{told} < {bound.text}", amount, bound.text, True, bound.rank, bound.why)
            continue
        limit = bound.text
        if bound.unit == "bytes" and not is_bytes(scene, place, access.pointer):
            limit = f"{_operand(limit)} / sizeof {_sized(base)}"
        if _NUMBER.fullmatch(amount) and _constant(limit):
            continue
        unsigned = "sizeof" in limit or not bound.signed
        if negative and unsigned:
            over, fits = f"(size_t){operand} >= {limit}", f"(size_t){operand} < {limit}"
        elif negative:
            over, fits = f"{_compared(amount)} < 0 || {amount} >= {limit}", f"{_compared(amount)} >= 0 && {amount} < {limit}"
        else:
            over, fits = f"{_compared(amount)} >= {limit}", f"{_compared(amount)} < {limit}"
        yield Excess(over, fits, amount, limit, True, bound.rank, bound.why)


def _of_call(scene: Scene, place: Place, access: Access, bounds: list[Bound]) -> Iterator[Excess]:
    if access.length is None:
        return
    amount, offset, base = plain(access.length), plain(access.offset), pointer_text(access.pointer)
    if amount is None or base is None or (access.offset is not None and offset is None):
        return
    scale = plain(access.scale)
    amount = amount if scale in (None, "1") else f"{term(access.length)} * {_operand(scale or '')}"
    negative = is_signed(scene, place, access.length)
    variable = scene.code.resolved(place, access.pointer)
    bytewise = is_bytes(scene, place, access.pointer)
    for bound in bounds:
        limit = bound.text
        if bound.unit == "end":
            start = f"{base} + {_operand(offset)}" if offset else base
            limit = f"(size_t)({bound.text} - {'(' + start + ')' if offset else start})"
            if not bytewise:
                limit += f" * sizeof *{_operand(base)}"
        else:
            if bound.unit == "elements" and not bytewise:
                whole = variable is not None and variable.is_array and "sizeof" in limit
                limit = f"sizeof({base})" if whole else f"{_operand(limit)} * sizeof *{_operand(base)}"
            if offset:
                taken = _operand(offset) if bytewise else f"{_operand(offset)} * sizeof *{_operand(base)}"
                limit = f"{limit} - {taken}"
        if amount == limit or (_NUMBER.fullmatch(amount) and _constant(limit)):
            continue
        if _NUMBER.fullmatch(amount) and offset and limit.endswith(f" - {_operand(offset)}"):
            room = limit.removesuffix(f" - {_operand(offset)}")
            over, fits = f"{_compared(offset)} > {room} - {amount}", f"{_compared(offset)} <= {room} - {amount}"
            yield Excess(over, fits, offset, f"{room} - {amount}", False, bound.rank, bound.why)
            continue
        if negative and ("sizeof" in limit or not bound.signed):
            over, fits = f"(size_t){_operand(amount)} > {limit}", f"(size_t){_operand(amount)} <= {limit}"
        elif negative:
            over, fits = f"{_compared(amount)} < 0 || {amount} > {limit}", f"{_compared(amount)} >= 0 && {amount} <= {limit}"
        else:
            over, fits = f"{_compared(amount)} > {limit}", f"{_compared(amount)} <= {limit}"
        yield Excess(over, fits, amount, limit, False, bound.rank, bound.why)


def _constant(limit: str) -> bool:
    """Whether a limit is known to the compiler: a check of a number against it is none."""
    return bool(re.fullmatch(r"[\d\s()+*/-]*|\(?[A-Z_][A-Z0-9_]*[\s+\d)]*|sizeof[^-]*", limit))


def _operand(told: str) -> str:
    """A text as an operand of a cast or an arithmetic operator."""
    return told if re.fullmatch(r"[\w.\[\]]+(?:(?:->|\.)[\w\[\]]+)*|\([^()]*\)|\w+\([^()]*\)", told) else f"({told})"


def _compared(told: str) -> str:
    """A text as the left side of a comparison: lower operators than arithmetic ones need parentheses."""
    return f"({told})" if re.search(r"[&|^?=<>]", re.sub(r"->", "", told)) else told


def _sized(base: str) -> str:
    return f"{base}[0]" if re.fullmatch(r"\w+", base) else f"({base})[0]"
