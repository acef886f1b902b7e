"""Nodes of tree-sitter's C and C++ trees: their texts, and the way up and down. Nothing here recurses: sources may be hostile."""

from collections.abc import Callable, Collection, Iterator
from functools import lru_cache

import tree_sitter_c
import tree_sitter_cpp
from tree_sitter import Language, Node, Parser

LOOPS = frozenset({"for_statement", "while_statement", "do_statement", "for_range_loop"})
STATEMENTS = LOOPS | frozenset(
    {
        "declaration",
        "expression_statement",
        "return_statement",
        "if_statement",
        "switch_statement",
        "goto_statement",
        "break_statement",
        "continue_statement",
        "labeled_statement",
        "throw_statement",
        "compound_statement",
    }
)


@lru_cache(maxsize=2)
def parser(cplusplus: bool) -> Parser:
    """The parser of one of the two languages."""
    return Parser(Language(tree_sitter_cpp.language() if cplusplus else tree_sitter_c.language()))


def text(node: Node | None) -> str:
    """The source text of a node; bytes that are no UTF-8 as surrogate escapes. "" for no node."""
    return (node.text or b"").decode("utf-8", "surrogateescape") if node is not None else ""


def descendants(node: Node, kinds: Collection[str] = ()) -> Iterator[Node]:
    """`node` and what is below it, in the order of the text; only of these kinds when there are any."""
    pending = [node]
    while pending:
        found = pending.pop()
        if not kinds or found.type in kinds:
            yield found
        pending.extend(reversed(found.children))


def ancestors(node: Node) -> Iterator[Node]:
    """What `node` is in, innermost first, without itself."""
    above = node.parent
    while above is not None:
        yield above
        above = above.parent


def enclosing(node: Node, kinds: Collection[str]) -> Node | None:
    """`node` itself or the innermost node around it of one of these kinds."""
    if node.type in kinds:
        return node
    return next((above for above in ancestors(node) if above.type in kinds), None)


def statement_of(node: Node) -> Node:
    """The innermost statement around `node` (itself when it is one); the declaration of a `for` counts as the `for`."""
    found = enclosing(node, STATEMENTS) or node
    if found.type == "declaration" and found.parent is not None and found.parent.type == "for_statement":
        return found.parent
    return found


def condition(node: Node) -> Node | None:
    """The condition of an `if` or a loop without its parentheses."""
    found = node.child_by_field_name("condition")
    if found is None:
        return None
    if found.type == "condition_clause":
        return found.child_by_field_name("value") or found
    return bare(found)


def bare(node: Node) -> Node:
    """An expression without parentheses around it."""
    while node.type == "parenthesized_expression" and node.named_child_count:
        node = node.named_children[0]
    return node


def uncast(node: Node) -> Node:
    """An expression without parentheses and casts around it."""
    while True:
        inner = bare(node)
        if inner.type == "cast_expression":
            inner = inner.child_by_field_name("value") or inner
        if inner == node:
            return node
        node = inner


def operator(node: Node) -> str:
    """The operator of a binary, unary, assignment, pointer or update expression."""
    return text(node.child_by_field_name("operator"))


def index_of(subscript: Node) -> Node | None:
    """The index of a subscript, in both grammars."""
    found = subscript.child_by_field_name("index") or subscript.child_by_field_name("indices")
    if found is not None and found.type == "subscript_argument_list":
        return found.named_children[0] if found.named_child_count == 1 else None
    return found


def arguments(call: Node) -> list[Node]:
    """The arguments of a call."""
    listed = call.child_by_field_name("arguments")
    return [a for a in listed.named_children if a.type != "comment"] if listed is not None else []


def called(call: Node) -> str:
    """The name of what is called; for a member (`table->read`) the member's; without std::."""
    function = call.child_by_field_name("function")
    if function is None:
        return ""
    if function.type == "field_expression":
        return text(function.child_by_field_name("field"))
    return text(function).rpartition("::")[2]


def identifiers(node: Node) -> set[str]:
    """The names that an expression uses (members are none)."""
    return {text(found) for found in descendants(node, {"identifier"})}


def within(node: Node, holds: Callable[[Node], bool]) -> Node | None:
    """The first node at or below `node` for which this holds."""
    return next((found for found in descendants(node) if holds(found)), None)


def has_side_effects(node: Node) -> bool:
    """Whether evaluating the expression a second time does something, or may."""
    return within(node, lambda n: n.type in ("update_expression", "assignment_expression", "call_expression")) is not None
