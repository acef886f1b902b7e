"""Unbounded allocation: a size that the input declares, held against what the input can hold or the project allows."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from mithridate.model.violation import ViolationKind
from mithridate.repair.c.bounds import allocation_size
from mithridate.repair.c.codebase import Place
from mithridate.repair.c.excess import plain
from mithridate.repair.c.nodes import called, descendants, identifiers, statement_of, text, uncast
from mithridate.repair.c.scene import Draft, Scene
from mithridate.repair.proposers.template import Template

_LEFT = re.compile(r"(?:^|_|>|\.)(?:left|avail\w*|remain\w*|len|length|size|end|limit|nbytes|insize|filesize|total)\w*$", re.I)
_CONSTANT = re.compile(r"(?:^|_)(?:MAX|LIMIT|MAXIMUM)(?:_|$)|MAX[A-Z]*$")
MESSAGE = "size too large"


def drafts(scene: Scene) -> Iterator[Draft]:
    """Rejected where the size is more than what is left of the input, or than a limit that the project knows."""
    for depth, place in enumerate([*scene.allocation[:2], *scene.places[:3]]):
        allocated = allocation_size(place.statement)
        nodes = [n for n in (allocated[1] if allocated is not None else []) if identifiers(n)]
        for node in nodes[:2]:
            for name in _counted(node):
                yield from _limited(scene, place, name, 0.7 + 0.3 * depth)
        if allocated is not None:
            yield from _refused(scene, place, allocated[0], 1.5)


def _counted(size: Node) -> list[str]:
    """The factors of a size that are no constants: the declared count is one of them."""
    names: dict[str, None] = {}
    for node in descendants(uncast(size), {"identifier", "field_expression"}):
        if node.parent is not None and node.parent.type in ("field_expression", "sizeof_expression"):
            continue
        if not text(node).isupper():
            names[text(node)] = None
    told = plain(size)
    return [*list(names)[:2], *([told] if told is not None and len(names) > 1 else [])]


def _limited(scene: Scene, place: Place, name: str, rank: float) -> Iterator[Draft]:
    cause = f"{name} comes from the input, and so much is allocated whatever the input holds."
    scope = scene.code.in_scope(place)
    sizes = [v for v in scope if v.is_integer]
    sizes += [m for v in scope[:12] for m in scene.code.members(place.source, v) if m.is_integer]
    chosen = [v.expression for v in sizes if _LEFT.search(v.expression) and v.expression != name and v.expression not in name]
    for number, limit in enumerate(chosen[:4]):
        yield from scene.rejects(place, f"{name} > {limit}", cause=cause, rank=rank + 0.1 * number, message=MESSAGE)
    macros = [m for m, value in scene.code.macros(place.source).items() if _CONSTANT.search(m) and value]
    words = {w for w in re.split(r"\W|_", name.lower()) if len(w) > 2} | set(place.function.name.lower().split("_"))
    akin = sorted(macros, key=lambda m: (-len(words & set(m.lower().split("_"))), len(m)))
    for number, limit in enumerate(akin[:3]):
        yield from scene.rejects(place, f"{name} > {limit}", cause=cause, rank=rank + 0.15 + 0.15 * number, message=MESSAGE)


def _refused(scene: Scene, place: Place, call: Node, rank: float) -> Iterator[Draft]:
    """What the allocator refuses is an error of the function's."""
    held = call.parent
    while held is not None and held.type in ("cast_expression", "parenthesized_expression"):
        held = held.parent
    if held is None or held.type not in ("init_declarator", "assignment_expression"):
        return
    name = text(held.child_by_field_name("declarator") or held.child_by_field_name("left")).lstrip("* ")
    follower = statement_of(held).next_named_sibling
    if follower is not None:
        yield from scene.rejects(
            place,
            f"!{name}",
            cause=f"{called(call)}() may refuse, which was not checked.",
            rank=rank,
            at=follower,
            wrong="null",
            message="out of memory",
        )


ALLOCATION_LIMIT = Template(
    "allocation-limit", frozenset({ViolationKind.ALLOCATION_SIZE, ViolationKind.MEMORY_EXHAUSTION}), drafts, most=16
)
