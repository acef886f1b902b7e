"""The small shell program that carries the target: it sets resource limits and tells death by signal from an exit code.

A shell reports both as a code (128 + n for signal n), but it also names the signal on its own stderr when a child dies
of one. Its stderr is therefore a pipe to us, and the target gets the real one.
"""

import re
import signal
from collections.abc import Mapping

from mithridate.model.errors import UsageError
from mithridate.model.execution import Command, Limits

_SCRIPT = """\
exec 3>&2 2>/proc/self/fd/$1
files=$2 tasks=$3 dir=$4 n=$5
shift 5
(
  {
    ulimit -c 0
    ulimit -f "$files"
    ulimit -n 4096
    ulimit -u "$tasks" || ulimit -p "$tasks"
  } 2>/dev/null
  while [ "$n" -gt 0 ]; do
    export "$1"
    shift
    n=$((n - 1))
  done
  cd -- "$dir" 2>&3 || exit 127
  unset PWD OLDPWD MITHRIDATE_OWNER
  exec "$@" 2>&3 3>&-
)
exit $?
"""

_SILENT_SIGNALS = frozenset({signal.SIGINT, signal.SIGPIPE, signal.SIGTERM})
"""Signals that shells do not speak of."""

_SIGNALS = frozenset(map(int, signal.valid_signals()))
_TASKS_PER_PROCESS = 4
_TASKS_OF_OURS = 16

_BLOCK = 512
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

ENVIRONMENT: Mapping[str, str] = {
    "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
    "HOME": "/tmp",
    "TMPDIR": "/tmp",
    "LANG": "C.UTF-8",
}
"""The whole environment of a command that brings none of its own."""


def shell_command(command: Command, limits: Limits, report_fd: int) -> tuple[str, ...]:
    """The argv that runs `command` and exits with its code, writing to descriptor `report_fd` if a signal ended it.

    Raises UsageError for what cannot be an argument vector or an environment.
    """
    if not command.argv:
        raise UsageError("a command needs a program to run")
    for name in command.env:
        if not _NAME.fullmatch(name):
            raise UsageError(f"not a name for an environment variable: {name!r}")
    variables = [f"{name}={value}" for name, value in {**ENVIRONMENT, **command.env}.items()]
    words = [*variables, command.cwd, *command.argv]
    if any("\0" in word for word in words):
        raise UsageError("arguments and environment of a command cannot hold NUL")
    numbers = (report_fd, max(1, limits.file_bytes // _BLOCK), task_bound(limits))
    settings = (*map(str, numbers), command.cwd, str(len(variables)))
    return ("/bin/sh", "-c", _SCRIPT, "sh", *settings, *variables, *command.argv)


def task_bound(limits: Limits) -> int:
    """How many tasks the kernel is asked to allow. It counts threads, so this leaves room for them: it holds an explosion
    until the supervisor's count of processes sees it.
    """
    return limits.processes * _TASKS_PER_PROCESS + _TASKS_OF_OURS


def ended_by(code: int, report: bytes) -> int | None:
    """The signal that ended the target, or None if it exited with `code` by itself; `report` is what the shell wrote."""
    number = code - 128
    if number not in _SIGNALS:
        return None
    return number if report.strip() or number in _SILENT_SIGNALS else None
