"""Stack exhaustion: recursion as deep as the input says, given a limit at the function that calls itself."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from mithridate.model.violation import ViolationKind
from mithridate.repair.c.codebase import Place
from mithridate.repair.c.edits import Edit, Style, indentation, replaced, replacing, style
from mithridate.repair.c.exits import ErrorPath
from mithridate.repair.c.nodes import arguments, called, descendants, statement_of, text
from mithridate.repair.c.scene import Draft, Scene
from mithridate.repair.c.source import declared_name
from mithridate.repair.proposers.template import Template

_DEPTH = re.compile(r"(?:MAX|LIMIT).*(?:DEPTH|NEST|RECURS|LEVEL)|(?:DEPTH|NEST|RECURS|LEVEL).*(?:MAX|LIMIT)")
_LIMITS = (500, 100)
"""A stack of 8 MiB holds 500 frames of 16 KiB, which is what instrumented frames of ordinary functions stay below."""
MESSAGE = "nested too deeply"


def drafts(scene: Scene) -> Iterator[Draft]:
    """A depth that goes along as a parameter; where that cannot be, one that is counted around the calls."""
    seen: set[int] = set()
    cycle = {place.function.name for place in scene.places}
    for order, place in enumerate(scene.places):
        if place.function.node.id in seen:
            continue
        seen.add(place.function.node.id)
        own = [c for c in descendants(place.function.body, {"call_expression"}) if called(c) == place.function.name]
        if own:
            yield from _parameter(scene, place, own, 0.7 + 0.1 * order)
        calls = own or [c for c in descendants(place.function.body, {"call_expression"}) if called(c) in cycle]
        if calls and (own or len(cycle) > 1):
            yield from _counted(scene, place, calls, 0.9 + 0.1 * order)


def _limit(scene: Scene, place: Place) -> Iterator[tuple[str, int, float]]:
    """Names of limits with the values to define them with (0: they are there already), and what they cost in rank."""
    known = [m for m, value in scene.code.macros(place.source).items() if _DEPTH.search(m) and value]
    for number, name in enumerate(known[:2]):
        yield name, 0, 0.1 * number
    for number, value in enumerate(_LIMITS):
        yield f"{place.function.name.upper()}_MAX_DEPTH", value, 0.2 + 0.1 * number


def _parameter(scene: Scene, place: Place, own: list[Node], rank: float) -> Iterator[Draft]:
    """The function becomes one that knows its depth; one of the old name begins at nought."""
    function, source = place.function, place.source
    declarator = next(descendants(function.node, {"function_declarator"}), None)
    listed = declarator.child_by_field_name("parameters") if declarator is not None else None
    name = declarator.child_by_field_name("declarator") if declarator is not None else None
    first = _first_statement(function.body)
    if listed is None or name is None or name.type != "identifier" or first is None or "..." in text(listed):
        return
    if any(c.type == "declaration" for c in function.node.named_children) or "depth" in _names(function.node):
        return
    parameters = [declared_name(p.child_by_field_name("declarator")) for p in function.parameters]
    if text(listed) not in ("(void)", "()") and not all(parameters):
        return
    parameters = [p for p in parameters if p]
    how = style(source, function)
    inner = f"{function.name}_at_depth"
    head = source.content[function.node.start_byte : function.body.start_byte].decode("utf-8", "surrogateescape")
    before_brace = head[len(head.rstrip()) :]
    static = "" if re.search(r"\bstatic\b", head) else "static "
    for path in scene.exits(place, first, message=MESSAGE)[:2]:
        for limit, value, extra in _limit(scene, place):
            edits = [replacing(name, inner)]
            given = f", unsigned depth{text(listed)[-1]}" if parameters else "(unsigned depth)"
            edits.append(
                Edit(listed.end_byte - 1, listed.end_byte, given)
                if parameters
                else Edit(listed.start_byte, listed.end_byte, given)
            )
            for call in own:
                function_name, passed = call.child_by_field_name("function"), call.child_by_field_name("arguments")
                if function_name is None or passed is None:
                    return
                edits.append(replacing(function_name, inner))
                more = ", depth + 1" if arguments(call) else "depth + 1"
                edits.append(Edit(passed.end_byte - 1, passed.end_byte - 1, more))
            edits.append(_guard(source.content, first, how, f"depth >= {limit}", path, indentation(source, first)))
            start = _above(function.node)
            defined = f"#define {limit} {value}{how.newline}{how.newline}" if value else ""
            if start == function.node.start_byte:
                edits.append(Edit(start, start, defined + static))
            else:
                edits += [Edit(start, start, defined)] * bool(defined) + [
                    Edit(function.node.start_byte, function.node.start_byte, static)
                ]
            result = "" if function.result == "void" else "return "
            call_text = f"{inner}({', '.join([*parameters, '0'])});"
            body = f"{{{how.newline}{how.unit}{result}{call_text}{how.newline}}}"
            wrapper = f"{how.newline}{how.newline}{head.rstrip()}{before_brace}{body}"
            edits.append(Edit(function.node.end_byte, function.node.end_byte, wrapper))
            yield scene.draft(
                place,
                replaced(source, edits),
                cause=f"{function.name}() calls itself as often as its input says.",
                fix=f"It fails below {limit} calls{f' ({value})' if value else ''}.",
                condition=f"depth >= {limit}",
                rank=rank + extra + (0.0 if path.learned else 0.05),
            )


def _counted(scene: Scene, place: Place, calls: list[Node], rank: float) -> Iterator[Draft]:
    """A counter of the thread's, up before each call and down after it."""
    source, function = place.source, place.function
    how = style(source, function)
    first = _first_statement(function.body)
    top = next((c for c in function.body.named_children if c.type != "comment"), None)
    statements = {s.id: s for s in map(statement_of, calls)}
    plain = [s for s in statements.values() if s.type in ("expression_statement", "declaration") and _in_block(s)]
    if first is None or top is None or len(plain) != len(statements) or "depth" in _names(function.node):
        return
    for path in scene.exits(place, first, message=MESSAGE)[:2]:
        for limit, value, extra in _limit(scene, place):
            edits = [_guard(source.content, first, how, f"depth >= {limit}", path, indentation(source, first))]
            start = source.content.rfind(b"\n", 0, top.start_byte) + 1
            kept = f"{indentation(source, top)}static __thread unsigned depth;{how.newline}"
            edits.insert(0, Edit(start, start, kept))
            for statement in plain:
                indent = indentation(source, statement)
                line = source.content.rfind(b"\n", 0, statement.start_byte) + 1
                end = source.content.find(b"\n", statement.end_byte) + 1
                edits.append(Edit(line, line, f"{indent}depth++;{how.newline}"))
                edits.append(Edit(end, end, f"{indent}depth--;{how.newline}"))
            above = _above(function.node)
            if value:
                edits.append(Edit(above, above, f"#define {limit} {value}{how.newline}{how.newline}"))
            yield scene.draft(
                place,
                _in_order(source.content, edits),
                cause=f"{function.name}() comes back to itself as often as its input says.",
                fix=f"It fails below {limit} calls{f' ({value})' if value else ''}.",
                condition=f"depth >= {limit}",
                rank=rank + extra,
            )


def _guard(content: bytes, first: Node, how: Style, told: str, path: ErrorPath, indent: str) -> Edit:
    lines = [f"{how.keyword}{told})", *(how.unit + s for s in path.statements)]
    if len(path.statements) > 1 or how.always_braces:
        opened = [lines[0] + " {"] if how.brace_on_line else [lines[0], how.brace_indent + "{"]
        lines = [*opened, *lines[1:], "}" if how.brace_on_line else how.brace_indent + "}"]
    start = content.rfind(b"\n", 0, first.start_byte) + 1
    return Edit(start, start, "".join(f"{indent}{line}{how.newline}" for line in lines))


def _in_order(content: bytes, edits: list[Edit]) -> bytes:
    """Insertions at one place in the order in which they were listed."""
    for number, edit in sorted(enumerate(edits), key=lambda e: (e[1].start, e[0]), reverse=True):
        _ = number
        content = content[: edit.start] + edit.new.encode("utf-8", "surrogateescape") + content[edit.stop :]
    return content


def _first_statement(body: Node) -> Node | None:
    """The first that is no declaration of plain variables: those that call something count as statements."""
    for child in body.named_children:
        if child.type == "comment":
            continue
        if child.type != "declaration" or next(descendants(child, {"call_expression"}), None) is not None:
            return child
    return None


def _in_block(statement: Node) -> bool:
    return statement.parent is not None and statement.parent.type in ("compound_statement", "case_statement")


def _above(node: Node) -> int:
    """Where a function's own comment begins, else where the function does."""
    previous = node.prev_sibling
    if previous is not None and previous.type == "comment" and previous.end_point[0] + 1 >= node.start_point[0]:
        return previous.start_byte
    return node.start_byte


def _names(node: Node) -> set[str]:
    return {text(i) for i in descendants(node, {"identifier"})}


RECURSION = Template("recursion-limit", frozenset({ViolationKind.STACK_EXHAUSTION}), drafts, most=12)
