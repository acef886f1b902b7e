"""C and C++, read with tree-sitter: it needs no build, and understands what is around a place that it does not."""

from collections.abc import Iterator, Sequence
from functools import cache

import tree_sitter
import tree_sitter_c
import tree_sitter_cpp

from mithridate.repair.reading.c_truth import settled
from mithridate.repair.reading.statements import OUTSIDE, Function, Kind, Statement, Unit, even, unit

_C = frozenset({".c", ".h"})
_EXITS = frozenset(
    {"return_statement", "goto_statement", "break_statement", "continue_statement", "throw_statement", "co_return_statement"}
)
_LOOPS = {
    "while_statement": "while",
    "for_statement": "for",
    "do_statement": "while",
    "switch_statement": "switch",
    "for_range_loop": "for",
}
_PREPROCESSOR = frozenset({"preproc_if", "preproc_ifdef", "preproc_elif", "preproc_elifdef", "preproc_else"})
_CONTAINERS = frozenset(
    {
        *("namespace_definition", "linkage_specification", "declaration_list"),
        *("template_declaration", "class_specifier", "field_declaration_list"),
    }
)
_DEEPEST = 400
_HEAD_FIELDS = {"for": ("initializer", "condition", "update"), "while": ("condition",), "switch": ("condition",)}
_REPORTS = ("rethrow", "throw", "abort", "exit", "log", "err", "warn", "fail", "print", "cerr")


class CReader:
    """See `Reader`."""

    suffixes = frozenset({".c", ".h", ".cc", ".cpp", ".cxx", ".c++", ".hh", ".hpp", ".hxx", ".inc", ".inl", ".ipp", ".tcc"})

    def read(self, source: bytes, suffix: str) -> Unit:
        """Functions wherever they are defined; OUTSIDE has the rest, a statement a declaration or directive."""
        root = _parser(suffix in _C).parse(source).root_node
        functions: list[Function] = []
        outside: list[Statement] = []
        _outer(root, functions, outside, 0)
        return unit([*functions, Function(name=OUTSIDE, line=1, statements=tuple(outside))])


@cache
def _parser(is_c: bool) -> tree_sitter.Parser:
    grammar = tree_sitter_c.language() if is_c else tree_sitter_cpp.language()
    return tree_sitter.Parser(tree_sitter.Language(grammar))


def _outer(node: tree_sitter.Node, functions: list[Function], outside: list[Statement], depth: int) -> None:
    for child in node.named_children:
        body = child.child_by_field_name("body")
        if child.type == "function_definition" and body is not None:
            functions.append(
                Function(
                    name=_name(child),
                    line=child.start_point.row + 1,
                    statements=tuple(_inside(body, (), 0)),
                    body=body.start_byte + 1 if body.type == "compound_statement" else -1,
                )
            )
        elif child.type in _PREPROCESSOR or child.type in _CONTAINERS or child.is_error:  # `extern "C" {` in an #ifdef is one
            if child.type in _PREPROCESSOR:
                outside.append(_directive(child, ()))
            if depth < _DEEPEST:
                _outer(child, functions, outside, depth + 1)
        elif child.type != "comment":
            outside.append(_leaf(child, Kind.DECLARATION, ()))


def _name(function: tree_sitter.Node) -> str:
    """The declared name; with its class where the definition says so."""
    node = function.child_by_field_name("declarator")
    while node is not None:
        inner = node.child_by_field_name("declarator")
        if node.type == "function_declarator" and inner is not None and inner.type != "parenthesized_declarator":
            return even(_text(inner))
        node = inner or next((c for c in node.named_children if c.type.endswith("declarator")), None)
    return "?"


def _inside(node: tree_sitter.Node, guards: tuple[str, ...], depth: int) -> Iterator[Statement]:
    """The statements below `node`, which is a block or what stands for one."""
    if depth > _DEEPEST:
        return
    children = [child for child in node.named_children if child.type != "comment"]
    for position, child in enumerate(children):
        yield from _statement(child, guards, children[position + 1 :], depth)


def _statement(
    node: tree_sitter.Node, guards: tuple[str, ...], later: Sequence[tree_sitter.Node], depth: int
) -> Iterator[Statement]:
    kind = node.type
    if kind in ("compound_statement", "else_clause"):
        yield from _inside(node, guards, depth + 1)
    elif kind == "if_statement":
        yield from _branch(node, guards, depth)
    elif kind in _LOOPS:
        yield from _loop(node, _LOOPS[kind], guards, depth)
    elif kind in ("labeled_statement", "case_statement"):
        yield from _labelled(node, guards, depth)
    elif kind == "try_statement":
        yield from _try(node, guards, depth)
    elif kind in _PREPROCESSOR:
        head = _directive(node, guards)
        yield head
        skipped = {c.id for f in ("condition", "name") if (c := node.child_by_field_name(f)) is not None}
        inner = [c for c in node.named_children if c.id not in skipped and c.type != "comment"]
        for position, child in enumerate(inner):
            yield from _statement(child, (*guards, head.text), inner[position + 1 :], depth + 1)
    elif kind in _EXITS:
        reachable = not later or later[0].type in ("labeled_statement", "case_statement", *_PREPROCESSOR)
        yield _leaf(node, Kind.EXIT, guards, cut=not guards and not reachable)
    elif kind in ("declaration", "type_definition"):
        yield _leaf(node, Kind.EFFECT if _calls(node) else Kind.DECLARATION, guards)
    elif kind == "expression_statement":
        yield _leaf(node, Kind.EFFECT if node.named_child_count else Kind.OTHER, guards)
    else:
        yield _leaf(node, Kind.OTHER, guards)


def _branch(node: tree_sitter.Node, guards: tuple[str, ...], depth: int) -> Iterator[Statement]:
    condition, then = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
    if condition is None or then is None:
        return
    told = _text(condition)
    block = then.type == "compound_statement"
    inner = [c for c in then.named_children if c.type != "comment"] if block else [then]
    yield _leaf(
        condition,
        Kind.CONDITION,
        guards,
        text=f"if {even(told)}",
        settled=settled(condition),
        body=then.start_byte + 1 if block else then.start_byte,
        end=-1 if block else then.end_byte,
        leaves=bool(inner) and inner[-1].type in _EXITS,
    )
    yield from _statement(then, (*guards, even(told)), (), depth + 1)
    other = node.child_by_field_name("alternative")
    if other is not None:
        yield from _statement(other, (*guards, f"not {even(told)}"), (), depth + 1)


def _loop(node: tree_sitter.Node, word: str, guards: tuple[str, ...], depth: int) -> Iterator[Statement]:
    parts = [p for f in _HEAD_FIELDS[word] if (p := node.child_by_field_name(f)) is not None]
    told = "; ".join(even(_text(part)) for part in parts)
    called = tuple(call for part in parts for call in _calls(part))
    condition = node.child_by_field_name("condition")
    # A loop for ever is ordinary; one that is never entered is not.
    never = condition is not None and word != "switch" and node.type != "do_statement" and settled(condition) is False
    yield Statement(
        kind=Kind.CONDITION, text=f"{word} {told}", line=node.start_point.row + 1, calls=called, guards=guards,
        settled=False if never else None,
    )  # fmt: skip
    body = node.child_by_field_name("body")
    if body is not None:
        yield from _statement(body, (*guards, told or word), (), depth + 1)


def _labelled(node: tree_sitter.Node, guards: tuple[str, ...], depth: int) -> Iterator[Statement]:
    label = node.child_by_field_name("value" if node.type == "case_statement" else "label")
    told = even(_text(label)) if label is not None else "default"
    inner = guards
    if node.type == "case_statement":
        yield Statement(kind=Kind.CONDITION, text=f"case {told}", line=node.start_point.row + 1, guards=guards)
        inner = (*guards, f"case {told}")
    rest = [c for c in node.named_children if c.type != "comment" and (label is None or c.id != label.id)]
    for position, child in enumerate(rest):
        yield from _statement(child, inner, rest[position + 1 :], depth + 1)


def _try(node: tree_sitter.Node, guards: tuple[str, ...], depth: int) -> Iterator[Statement]:
    for child in node.named_children:
        if child.type != "catch_clause":
            yield from _statement(child, guards, (), depth + 1)
            continue
        body = child.child_by_field_name("body")
        caught = child.child_by_field_name("parameters")
        told = even(_text(caught)) if caught is not None else "(...)"
        inside = tuple(_inside(body, (*guards, f"catch {told}"), depth + 1)) if body is not None else ()
        said = " ".join(s.text.lower() for s in inside)
        broad = "..." in told or "exception" in told
        yield Statement(
            kind=Kind.HANDLER, text=f"catch {told}", line=child.start_point.row + 1, guards=guards, broad=broad,
            swallows=not inside or not any(word in said for word in (*_REPORTS, "return")),
        )  # fmt: skip
        yield from inside


def _directive(node: tree_sitter.Node, guards: tuple[str, ...]) -> Statement:
    first = _text(node).split("\n", 1)[0]
    condition = node.child_by_field_name("condition")
    return Statement(
        kind=Kind.CONDITION, text=even(first), line=node.start_point.row + 1, guards=guards,
        settled=settled(condition) if condition is not None and node.type in ("preproc_if", "preproc_elif") else None,
    )  # fmt: skip


def _leaf(
    node: tree_sitter.Node,
    kind: Kind,
    guards: tuple[str, ...],
    *,
    text: str = "",
    settled: bool | None = None,
    cut: bool = False,
    body: int = -1,
    end: int = -1,
    leaves: bool = False,
) -> Statement:
    return Statement(
        kind=kind,
        text=text or even(_text(node)),
        line=node.start_point.row + 1,
        calls=_calls(node),
        ignored=_ignored(node),
        guards=guards,
        settled=settled,
        cut=cut,
        body=body,
        end=end,
        leaves=leaves,
    )


def _ignored(node: tree_sitter.Node) -> tuple[str, ...]:
    """The call that is the whole statement, also behind a cast to void."""
    inner = node.named_children[0] if node.type == "expression_statement" and node.named_child_count else None
    while inner is not None and inner.type in ("cast_expression", "parenthesized_expression"):
        inner = inner.child_by_field_name("value") or (inner.named_children[0] if inner.named_child_count else None)
    return (_called(inner),) if inner is not None and inner.type == "call_expression" else ()


def _calls(node: tree_sitter.Node) -> tuple[str, ...]:
    found: list[str] = []
    waiting = [node]
    while waiting:
        at = waiting.pop()
        if at.type == "call_expression":
            found.append(_called(at))
        waiting += reversed(at.named_children)
    return tuple(found)


def _called(call: tree_sitter.Node) -> str:
    function = call.child_by_field_name("function")
    if function is None:
        return "?"
    field = function.child_by_field_name("field")
    return even(_text(field or function))


def _text(node: tree_sitter.Node) -> str:
    """The node's text without comments."""
    comments = [c for c in _below(node) if c.type == "comment"]
    source = node.text or b""
    for comment in reversed(comments):
        source = source[: comment.start_byte - node.start_byte] + b" " + source[comment.end_byte - node.start_byte :]
    return source.decode("utf-8", "replace")


def _below(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """In the order of the source."""
    waiting = [node]
    while waiting:
        at = waiting.pop()
        yield at
        waiting += reversed(at.children)
