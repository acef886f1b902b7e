"""Programs that are started (sinks shell, command): always stopped when a mark is in what is to be run."""

# ruff: noqa: PTH110, PTH119 - pathlib would be one more import in the target, and slower
# ruff: noqa: ARG005 - the signatures are those of handlers and looks

from __future__ import annotations

import errno
import inspect
import json
import os
from typing import TYPE_CHECKING, Any

from ..recording import Stopped, stopped
from . import paths, stack
from .patching import before, observing, replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from ..recording import Recorder
    from .audit import Handler

SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "busybox"})

NOTHING = "/bin/true"
"""A program that does nothing and says that it went well."""


def handlers() -> dict[str, Handler]:
    """Handlers of the audit events of processes."""
    return {
        "os.system": lambda recorder, event, arguments: _shell(recorder, event, arguments[0]),
        "subprocess.Popen": lambda recorder, event, arguments: _start(recorder, event, arguments[0], arguments[1], arguments[2]),
        "os.exec": lambda recorder, event, arguments: _start(recorder, event, arguments[0], arguments[1]),
        "os.posix_spawn": lambda recorder, event, arguments: _start(recorder, event, arguments[0], arguments[1]),
        "os.spawn": lambda recorder, event, arguments: _start(recorder, event, arguments[1], arguments[2]),
        "pty.spawn": lambda recorder, event, arguments: _start(recorder, event, None, arguments[0]),
        "os.startfile": lambda recorder, event, arguments: paths.reached(recorder, event, arguments[0], "run"),
    }


def patch_os(module: ModuleType) -> None:
    """`os.spawn*`, where it forks before it says what it starts: stopped in the parent."""
    before(module, "_spawnvef", lambda recorder, args, kwargs: _start(recorder, "os.spawn", args[1], args[2]))


def patch_shutil(module: ModuleType) -> None:
    """`shutil.which`: a program that is not installed here is taken for one that is, as what would start it is watched."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def which(cmd: Any, *args: Any, **kwargs: Any) -> Any:
            found = original(cmd, *args, **kwargs)
            wanted = found is None and observing() is not None and isinstance(cmd, str) and cmd.isascii()
            return f"/usr/bin/{cmd}" if wanted and cmd and not cmd.startswith("-") and "/" not in cmd else found

        return which

    replace(module, "which", make)


def patch_subprocess(module: ModuleType) -> None:
    """`subprocess.Popen`: a program that is stopped seems to have run and said nothing: what comes after it is reached."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def execute_child(*args: Any, **kwargs: Any) -> Any:
            try:
                return original(*args, **kwargs)
            except Stopped:
                given = inspect.signature(original).bind(*args, **kwargs)
                given.arguments.update(args=[NOTHING], executable=NOTHING, shell=False, cwd=None, preexec_fn=None)
                return original(*given.args, **given.kwargs)

        return execute_child

    if os.path.exists(NOTHING):
        replace(module.Popen, "_execute_child", make)


def _text(value: Any) -> str:
    try:
        return os.fsdecode(value)
    except TypeError:
        return str(value)


def _vector(arguments: Any) -> list[str]:
    if isinstance(arguments, (str, bytes, os.PathLike)):
        return [_text(arguments)]
    return [_text(item) for item in arguments]


def command_line(vector: list[str]) -> str | None:
    """The text that a shell is given to interpret by `-c`, None when this is no shell or it is given a file."""
    if not vector or os.path.basename(vector[0]) not in SHELLS:
        return None
    for index, option in enumerate(vector[1:-1], start=1):
        if not option.startswith(("-", "+")) and not (index == 1 and option in SHELLS):
            return None
        if option.startswith("-") and not option.startswith("--") and "c" in option:
            return vector[index + 1]
    return None


def _start(recorder: Recorder, event: str, executable: Any, arguments: Any, directory: Any = None) -> None:
    vector = _vector(arguments)
    program = vector[0] if executable is None else _text(executable)
    line = command_line([program, *vector[1:]]) or command_line(vector)
    if line is not None and recorder.holds(line):
        _shell(recorder, event, line)
        return
    if directory is not None:
        paths.reached(recorder, stack.called(event), directory, "read")
    whole = vector if not recorder.holds(program) else [program, *vector[1:]]
    if recorder.marked(whole):
        recorder.saw("command", stack.called(event), json.dumps(whole, ensure_ascii=False), stopped=True)
        raise stopped(PermissionError, errno.EACCES, os.strerror(errno.EACCES), program)


def _shell(recorder: Recorder, event: str, line: Any) -> None:
    if recorder.saw("shell", stack.called(event), _text(line), dialect="sh", stopped=True):
        raise stopped(PermissionError, errno.EACCES, os.strerror(errno.EACCES), "/bin/sh")
