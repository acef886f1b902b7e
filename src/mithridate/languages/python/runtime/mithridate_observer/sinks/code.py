"""Python source that is compiled to be run, and modules that are imported by name (sinks code, module): stopped."""

# ruff: noqa: ARG001 - the signatures are those of handlers and looks

from __future__ import annotations

import ast
import builtins
import dis
import sys
from typing import TYPE_CHECKING, Any

from ..recording import OBSERVER, stopped
from . import stack
from .patching import argument, before

if TYPE_CHECKING:
    from types import FrameType, ModuleType

    from ..recording import Recorder
    from .audit import Handler

READING = frozenset({"ast", "collections", "dataclasses", "inspect", "tokenize", "doctest"})
"""Modules of the standard library that compile to look at the tree, or source of their own making with checked names in it."""
COMPILERS = {eval: ("builtins.eval", "eval"), exec: ("builtins.exec", "exec"), compile: ("builtins.compile", "exec")}


def handlers() -> dict[str, Handler]:
    """Handlers of the audit events of the compiler and of import statements."""
    return {"compile": _compiled, "import": _imported}


def patch_importlib(module: ModuleType) -> None:
    """`importlib.import_module`, which announces nothing."""

    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        _module(recorder, "importlib.import_module", argument(args, kwargs, 0, "name"))

    before(module, "import_module", look)


def _imported(recorder: Recorder, event: str, arguments: tuple[Any, ...]) -> None:
    if arguments[1] is None:
        _module(recorder, "builtins.__import__", arguments[0])


def _module(recorder: Recorder, api: str, name: Any) -> None:
    if isinstance(name, str) and recorder.saw("module", api, name, stopped=True):
        raise stopped(ModuleNotFoundError, f"No module named {name!r}", name=name)


def _compiled(recorder: Recorder, event: str, arguments: tuple[Any, ...]) -> None:
    source = arguments[0]
    if source is None:
        return
    if isinstance(source, ast.AST):
        if not _tree_holds(recorder, source):
            return
        source = ast.unparse(source)
    elif isinstance(source, (bytearray, memoryview)):
        source = bytes(source)
    if not isinstance(source, (str, bytes)) or not recorder.holds(source):
        return
    caller = _caller()
    if caller is None or (stack.in_library(caller) and caller.f_globals.get("__name__") in READING):
        return
    if isinstance(source, bytes):
        source = source.decode("utf-8", "replace")
    api, dialect = _compiler(caller)
    if recorder.saw("code", api, source, dialect, stopped=True):
        raise stopped(SyntaxError, "invalid syntax")


def _tree_holds(recorder: Recorder, tree: ast.AST) -> bool:
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            if isinstance(value, (str, bytes)) and recorder.holds(value):
                return True
    return False


def _caller() -> FrameType | None:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(OBSERVER):
        frame = frame.f_back
    return frame


def _compiler(frame: FrameType) -> tuple[str, str]:
    """Which built-in function this frame is calling, and the grammar that its argument has.

    The interpreter does not say which; the names that the call loads do. (Built-ins are not wrapped for it: `exec` and `eval` act
    on their caller's variables and on its `__future__` imports.)
    """
    found = {compiler for compiler in map(_resolve(frame), _names(frame)) if compiler is not None}
    if len(found) != 1:
        return (
            ("builtins.exec", "exec")
            if exec in found
            else ("builtins.eval", "eval")
            if eval in found
            else ("builtins.compile", "exec")
        )
    compiler = found.pop()
    api, dialect = COMPILERS[compiler]
    if compiler is compile:
        constants = [instruction.argval for instruction in _instructions(frame) if instruction.opname == "LOAD_CONST"]
        dialect = next((mode for mode in ("eval", "single", "exec") if mode in constants), dialect)
    return api, dialect


def _instructions(frame: FrameType) -> list[dis.Instruction]:
    """The instructions of the line that the frame is at (of the whole statement, where the interpreter knows it)."""
    lines = {frame.f_lineno}
    instructions = list(dis.get_instructions(frame.f_code))
    at = next((instruction for instruction in instructions if instruction.offset == frame.f_lasti), None)
    positions = getattr(at, "positions", None)
    if positions is not None and positions.lineno is not None and positions.end_lineno is not None:
        lines.update(range(positions.lineno, positions.end_lineno + 1))
    line: int | None = None
    chosen = []
    for instruction in instructions:
        start = getattr(instruction, "line_number", None) or instruction.starts_line
        line = start if isinstance(start, int) and not isinstance(start, bool) else line
        if line in lines:
            chosen.append(instruction)
    return chosen


def _names(frame: FrameType) -> list[str]:
    return [str(instruction.argval) for instruction in _instructions(frame) if instruction.opname.startswith("LOAD_")]


def _resolve(frame: FrameType) -> Any:
    def resolve(name: str) -> Any:
        for names in (frame.f_locals, frame.f_globals, vars(builtins)):
            if name in names:
                value = names[name]
                return value if any(value is compiler for compiler in COMPILERS) else None
        return None

    return resolve
