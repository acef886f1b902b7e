"""Which regular expression a frame is matching at this moment, and where the project makes it."""

from __future__ import annotations

import ast
import inspect
import linecache
import re
from types import CodeType, FrameType
from typing import Any

from .asked import book

_METHODS = frozenset({"match", "search", "fullmatch", "findall", "finditer", "sub", "subn", "split", "scanner"})
_PACKAGES = frozenset({"re", "regex", "regex.regex"})
_MISSING = object()
_BUILTIN = (type(len), type(re.compile("").match))
_calls: dict[tuple[CodeType, int], ast.expr | None] = {}


def made_at(frame: FrameType | None) -> dict[str, Any] | None:
    """The place where the project makes the pattern that `frame` is matching, as a frame of a record; None when it matches
    none, or one that is not the project's, or nobody can tell."""
    text = _pattern(frame) if frame is not None else None
    return book.pattern_made(text) if type(text) in (str, bytes) else None


def _pattern(frame: FrameType) -> Any:
    """The text of the pattern."""
    value: Any
    if frame.f_globals.get("__name__") in _PACKAGES:
        value = frame.f_locals.get("pattern")
    else:
        value = _matcher(_called(frame), frame)
    return value.pattern if _is_pattern(value) else value


def _is_pattern(value: Any) -> bool:
    """The types of `re` and of the package `regex`; of any other, an attribute could be code of the target."""
    return type(value).__name__ == "Pattern" and type(value).__module__ in ("re", "_regex")


def _matcher(function: ast.expr | None, frame: FrameType) -> Any:
    """What has the called method: a pattern itself, or `re`, or what of a pattern goes through a text; the method may have been
    put under any name before."""
    if isinstance(function, ast.Attribute) and function.attr in _METHODS:
        value = _value(function.value, frame)
    else:
        method: Any = _value(function, frame) if function is not None else None
        value = method.__self__ if type(method) in _BUILTIN and method.__name__ in _METHODS else None
        value = value if _is_pattern(value) or type(value).__name__ == "SRE_Scanner" else None
    return value.pattern if type(value).__name__ == "SRE_Scanner" and type(value).__module__ in ("re", "_sre") else value


def _called(frame: FrameType) -> ast.expr | None:
    """The expression that the frame is calling; what `iter` calls with a value that ends it, too."""
    key = (frame.f_code, frame.f_lasti)
    if key not in _calls:
        _calls[key] = _written(frame)
    return _calls[key]


def _written(frame: FrameType) -> ast.expr | None:
    positions = list(frame.f_code.co_positions())
    at = frame.f_lasti // 2
    if not 0 <= at < len(positions):
        return None
    first, last, start, end = positions[at]
    if first is None or last is None or start is None or end is None or last - first > 50:
        return None
    lines = [linecache.getline(frame.f_code.co_filename, n).encode() for n in range(first, last + 1)]
    if not all(lines):
        return None
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    text = b"".join(lines)
    try:
        if text.startswith(b"for "):  # with Python 3.11 the whole loop is the place of what goes on in its iterator
            loop = ast.parse(text).body[0]
            call = loop.iter if isinstance(loop, ast.For) else None
        else:
            call = ast.parse(b"(" + text + b")", mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None
    if not isinstance(call, ast.Call):
        return None
    until = isinstance(call.func, ast.Name) and call.func.id == "iter" and len(call.args) == 2
    return call.args[0] if until else call.func


def _value(expression: ast.expr, frame: FrameType) -> Any:
    """What a name, an attribute or an item of one stands for, without running any code of the target; None for anything else."""
    if isinstance(expression, ast.Name):
        for names in (frame.f_locals, frame.f_globals):
            if expression.id in names:
                return names[expression.id]
        return None
    if isinstance(expression, ast.Attribute):
        holder = _value(expression.value, frame)
        found = inspect.getattr_static(holder, expression.attr, _MISSING) if holder is not None else _MISSING
        return None if found is _MISSING else found
    if isinstance(expression, ast.Subscript) and isinstance(expression.slice, (ast.Constant, ast.Name)):
        holder, index = _value(expression.value, frame), expression.slice
        at = index.value if isinstance(index, ast.Constant) else _value(index, frame)
        if type(holder) in (list, tuple, dict) and type(at) in (int, str):
            try:
                return holder[at]
            except LookupError:
                return None
    return None
