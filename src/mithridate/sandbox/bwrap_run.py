"""One supervised run of the program `bwrap`, whatever it was told to take away from the target."""

import fcntl
import json
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache

from mithridate.model.errors import SandboxUnavailable
from mithridate.model.execution import Command, Ending, Execution, Limits, Mount
from mithridate.sandbox.cgroup import TaskGroup, task_group
from mithridate.sandbox.launcher import ended_by, shell_command, task_bound
from mithridate.sandbox.process_tree import ProcessTree
from mithridate.sandbox.stdin import consumed, open_stdin, sealed_memory
from mithridate.sandbox.supervisor import Outcome, supervise

FindTree = Callable[[int, int], ProcessTree | None]
"""Given the pids of bwrap and of its child, the launcher's shell: their processes, or None when they are gone."""

_REPORT_BYTES = 1 << 16
_HIGH_DESCRIPTOR = 220

_REMEDY = (
    "allow unprivileged user namespaces: `sysctl kernel.unprivileged_userns_clone=1` (Debian), "
    "`sysctl kernel.apparmor_restrict_unprivileged_userns=0` or an AppArmor profile for bwrap (Ubuntu), "
    "`sysctl user.max_user_namespaces=10000` (RHEL); in a container also `--security-opt seccomp=unconfined "
    "--security-opt systempaths=unconfined --security-opt apparmor=unconfined` or `--privileged`"
)


def run_bwrap(
    options: Sequence[str],
    find_tree: FindTree,
    command: Command,
    mounts: Sequence[Mount],
    limits: Limits,
    *,
    seccomp: bytes | None,
    on_stderr: Callable[[bytes], None] | None,
    cancel: threading.Event | None,
) -> Execution:
    """Run `command` through bwrap with `options` and the filter `seccomp`; `mounts` tells only what may grow.

    Raises SandboxUnavailable when bwrap is missing or fails before the command runs, UsageError for an impossible command.
    """
    program = _program(os.environ.get("PATH"))
    if program is None:
        raise SandboxUnavailable("bubblewrap is not installed", "install the package `bubblewrap`")
    with ExitStack() as stack:
        stdin = stack.enter_context(open_stdin(command.stdin))
        status_read, status_write = _pipe(stack)
        report_read, report_write = _pipe(stack)
        descriptors = {"--json-status-fd": status_write}
        if seccomp is not None:
            descriptors["--seccomp"] = sealed_memory("seccomp", seccomp)
            stack.callback(os.close, descriptors["--seccomp"])
        group = stack.enter_context(task_group(task_bound(limits)))
        gate = None
        if group is not None:
            descriptors["--block-fd"], gate = _gate(stack)
        status = _Status(status_read, find_tree, group, gate)
        numbered = [word for name, number in descriptors.items() for word in (name, str(number))]
        argv = (program, *options, *numbered, "--", *shell_command(command, limits, report_write))
        outcome = supervise(
            argv,
            pass_fds=(*descriptors.values(), report_write),
            stdin=stdin,
            limits=limits,
            find_tree=status.tree,
            when_readable=(status_read, status.admitted) if group is not None else None,
            refused=group.refused if group is not None else None,
            writable=[m.source for m in mounts if m.writable],
            on_stderr=on_stderr,
            cancel=cancel,
        )
        if outcome.ending is None and not status.command_ended():
            raise _unavailable(outcome)
        return _execution(outcome, _read(report_read), consumed(stdin) if command.stdin is not None else 0)


@cache
def _program(path: str | None) -> str | None:
    return shutil.which("bwrap", path=path)


class _Status:
    """What bubblewrap says about itself: one JSON document with the child's pid, one with its exit code if it got to run."""

    def __init__(self, descriptor: int, find_tree: FindTree, group: TaskGroup | None, gate: int | None) -> None:
        self._descriptor = descriptor
        self._find_tree = find_tree
        self._group = group
        self._gate = gate
        self._rest = b""
        self._said: dict[str, object] = {}

    def tree(self, bwrap_pid: int) -> ProcessTree | None:
        """The tree of processes inside, once bubblewrap has told."""
        pid = self._value("child-pid")
        if pid is None:
            return None
        self.admitted()
        return self._find_tree(bwrap_pid, pid)

    def admitted(self) -> bool:
        """Let the child, which waits at the gate with all its mounts made, into its control group and then go on.

        Whoever reads the pid first has to do this: the descriptor may not become readable a second time.
        """
        pid = self._value("child-pid")
        if pid is None:
            return False
        if self._group is not None and self._gate is not None:
            self._group.admit(pid)
            os.write(self._gate, b"!")
            self._gate = None
        return True

    def command_ended(self) -> bool:
        """True when the command was started and its end seen; otherwise bubblewrap itself failed."""
        return self._value("exit-code") is not None

    def _value(self, key: str) -> int | None:
        if key not in self._said and (fresh := _read(self._descriptor)):
            *lines, self._rest = (self._rest + fresh).split(b"\n")
            for line in lines:
                self._said |= json.loads(line) if line.endswith(b"}") else {}
        value = self._said.get(key)
        return value if isinstance(value, int) else None


def _pipe(stack: ExitStack) -> tuple[int, int]:
    """A pipe that we read without waiting. The writing end gets a high number: the target inherits one of them (the shell
    cannot close what has more than one digit), and low numbers should be what a program expects.
    """
    read, low = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(read, False)
    stack.callback(os.close, read)
    try:
        write = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, _HIGH_DESCRIPTOR)
    finally:
        os.close(low)
    stack.callback(os.close, write)
    return read, write


def _gate(stack: ExitStack) -> tuple[int, int]:
    read, write = os.pipe2(os.O_CLOEXEC)
    stack.callback(os.close, read)
    stack.callback(os.close, write)
    return read, write


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _REPORT_BYTES)
    except BlockingIOError:
        return b""


def _unavailable(outcome: Outcome) -> SandboxUnavailable:
    said = outcome.stderr.decode(errors="replace").strip().splitlines()
    why = said[-1].removeprefix("bwrap: ") if said else f"bwrap ended with code {outcome.code}"
    return SandboxUnavailable(f"bubblewrap could not make a sandbox: {why}", _REMEDY)


def _execution(outcome: Outcome, report: bytes, stdin_consumed: int) -> Execution:
    number = ended_by(outcome.code, report)
    by_itself = Ending.EXITED if number is None else Ending.SIGNALLED
    return Execution(
        ending=outcome.ending or by_itself,
        exit_code=outcome.code if outcome.ending is None and number is None else None,
        signal=number if outcome.ending is None else None,
        stdout=outcome.stdout,
        stderr=outcome.stderr,
        truncated=outcome.truncated,
        wall_s=outcome.wall_s,
        cpu_s=outcome.cpu_s,
        peak_memory_bytes=outcome.peak_memory_bytes,
        stdin_consumed=stdin_consumed,
    )
