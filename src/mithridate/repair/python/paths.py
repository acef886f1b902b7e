"""Path traversal: what is opened stays below the directory that the program joins names to (CWE-22)."""

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from mithridate.model.violation import ViolationKind
from mithridate.repair.python.flow import Place, Value, argument, origins
from mithridate.repair.python.guards import guarded
from mithridate.repair.python.imports import meant, using
from mithridate.repair.python.pieces import Constant, Hole, literal, pieces
from mithridate.repair.python.proposer import Change, PythonProposer, Scene, edits_of
from mithridate.repair.python.source import Edit, Source, dotted, operand

_CAUSE = "a name from outside is joined to a directory and may lead out of it"
_FIX = "refuse what does not stay below the directory"
_USING = frozenset(
    {"open", "send_file", "FileResponse", "static_file", "remove", "unlink", "listdir", "scandir", "walk", "stat", "exists"}
    | {"isfile", "isdir", "getsize", "mkdir", "makedirs", "rmtree", "copy", "copyfile", "copy2", "move", "rename", "replace"}
    | {"read_text", "read_bytes", "write_text", "write_bytes", "is_file", "is_dir", "iterdir", "rglob", "glob", "touch", "save"}
    | {"load", "parse", "ZipFile", "chmod", "symlink", "link", "access", "path"}
)


_MODULES = ("os.", "shutil.", "flask.")


@dataclass(frozen=True, slots=True)
class _Joined:
    """A path that is made of a directory and a name. `root` is an expression of type str, or a Path when `pure`."""

    value: Value
    root: str
    pure: bool


class PathProposer(PythonProposer):
    """Confinement to the root that the code joins names to."""

    name = "python-path"
    kinds = frozenset({ViolationKind.PATH_TRAVERSAL, ViolationKind.ARCHIVE_TRAVERSAL})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """At the join; with links followed first, then by names alone."""
        for place in scene.places[:4]:
            found = False
            for value in _paths(place):
                for joined in _joins(value):
                    for change in _confined(place, value, joined):
                        found = True
                        yield change
                    break
            if found:
                return
        for place in scene.places[:2]:
            yield from _anywhere(place)


def _paths(place: Place) -> Iterator[Value]:
    """The expressions on a line that a path is given by: arguments, and objects whose methods use the file system."""
    seen = set[int]()
    for call in place.calls:
        name = dotted(call.func).rpartition(".")[2]
        held = call.func.value if isinstance(call.func, cst.Attribute) and name in _USING else None
        if held is not None and id(held) not in seen and not meant(place.source, call.func).startswith(_MODULES):
            seen.add(id(held))
            yield Value(place, held)
        for arg in call.args[:3]:
            if not isinstance(arg.value, cst.SimpleString) and id(arg.value) not in seen:
                seen.add(id(arg.value))
                yield Value(place, arg.value)


def _joins(value: Value) -> Iterator[_Joined]:
    for origin in origins(value):
        source, node = origin.source, origin.node
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Divide):
            yield _Joined(origin, operand(source, _leftmost(node)), True)
        elif isinstance(node, cst.Call):
            name = meant(source, node.func)
            if name in ("os.path.join", "posixpath.join") and len(node.args) > 1:
                yield _Joined(origin, _roots(source, [arg.value for arg in node.args]), False)
            elif name in ("pathlib.Path", "pathlib.PurePath") and len(node.args) > 1:
                yield _Joined(origin, source.code(node.args[0].value), True)
            elif name.endswith(".joinpath") and isinstance(node.func, cst.Attribute):
                yield _Joined(origin, operand(source, node.func.value), True)
            elif isinstance(node.func, cst.Attribute) and node.func.attr.value in ("absolute", "resolve", "expanduser"):
                yield from _joins(Value(origin.place, node.func.value))
            elif name in ("os.path.abspath", "os.path.realpath", "os.path.normpath", "str", "pathlib.Path") and node.args:
                yield from _joins(Value(origin.place, node.args[0].value))
        row = pieces(source, node)
        if row is not None and any(isinstance(p, Hole) for p in row) and (root := _written(source, row)):
            yield _Joined(origin, root, False)


def _leftmost(node: cst.BinaryOperation) -> cst.BaseExpression:
    """Of `a / "b" / name`, all before the first part that is no constant, or `a`."""
    left = node.left
    if isinstance(left, cst.BinaryOperation) and isinstance(left.operator, cst.Divide):
        return left if isinstance(left.right, cst.SimpleString) else _leftmost(left)
    return left


def _roots(source: Source, nodes: list[cst.BaseExpression]) -> str:
    """Of the arguments of a join, the first and the constants that follow it."""
    kept = 1
    while kept < len(nodes) - 1 and isinstance(nodes[kept], cst.SimpleString):
        kept += 1
    if kept == 1:
        return source.code(nodes[0])
    return f"os.path.join({', '.join(source.code(n) for n in nodes[:kept])})"


def _written(source: Source, row: list[Constant | Hole]) -> str:
    """The directory of a path that is written as text: a constant up to a slash, or a first value before one."""
    first = row[0]
    if isinstance(first, Constant):
        head = first.value.rpartition("/")
        return literal(head[0] or "/", source.quote) if head[1] else '"."' if not head[2] else ""
    after = row[1] if len(row) > 1 else None
    if isinstance(after, Constant) and after.value.startswith("/"):
        return source.code(first.node)
    if isinstance(first, Hole) and len(row) == 2 and isinstance(after, Hole):
        return source.code(first.node)
    return ""


def _confined(place: Place, value: Value, joined: _Joined) -> Iterator[Change]:
    """A check of the joined path, where it is joined (or in the function that uses it, when it is joined there)."""
    at = joined.value.place
    source = at.source
    node = joined.value.node
    held: cst.BaseExpression = node
    if at is place and isinstance(value.node, cst.Name):
        held = value.node
    elif (named := _name_given(joined.value)) is not None:
        held = named
    if joined.pure:
        root = joined.root

        def check(name: str) -> str:
            return f"not {name}.resolve().is_relative_to({root}.resolve())"

        extra: list[Edit] = []
    else:
        shown, extra = using(source, "os")
        root = joined.root.replace("os.path.", f"{shown}.path.") if shown != "os" else joined.root

        def check(name: str) -> str:
            real = f"{shown}.path.realpath({root})"
            return f"{shown}.path.commonpath([{real}, {shown}.path.realpath({name})]) != {real}"

    for text, edits in guarded(at, held, "path", check, 404, "a path outside of its directory"):
        yield Change(_CAUSE, _FIX, edits_of(source, edits, extra), condition=text)


def _name_given(value: Value) -> cst.Name | None:
    """The name at a later use, when the joined path is assigned to one: the check then comes behind the assignment."""
    source = value.source
    assignment = next((p for p in source.parents(value.node) if isinstance(p, cst.Assign | cst.AnnAssign)), None)
    if assignment is None or assignment.value is not value.node:
        return None
    target = assignment.targets[0].target if isinstance(assignment, cst.Assign) else assignment.target
    if not isinstance(target, cst.Name):
        return None
    end = source.span(assignment)[1]
    return next(
        (
            n
            for n in source.nodes(value.place.function)
            if isinstance(n, cst.Name) and n.value == target.value and source.span(n)[0] > end
        ),
        None,
    )


def _anywhere(place: Place) -> Iterator[Change]:
    """A name that is joined to nothing: it is confined to the working directory, which it is relative to."""
    source = place.source
    for call in place.calls:
        first = argument(call, 0, "file", "path", "name", "filename")
        if first is None or dotted(call.func).rpartition(".")[2] not in _USING or isinstance(first, cst.SimpleString):
            continue
        shown, extra = using(source, "os")
        real = f"{shown}.path.realpath({source.quote}.{source.quote})"

        def outside(name: str, shown: str = shown, real: str = real) -> str:
            return f"{shown}.path.commonpath([{real}, {shown}.path.realpath({name})]) != {real}"

        for text, edits in guarded(place, first, "path", outside, 404, "a path outside of the working directory", most=1):
            cause = "a path from outside is used as it is"
            fix = "refuse what does not stay below the working directory"
            yield Change(cause, fix, edits_of(source, edits, extra), condition=text, rank=2.0)
        return
