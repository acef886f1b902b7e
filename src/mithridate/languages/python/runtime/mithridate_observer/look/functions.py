"""Public functions and methods of an imported module, and fuzz targets in it."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from ..doors.routes import constants_of
from ..places import Places, code_of
from . import native
from .modules import Source

MAX_FUNCTIONS = 400
MAX_DEFAULT = 200
MAX_DOC = 4000
_SIMPLE = (str, bytes, int, float, bool, type(None), tuple, list, dict, set, frozenset)


def functions(module: ModuleType, places: Places) -> Iterator[dict[str, Any]]:
    """Functions and methods that the module offers: those of __all__, else public ones defined in it or below its package."""
    count = 0
    for name, value in _offered(module):
        for target, function, construct in _callables(module, name, value):
            told = _told(target, function, construct, places)
            if told is not None:
                yield told
                count += 1
                if count >= MAX_FUNCTIONS:
                    return


def targets(source: Source, shown: str) -> Iterator[dict[str, Any]]:
    """Atheris targets and Hypothesis tests, found by reading."""
    if source.tree is None:
        return
    imports = _imported(source.tree)
    if "atheris" in imports:
        entry = _fuzzed(source.tree)
        for each in source.tree.body:
            if isinstance(each, ast.FunctionDef) and each.name == entry:
                yield {"kind": "atheris", "import": f"{source.name}:{each.name}", "file": shown, "line": each.lineno}
    if "hypothesis" in imports:
        for name, node in _defined(source.tree):
            if any(_is_given(each) for each in node.decorator_list):
                yield {"kind": "hypothesis", "import": f"{source.name}:{name}", "file": shown, "line": node.lineno}


def _defined(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions of a module and methods of its classes, with their names in it."""
    for each in tree.body:
        if isinstance(each, ast.FunctionDef):
            yield each.name, each
        elif isinstance(each, ast.ClassDef):
            yield from ((f"{each.name}.{inner.name}", inner) for inner in each.body if isinstance(inner, ast.FunctionDef))


def _is_given(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(called).rpartition(".")[2] == "given"


def _imported(tree: ast.Module) -> set[str]:
    """Top-level names of the packages that a file imports."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


def _fuzzed(tree: ast.Module) -> str:
    """The function that is given to atheris.Setup."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Setup") and len(node.args) > 1:
            return ast.unparse(node.args[1])
    return "TestOneInput"


def _offered(module: ModuleType) -> list[tuple[str, Any]]:
    names = getattr(module, "__all__", None)
    if isinstance(names, (list, tuple)):
        named = [(str(name), getattr(module, str(name), None)) for name in names]
        if any(callable(value) for _, value in named):
            return named  # else it names modules and constants, which says nothing of functions
    package = module.__name__.partition(".")[0]
    is_package = hasattr(module, "__path__")
    found = []
    for name, value in list(vars(module).items()):
        owner = getattr(value, "__module__", None)
        if native.is_module(module) and callable(value) and not name.startswith("_"):
            found.append((name, value))  # what it calls itself need not be the name that it was imported by
            continue
        near = owner == module.__name__
        if not near and isinstance(owner, str) and owner.partition(".")[0] == package:
            near = is_package or (_is_private(owner) and native.is_offered(value))
        if not name.startswith("_") and near:
            found.append((name, value))
    return found


def _is_private(module: str) -> bool:
    """Whether a module is one that others hand on under their own names."""
    return module.rpartition(".")[2].startswith("_")


def _callables(module: ModuleType, name: str, value: Any) -> Iterator[tuple[str, Any, Any]]:
    """(target, function, class to construct first or None)."""
    path = f"{module.__name__}:{name}"
    if inspect.isclass(value):
        if issubclass(value, BaseException):
            return
        yield path, value, None
        for method, raw in list(vars(value).items()):
            if method.startswith("_") and method != "__call__":
                continue
            if isinstance(raw, (staticmethod, classmethod)):
                yield f"{path}.{method}", getattr(value, method), None
            elif inspect.isfunction(raw) or native.is_function(raw):
                yield f"{path}.{method}", raw, value
    elif callable(value) and not inspect.ismodule(value):
        yield path, value, None


def _told(target: str, function: Any, construct: Any, places: Places) -> dict[str, Any] | None:
    code = code_of(function if not inspect.isclass(function) else function.__init__)
    place = places.of_code(code) if code is not None else []
    own = native.is_function(function) or native.is_class(function)
    parameters = _parameters(function)
    guessed = parameters is None and own
    if guessed:
        parameters = native.parameters(function)
    if parameters is None or (code is not None and not place and not own and not inspect.isclass(function)):
        return None
    if construct is not None and not guessed:
        parameters = parameters[1:]
    documentation = (inspect.getdoc(function) or "").strip()[:MAX_DOC]
    return {
        "target": target,
        "parameters": parameters,
        "construct": _constructed(construct) if construct is not None else None,
        "returns": _annotation(getattr(function, "__annotations__", {}).get("return", inspect.Parameter.empty)),
        "doc": documentation,
        "is_coroutine": inspect.iscoroutinefunction(function),
        "is_class": inspect.isclass(function),
        "native": own or (code is None and not inspect.isclass(function)),
        **({"guessed": True} if guessed else {}),
        **(place[0] if place else {"file": "", "line": 0, "function": target.rpartition(":")[2]}),
        "constants": constants_of(code)[:60] if code is not None and place else [],
    }


def _constructed(owner: Any) -> list[dict[str, Any]] | None:
    found = _parameters(owner)
    return native.parameters(owner) if found is None and native.is_class(owner) else found


def _parameters(function: Any) -> list[dict[str, Any]] | None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    return [_parameter(each) for each in signature.parameters.values()]


def _parameter(each: inspect.Parameter) -> dict[str, Any]:
    told: dict[str, Any] = {"name": each.name, "kind": each.kind.name.lower(), "annotation": _annotation(each.annotation)}
    if each.default is not each.empty:
        told["default"] = repr(each.default)[:MAX_DEFAULT] if isinstance(each.default, _SIMPLE) else "…"
    return told


def _annotation(annotation: Any) -> str:
    if annotation is inspect.Parameter.empty:
        return ""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)[:300]
