"""A count of what is left that wraps around: it is reduced by more than is left, and from there on allows everything."""

from collections.abc import Iterator

from tree_sitter import Node

from mithridate.repair.c.codebase import Place
from mithridate.repair.c.edits import guarded
from mithridate.repair.c.excess import is_signed, more_than, plain
from mithridate.repair.c.nodes import descendants, identifiers, operator, statement_of, text
from mithridate.repair.c.scene import Draft, Scene, governing
from mithridate.repair.proposers.missing_bound import MESSAGE, OUT_OF_BOUNDS
from mithridate.repair.proposers.template import Template

_FRAMES = 3
_MOST = 12


def drafts(scene: Scene) -> Iterator[Draft]:
    """At each place where a count that loops or checks around the access ask for is reduced, and at all of them together."""
    for depth, place in enumerate(scene.places[:_FRAMES]):
        asked = {name for condition in governing(place) for name in identifiers(condition)}
        found = [one for one in _reductions(scene, place) if identifiers(one[1]) & asked][:_MOST]
        for number, (anchor, left, amount, told) in enumerate(found):
            cause = f"{text(left)} is reduced by {text(amount)}, which may be more than is left."
            rank = 0.72 + 0.03 * number + 0.4 * depth
            yield from scene.rejects(scene.at(place, anchor), told, cause=cause, rank=rank, message=MESSAGE)
        yield from _everywhere(scene, place, found, 0.7 + 0.4 * depth)


def _reductions(scene: Scene, place: Place) -> Iterator[tuple[Node, Node, Node, str]]:
    """`left -= amount` of unsigned counts: where a check may stand, the count, the amount, and what is wrong there."""
    for node in descendants(place.function.body, {"assignment_expression"}):
        left, amount = node.child_by_field_name("left"), node.child_by_field_name("right")
        if operator(node) != "-=" or left is None or amount is None or plain(amount) is None or not identifiers(amount):
            continue
        statement = statement_of(node)
        here = scene.at(place, statement)
        variable = scene.code.resolved(here, left)
        if variable is None or not variable.is_integer or is_signed(scene, here, left) or amount.type == "sizeof_expression":
            continue
        told = more_than(scene, here, amount, text(left))
        if not any(_compares(condition, left, amount) for condition in governing(here)):
            yield _anchor(statement, left, amount), left, amount, told


def _compares(condition: Node, left: Node, amount: Node) -> bool:
    return any(
        {text(n.child_by_field_name("left")), text(n.child_by_field_name("right"))} == {text(left), text(amount)}
        for n in descendants(condition, {"binary_expression"})
    )


def _anchor(statement: Node, left: Node, amount: Node) -> Node:
    """The first statement of the block after which neither is given a value: what is not there is not to be read either."""
    block = statement.parent
    if block is None or block.type != "compound_statement":
        return statement
    names = {text(left), text(amount)}
    first = None
    for sibling in block.named_children:
        if sibling.end_byte > statement.start_byte:
            break
        if sibling.type == "comment":
            continue
        given = descendants(sibling, {"assignment_expression", "init_declarator", "update_expression", "pointer_expression"})
        targets = (
            n.child_by_field_name("left") or n.child_by_field_name("declarator") or n.child_by_field_name("argument")
            for n in given
        )
        if sibling.type == "declaration" or any(text(target) in names for target in targets):
            first = None
        elif first is None:
            first = sibling
    return first if first is not None else statement


def _everywhere(scene: Scene, place: Place, found: list[tuple[Node, Node, Node, str]], rank: float) -> Iterator[Draft]:
    original = place.source.content
    inserted: dict[int, bytes] = {}
    for anchor, _, _, told in found:
        for path in scene.exits(place, anchor)[:1]:
            content = guarded(place.source, place.function, anchor, told, path)
            extra = len(content) - len(original) if content is not None else 0
            at = next((n for n, (a, b) in enumerate(zip(original, content or b"", strict=False)) if a != b), -1)
            if content is not None and extra > 0 and at >= 0 and content[at + extra :] == original[at:]:
                inserted[at] = content[at : at + extra]
    if len(inserted) < 2:
        return
    content = original
    for at in sorted(inserted, reverse=True):
        content = content[:at] + inserted[at] + content[at:]
    counts = sorted({text(left) for _, left, _, _ in found})
    yield scene.draft(
        place,
        content,
        cause=f"{', '.join(counts)} is reduced by amounts that may be more than is left.",
        fix="Each of them is rejected where it is.",
        rank=rank,
    )


LEFT_OVER = Template("left-over", OUT_OF_BOUNDS, drafts, most=14)
