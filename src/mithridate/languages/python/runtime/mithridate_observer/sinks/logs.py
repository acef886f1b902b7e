"""Lines that are logged (sink log), as their handler formatted them."""

# ruff: noqa: ARG001, ARG005 - the signatures are those of handlers and looks

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .patching import after, before

if TYPE_CHECKING:
    from types import ModuleType

    from ..recording import Recorder


def patch_logging(module: ModuleType) -> None:
    """`logging`: the line that a handler writes; the message alone where the program has no handler (yet)."""

    def formatted(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any], line: Any) -> None:
        if isinstance(line, str):
            recorder.saw("log", "logging.Handler.format", line)

    def handled(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if not args[0].hasHandlers() and (module.lastResort is None or args[1].levelno < module.lastResort.level):
            recorder.saw("log", "logging.Logger.handle", args[1].getMessage())

    after(module.Handler, "format", formatted)
    before(module.Logger, "handle", handled)


def patch_syslog(module: ModuleType) -> None:
    """`syslog.syslog([priority,] message)`."""
    before(module, "syslog", lambda recorder, args, kwargs: recorder.saw("log", "syslog.syslog", args[-1]))
