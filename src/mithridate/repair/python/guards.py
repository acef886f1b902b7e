"""A check of a value before the statement that uses it, with the function's own way to refuse."""

from collections.abc import Callable, Iterator

import libcst as cst

from mithridate.repair.python.exits import Exit, exits
from mithridate.repair.python.flow import Place, Value, assignments
from mithridate.repair.python.helper import free_name
from mithridate.repair.python.source import Edit


def guarded(
    place: Place, node: cst.BaseExpression, name: str, condition: Callable[[str], str], status: int, why: str, most: int = 2
) -> Iterator[tuple[str, list[Edit]]]:
    """The condition under which `node` is refused, and the edits for that; `condition` gets the name that holds the value.

    A value without a name of its own gets one (`name`) before the statement, so that what is checked is what is used.
    """
    for end in list(exits(place.source, place.function, status, why))[:most]:
        done = refused(place, node, name, condition, end)
        if done is not None:
            yield done


def refused(
    place: Place, node: cst.BaseExpression, name: str, condition: Callable[[str], str], end: Exit
) -> tuple[str, list[Edit]] | None:
    """One such check with that ending."""
    source = place.source
    statement = source.statement_of(node)
    if statement is None:
        return None
    edits: list[Edit] = list(end.edits)
    lines: list[str] = []
    if isinstance(node, cst.Name):
        held = node.value
        given = [a for a in assignments(source, place.function, held) if source.span(a)[1] <= source.span(node)[0]]
        last = source.statement_of(given[-1]) if given else None
        if last is not None and source.indent(last) == source.indent(statement) and isinstance(last, cst.SimpleStatementLine):
            text = condition(held)
            edits.append(source.after(last, f"if {text}:", source.step + end.statement.replace("{}", held)))
            return text, edits
    else:
        held = free_name(source, name) if name in _locals(place) else name
        lines.append(f"{held} = {source.code(node)}")
        edits.append(source.replace(node, held))
    text = condition(held)
    lines += [f"if {text}:", source.step + end.statement.replace("{}", held)]
    edits.append(source.before(statement, *lines))
    return text, edits


def default_of(value: Value) -> str | None:
    """The text of the constant that stands for a value that was not sent: of `….get("next", "/")`, `"/"`."""
    node = value.node
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in ("get", "pop", "getlist"):
        plain = [arg.value for arg in node.args if arg.keyword is None]
        named = [arg.value for arg in node.args if arg.keyword is not None and arg.keyword.value == "default"]
        for each in (*plain[1:2], *named):
            if isinstance(each, cst.SimpleString):
                return value.source.code(each)
    if isinstance(node, cst.BooleanOperation) and isinstance(node.operator, cst.Or) and isinstance(node.right, cst.SimpleString):
        return value.source.code(node.right)
    return None


def _locals(place: Place) -> set[str]:
    return {n.value for n in place.source.nodes(place.function) if isinstance(n, cst.Name)}
