"""One file of C or C++: its functions, its statements, and what stands at a line and column.

The other modules of this package look at what this one finds: `accesses` (what the expression at a place reads or writes),
`scope` (the variables that a statement can name), `exits` (how a function fails), `edits` (changes in the file's own style).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tree_sitter import Node

from mithridate.repair.c.nodes import LOOPS, ancestors, descendants, parser, statement_of, text

_CXX_SUFFIXES = (".cc", ".cpp", ".cxx", ".c++", ".C", ".cp", ".hh", ".hpp", ".hxx", ".ipp", ".tcc")
_CXX_WORDS = (b"namespace ", b"template <", b"template<", b"public:", b"private:", b"protected:", b"virtual ", b"\nclass ")
MAX_BYTES = 4 << 20
"""Files above this are not parsed: nobody wrote them by hand."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function's definition. `result` is the text of its return type, pointers included ("" for a constructor)."""

    name: str
    node: Node
    body: Node
    result: str
    parameters: tuple[Node, ...]

    @property
    def first_line(self) -> int:
        """1-based."""
        return self.node.start_point[0] + 1

    @property
    def last_line(self) -> int:
        """1-based."""
        return self.node.end_point[0] + 1

    def statements(self) -> Iterator[Node]:
        """Every statement of the body but blocks, outer ones before the ones inside."""
        for node in descendants(self.body):
            if node.type != "compound_statement" and node.type in _PLAIN and statement_of(node) == node:
                yield node


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed file. `path` is relative to the project's root."""

    path: str
    content: bytes
    root: Node
    cplusplus: bool
    _functions: list[Function] = field(default_factory=list)

    @property
    def functions(self) -> tuple[Function, ...]:
        """The functions defined in it, in the order of the text."""
        if not self._functions:
            self._functions.extend(_functions(self.root))
        return tuple(self._functions)

    def function_at(self, line: int) -> Function | None:
        """The function whose definition covers the 1-based line; the innermost of several."""
        around = [f for f in self.functions if f.first_line <= line <= f.last_line]
        return min(around, key=lambda f: f.last_line - f.first_line, default=None)

    def function_named(self, name: str) -> Function | None:
        """The first function of that name; of a qualified name (A::b) the last part counts."""
        wanted = name.split("(")[0].rpartition("::")[2]
        return next((f for f in self.functions if f.name == wanted), None)

    def at(self, line: int, column: int = 0) -> Node | None:
        """The smallest named node at a 1-based line and byte column; without a column, the first node that starts in the line."""
        lines = self.content.split(b"\n")
        if not 1 <= line <= len(lines):
            return None
        start = max(0, column - 1) if column else len(lines[line - 1]) - len(lines[line - 1].lstrip())
        return self.root.named_descendant_for_point_range((line - 1, start), (line - 1, start))

    def statement_at(self, line: int, column: int = 0) -> Node | None:
        """The statement at a place; for a line without a column, the first that starts in it, else the one around it."""
        function = self.function_at(line)
        if function is None:
            return None
        if not column:
            starting = [s for s in function.statements() if s.start_point[0] == line - 1]
            if starting:
                return starting[0]
        found = self.at(line, column)
        statement = statement_of(found) if found is not None else None
        if statement is None or statement.start_byte < function.body.start_byte or statement == function.body:
            return None
        return statement

    def line_of(self, node: Node) -> int:
        """The 1-based line where a node starts."""
        return node.start_point[0] + 1


def parse(path: str, content: bytes, cplusplus: bool | None = None) -> Source:
    """Parse a file; its language is told by its name, of a header by its content. Errors in the text leave holes in the tree."""
    if cplusplus is None:
        cplusplus = path.endswith(_CXX_SUFFIXES) or (path.endswith(".h") and any(word in content for word in _CXX_WORDS))
    return Source(path, content, parser(cplusplus).parse(content).root_node, cplusplus)


def read(root: Path, path: str) -> Source | None:
    """Parse the file `path` below `root`; None when it is no regular file inside of it, or too large."""
    place = root / path
    if place.is_symlink() or not place.is_file() or not place.resolve().is_relative_to(root.resolve()):
        return None
    if place.stat().st_size > MAX_BYTES:
        return None
    return parse(path, place.read_bytes())


def declared_name(declarator: Node | None) -> str:
    """The name that a declarator declares, below pointers, arrays, parentheses and parameters."""
    while declarator is not None:
        if declarator.type in ("identifier", "field_identifier", "type_identifier", "operator_name", "destructor_name"):
            return text(declarator)
        if declarator.type == "qualified_identifier":
            declarator = declarator.child_by_field_name("name")
            continue
        inner = declarator.child_by_field_name("declarator")
        if inner is None and declarator.type in ("parenthesized_declarator", "reference_declarator", "attributed_declarator"):
            inner = next((c for c in declarator.named_children if "declarator" in c.type or "identifier" in c.type), None)
        declarator = inner
    return ""


def loops_around(node: Node) -> list[Node]:
    """The loops that a node is in, innermost first, up to its function."""
    found = []
    for above in ancestors(node):
        if above.type in ("function_definition", "lambda_expression"):
            break
        if above.type in LOOPS:
            found.append(above)
    return found


_PLAIN = LOOPS | {
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
}


def _functions(root: Node) -> Iterator[Function]:
    for node in descendants(root, {"function_definition"}):
        body = node.child_by_field_name("body")
        declarator = node.child_by_field_name("declarator")
        stars = 0
        while declarator is not None and declarator.type != "function_declarator":
            stars += declarator.type == "pointer_declarator"
            declarator = declarator.child_by_field_name("declarator") or next(
                (c for c in declarator.named_children if "declarator" in c.type), None
            )
        if body is None or declarator is None or body.type != "compound_statement":
            continue
        name = declared_name(declarator)
        listed = declarator.child_by_field_name("parameters")
        parameters = [p for p in listed.named_children if p.type == "parameter_declaration"] if listed is not None else []
        if not parameters:  # the old style: declarations between the declarator and the body
            parameters = [c for c in node.named_children if c.type == "declaration"]
        if name:
            result = " ".join([text(node.child_by_field_name("type")), *(["*" * stars] if stars else [])])
            yield Function(name, node, body, result.strip(), tuple(parameters))
