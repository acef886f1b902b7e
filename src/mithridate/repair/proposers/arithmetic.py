"""Division by zero, shifts by too much, and signed overflow: the operand is looked at before the operator."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from mithridate.model.violation import ViolationKind
from mithridate.repair.c.codebase import Place
from mithridate.repair.c.edits import replaced, replacing
from mithridate.repair.c.excess import is_signed, plain
from mithridate.repair.c.nodes import (
    ancestors,
    arguments,
    called,
    condition,
    descendants,
    identifiers,
    operator,
    statement_of,
    text,
    uncast,
)
from mithridate.repair.c.scene import Draft, Scene, checks_before, definition
from mithridate.repair.proposers.template import Template

_DIVIDES = ("/", "%", "/=", "%=")
_SHIFTS = ("<<", ">>", "<<=", ">>=")
_ADDS = ("+", "-", "*", "+=", "-=", "*=")
MESSAGE = "value out of range"


def divisions(scene: Scene) -> Iterator[Draft]:
    """Zero is rejected where the divisor gets its value, along with what is rejected there already, or before the division."""
    for depth, place in enumerate(scene.places[:2]):
        for number, (_, divisor) in enumerate(_operations(place, _DIVIDES)[:3]):
            told = plain(uncast(divisor)) or _getter(uncast(divisor))
            if told is None or not identifiers(divisor):
                continue
            name = told if re.fullmatch(r"[\w.>\-\[\]]+", told) else f"({told})"
            cause = f"{told} may be zero and is divided by."
            penalty = 0.3 * number + 1.0 * depth
            born = definition(place, told)
            if born is not None:
                follower = statement_of(born).next_named_sibling
                if follower is not None and follower.start_byte < place.statement.start_byte:
                    yield from scene.rejects(
                        place, f"{name} == 0", cause=cause, rank=0.65 + penalty, at=follower, message=MESSAGE
                    )
            first = _first_division(place, told)
            if first is not None:
                yield from scene.rejects(
                    scene.at(place, first), f"{name} == 0", cause=cause, rank=0.75 + penalty, message=MESSAGE
                )
            yield from _with_another_check(scene, place, divisor, cause, 0.7 + penalty)
            yield from scene.rejects(place, f"{name} == 0", cause=cause, rank=0.6 + penalty, message=MESSAGE)
            yield from _conditional(scene, place, divisor, name, cause, 0.9 + penalty)


def shifts(scene: Scene) -> Iterator[Draft]:
    """A distance that the shifted type does not have is rejected; or the shifted value gets a type that has it."""
    bits = _width(scene.violation.message)
    for depth, place in enumerate(scene.places[:2]):
        for number, (operation, distance) in enumerate(_operations(place, _SHIFTS)[:3]):
            told, left = plain(distance), operation.child_by_field_name("left")
            if told is None or left is None:
                continue
            name = told if re.fullmatch(r"[\w.>\-\[\]]+", told) else f"({told})"
            cause = f"{told} may be as large as the type that is shifted, or larger."
            width = f"{bits}" if bits else f"8 * sizeof({text(left)})"
            over = f"{name} >= {width}"
            if is_signed(scene, place, distance):
                over = f"{name} < 0 || {over}"
            if identifiers(distance):
                yield from scene.rejects(place, over, cause=cause, rank=0.6 + 0.3 * number + depth, message=MESSAGE)
            for wider in ("uint64_t", "unsigned") if "int64_t" in text(place.source.root) else ("unsigned long long", "unsigned"):
                if operator(operation) in ("<<", ">>"):
                    value = text(left) if re.fullmatch(r"[\w.>\-\[\]()]+", text(left)) else f"({text(left)})"
                    content = replaced(place.source, [replacing(left, f"({wider}){value}")])
                    yield scene.draft(
                        place, content, cause=cause, fix=f"The value that is shifted is {wider}.", rank=0.9 + 0.3 * number + depth
                    )


def overflows(scene: Scene) -> Iterator[Draft]:
    """Signed results that do not fit: rejected before they are made, or made in a wider or an unsigned type."""
    limits = _limits(scene.violation.message)
    for depth, place in enumerate(scene.places[:2]):
        yield from _steps(scene, place, limits, float(depth))
        for number, (operation, right) in enumerate(_operations(place, _ADDS)[:3]):
            left = operation.child_by_field_name("left")
            sign = operator(operation)[0]
            one, other = plain(left), plain(right)
            if left is None or one is None or other is None or any(_points(scene, place, n) for n in (left, right)):
                continue
            cause = f"{one} {sign} {other} may be more than its type holds."
            one, other = _operand(one), _operand(other)
            penalty = 0.3 * number + depth
            most, least = limits
            if sign == "*":
                over = f"{other} != 0 && {one} > {most} / {other}"
                if right.type == "number_literal":
                    over = f"{one} > {most} / {other}"
            elif sign == "+":
                over = f"{one} > {most} - {other}"
            else:
                over = f"{one} < {least} + {other}"
            if right.type != "number_literal" and sign == "-":
                over = f"{other} > 0 && {over}"
            for told in (over,):
                yield from scene.rejects(place, told, cause=cause, rank=0.7 + penalty, message=MESSAGE)
            if operator(operation) in ("+", "-", "*"):
                for wider, extra in (("unsigned", 0.5), ("long long", 0.6)):
                    content = replaced(place.source, [replacing(left, f"({wider}){one}")])
                    yield scene.draft(place, content, cause=cause, fix=f"It is computed as {wider}.", rank=0.7 + extra + penalty)


def _steps(scene: Scene, place: Place, limits: tuple[str, str], penalty: float) -> Iterator[Draft]:
    """`n++` and `n--`: the last value that the type has is rejected."""
    for number, node in enumerate(descendants(place.statement, {"update_expression"})):
        told = plain(node.child_by_field_name("argument"))
        variable = scene.code.resolved(place, uncast(node.child_by_field_name("argument") or node))
        if told is None or (variable is not None and variable.is_pointer):
            continue
        up = operator(node) == "++"
        most, way = ("largest", "up") if up else ("smallest", "down")
        yield from scene.rejects(
            place,
            f"{_operand(told)} == {limits[0] if up else limits[1]}",
            cause=f"{told} may be the {most} value of its type when it is counted {way}.",
            rank=0.7 + penalty + 0.3 * number,
            message=MESSAGE,
        )


def _operations(place: Place, signs: tuple[str, ...]) -> list[tuple[Node, Node]]:
    """A statement's operations with one of these operators, with their right sides, the nearest to the frame's column first."""
    found = []
    for node in descendants(place.statement, {"binary_expression", "assignment_expression"}):
        right = node.child_by_field_name("right")
        if operator(node) in signs and right is not None:
            at = node.child_by_field_name("operator")
            line, column = (at or node).start_point
            wanted = (place.frame.line - 1, place.frame.column - 1)
            found.append((abs(line - wanted[0]) * 1000 + abs(column - wanted[1]) * bool(place.frame.column), node, right))
    return [(node, right) for _, node, right in sorted(found, key=lambda entry: entry[0])]


def _first_division(place: Place, divisor: str) -> Node | None:
    """An earlier statement that divides by the same: a compiler makes one of a quotient and a remainder, at either's line."""
    for node in descendants(place.function.body, {"binary_expression"}):
        if node.start_byte >= place.statement.start_byte:
            return None
        if operator(node) in ("/", "%") and text(node.child_by_field_name("right")) == divisor:
            return statement_of(node)
    return None


def _with_another_check(scene: Scene, place: Place, divisor: Node, cause: str, rank: float) -> Iterator[Draft]:
    """The factors of the divisor are rejected by a check that the function has already, of a value that was read with them."""
    given = definition(place, text(divisor))
    value = (given.child_by_field_name("right") or given.child_by_field_name("value")) if given is not None else divisor
    names = sorted({text(v) for v in descendants(value, {"identifier"})}) if value is not None else []
    for asked in checks_before(place)[:4]:
        if not any(operator(n) in ("==", "<=", "<") and "0" in text(n) for n in descendants(asked, {"binary_expression"})):
            continue
        for name in names:
            if name in identifiers(asked) and f"{name} == 0" in text(asked):
                continue
            told = f"{text(asked)} || {name} == 0"
            content = replaced(place.source, [replacing(asked, told)])
            yield scene.draft(
                place, content, cause=cause, fix=f"{name} of zero is rejected with the rest.", condition=f"{name} == 0", rank=rank
            )


def _conditional(scene: Scene, place: Place, divisor: Node, name: str, cause: str, rank: float) -> Iterator[Draft]:
    """Inside of a condition the divisor is asked first; elsewhere the result is zero."""
    asked = condition(place.statement) if place.statement.type in ("if_statement", "while_statement", "for_statement") else None
    operation = divisor.parent
    if asked is not None and any(a == asked for a in [divisor, *ancestors(divisor)]):
        old = f"({text(asked)})" if operator(asked) == "||" else text(asked)
        content = replaced(place.source, [replacing(asked, f"{name} != 0 && {old}")])
        yield scene.draft(
            place, content, cause=cause, fix="It is divided only by what is not zero.", condition=f"{name} != 0", rank=rank
        )
    if operation is not None and operation.type == "binary_expression":
        told = f"({name} ? {text(operation)} : 0)"
        if operation.parent is not None and operation.parent.type in ("init_declarator", "return_statement", "argument_list"):
            told = told[1:-1]
        content = replaced(place.source, [replacing(operation, told)])
        yield scene.draft(
            place, content, cause=cause, fix="Divided by nothing it is zero.", condition=f"{name} != 0", rank=rank + 0.2
        )


def _operand(told: str) -> str:
    return told if re.fullmatch(r"\w+(?:(?:->|\.|\[)[\w\]]+)*", told) else f"({told})"


def _points(scene: Scene, place: Place, node: Node) -> bool:
    variable = scene.code.resolved(place, node)
    return variable is not None and (variable.is_pointer or variable.is_array)


def _getter(node: Node) -> str | None:
    """A call without arguments of a function named like one that only tells: it may be asked twice."""
    if node.type == "call_expression" and not arguments(node) and re.match(r"(?:get|size|count|length|num)", called(node), re.I):
        return text(node)
    return None


def _width(message: str) -> int:
    """The width of the type that the sanitizer names: a fact of the program's text."""
    found = re.search(r"(\d+)-bit type", message)
    return int(found[1]) if found else 0


def _limits(message: str) -> tuple[str, str]:
    kind = re.search(r"type '([^']+)'", message)
    name = kind[1] if kind else "int"
    if "long long" in name or "int64" in name:
        return "LLONG_MAX", "LLONG_MIN"
    if "long" in name or "ssize" in name or "ptrdiff" in name:
        return "LONG_MAX", "LONG_MIN"
    return "INT_MAX", "INT_MIN"


DIVISION = Template("division-by-zero", frozenset({ViolationKind.DIVISION_BY_ZERO}), divisions, most=12)
SHIFT = Template("shift", frozenset({ViolationKind.SHIFT_EXPONENT}), shifts, most=12)
SIGNED_OVERFLOW = Template("signed-overflow", frozenset({ViolationKind.SIGNED_INTEGER_OVERFLOW}), overflows, most=12)
