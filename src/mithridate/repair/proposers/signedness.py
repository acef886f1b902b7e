"""Signedness: a negative length or index that passed its check, or became huge."""

from collections.abc import Iterator

from tree_sitter import Node

from mithridate.model.violation import ViolationKind
from mithridate.repair.c.codebase import Place
from mithridate.repair.c.edits import replaced, replacing
from mithridate.repair.c.excess import plain
from mithridate.repair.c.nodes import descendants, has_side_effects, identifiers, operator, statement_of, text, uncast
from mithridate.repair.c.scene import Draft, Scene, checks_before, governing
from mithridate.repair.proposers.missing_bound import OUT_OF_BOUNDS
from mithridate.repair.proposers.template import Template

_KINDS = OUT_OF_BOUNDS | {ViolationKind.ALLOCATION_SIZE, ViolationKind.VLA_BOUND}


def drafts(scene: Scene) -> Iterator[Draft]:
    """Below zero is rejected: with the check that is there already, before the access, or by an unsigned type."""
    penalty = 0.0 if scene.violation.kind in (ViolationKind.NEGATIVE_SIZE_PARAM, ViolationKind.VLA_BOUND) else 0.3
    for depth, place in enumerate(scene.places[:3]):
        for access in scene.accesses(place)[:3]:
            for node in (access.index, access.length, access.offset):
                if node is not None:
                    yield from _negative(scene, place, node, penalty + depth)
            yield from _characters(scene, place, access.index, depth)
        if depth < 2:
            yield from _passed_check(scene, place, penalty + 0.5 * depth)


def _negative(scene: Scene, place: Place, node: Node, penalty: float) -> Iterator[Draft]:
    for name in _signed(scene, place, node):
        cause = f"{name} is signed, and less than zero was not thought of."
        told = f"{name} < 0"
        yield from _with_check(scene, place, name, cause, 0.75 + penalty)
        yield from scene.rejects(place, told, cause=cause, rank=0.85 + penalty, message="negative value")
        yield from _unsigned(scene, place, name, cause, 1.3 + penalty)
    amount = plain(node)
    if amount is not None and node.type == "binary_expression" and operator(node) == "-":
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and right is not None and identifiers(left):
            over = f"{text(left)} < {text(right) if right.type != 'binary_expression' else '(' + text(right) + ')'}"
            cause = f"{amount} is less than zero, or wraps round, where {over}."
            yield from scene.rejects(place, over, cause=cause, rank=0.8 + penalty, message="value out of range")


def _signed(scene: Scene, place: Place, node: Node) -> list[str]:
    names: dict[str, None] = {}
    for inner in descendants(node, {"identifier", "field_expression"}):
        variable = scene.code.resolved(place, inner)
        if variable is not None and variable.is_signed and not has_side_effects(inner):
            names.setdefault(text(inner))
    return list(names)[:2]


def _with_check(scene: Scene, place: Place, name: str, cause: str, rank: float) -> Iterator[Draft]:
    """A check that rejects what is too large rejects what is below zero as well."""
    for number, asked in enumerate(checks_before(place)[:4]):
        for comparison in descendants(asked, {"binary_expression"}):
            left = comparison.child_by_field_name("left")
            if operator(comparison) in (">", ">=") and left is not None and text(uncast(left)) == name:
                told = f"{name} < 0 || {text(comparison)}"
                above = comparison.parent
                if above is not None and operator(above) == "&&":
                    told = f"({told})"
                content = replaced(place.source, [replacing(comparison, told)])
                yield scene.draft(
                    place,
                    content,
                    cause=cause,
                    fix="It is rejected with what is too large.",
                    condition=told,
                    rank=rank + 0.1 * number,
                )
    for number, asked in enumerate(governing(place)[:3]):
        for comparison in descendants(asked, {"binary_expression"}):
            left = comparison.child_by_field_name("left")
            if operator(comparison) in ("<", "<=") and left is not None and text(uncast(left)) == name:
                told = f"{name} >= 0 && {text(comparison)}"
                content = replaced(place.source, [replacing(comparison, told)])
                yield scene.draft(
                    place,
                    content,
                    cause=cause,
                    fix="Only what is not negative goes on.",
                    condition=told,
                    rank=rank + 0.1 * number,
                )


def _unsigned(scene: Scene, place: Place, name: str, cause: str, rank: float) -> Iterator[Draft]:
    """A local of its own declaration becomes unsigned."""
    variable = next((v for v in scene.code.in_scope(place) if v.expression == name and v.kind == "local"), None)
    declared = statement_of(variable.node) if variable is not None and variable.node is not None else None
    if declared is None or declared.type != "declaration" or len(declared.children_by_field_name("declarator")) != 1:
        return
    kind = declared.child_by_field_name("type")
    wider = {"int": "unsigned", "short": "unsigned short", "long": "unsigned long", "ssize_t": "size_t", "char": "unsigned char"}
    if kind is not None and text(kind) in wider:
        content = replaced(place.source, [replacing(kind, wider[text(kind)])])
        yield scene.draft(place, content, cause=cause, fix=f"{name} is unsigned.", rank=rank)


def _characters(scene: Scene, place: Place, index: Node | None, depth: int) -> Iterator[Draft]:
    """A table indexed by a character: plain `char` is negative above 127."""
    if index is None:
        return
    variable = scene.code.resolved(place, index)
    if (
        variable is not None
        and not variable.stars
        and not variable.dimensions
        and variable.type in ("char", "const char", "signed char")
    ):
        content = replaced(place.source, [replacing(index, f"(unsigned char){text(index)}")])
        yield scene.draft(
            place, content, cause=f"{text(index)} is a char and may be negative.", fix="It is an unsigned char.", rank=0.5 + depth
        )


def _passed_check(scene: Scene, place: Place, penalty: float) -> Iterator[Draft]:
    """A signed value is cast in the check that it is meant to fail."""
    for asked in checks_before(place)[:4]:
        for comparison in descendants(asked, {"binary_expression"}):
            left, right = comparison.child_by_field_name("left"), comparison.child_by_field_name("right")
            if left is None or right is None or operator(comparison) not in (">", ">="):
                continue
            variable = scene.code.resolved(place, left)
            if variable is None or not variable.is_signed or left.type == "cast_expression":
                continue
            told = f"(size_t){text(left)} {operator(comparison)} {text(right)}"
            content = replaced(place.source, [replacing(comparison, told)])
            yield scene.draft(
                place,
                content,
                cause=f"{text(left)} is compared as a signed number and used as a size.",
                fix="It is compared as a size.",
                condition=told,
                rank=1.2 + penalty,
            )


SIGNEDNESS = Template("signedness", _KINDS, drafts, most=16)
