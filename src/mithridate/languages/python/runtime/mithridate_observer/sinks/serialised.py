"""Deserialisers that let the data choose a type (sink type): stopped before the type is looked up."""

# ruff: noqa: ARG001 - the signatures are those of handlers and looks

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..recording import OBSERVER, stopped
from . import stack
from .patching import argument, observing, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType, ModuleType

    from ..recording import Recorder
    from .audit import Handler

HARMLESS = frozenset({"collections", "datetime", "decimal", "fractions", "uuid", "copyreg", "_codecs", "array", "zoneinfo"})
"""Modules whose types and functions do nothing but hold values."""
HARMLESS_BUILTINS = frozenset(
    [
        "bool",
        "bytearray",
        "bytes",
        "complex",
        "dict",
        "float",
        "frozenset",
        "int",
        "list",
        "object",
        "range",
        "set",
        "slice",
        "str",
        "tuple",
        "type",
        "NoneType",
        "Exception",
    ]
)


class _Loading(threading.local):
    holds_marks = False


_loading = _Loading()


def handlers() -> dict[str, Handler]:
    """Handlers of the audit events of pickle and marshal."""
    return {"pickle.find_class": _find_class, "marshal.loads": _marshal, "marshal.load": _marshal}


def _find_class(recorder: Recorder, event: str, arguments: tuple[Any, ...]) -> None:
    module, name = str(arguments[0]), str(arguments[1])
    api = stack.called("pickle.Unpickler.find_class")
    dialect = "shelve" if api.startswith("shelve.") else "pickle"
    if not recorder.saw("type", api, f"{module}.{name}", dialect, stopped=True):
        harmless = name in HARMLESS_BUILTINS if module in ("builtins", "__builtin__") else module.partition(".")[0] in HARMLESS
        if harmless or not _loading.holds_marks:
            return
    error = getattr(sys.modules.get("pickle") or sys.modules.get("_pickle"), "UnpicklingError", AttributeError)
    raise stopped(error, f"unsupported global {module}.{name}")


def _marshal(recorder: Recorder, event: str, arguments: tuple[Any, ...]) -> None:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(OBSERVER):
        frame = frame.f_back
    if not arguments or frame is None or frame.f_code.co_filename.startswith("<frozen importlib"):
        return
    data = bytes(arguments[0])
    if recorder.saw("type", "marshal.loads", data, "marshal", stopped=True):
        raise stopped(ValueError, "bad marshal data (unknown type code)")


def _content(data: Any) -> bytes:
    """What is to be loaded; a file is left where it is read from, one that cannot be is taken for empty."""
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    try:
        here = data.tell()
        content = data.read()
        data.seek(here)
    except (AttributeError, OSError, ValueError):
        return b""
    return content if isinstance(content, bytes) else b""


@contextmanager
def _watching(recorder: Recorder, data: Any) -> Iterator[None]:
    """While this data is loaded, remember whether it holds marks: then its unmarked types are as much the attacker's."""
    before = _loading.holds_marks
    _loading.holds_marks = recorder.holds(_content(data))
    try:
        yield
    finally:
        _loading.holds_marks = before


def _watch(original: Callable[..., Any], index: int, name: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        recorder = observing()
        if recorder is None:
            return original(*args, **kwargs)
        with _watching(recorder, argument(args, kwargs, index, name)):
            return original(*args, **kwargs)

    return call


def patch_pickle(module: ModuleType) -> None:
    """`pickle.loads` and `pickle.load`: whether what they are given holds marks."""
    replace(module, "loads", lambda original: _watch(original, 0, "data"))
    replace(module, "load", lambda original: _watch(original, 0, "file"))


def patch_shelve(module: ModuleType) -> None:
    """`shelve.Shelf`: whether the stored value holds marks."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def get(shelf: Any, key: str) -> Any:
            recorder = observing()
            if recorder is None or key in shelf.cache:
                return original(shelf, key)
            with _watching(recorder, shelf.dict.get(key.encode(shelf.keyencoding), b"")):
                return original(shelf, key)

        return get

    replace(module.Shelf, "__getitem__", make)


def patch_yaml(module: ModuleType) -> None:
    """PyYAML's and ruamel.yaml's constructors of Python names and objects, where they may import what the document names."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        code = original.__code__
        checks = "unsafe" in code.co_varnames[: code.co_argcount]

        def find(constructor: Any, name: Any, mark: Any, *args: Any, **kwargs: Any) -> Any:
            recorder = observing()
            if recorder is not None and (not checks or argument(args, kwargs, 0, "unsafe") or _makes_instance(sys._getframe(1))):
                _stop_yaml(recorder, module, name, mark)
            return original(constructor, name, mark, *args, **kwargs)

        return find

    for owner in ("FullConstructor", "Constructor"):
        for method in ("find_python_name", "find_python_module"):
            found = getattr(module, owner, None)
            if found is not None and method in vars(found):
                replace(found, method, make)


def _makes_instance(caller: FrameType | None) -> bool:
    """Whether the name looked up is that of a type to make an instance of: before PyYAML 5.4 the "full" loader did that too."""
    return caller is not None and caller.f_code.co_name == "make_python_instance"


def _stop_yaml(recorder: Recorder, module: Any, name: Any, mark: Any) -> None:
    text = name if isinstance(name, (str, bytes)) else str(name)
    if recorder.saw("type", stack.outermost(module.__name__.rpartition(".")[0]), text, "yaml", stopped=True):
        raise stopped(module.ConstructorError, None, None, f"cannot find module or name {text!r}", mark)


def patch_jsonpickle(module: ModuleType) -> None:
    """`jsonpickle.decode`: the class that the document names is not found."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def loadclass(name: Any, *args: Any, **kwargs: Any) -> Any:
            recorder = observing()
            if recorder is None or not isinstance(name, str) or not recorder.holds(name):
                return original(name, *args, **kwargs)
            if recorder.saw("type", stack.outermost("jsonpickle"), name, "jsonpickle", stopped=True):
                return None
            return original(name, *args, **kwargs)

        return loadclass

    replace(module, "loadclass", make)
