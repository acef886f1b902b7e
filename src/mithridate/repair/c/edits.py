"""Changes of a file in its own style: indentation, braces, line ends. Every function gives the file's new content, or None."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from mithridate.repair.c.exits import ErrorPath
from mithridate.repair.c.nodes import descendants, text
from mithridate.repair.c.source import Function, Source

_BLOCKS = ("compound_statement", "case_statement", "labeled_statement")


@dataclass(frozen=True, slots=True)
class Style:
    """How a file writes an `if`. `unit` is one step of indentation; `brace` what stands between `)` and a block's statements."""

    newline: str
    unit: str
    brace_on_line: bool
    brace_indent: str
    always_braces: bool
    keyword: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Bytes from `start` to `stop` become `new`."""

    start: int
    stop: int
    new: str


def replaced(source: Source, edits: Iterable[Edit]) -> bytes:
    """The content with edits that do not overlap."""
    content = source.content
    for edit in sorted(edits, key=lambda e: (e.start, e.stop), reverse=True):
        content = content[: edit.start] + edit.new.encode("utf-8", "surrogateescape") + content[edit.stop :]
    return content


def replacing(node: Node, new: str) -> Edit:
    """The edit that puts `new` in a node's place."""
    return Edit(node.start_byte, node.end_byte, new)


def style(source: Source, function: Function) -> Style:
    """The style of a function's `if`s and loops, of the file's where the function has too few."""
    kinds = {"if_statement", "for_statement", "while_statement"}
    nodes = list(descendants(function.body, kinds))
    if len(nodes) < 3:
        nodes += [n for f in source.functions[:40] for n in descendants(f.body, kinds)]
    same = other = braced = plain = 0
    brace_indent, unit, tight = "", "", 0
    for node in nodes[:60]:
        body = node.child_by_field_name("consequence") or node.child_by_field_name("body")
        if body is None:
            continue
        tight += bool(re.match(r"(?:if|for|while)\(", text(node)))
        outer = indentation(source, node)
        if body.type == "compound_statement":
            inner = [c for c in body.named_children if c.type != "comment"]
            if body.start_point[0] == (body.prev_sibling or node).end_point[0]:
                same += 1
            else:
                other += 1
                own = indentation(source, body)
                brace_indent = own[len(outer) :] if own.startswith(outer) else ""
            braced += len(inner) == 1
            first = inner[0] if inner and inner[0].start_point[0] > body.start_point[0] else None
        else:
            plain += 1
            first = body if body.start_point[0] > node.start_point[0] else None
        if first is not None and not unit and indentation(source, first).startswith(outer):
            unit = indentation(source, first)[len(outer) :]
    if not unit:
        statement = next((c for c in function.body.named_children if c.type != "comment"), None)
        unit = indentation(source, statement) if statement is not None else ""
    return Style(
        newline="\r\n" if b"\r\n" in source.content else "\n",
        unit=unit or "    ",
        brace_on_line=same >= other,
        brace_indent=brace_indent,
        always_braces=braced > 2 * plain,
        keyword="if(" if tight * 2 > len(nodes[:60]) else "if (",
    )


def indentation(source: Source, node: Node) -> str:
    """The white space at the beginning of the line where a node starts."""
    line = source.content[source.content.rfind(b"\n", 0, node.start_byte) + 1 : node.start_byte]
    return line[: len(line) - len(line.lstrip(b" \t"))].decode()


def guarded(source: Source, function: Function, at: Node, condition: str, path: ErrorPath) -> bytes | None:
    """With `if (condition) path` before the statement `at`."""
    how = style(source, function)
    return before(source, function, at, _check(how, condition, path.statements))


def before(source: Source, function: Function, at: Node, lines: Sequence[str]) -> bytes | None:
    """With these lines (indented among themselves) before the statement `at`; braces come around it where it has none.

    None where no statement can stand: in front of the `if` of an `else if`.
    """
    how, parent = style(source, function), at.parent
    if parent is None:
        return None
    indent = indentation(source, at)
    start_of_line = source.content.rfind(b"\n", 0, at.start_byte) + 1
    alone = not source.content[start_of_line : at.start_byte].strip()
    if parent.type in _BLOCKS or parent.type.startswith("preproc_"):
        if alone:
            return replaced(source, [Edit(start_of_line, start_of_line, _lines(how, indent, lines))])
        return replaced(source, [Edit(at.start_byte, at.start_byte, " ".join(line.strip() for line in lines) + " ")])
    return _braced(source, how, at, lines, ())


def after(source: Source, function: Function, at: Node, lines: Sequence[str]) -> bytes | None:
    """With these lines after the statement `at`, in braces with it where it has none."""
    how, parent = style(source, function), at.parent
    if parent is None:
        return None
    indent = indentation(source, at)
    if parent.type in _BLOCKS or parent.type.startswith("preproc_"):
        end = source.content.find(b"\n", at.end_byte)
        rest = source.content[at.end_byte : end] if end >= 0 else b""
        comment = rest.strip().startswith((b"//", b"/*"))
        if end >= 0 and (not rest.strip() or (comment and (rest.strip().startswith(b"//") or rest.rstrip().endswith(b"*/")))):
            return replaced(source, [Edit(end + 1, end + 1, _lines(how, indent, lines))])
        return replaced(source, [Edit(at.end_byte, at.end_byte, " " + " ".join(line.strip() for line in lines))])
    return _braced(source, how, at, (), lines)


def removed(source: Source, at: Node) -> Edit:
    """The edit that takes a statement away, with its line when it stands alone in it."""
    content = source.content
    start = content.rfind(b"\n", 0, at.start_byte) + 1
    end = content.find(b"\n", at.end_byte)
    if end >= 0 and not content[start : at.start_byte].strip() and not content[at.end_byte : end].strip():
        return Edit(start, end + 1, "")
    return Edit(at.start_byte, at.end_byte, "")


def _check(how: Style, condition: str, statements: Sequence[str]) -> list[str]:
    head = f"{how.keyword}{condition})"
    if len(statements) == 1 and not how.always_braces:
        return [head, how.unit + statements[0]]
    if how.brace_on_line:
        return [head + " {", *(how.unit + s for s in statements), "}"]
    return [head, how.brace_indent + "{", *(how.unit + s for s in statements), how.brace_indent + "}"]


def _lines(how: Style, indent: str, lines: Sequence[str]) -> str:
    return "".join(f"{indent}{line}{how.newline}" for line in lines)


def _braced(source: Source, how: Style, at: Node, first: Sequence[str], last: Sequence[str]) -> bytes | None:
    """`at` is the body of an `if`, an `else` or a loop, without braces."""
    parent, previous = at.parent, at.prev_sibling
    if parent is None or previous is None or (parent.type == "else_clause" and at.type == "if_statement"):
        return None
    outer = indentation(source, parent)
    inner = indentation(source, at)
    same_line = at.start_point[0] == previous.end_point[0]
    if same_line:
        inner = outer + how.unit
    body = source.content[at.start_byte : at.end_byte].decode("utf-8", "surrogateescape")
    opening = " {" if how.brace_on_line else how.newline + outer + how.brace_indent + "{"
    closing = "}" if how.brace_on_line else how.brace_indent + "}"
    new = opening + how.newline + _lines(how, inner, [*first, body, *last]) + outer + closing
    return replaced(source, [Edit(previous.end_byte, at.end_byte, new)])
