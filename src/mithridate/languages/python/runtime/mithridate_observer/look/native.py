"""Functions and classes of extension modules: many have no signature, and tell their parameters in words, if at all."""

from __future__ import annotations

import builtins
import inspect
import re
import sys
import types
from importlib.machinery import ExtensionFileLoader
from types import ModuleType
from typing import Any

_FUNCTIONS = (types.BuiltinFunctionType, types.MethodDescriptorType, types.ClassMethodDescriptorType)
_COMPILED = frozenset({"cython_function_or_method", "fused_cython_function", "nb_func", "nb_method"})
_SIGNATURE = re.compile(r"[\w.]*\b(\w+)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_MOST = 8
_OF_THE_INTERPRETER: tuple[Any, ...] = (
    iter([]),
    iter(()),
    iter(""),
    iter(b""),
    iter({}),
    iter({1}),
    iter(range(1)),
    {}.keys(),
    {}.values(),
    {}.items(),
)
_USUAL = frozenset(
    [
        *(value for holder in (builtins, types) for value in vars(holder).values() if isinstance(value, type)),
        *map(type, (None, NotImplemented, ..., zip(), map(str, ()), *_OF_THE_INTERPRETER)),
    ]
)


def is_module(module: ModuleType) -> bool:
    """True for a module that is a shared library."""
    return isinstance(getattr(module, "__loader__", None), ExtensionFileLoader)


def is_function(value: Any) -> bool:
    """True for a function or method that is no Python code."""
    return isinstance(value, _FUNCTIONS) or type(value).__name__ in _COMPILED


def is_class(value: Any) -> bool:
    """True for a class whose construction is no Python code."""
    return inspect.isclass(value) and not inspect.isfunction(value.__init__) and not inspect.isfunction(value.__new__)


def is_offered(value: Any) -> bool:
    """True for a function or class of an extension module."""
    return is_function(value) or (is_class(value) and value.__module__ != "builtins")


def makes(kind: type) -> bool:
    """True for a type that an extension module outside of the standard library makes; many have names without a module."""
    package = kind.__module__.partition(".")[0]
    is_library = package != "builtins" and package in getattr(sys, "stdlib_module_names", ())
    if is_library or kind in _USUAL or not is_class(kind):
        return False
    inner = vars(kind)
    return "__dict__" not in inner and not any(inspect.isfunction(value) for value in inner.values())


def parameters(function: Any) -> list[dict[str, Any]]:
    """What the documentation says that it takes; one argument of any kind when it says nothing."""
    name = getattr(function, "__name__", "")
    for match in _SIGNATURE.finditer((inspect.getdoc(function) or "")[:1000]):
        if match[1] == name or inspect.isclass(function):
            return _told(match[2])
    return [{"name": "data", "kind": "positional_only", "annotation": ""}]


def _told(text: str) -> list[dict[str, Any]]:
    """`a, b[, c], d=1` as parameters; those in brackets and with a default may be left out."""
    found: list[dict[str, Any]] = []
    depth = 0
    for part in re.split(r"(,|\[|\]|\{|\})", text)[: 6 * _MOST]:
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(part, 0)
        match = re.match(r"\s*(?:[\w.]+\s+)?([A-Za-z_]\w*)\s*(?::\s*([^=]+?))?\s*(?:=\s*(.+?))?\s*$", part)
        if match is None or match[1] in ("self", "cls") or len(found) >= _MOST:
            continue
        told = {
            "name": match[1],
            "kind": "positional_or_keyword" if match[3] else "positional_only",
            "annotation": match[2] or "",
        }
        if match[3] or depth > 0:
            told["default"] = match[3] or "\u2026"
        found.append(told)
    return found
