"""Programs: the options and operands that a command line's parser declares, and environment variables that are read."""

from __future__ import annotations

import argparse
import optparse
import os
import sys
from types import FrameType, ModuleType
from typing import Any

from ..asked import book
from ..loaded import when_loaded
from .wrapping import before

_BETWEEN = ("os", "_collections_abc", "collections.abc", "mithridate_observer.accessors.wrapping", __name__)


def install() -> None:
    """Wrap argparse, optparse and the environment, and click when it is imported."""
    before(argparse.ArgumentParser, "parse_known_args", lambda self, *_a, **_n: _note_parser(self))
    before(optparse.OptionParser, "parse_args", lambda self, *_a, **_n: _note_options(self))
    environment: Any = type(os.environ)
    before(environment, "__getitem__", lambda self, key: _note_variable(self, key))
    before(environment, "__contains__", lambda self, key: _note_variable(self, key))
    when_loaded({"click.core": _click})


def _click(module: ModuleType) -> None:
    before(module.Command, "parse_args", lambda self, *_a, **_n: _note_command(self))


def _note_variable(environment: Any, key: Any) -> None:
    """Who starts a program chooses its environment; who sends a request does not."""
    is_asked = book.marks is not None and book.is_program and isinstance(key, str)
    if is_asked and "site-packages" not in _caller(sys._getframe(1)):
        book.ask("environment", key, environment.encodekey(key) in environment._data)


def _caller(frame: FrameType | None) -> str:
    """The file of the code that reads the environment, past the modules that read it in its stead."""
    while frame is not None and frame.f_globals.get("__name__") in _BETWEEN:
        frame = frame.f_back
    return frame.f_code.co_filename if frame is not None else ""


def _note(name: str, kind: str) -> None:
    if book.marks is not None:
        book.ask("arguments", name, False, kind)


def _note_parser(parser: argparse.ArgumentParser) -> None:
    for action in parser._actions:
        if action.dest == "help" or isinstance(action, argparse._VersionAction):
            continue
        name = max(action.option_strings, key=len) if action.option_strings else action.dest
        kind = "flag" if action.nargs == 0 else str(getattr(action.type, "__name__", "") or "")
        if isinstance(action.nargs, (int, str)) and action.nargs not in (0, "?"):
            kind = "list"
        if isinstance(action, argparse._SubParsersAction):
            kind = "command"
        _note(name, kind)
        for choice in list(action.choices or ()):
            book.compare(str(choice))


def _note_options(parser: Any) -> None:
    for option in parser.option_list:
        if option.dest is not None:
            _note(str(option), "" if option.takes_value() else "flag")


def _note_command(command: Any) -> None:
    for parameter in command.params:
        name = max(parameter.opts, key=len)
        kind = "flag" if getattr(parameter, "is_flag", False) else str(getattr(parameter.type, "name", ""))
        _note(name, "" if kind == "text" else kind)
    for name in getattr(command, "commands", {}):
        _note("command", "command")
        book.compare(name)
