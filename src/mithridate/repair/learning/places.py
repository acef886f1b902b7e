"""Where a state can be looked at and a guard can stand: around the fault, in its callers, and where its values were born."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tree_sitter import Node

from mithridate.model.violation import Frame, Violation
from mithridate.repair.c.nodes import LOOPS, arguments, condition, descendants, identifiers, text
from mithridate.repair.c.source import Function, Source, read

_CALLERS = 3
_MOST = 12
_ROOT = "/src/"


class Role(StrEnum):
    """Why a place is looked at."""

    FAULT = "fault"
    ASSIGNED = "assigned"
    ENTRY = "entry"
    CALLER = "caller"
    ALLOCATION = "allocation"


@dataclass(frozen=True, slots=True)
class Place:
    """Before the statement `at`; or, when `repeated`, before each evaluation of the condition `at` of a loop.

    `fault` is the statement whose words count as near: the one that the stack names. `depth` counts frames from the fault.
    """

    source: Source
    function: Function
    at: Node
    fault: Node
    role: Role
    depth: int
    repeated: bool = False

    @property
    def line(self) -> int:
        """1-based."""
        return self.at.start_point[0] + 1


def places(tree: Path, violation: Violation) -> list[Place]:
    """The places for a violation's stack, the fault's own first. Files below `tree` are those of the frames below /src."""
    sources: dict[str, Source | None] = {}
    found: list[Place] = []
    for depth, frame in enumerate(violation.project_frames[: 1 + _CALLERS]):
        found += _of_frame(tree, sources, frame, Role.CALLER if depth else Role.FAULT, depth)
    for depth, frame in enumerate([f for f in violation.allocation if f.in_project][:2]):
        found += _of_frame(tree, sources, frame, Role.ALLOCATION, depth)
    unique: dict[tuple[str, int, bool], Place] = {}
    for place in found:
        unique.setdefault((place.source.path, place.at.start_byte, place.repeated), place)
    return list(unique.values())[:_MOST]


def _of_frame(tree: Path, sources: dict[str, Source | None], frame: Frame, role: Role, depth: int) -> Iterator[Place]:
    if not frame.file.startswith(_ROOT) or frame.line < 1:
        return
    path = frame.file.removeprefix(_ROOT)
    if path not in sources:
        sources[path] = read(tree, path)
    source = sources[path]
    function = source.function_at(frame.line) if source else None
    if source is None or function is None:
        return
    statement = source.statement_at(frame.line, frame.column) or source.statement_at(frame.line)
    if statement is None:
        return
    exact = source.at(frame.line, frame.column) or statement
    header = _loop_condition(statement, exact)
    if header is not None:
        yield Place(source, function, header, header, role, depth, repeated=True)
    fault = header or statement
    before = _standing(statement)
    if before is not None:
        yield Place(source, function, before, fault, role, depth)
    if role is Role.FAULT or (role is Role.CALLER and depth == 1):
        for born in _births(function, statement, fault):
            if before is None or born.start_byte != before.start_byte:
                yield Place(source, function, born, fault, Role.ASSIGNED if role is Role.FAULT else role, depth)
    if role is not Role.ALLOCATION:
        first = next((s for s in function.statements() if s.type != "declaration"), None)
        if first is not None and _in_block(first) and first.start_byte < statement.start_byte:
            yield Place(source, function, first, fault, Role.ENTRY if role is Role.FAULT else role, depth)


def _loop_condition(statement: Node, exact: Node) -> Node | None:
    """The condition of the loop when the fault lies in its header, where a guard before the loop would look only once."""
    if statement.type not in LOOPS:
        return None
    asked = condition(statement)
    if asked is None or asked.type == "declaration":
        return None
    update = statement.child_by_field_name("update")
    inside = [part for part in (asked, update) if part is not None]
    return asked if any(part.start_byte <= exact.start_byte < part.end_byte for part in inside) else None


def _standing(statement: Node) -> Node | None:
    """The statement itself, or the first `if` of the chain where it is an `else if`: nothing can stand in front of that."""
    while statement.parent is not None and statement.parent.type == "else_clause" and statement.type == "if_statement":
        outer = statement.parent.parent
        if outer is None:
            return None
        statement = outer
    return statement


def _in_block(statement: Node) -> bool:
    parent = statement.parent
    return parent is not None and parent.type in ("compound_statement", "case_statement")


def _births(function: Function, statement: Node, fault: Node) -> Iterator[Node]:
    """The statements after those that last gave a value to what the statement at fault names, the latest first."""
    wanted = identifiers(fault)
    seen: set[str] = set()
    writers = [s for s in function.statements() if s.type in ("expression_statement", "declaration")]
    for writer in reversed([s for s in writers if s.end_byte <= statement.start_byte]):
        given = assigned(writer) & wanted
        if not given - seen or not _in_block(writer):
            continue
        seen |= given
        # A declaration after it would be jumped over by the error path's goto, and old C wants declarations first.
        following = _next(writer)
        while following is not None and following.type == "declaration" and following.start_byte < statement.start_byte:
            following = _next(following)
        if following is not None and following.start_byte <= statement.start_byte and _in_block(following):
            yield following


def assigned(statement: Node) -> set[str]:
    """The names that a statement gives a value to, itself or by their address in a call."""
    found: set[str] = set()
    for node in descendants(statement, {"assignment_expression", "init_declarator", "update_expression", "call_expression"}):
        if node.type == "assignment_expression":
            found |= identifiers(node.child_by_field_name("left") or node)
        elif node.type == "init_declarator":
            found |= identifiers(node.child_by_field_name("declarator") or node)
        elif node.type == "update_expression":
            found |= identifiers(node)
        else:
            for argument in arguments(node):
                if argument.type == "pointer_expression" and text(argument).startswith("&"):
                    found |= identifiers(argument)
    return found


def _next(statement: Node) -> Node | None:
    following = statement.next_named_sibling
    while following is not None and following.type == "comment":
        following = following.next_named_sibling
    return following


def files(chosen: Sequence[Place]) -> dict[str, Source]:
    """The sources of places, by path."""
    return {place.source.path: place.source for place in chosen}
