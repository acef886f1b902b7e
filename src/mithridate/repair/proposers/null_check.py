"""Unchecked return and null dereference: the pointer is looked at where it is born, or before it is used."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from mithridate.model.violation import ViolationKind
from mithridate.repair.c.codebase import Place
from mithridate.repair.c.edits import replaced, replacing
from mithridate.repair.c.nodes import (
    arguments,
    bare,
    called,
    condition,
    descendants,
    has_side_effects,
    identifiers,
    operator,
    statement_of,
    text,
    uncast,
)
from mithridate.repair.c.scene import Draft, Scene, definition
from mithridate.repair.c.source import declared_name
from mithridate.repair.proposers.template import Template

KINDS = frozenset({ViolationKind.NULL_DEREFERENCE, ViolationKind.WILD_POINTER, ViolationKind.UNDEFINED_BEHAVIOUR})
MESSAGE = "missing value"


def drafts(scene: Scene) -> Iterator[Draft]:
    """For the pointers of the innermost statements, and for the arguments that callers passed."""
    for depth, place in enumerate(scene.places[:4]):
        found = _pointers(scene, place) if depth == 0 else _passed(scene, scene.places[depth - 1], place)
        for number, pointer in enumerate(found[:3]):
            yield from _checked(scene, place, pointer, 0.4 * number + 0.5 * depth)


def _pointers(scene: Scene, place: Place) -> list[Node]:
    """What is dereferenced in the statement, by column; an argument of a call that reads memory, and a function pointer too."""
    found = [a.pointer for a in scene.accesses(place)]
    for call in descendants(place.statement, {"call_expression"}):
        found += [a for a in map(uncast, arguments(call)) if a.type in ("identifier", "field_expression")]
        function = call.child_by_field_name("function")
        if function is not None and function.type == "field_expression":
            found.append(function)
    unique: dict[str, Node] = {}
    for node in found:
        variable = scene.code.resolved(place, node)
        if variable is None or not variable.is_array:
            unique.setdefault(text(node), node)
    return [
        n for name, n in unique.items() if identifiers(n) and name not in ("stdin", "stdout", "stderr") and not name.isupper()
    ]


def _passed(scene: Scene, inner: Place, place: Place) -> list[Node]:
    """The arguments of the call at `place` that the inner function uses as the pointers of its statement."""
    wanted = {text(node).split("->")[0] for node in _pointers(scene, inner)}
    found = []
    for call in descendants(place.statement, {"call_expression"}):
        if called(call) != inner.function.name:
            continue
        for parameter, given in zip(inner.function.parameters, arguments(call), strict=False):
            if declared_name(parameter.child_by_field_name("declarator")) in wanted and not has_side_effects(given):
                found.append(uncast(given))
    return [n for n in found if n.type in ("identifier", "field_expression", "subscript_expression")]


def _checked(scene: Scene, place: Place, pointer: Node, penalty: float) -> Iterator[Draft]:
    if has_side_effects(pointer):
        return
    name = text(pointer)
    told = _is_null(place, name)
    cause = f"{name} may be NULL here and is used."
    born = definition(place, name)
    if born is not None:
        value = born.child_by_field_name("right") or born.child_by_field_name("value")
        where = statement_of(born)
        follower = _after(where)
        if value is not None and uncast(value).type == "call_expression":
            cause = f"What {called(uncast(value))}() returns, which may be NULL, was not checked."
            if follower is not None and follower.start_byte <= place.statement.start_byte and where.type != "if_statement":
                yield from scene.rejects(place, told, cause=cause, rank=0.5 + penalty, at=follower, wrong="null", message=MESSAGE)
    yield from scene.rejects(place, told, cause=cause, rank=0.6 + penalty, wrong="null", message=MESSAGE)
    yield from _also_asked(scene, place, pointer, cause, 0.8 + penalty)


def _after(statement: Node) -> Node | None:
    """The statement after a declaration or an assignment; declarations that follow it are passed, as C once wanted it."""
    found = statement.next_named_sibling
    while found is not None and found.type in ("comment", "declaration"):
        found = found.next_named_sibling
    return found


def _also_asked(scene: Scene, place: Place, pointer: Node, cause: str, rank: float) -> Iterator[Draft]:
    """In a condition: the pointer first. In a value: what NULL has in its stead. Before a statement: only when it is there."""
    name, statement = text(pointer), place.statement
    fix = f"It is used only when {name} is there."
    given = _not_null(place, name)
    asked = condition(statement) if statement.type in ("if_statement", "while_statement", "for_statement") else None
    if asked is not None and _holds(asked, name):
        part = _part(asked, name)
        told = f"{given} && {text(part) if operator(part) != '||' else '(' + text(part) + ')'}"
        if part != asked and part.parent is not None and operator(part.parent) == "||":
            told = f"({told})"
        content = replaced(place.source, [replacing(part, told)])
        yield scene.draft(place, content, cause=cause, fix=fix, condition=given, rank=rank - 0.35)
        if statement.type == "if_statement":
            told = f"{_is_null(place, name)} || {text(asked) if operator(asked) != '&&' else '(' + text(asked) + ')'}"
            yield scene.draft(
                place,
                replaced(place.source, [replacing(asked, told)]),
                cause=cause,
                fix=f"{name} being NULL is treated like the rest of the condition.",
                condition=told,
                rank=rank - 0.1,
            )
    elif statement.type == "expression_statement":
        from mithridate.repair.c.edits import indentation, style

        how = style(place.source, place.function)
        head = f"{how.keyword}{given}){how.newline}{indentation(place.source, statement)}{how.unit}"
        if text(statement).count("\n") == 0:
            content = replaced(place.source, [replacing(statement, head + text(statement))])
            yield scene.draft(place, content, cause=cause, fix=fix, condition=given, rank=rank)
    parent = statement.parent
    if parent is not None and parent.type == "if_statement" and parent.child_by_field_name("consequence") == statement:
        outer = condition(parent)
        if outer is not None and parent.child_by_field_name("alternative") is None:
            old = f"({text(outer)})" if operator(outer) == "||" else text(outer)
            content = replaced(place.source, [replacing(outer, f"{old} && {given}")])
            yield scene.draft(place, content, cause=cause, fix=fix, condition=given, rank=rank - 0.1)


def _holds(asked: Node, name: str) -> bool:
    return any(text(n) == name for n in descendants(asked))


def _part(asked: Node, name: str) -> Node:
    """The smallest operand of && and || that uses the pointer."""
    node = bare(asked)
    while operator(node) in ("&&", "||"):
        sides = [n for n in (node.child_by_field_name("left"), node.child_by_field_name("right")) if n is not None]
        using = [s for s in sides if _holds(s, name)]
        if not using:
            break
        node = using[0]
    return node


def _is_null(place: Place, name: str) -> str:
    return f"{name} == NULL" if _spelt_out(place) else f"!{name}"


def _not_null(place: Place, name: str) -> str:
    return f"{name} != NULL" if _spelt_out(place) else name


def _spelt_out(place: Place) -> bool:
    """Whether the file compares with NULL rather than writing `!p`."""
    content = place.source.content
    return len(re.findall(rb"[!=]=\s*NULL\b", content)) > len(re.findall(rb"[(&|]\s*!\s*[a-z_]\w*(?:->\w+)*\s*[)&|]", content))


NULL_CHECK = Template("null-check", KINDS, drafts, most=16)
