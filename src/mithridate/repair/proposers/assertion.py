"""Reachable assertions: what the input can make false is an error, and no fault of the program's."""

from collections.abc import Iterator

from mithridate.model.violation import ViolationKind
from mithridate.repair.c.exits import ErrorPath
from mithridate.repair.c.nodes import arguments, bare, called, condition, descendants, enclosing, has_side_effects, operator, text
from mithridate.repair.c.scene import Draft, Scene, guarded_draft
from mithridate.repair.proposers.template import Template

_INVERSE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


def drafts(scene: Scene) -> Iterator[Draft]:
    """The assertion stays, and before it the function fails as it fails elsewhere."""
    for depth, place in enumerate(scene.places[:3]):
        for call in descendants(place.statement, {"call_expression"}):
            if "assert" not in called(call).lower():
                continue
            given = arguments(call)
            if given and not has_side_effects(given[0]):
                node = bare(given[0])
                if not any(True for _ in descendants(node, {"identifier"})):
                    continue  # `assert(!"never")` marks a place, and says nothing of what leads there
                left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
                told = f"!({text(node)})"
                if operator(node) in _INVERSE and left is not None and right is not None:
                    told = f"{text(left)} {_INVERSE[operator(node)]} {text(right)}"
                elif node.type in ("identifier", "field_expression"):
                    told = f"!{text(node)}"
                yield from scene.rejects(
                    place,
                    told,
                    cause=f"{text(node)} is asserted, and the input can make it false.",
                    rank=0.6 + depth,
                    message="bad value",
                )
        check = enclosing(place.statement, {"if_statement"})
        asked = condition(check) if check is not None else None
        if asked is not None and check is not None and scene.violation.kind is ViolationKind.ABORT and depth == 0:
            paths: list[ErrorPath] = scene.exits(place, check)
            for number, path in enumerate(paths):
                yield from guarded_draft(
                    scene,
                    place,
                    check,
                    text(asked),
                    path,
                    cause=f"Where {text(asked)} the program aborts.",
                    rank=0.8 + 0.2 * number,
                )


ASSERTION = Template("assertion", frozenset({ViolationKind.ASSERTION, ViolationKind.ABORT}), drafts, most=8)
