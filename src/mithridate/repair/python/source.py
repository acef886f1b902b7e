"""One Python file: its syntax tree with places, and changes to its text that leave everything else as it was."""

import ast
import io
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import libcst as cst
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider

_LARGEST_BYTES = 2 << 20

Function = cst.FunctionDef | cst.Module
"""Where a statement runs: a function, or the module itself."""


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """[start, end) of the text becomes `text`; offsets in characters."""

    start: int
    end: int
    text: str


class Unreadable(ValueError):
    """Not Python that can be read."""


class Source:
    """A file of the project. `path` is relative to the project's root. Raises Unreadable."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data
        if len(data) > _LARGEST_BYTES:
            raise Unreadable(path)
        try:
            self._encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
            text = data.decode(self._encoding)
            self.text = text.removeprefix("\ufeff")
            self._lead = text[: len(text) - len(self.text)]
            wrapper = MetadataWrapper(cst.parse_module(self.text), unsafe_skip_copy=True)
        except (SyntaxError, UnicodeError, cst.ParserSyntaxError, RecursionError) as error:
            raise Unreadable(path) from error
        self.module = wrapper.module
        self._positions = wrapper.resolve(PositionProvider)
        self._parents = wrapper.resolve(ParentNodeProvider)
        self._starts = [0]
        for line in self.text.split("\n"):
            self._starts.append(min(len(self.text), self._starts[-1] + len(line) + 1))

    @cached_property
    def newline(self) -> str:
        """How lines end in this file."""
        return "\r\n" if "\r\n" in self.text else "\n"

    @cached_property
    def quote(self) -> str:
        """The quotation mark that this file uses more for its strings."""
        return "'" if self.text.count("'") > self.text.count('"') else '"'

    def nodes(self, inside: cst.CSTNode | None = None) -> Iterator[cst.CSTNode]:
        """Every node below one (the module), outer ones first, in the order of the text."""
        stack = [inside or self.module]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """Where a node stands, without parentheses around it."""
        place = self._positions[node]
        return (
            self._starts[place.start.line - 1] + place.start.column,
            self._starts[place.end.line - 1] + place.end.column,
        )

    def lines(self, node: cst.CSTNode) -> tuple[int, int]:
        """First and last line."""
        place = self._positions[node]
        return place.start.line, place.end.line

    def code(self, node: cst.CSTNode) -> str:
        """The node's text, without parentheses around it."""
        start, end = self.span(node)
        return self.text[start:end]

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The node that holds it."""
        return self._parents.get(node)

    def parents(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """The nodes that hold it, the innermost first."""
        above = self.parent(node)
        while above is not None:
            yield above
            above = self.parent(above)

    def function_at(self, line: int, name: str = "") -> Function:
        """The innermost function around a line, decorators included; one of that name when there is one."""
        found: Function = self.module
        for node in self.nodes():
            if isinstance(node, cst.FunctionDef):
                first = min([self.lines(node)[0], *(self.lines(d)[0] for d in node.decorators)])
                if (first <= line <= self.lines(node)[1]) and (not name or node.name.value == name or name.startswith("<")):
                    found = node
        return found

    def function_of(self, node: cst.CSTNode) -> Function:
        """The function that a node is in."""
        return next((p for p in self.parents(node) if isinstance(p, cst.FunctionDef)), self.module)

    def statement_of(self, node: cst.CSTNode) -> cst.SimpleStatementLine | cst.BaseCompoundStatement | None:
        """The statement that a node is in: before its line another one may be put."""
        for above in (node, *self.parents(node)):
            if isinstance(above, cst.SimpleStatementLine):
                return above
            if isinstance(above, cst.BaseCompoundStatement):
                holder = self.parent(above)
                if isinstance(holder, cst.If | cst.Try) and not isinstance(above, cst.FunctionDef):  # an elif
                    continue
                return above
        return None

    def at_line(self, line: int, function: Function) -> list[cst.CSTNode]:
        """Expressions and statements of a function that stand on a line or over it, the narrowest first."""
        found: list[cst.CSTNode] = []
        for node in self.nodes(function):
            first, last = self.lines(node) if isinstance(node, cst.BaseExpression | cst.BaseSmallStatement) else (0, -1)
            if first <= line <= last:
                found.append(node)
        found.sort(key=lambda node: self.lines(node)[1] - self.lines(node)[0])
        return found

    def calls_at(self, line: int, function: Function) -> list[cst.Call]:
        """Calls on a line, those first that cover the fewest lines; within one, outer ones first."""
        return [node for node in self.at_line(line, function) if isinstance(node, cst.Call)]

    def line_start(self, node: cst.CSTNode) -> int:
        """The offset of the beginning of the line on which a node begins."""
        first = self.lines(node)[0]
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            first = min([first, *(self.lines(d)[0] for d in node.decorators)])
        return self._starts[first - 1]

    def line_end(self, node: cst.CSTNode) -> int:
        """The offset behind the line on which a node ends."""
        return self._starts[self.lines(node)[1]]

    def indent(self, node: cst.CSTNode) -> str:
        """The white space before the line on which a node begins."""
        rest = self.text[self.line_start(node) :]
        return rest[: len(rest) - len(rest.lstrip(" \t"))]

    @cached_property
    def step(self) -> str:
        """One level of indentation."""
        return self.module.default_indent

    def before(self, node: cst.CSTNode, *lines: str) -> Edit:
        """Whole lines put before a statement, indented as it is."""
        at, indent = self.line_start(node), self.indent(node)
        return Edit(at, at, "".join((indent + line if line else "") + self.newline for line in lines))

    def after(self, node: cst.CSTNode, *lines: str) -> Edit:
        """Whole lines put behind a simple statement, indented as it is."""
        at, indent = self.line_end(node), self.indent(node)
        lead = "" if self.text[:at].endswith(("\n", "\r")) else self.newline
        return Edit(at, at, lead + "".join((indent + line if line else "") + self.newline for line in lines))

    def replace(self, node: cst.CSTNode, text: str) -> Edit:
        """Other text for a node."""
        return Edit(*self.span(node), text)

    def edited(self, edits: Sequence[Edit]) -> bytes | None:
        """The file's bytes after the edits; None when two of them overlap or the result is not Python any more."""
        text, last = self.text, len(self.text) + 1
        ordered = sorted(dict.fromkeys(edits), key=lambda e: (e.start, e.end))
        for edit in reversed(ordered):
            if edit.end > last or edit.start > edit.end:
                return None
            text = text[: edit.start] + edit.text + text[edit.end :]
            last = edit.start
        try:
            ast.parse(text)
            return (self._lead + text).encode(self._encoding)
        except (SyntaxError, ValueError, RecursionError):
            return None


def operand(source: Source, node: cst.BaseExpression) -> str:
    """A node's text so that it can stand beside an operator or a dot."""
    text = source.code(node)
    plain = cst.Name | cst.Attribute | cst.Call | cst.Subscript | cst.SimpleString | cst.FormattedString | cst.Integer
    return text if isinstance(node, plain) else f"({text})"


def dotted(node: cst.CSTNode | None) -> str:
    """ "a.b.c" of a name or attribute; the last parts of others, with "()" for what is called; "" for none."""
    match node:
        case cst.Name():
            return node.value
        case cst.Attribute():
            return f"{dotted(node.value)}.{node.attr.value}"
        case cst.Call():
            return f"{dotted(node.func)}()"
        case cst.Subscript():
            return f"{dotted(node.value)}[]"
        case cst.Await():
            return dotted(node.expression)
        case _:
            return ""
