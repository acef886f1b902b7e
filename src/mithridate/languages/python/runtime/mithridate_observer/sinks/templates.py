"""Template sources (sink template): data belongs into a template's values, not into its source. Rendering goes on."""

# ruff: noqa: ARG001 - the signatures are those of handlers and looks

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import recording
from . import stack
from .patching import argument, before, replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from ..recording import Recorder
    from .patching import Look


def _look(dialect: str, index: int, name: str, package: str) -> Look:
    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        source = argument(args, kwargs, index, name)
        if not isinstance(source, (str, bytes)) or not recorder.holds(source):
            return False
        return recorder.saw("template", stack.outermost(package), source, dialect)

    return look


def patch_jinja2(module: ModuleType) -> None:
    """Every source that a jinja2 environment compiles, the generated Python left out."""
    before(module.Environment, "compile", _look("jinja2", 1, "source", "jinja2"), "code", "regex")
    before(module.Environment, "compile_expression", _look("jinja2", 1, "source", "jinja2"), "code", "template", "regex")


def patch_mako(module: ModuleType) -> None:
    """Templates of mako that are given as text."""
    before(module.Template, "__init__", _look("mako", 1, "text", "mako"), "code", "regex")


def patch_django(module: ModuleType) -> None:
    """Templates of Django that are given as text."""
    before(module.Template, "__init__", _look("django", 1, "template_string", "django.template"), "regex")


def patch_tornado(module: ModuleType) -> None:
    """Templates of tornado that are given as text."""
    before(module.Template, "__init__", _look("tornado", 1, "template_string", "tornado"), "code", "regex")


def patch_string(module: ModuleType) -> None:
    """Format strings of `string.Formatter`."""

    def formatter(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if isinstance(args[1], str):
            recorder.saw("template", "string.Formatter.vformat", args[1], "format")

    before(module.Formatter, "vformat", formatter)


def patch_builtins(module: ModuleType) -> None:
    """Format strings of `str` itself."""
    for method in ("format", "format_map"):
        replace(module.str, method, _formatting(f"str.{method}"))


def _formatting(api: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def format(text: str, /, *args: Any, **kwargs: Any) -> str:  # noqa: A001 - its name
            recorder = recording.active
            if recorder is not None and recorder.on and not recording.local.busy and recorder.holds(text):
                recorder.saw("template", api, text, "format")
            return original(text, *args, **kwargs)  # type: ignore[no-any-return]

        return format

    return make
