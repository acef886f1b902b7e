"""How a project's own tests, code and docstrings call its public functions: arguments that are written out, as seeds.

Read from the syntax alone. A value is given as J of docs/input-document.md.
"""

import ast
import doctest
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from mithridate.languages.c.walk import regular_files
from mithridate.languages.python.text import Unreadable, syntax

Shape = dict[str, object]
"""{"args": [J, …], "kwargs": {name: J}, "construct": {"args": [J, …], "kwargs": {…}}}; the last for methods alone."""

MAXIMUM_A_TARGET = 12
_FILES = 2000
_BYTES = 32 << 20
_ROWS = 6
_TEXT = 4096
_DOCUMENTATION = 65536
_NO = object()
_WRAPPED = {"Path": "path", "PurePath": "path", "BytesIO": "file", "StringIO": "textfile"}


def recorded_calls(directory: Path, targets: Iterable[str]) -> dict[str, list[Shape]]:
    """Calls with literal arguments by target, different ones only; those of tests first.

    `targets` are what may be called: "package.module:function" or "package.module:Class.method".
    """
    finder = _Finder(targets)
    files = [(path, size) for path, size in regular_files(directory) if path.suffix == ".py"]
    files.sort(
        key=lambda found: (not re.search(r"tests?\b|_test|test_|examples?", str(found[0].relative_to(directory))), str(found[0]))
    )
    left = _BYTES
    for path, size in files[:_FILES]:
        left -= size
        if left < 0:
            break
        try:
            tree = syntax(path)
            name = _module_name(path.relative_to(directory))
            finder.module(tree, name)
            finder.docstrings(tree, name)
        except (Unreadable, RecursionError):
            continue
    return finder.found


class _Finder:
    def __init__(self, targets: Iterable[str]) -> None:
        self.found: dict[str, list[Shape]] = {}
        targets = tuple(targets)
        self._dotted = {target.replace(":", "."): target for target in targets}
        self._by_name: dict[tuple[str, str], set[str]] = {}
        for target in targets:
            module, _, name = target.partition(":")
            self._by_name.setdefault((module.partition(".")[0], name), set()).add(target)

    def module(self, tree: ast.Module, name: str, known: Mapping[str, str] | None = None) -> None:
        """Look at all calls of one file; `known` are names that mean something there without being imported."""
        names = _Names(name, dict(known or {}))
        names.read(tree)
        for scope, values in _scopes(tree):
            local = _Scope({**names.constants, **values}, names.imported, {})
            for node in ast.walk(scope):
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    local.bind(node.targets[0].id, node.value)
            for node in ast.walk(scope):
                if isinstance(node, ast.Call):
                    self._call(node, local)

    def docstrings(self, tree: ast.Module, name: str) -> None:
        """Look at the examples in docstrings, where the module's own names stand without it."""
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
                continue
            documentation = ast.get_docstring(node) or ""
            if ">>>" not in documentation:
                continue
            try:
                lines = doctest.DocTestParser().get_examples(documentation[:_DOCUMENTATION])
                examples = ast.parse("".join(example.source for example in lines))
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            own = [s for s in tree.body if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
            self.module(ast.Module(body=[*examples.body], type_ignores=[]), name, {s.name: f"{name}.{s.name}" for s in own})

    def _call(self, call: ast.Call, scope: "_Scope") -> None:
        dotted, construct = scope.callee(call.func)
        target = self._target(dotted)
        if target is None:
            return
        shape = scope.arguments(call)
        if shape is None:
            return
        if construct is not None:
            shape["construct"] = construct
        kept = self.found.setdefault(target, [])
        if len(kept) < MAXIMUM_A_TARGET and shape not in kept:
            kept.append(shape)

    def _target(self, dotted: str) -> str | None:
        """The target of that name; a package may offer under its own name what one of its modules defines."""
        if dotted in self._dotted:
            return self._dotted[dotted]
        parts = dotted.split(".")
        for length in (1, 2):
            named = self._by_name.get((parts[0], ".".join(parts[-length:])), set())
            if len(parts) > length and len(named) == 1:
                return next(iter(named))
        return None


@dataclass(slots=True)
class _Names:
    """What names mean at the top of a module: imported things by their dotted names, and literals."""

    module: str
    imported: dict[str, str] = field(default_factory=dict)
    constants: dict[str, object] = field(default_factory=dict)

    def read(self, tree: ast.Module) -> None:
        """Imports may stand anywhere; definitions and constants count at the top."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    self.imported[alias.asname or top] = alias.name if alias.asname else top
            elif isinstance(node, ast.ImportFrom):
                base = self._base(node)
                for alias in node.names:
                    self.imported[alias.asname or alias.name] = f"{base}.{alias.name}" if base else alias.name
        scope = _Scope(self.constants, self.imported, {})
        for statement in tree.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self.imported.setdefault(statement.name, f"{self.module}.{statement.name}")
            elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                value = scope.value(statement.value)
                if value is not _NO:
                    self.constants[statement.targets[0].id] = value

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        above = self.module.split(".")[: -node.level]
        return ".".join([*above, *([node.module] if node.module else [])])


@dataclass(slots=True)
class _Scope:
    """Names in one function: literals, imported things, and objects made from imported classes (dotted name, arguments)."""

    constants: dict[str, object]
    imported: Mapping[str, str]
    objects: dict[str, tuple[str, Shape | None]]

    def bind(self, name: str, node: ast.expr) -> None:
        """`name = node`."""
        value = self.value(node)
        if value is not _NO:
            self.constants[name] = value
        elif isinstance(node, ast.Call) and (dotted := self.callee(node.func)[0]):
            self.objects[name] = (dotted, self.arguments(node))

    def callee(self, node: ast.expr) -> tuple[str, Shape | None]:
        """The dotted name of what is called, "" when it cannot be told; for methods, how their object was made."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Call) and parts:
            made, _ = self.callee(node.func)
            return (".".join([made, *reversed(parts)]) if made else ""), self.arguments(node)
        if not isinstance(node, ast.Name):
            return "", None
        if node.id in self.objects and parts:
            dotted, construct = self.objects[node.id]
            return ".".join([dotted, *reversed(parts)]), construct
        dotted = self.imported.get(node.id, "")
        return (".".join([dotted, *reversed(parts)]) if dotted else ""), None

    def arguments(self, call: ast.Call) -> Shape | None:
        """The arguments when all of them are known."""
        positional = [self.value(a) for a in call.args]
        named = {k.arg: self.value(k.value) for k in call.keywords}
        if _NO in positional or None in named or _NO in named.values():
            return None
        return {"args": positional, "kwargs": named}

    def value(self, node: ast.expr, depth: int = 0) -> object:
        """The J of an expression, or _NO."""
        if depth > 8:
            return _NO
        if isinstance(node, ast.Constant):
            return constant(node.value)
        if isinstance(node, ast.Name):
            return self.constants.get(node.id, _NO)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = self.value(node.operand, depth + 1)
            return -inner if isinstance(inner, int | float) and not isinstance(inner, bool) else _NO
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            items = [self.value(item, depth + 1) for item in node.elts[:64]]
            if _NO in items:
                return _NO
            kind = "tuple" if isinstance(node, ast.Tuple) else "set"
            return items if isinstance(node, ast.List) else {"python": kind, "of": items}
        if isinstance(node, ast.Dict):
            keys = [k.value if isinstance(k, ast.Constant) and isinstance(k.value, str) else None for k in node.keys[:64]]
            values = [self.value(v, depth + 1) for v in node.values[:64]]
            plain = None not in keys and _NO not in values and not {"python", "make"} & set(keys)
            return dict(zip(cast(Sequence[str], keys), values, strict=True)) if plain else _NO
        if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
            called = self.callee(node.func)[0].rpartition(".")[2]
            inner = self.value(node.args[0], depth + 1) if called in _WRAPPED else _NO
            return {"python": _WRAPPED[called], "of": _content(inner)} if inner is not _NO else _NO
        return _NO


def constant(value: object) -> object:
    """The J of a Python constant, or a value that is no J."""
    if isinstance(value, bytes):
        return {"python": "bytes", "of": {"make": "bytes", "latin1": value[:_TEXT].decode("latin-1")}}
    if isinstance(value, str):
        return value[:_TEXT].encode("utf-8", "replace").decode()
    if value is None or isinstance(value, bool | int):
        return value if not isinstance(value, int) or abs(value) < 1 << 63 else _NO
    return value if isinstance(value, float) and value == value and abs(value) != float("inf") else _NO


def _content(value: object) -> object:
    return value["of"] if isinstance(value, dict) and value.get("python") == "bytes" else value


def _scopes(tree: ast.Module) -> Iterator[tuple[ast.AST, Mapping[str, object]]]:
    """Every function, once for each of its first parametrised rows with these values; and the top of the module."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for function in functions:
        rows = _rows(function)
        for row in rows or ({},):
            yield function, row
    top = [s for s in tree.body if not isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    yield ast.Module(body=top, type_ignores=[]), {}


def _rows(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[dict[str, object]]:
    """The values that pytest's parametrize gives, for decorators with names and rows that are written out."""
    scope = _Scope({}, {}, {})
    rows: list[dict[str, object]] = []
    for decorator in function.decorator_list:
        if not (
            isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("parametrize") and len(decorator.args) >= 2
        ):
            continue
        names, values = decorator.args[0], decorator.args[1]
        given = scope.value(names)
        listed = given.split(",") if isinstance(given, str) else _content_list(given)
        if not isinstance(values, ast.List | ast.Tuple) or not listed:
            continue
        fresh = []
        for item in values.elts[:_ROWS]:
            cells = item.elts if len(listed) > 1 and isinstance(item, ast.Tuple | ast.List) else [item]
            if len(cells) == len(listed):
                known = {n.strip(): scope.value(c) for n, c in zip(listed, cells, strict=True)}
                fresh.append({n: v for n, v in known.items() if v is not _NO})
        rows = [{**a, **b} for a in rows or [{}] for b in fresh][:_ROWS] if fresh else rows
    return rows


def _content_list(value: object) -> list[str]:
    items = value.get("of") if isinstance(value, dict) else value
    return [i for i in items if isinstance(i, str)] if isinstance(items, list) else []


def _module_name(path: Path) -> str:
    parts = list(path.with_suffix("").parts)
    while parts and parts[0] in ("src", "lib"):
        parts = parts[1:]
    return ".".join(parts[:-1] if parts[-1:] == ["__init__"] else parts)
