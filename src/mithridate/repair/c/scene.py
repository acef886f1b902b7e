"""A violation in the project's text: its frames' statements, the access that went wrong, and drafts of changes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from tree_sitter import Node

from mithridate.model.violation import Access as Direction
from mithridate.model.violation import Frame, Violation
from mithridate.repair.c.accesses import Access, accesses
from mithridate.repair.c.codebase import Codebase, Place
from mithridate.repair.c.edits import before, guarded
from mithridate.repair.c.exits import ErrorPath, Wrong, error_paths
from mithridate.repair.c.nodes import called, condition, descendants, identifiers, statement_of, text
from mithridate.repair.c.source import loops_around

_FRAMES = 5
_ALLOCATOR = re.compile(r"(?:alloc|strdup|strndup|memdup)\w*$", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A change before it is a diff. `changes` maps paths to new contents; the other fields are those of a Proposal."""

    changes: dict[str, bytes]
    cause: str
    fix: str
    condition: str = ""
    rank: float = 1.0
    functions: tuple[str, ...] = ()


class Scene:
    """What is known of one violation. `places` are those of the project's frames that could be read, innermost first."""

    def __init__(self, root: Path, violation: Violation, codebase: Codebase | None = None) -> None:
        self.violation = violation
        self.code = codebase if codebase is not None else Codebase(root)

    @cached_property
    def places(self) -> list[Place]:
        """The innermost frames of the project."""
        return self._read(self.violation.frames)

    @cached_property
    def allocation(self) -> list[Place]:
        """Where the object was made, innermost first."""
        made = self._read(self.violation.allocation)
        while len(made) > 1 and _ALLOCATOR.search(made[0].function.name):
            made = made[1:]  # the project's own allocator is not to blame for the size that it was asked for
        return made or self._made_here()

    @cached_property
    def deallocation(self) -> list[Place]:
        """Where it was freed."""
        return self._read(self.violation.deallocation)

    @property
    def writes(self) -> bool | None:
        """The direction of the bad access, when known."""
        return None if self.violation.access is None else self.violation.access is Direction.WRITE

    def accesses(self, place: Place) -> list[Access]:
        """The accesses of a place's statement, the likeliest first; only those of the bad direction where there are any."""
        found = accesses(place.statement, place.frame.line, place.frame.column, self.writes)
        same = [a for a in found if self.writes is None or a.writes is self.writes or (a.kind == "call" and not a.role)]
        handed = [a for a in found if a not in same and a.kind == "subscript" and any(_inside(a.node, s.pointer) for s in same)]
        return sorted([*same, *handed] or found, key=lambda a: self._foreign(place, a))

    def _foreign(self, place: Place, access: Access) -> int:
        """1 for an array that is not the object that was missed."""
        region = self.violation.region
        variable = self.code.resolved(place, access.pointer) if region is not None else None
        if region is None or variable is None or not variable.is_array:
            return 0
        if region.kind == "heap":
            return int("->" not in variable.expression)
        return int(bool(region.name) and self.missed != variable.expression.partition(".")[0].partition("[")[0])

    def _made_here(self) -> list[Place]:
        """For a report that knows no object: where the pointer of the innermost statement got its value, if that is in sight."""
        for place in self.places[:1]:
            for access in self.accesses(place)[:2]:
                given = definition(place, text(access.pointer))
                if given is not None and next(descendants(given, {"call_expression"}), None) is not None:
                    return [self.at(place, statement_of(given))]
        return []

    @property
    def missed(self) -> str:
        """The name of the variable that was missed, "" for none: a compiler adds to the names of what it put into a caller."""
        region = self.violation.region
        return region.name.partition(".")[0] if region is not None else ""

    def caller(self, place: Place) -> tuple[Place, Node] | None:
        """The place that called this one's function and the call itself, when the text shows it."""
        number = next((i for i, p in enumerate(self.places) if p is place), -1)
        for above in self.places[number + 1 : number + 2]:
            for call in descendants(above.statement, {"call_expression"}):
                if called(call) == place.function.name:
                    return above, call
        return None

    def exits(self, place: Place, at: Node | None = None, wrong: Wrong = "bound", message: str = "") -> list[ErrorPath]:
        """The ways to fail before a statement of the place's function."""
        return error_paths(place.source, place.function, at if at is not None else place.statement, wrong, message)[:3]

    def rejects(
        self, place: Place, told: str, *, cause: str, rank: float, at: Node | None = None, wrong: Wrong = "bound", message: str
    ) -> Iterator[Draft]:
        """Drafts that fail along the function's error paths where `told` is true, before a statement (the place's own)."""
        anchor = at if at is not None else place.statement
        while anchor.parent is not None and anchor.parent.type == "else_clause" and anchor.type == "if_statement":
            anchor = anchor.parent.parent or anchor  # no statement can stand between else and if
        if anchor.type in ("while_statement", "for_statement", "do_statement") and self._changes(anchor, told):
            return  # a check before a loop says nothing of what the loop changes
        for number, path in enumerate(self.exits(place, anchor, wrong, message)):
            content = guarded(place.source, place.function, anchor, told, path)
            if content is not None:
                yield self.draft(
                    place,
                    content,
                    cause=cause,
                    fix=f"Reject it where {told}, with {path.statements[-1].rstrip(';')}.",
                    condition=told,
                    rank=rank + 0.25 * number + _unlearned(path),
                )

    def lines_before(
        self, place: Place, lines: list[str], *, cause: str, fix: str, rank: float, told: str = ""
    ) -> Iterator[Draft]:
        """A draft with lines before the place's statement."""
        content = before(place.source, place.function, place.statement, lines)
        if content is not None:
            yield self.draft(place, content, cause=cause, fix=fix, condition=told, rank=rank)

    def draft(self, place: Place, content: bytes, *, cause: str, fix: str, rank: float, condition: str = "") -> Draft:
        """A change of one file."""
        return Draft(
            changes={place.source.path: content},
            cause=cause,
            fix=fix,
            condition=condition,
            rank=rank,
            functions=(place.function.name,),
        )

    def at(self, place: Place, statement: Node) -> Place:
        """The same function at another statement."""
        return replace(place, statement=statement)

    def _changes(self, loop: Node, told: str) -> bool:
        assigned = {
            text(n.child_by_field_name("left") or n.child_by_field_name("argument"))
            for n in descendants(loop, {"assignment_expression", "update_expression"})
        }
        return any(name in told for name in assigned if name)

    def _read(self, frames: tuple[Frame, ...]) -> list[Place]:
        found: list[Place] = []
        for number, frame in enumerate(frames[:40]):
            if not frame.in_project:
                continue
            place = self.code.place(frame)
            if place is None and not frame.line and number:
                place = self.code.caller_of(frame, frames[number - 1].function, self.missed)
            if place is not None:
                found.append(place)
        return found[: _FRAMES * 2]


def _inside(node: Node, other: Node) -> bool:
    return other.start_byte <= node.start_byte and node.end_byte <= other.end_byte


def guarded_draft(
    scene: Scene, place: Place, at: Node, told: str, path: ErrorPath, *, cause: str, rank: float
) -> Iterator[Draft]:
    """A draft that fails in one given way before a statement where `told` is true."""
    content = guarded(place.source, place.function, at, told, path)
    if content is not None:
        fix = f"Reject it where {told}, with {path.statements[-1].rstrip(';')}."
        yield scene.draft(place, content, cause=cause, fix=fix, condition=told, rank=rank)


def _unlearned(path: ErrorPath) -> float:
    """What a way to fail costs that the function does not know yet; most, when it leaves its results as they are."""
    if path.learned:
        return 0.0
    return 0.45 if path.statements == ("return;",) else 0.1


def governing(place: Place) -> list[Node]:
    """The conditions that decide whether the place is reached or goes on: of loops and ifs around it, innermost first."""
    found = []
    node: Node | None = place.statement
    while node is not None and node != place.function.node:
        if node.type in ("if_statement", "while_statement", "for_statement", "do_statement") and node != place.statement:
            asked = condition(node)
            if asked is not None:
                found.append(asked)
        node = node.parent
    if place.statement.type in ("while_statement", "for_statement", "do_statement", "if_statement"):
        asked = condition(place.statement)
        if asked is not None:
            found.insert(0, asked)
    return found


def checks_before(place: Place) -> list[Node]:
    """The conditions of the `if`s before the place's statement in its function, the nearest first."""
    found = [
        asked
        for check in descendants(place.function.body, {"if_statement"})
        if check.end_byte <= place.statement.start_byte and (asked := condition(check)) is not None
    ]
    return list(reversed(found))


def definition(place: Place, name: str) -> Node | None:
    """The last statement before the place that gives `name` (a variable or a member) its value; in the same function."""
    found: Node | None = None
    for node in descendants(place.function.body, {"assignment_expression", "init_declarator"}):
        if node.start_byte >= place.statement.start_byte:
            break
        left = node.child_by_field_name("left") or node.child_by_field_name("declarator")
        written = text(left).lstrip("* ")
        if written == name and (node.type == "init_declarator" or identifiers(node)):
            found = node
    return found


def loop_of(place: Place) -> Node | None:
    """The innermost loop around a place, itself when its statement is one."""
    if place.statement.type in ("while_statement", "for_statement", "do_statement"):
        return place.statement
    return next(iter(loops_around(place.statement)), None)
