"""What a function has allocated by the time it fails: an exit that is added must give it back, or the repair leaks it."""

import re
from collections.abc import Collection, Iterator

from tree_sitter import Node

from mithridate.repair.c.nodes import ancestors, arguments, called, descendants, enclosing, text, uncast
from mithridate.repair.c.source import Function, declared_name

_FREED = re.compile(r"^(?:malloc|calloc|realloc|reallocarray|aligned_alloc|strdup|strndup|asprintf)$")
_MAKES = re.compile(r"alloc|dup|_new|new_|create|open", re.IGNORECASE)
_RELEASES = re.compile(r"free|release|destroy|unref|delete|dispose|close", re.IGNORECASE)
_LEAVES = frozenset({"return_statement", "goto_statement", "break_statement", "continue_statement"})


def releases(function: Function, at: Node) -> tuple[str, ...]:
    """Statements that give back what locals of the function own before the statement `at`, the last made first.

    A local owns what an allocating call before `at`, on the way to it, gave it, unless that was released or handed on since: put
    somewhere, or returned. It is released as the function releases it elsewhere, or by free() for the standard's allocators.
    """
    found: dict[str, str] = {}
    declared = [n for n in descendants(function.body, {"declaration"}) if not text(n).startswith(("static", "extern"))]
    locals_ = {declared_name(d) for n in declared for d in n.children_by_field_name("declarator")}
    locals_ |= {_split(n) for n in descendants(function.body, {"assignment_expression"})}
    for node in descendants(function.body, {"init_declarator", "assignment_expression"}):
        if node.end_byte > at.start_byte or not _on_the_way(node, at):
            continue
        name, value = _given(node)
        if name not in locals_ or value is None:
            continue
        found.pop(name, None)
        how = _how(function, name, called(value)) if value.type == "call_expression" else ""
        if how and not _gone(function, name, node.end_byte, at):
            found[name] = f"{how}({name});"
    return tuple(reversed(found.values()))


def _given(node: Node) -> tuple[str, Node | None]:
    """The plain name that is assigned to and its value; "" for anything else."""
    left = node.child_by_field_name("left")
    name = declared_name(node.child_by_field_name("declarator")) if left is None else _split(node) or text(left)
    value = node.child_by_field_name("right") or node.child_by_field_name("value")
    return (name if re.fullmatch(r"\w+", name) else ""), uncast(value) if value is not None else None


def _split(assignment: Node) -> str:
    """The name that `MACRO type *name = …` declares: it is read as a declaration without its end and an assignment. Else ""."""
    left, statement = assignment.child_by_field_name("left"), assignment.parent
    before = statement.prev_sibling if statement is not None else None
    if left is None or left.type != "pointer_expression" or before is None or before.type != "declaration":
        return ""
    return text(left).lstrip("* ") if before.children[-1].is_missing else ""


def gives_back(function: Function, label: str, statements: tuple[str, ...]) -> bool:
    """Whether what follows a label releases all that these statements of `releases` would."""
    names = {statement.partition("(")[2].removesuffix(");") for statement in statements}
    for labelled in descendants(function.body, {"labeled_statement"}):
        if text(labelled.child_by_field_name("label")) == label:
            after = [call for call in descendants(function.body, {"call_expression"}) if call.start_byte > labelled.start_byte]
            released = {text(a) for call in after if _RELEASES.search(called(call)) for a in arguments(call)}
            return bool(names) and names <= released
    return False


def releases_given(function: Function, names: Collection[str]) -> bool:
    """Whether a function releases something that it reaches through these names of its own: parameters, say."""
    for name, given in _calls(function.body):
        if _RELEASES.search(name) and any(
            re.match(rf"[(*&\s]*(?:{'|'.join(map(re.escape, names))})\b", text(a)) for a in given if names
        ):
            return True
    return False


def _how(function: Function, name: str, maker: str) -> str:
    """The function that releases what `maker` gave, "" when none is known."""
    own = [f for f, given in _calls(function.body) if _RELEASES.search(f) and [text(a) for a in given] == [name]]
    if own and (_MAKES.search(maker) or _FREED.match(maker)):
        return own[0]
    return "free" if _FREED.match(maker) else ""


def _gone(function: Function, name: str, since: int, at: Node) -> bool:
    """Released, put somewhere or handed back between there and `at`, other than on a way that leaves."""
    for node in descendants(function.body, {"assignment_expression", "call_expression", "init_declarator", "return_statement"}):
        if node.start_byte < since or node.end_byte > at.start_byte or _left(node, at):
            continue
        if node.type == "call_expression":
            if _RELEASES.search(called(node)) and any(text(a) == name for a in arguments(node)):
                return True
            continue
        value = node.child_by_field_name("right") or node.child_by_field_name("value")
        if value is not None and text(uncast(value)) == name:
            return True
    return False


def _calls(body: Node) -> Iterator[tuple[str, list[Node]]]:
    for call in descendants(body, {"call_expression"}):
        yield called(call), arguments(call)


def _on_the_way(node: Node, at: Node) -> bool:
    """Whether the block of a statement encloses `at` as well, so that it ran before; the condition of an `if` counts."""
    block = enclosing(node, {"compound_statement", "case_statement"})
    return block is not None and any(a.id == block.id for a in ancestors(at))


def _left(node: Node, at: Node) -> bool:
    """Whether a statement stands in a block that leaves and is not around `at`."""
    around = {a.id for a in ancestors(at)}
    for block in ancestors(node):
        if block.id in around:
            return False
        last = block.named_children[-1] if block.named_children else None
        if block.type in _LEAVES or (block.type == "compound_statement" and last is not None and last.type in _LEAVES):
            return True
    return False
