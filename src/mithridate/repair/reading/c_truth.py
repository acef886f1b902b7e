"""Conditions of C that are true or false whatever the program does."""

import operator
from collections.abc import Callable

import tree_sitter

_DEEPEST = 60
_COMPARED: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_WORDS = {"true": 1, "false": 0, "TRUE": 1, "FALSE": 0, "NULL": 0, "nullptr": 0}


def settled(condition: tree_sitter.Node) -> bool | None:
    """Its truth value, None when it depends on something (or is not understood)."""
    return _truth(condition, 0)


def _truth(node: tree_sitter.Node, depth: int) -> bool | None:
    if depth > _DEEPEST:
        return None
    if node.type in ("parenthesized_expression", "condition_clause") and node.named_child_count == 1:
        return _truth(node.named_children[0], depth + 1)
    if node.type == "unary_expression" and _field(node, "operator") == "!":
        inner = node.child_by_field_name("argument")
        value = _truth(inner, depth + 1) if inner is not None else None
        return None if value is None else not value
    if node.type == "binary_expression":
        return _binary(node, depth)
    number = _number(node)
    return None if number is None else number != 0


def _binary(node: tree_sitter.Node, depth: int) -> bool | None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None:
        return None
    word = _field(node, "operator")
    one, two = _plain(left), _plain(right)
    if word in ("&&", "||"):
        decides = word == "||"
        truths = (_truth(left, depth + 1), _truth(right, depth + 1))
        if decides in truths or one == f"!{two}" or two == f"!{one}":
            return decides
        return None if None in truths else not decides
    if word in _COMPARED:
        numbers = (_number(left), _number(right))
        if numbers[0] is not None and numbers[1] is not None:
            return _COMPARED[word](numbers[0], numbers[1])
        if one == two and "(" not in one and "++" not in one and "--" not in one:
            return word in ("==", "<=", ">=")
    return None


def _number(node: tree_sitter.Node) -> int | None:
    text = (node.text or b"").decode("utf-8", "replace")
    if node.type == "number_literal":
        digits = text.rstrip("uUlL").lower()
        try:
            return int(digits, 8 if digits.startswith("0") and digits.isdigit() else 0)
        except ValueError:
            return None
    return _WORDS.get(text)


def _field(node: tree_sitter.Node, name: str) -> str:
    child = node.child_by_field_name(name)
    return (child.text or b"").decode("utf-8", "replace") if child is not None else ""


def _plain(node: tree_sitter.Node) -> str:
    return "".join((node.text or b"").decode("utf-8", "replace").split())
