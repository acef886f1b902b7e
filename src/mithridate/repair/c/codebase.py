"""The project's sources as one: files behind frames, headers that a file includes, types of expressions, definitions by name."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tree_sitter import Node

from mithridate.model.violation import PROJECT_ROOTS, Frame
from mithridate.repair.c.nodes import called, descendants, enclosing, index_of, operator, statement_of, text, uncast
from mithridate.repair.c.scope import Variable, fields, macros, members, structures, variables
from mithridate.repair.c.source import Function, Source, read

_SUFFIXES = (".c", ".h", ".cc", ".cpp", ".cxx", ".c++", ".C", ".hh", ".hpp", ".hxx", ".inc", ".inl")
_MOST_FILES = 20_000
_MOST_HEADERS = 200
_MOST_PARSED = 60
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Place:
    """A frame in the project's text. `statement` is None when the line holds none that the tree knows."""

    frame: Frame
    source: Source
    function: Function
    statement: Node


@dataclass
class Codebase:
    """The tree below `root`. Files are parsed when they are asked for, and once."""

    root: Path
    _sources: dict[str, Source | None] = field(default_factory=dict)
    _included: dict[str, tuple[Source, ...]] = field(default_factory=dict)
    _structures: dict[str, dict[str, Node]] = field(default_factory=dict)

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The C and C++ files, relative to the root."""
        found: list[str] = []
        pending = [self.root]
        while pending and len(found) < _MOST_FILES:
            for path in sorted(pending.pop().iterdir()):
                if path.is_symlink() or path.name.startswith("."):
                    continue
                if path.is_dir():
                    pending.append(path)
                elif path.name.endswith(_SUFFIXES):
                    found.append(path.relative_to(self.root).as_posix())
        return tuple(found)

    def source(self, path: str) -> Source | None:
        """One file."""
        if path not in self._sources:
            self._sources[path] = read(self.root, path)
        return self._sources[path]

    def place(self, frame: Frame) -> Place | None:
        """Where a frame stands; None outside of the project's sources."""
        path = next((frame.file.removeprefix(root) for root in PROJECT_ROOTS[:1] if frame.file.startswith(root)), "")
        source = self.source(posixpath.normpath(path)) if path and frame.line else None
        if source is None:
            return None
        function = source.function_at(frame.line)
        statement = source.statement_at(frame.line, frame.column) or source.statement_at(frame.line)
        if function is None or statement is None:
            return None
        return Place(frame, source, function, statement)

    def caller_of(self, frame: Frame, inner: str, named: str = "") -> Place | None:
        """Where a frame without a line calls `inner`; of several calls, one whose arguments use the name."""
        path = next((frame.file.removeprefix(root) for root in PROJECT_ROOTS[:1] if frame.file.startswith(root)), "")
        source = self.source(posixpath.normpath(path)) if path else None
        function = source.function_named(frame.function) if source is not None else None
        if source is None or function is None:
            return None
        calls = [c for c in descendants(function.body, {"call_expression"}) if called(c) == inner]
        using = [c for c in calls if named and named in re.findall(r"\w+", text(c.child_by_field_name("arguments")))]
        chosen = next(iter(using or calls), None)
        return Place(frame, source, function, statement_of(chosen)) if chosen is not None else None

    def included(self, source: Source) -> tuple[Source, ...]:
        """The project's headers that a file includes, those included by them too."""
        if source.path not in self._included:
            found: dict[str, Source] = {}
            pending = [source]
            while pending and len(found) < _MOST_HEADERS:
                current = pending.pop(0)
                for name in re.findall(rb'^[ \t]*#[ \t]*include[ \t]*["<]([^">\n]+)[">]', current.content, re.M):
                    header = self._header(current.path, name.decode("utf-8", "replace"))
                    if header is not None and header.path not in found and header.path != source.path:
                        found[header.path] = header
                        pending.append(header)
            self._included[source.path] = tuple(found.values())
        return self._included[source.path]

    def structures(self, source: Source) -> dict[str, Node]:
        """The structures in sight of a file."""
        if source.path not in self._structures:
            known: dict[str, Node] = {}
            for one in (source, *self.included(source)):
                for name, body in structures(one).items():
                    known.setdefault(name, body)
            self._structures[source.path] = known
        return self._structures[source.path]

    def macros(self, source: Source) -> dict[str, str]:
        """The object-like macros and enumerators in sight of a file, its own first."""
        known: dict[str, str] = {}
        for one in (source, *self.included(source)):
            for name, value in macros(one).items():
                known.setdefault(name, value)
        return known

    def function_macros(self, source: Source) -> set[str]:
        """The names of the function-like macros in sight of a file."""
        return {
            text(node.child_by_field_name("name"))
            for one in (source, *self.included(source))
            for node in descendants(one.root, {"preproc_function_def"})
        }

    def definitions(self, name: str) -> Iterator[tuple[Source, Function]]:
        """The definitions of a function anywhere in the project."""
        wanted = re.compile(rb"\b" + re.escape(name.encode()) + rb"\s*\(")
        parsed = 0
        for path in self.files:
            if parsed >= _MOST_PARSED:
                return
            if path not in self._sources and not wanted.search((self.root / path).read_bytes()):
                continue
            source = self.source(path)
            if source is None or not wanted.search(source.content):
                continue
            parsed += 1
            for function in source.functions:
                if function.name == name:
                    yield source, function

    def in_scope(self, place: Place) -> list[Variable]:
        """The variables that the place's statement can name; in a member function, those of its class too."""
        found = variables(place.source, place.function, place.statement)
        listed = self._class_of(place) if place.source.cplusplus else None
        known = {v.expression for v in found}
        return found + [f for f in fields(listed) if f.expression not in known] if listed is not None else found

    def _class_of(self, place: Place) -> Node | None:
        """The members of the class that a function belongs to."""
        inside = enclosing(place.function.node, {"class_specifier", "struct_specifier"})
        if inside is not None:
            return inside.child_by_field_name("body")
        named = next(descendants(place.function.node, {"qualified_identifier"}), None)
        if named is None or named.start_byte > place.function.body.start_byte:
            return None
        return self.structures(place.source).get(text(named.child_by_field_name("scope")))

    def members(self, source: Source, variable: Variable) -> list[Variable]:
        """The members of a structure variable."""
        return members(variable, self.structures(source))

    def resolved(self, place: Place, expression: Node) -> Variable | None:
        """What the declarations say of an expression: a name, a member, an element, what a pointer points to."""
        path: list[Node] = []
        node = uncast(expression)
        while len(path) <= _DEEPEST:
            if node.type == "identifier":
                break
            inner = node.child_by_field_name("argument")
            if (
                node.type not in ("field_expression", "subscript_expression", "pointer_expression", "update_expression")
                or inner is None
            ):
                return None
            path.append(node)
            node = uncast(inner)
        if node.type != "identifier":
            return None
        found = next((v for v in self.in_scope(place) if v.expression == text(node)), None)
        for step in reversed(path):
            if found is None:
                return None
            found = self._step(place.source, found, step)
        return found

    def _step(self, source: Source, variable: Variable, node: Node) -> Variable | None:
        if node.type == "update_expression":
            return variable
        if node.type == "field_expression":
            name = text(node.child_by_field_name("field"))
            whole = Variable(variable.expression, variable.type, variable.kind)
            return next(
                (
                    Variable(text(node), m.type, "member", m.dimensions, m.node)
                    for m in self.members(source, whole)
                    if re.split(r"->|\.", m.expression)[-1] == name
                ),
                None,
            )
        if node.type == "pointer_expression" and operator(node) == "&":
            return Variable(text(node), variable.type + (" *" if "*" not in variable.type else "*"), "local")
        if node.type == "subscript_expression" and index_of(node) is None:
            return None
        if variable.dimensions:
            return Variable(text(node), variable.type, "member", variable.dimensions[1:])
        if not variable.stars:
            return None
        head, _, rest = variable.type.rpartition("*")
        return Variable(text(node), (head + rest).strip(), "member")

    def _header(self, includer: str, name: str) -> Source | None:
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(includer), name))
        if beside in self._by_name.get(posixpath.basename(name), ()):
            return self.source(beside)
        ending = "/" + posixpath.normpath(name)
        candidates = [p for p in self._by_name.get(posixpath.basename(name), ()) if ("/" + p).endswith(ending)]
        return self.source(min(candidates, key=lambda p: (_apart(p, includer), p))) if candidates else None

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        named: dict[str, list[str]] = {}
        for path in self.files:
            named.setdefault(posixpath.basename(path), []).append(path)
        return named


def _apart(one: str, other: str) -> int:
    """How many directories lie between two files."""
    a, b = one.split("/")[:-1], other.split("/")[:-1]
    shared = 0
    while shared < min(len(a), len(b)) and a[shared] == b[shared]:
        shared += 1
    return len(a) + len(b) - 2 * shared
