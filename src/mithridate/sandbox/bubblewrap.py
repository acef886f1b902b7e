"""The sandbox for real work: bubblewrap (Linux namespaces without set-up or privileges) and a seccomp filter."""

import threading
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from mithridate.model.errors import SandboxUnavailable, UsageError
from mithridate.model.execution import Command, Execution, Limits, Mount
from mithridate.sandbox.bwrap_run import run_bwrap
from mithridate.sandbox.orphans import OWNER, owner
from mithridate.sandbox.process_tree import NamespaceTree
from mithridate.sandbox.seccomp import seccomp_program

USER_ID = 1000
"""Who the target is inside, for user and group. Outside it is whoever runs us, without any capability."""

_ISOLATION = (
    *("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net", "--unshare-cgroup-try"),
    *("--uid", str(USER_ID), "--gid", str(USER_ID), "--hostname", "sandbox", "--cap-drop", "ALL"),
    *("--die-with-parent", "--new-session", "--as-pid-1", "--clearenv"),
)
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
_ETC = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives")
_ETC_OF_OURS = Path(__file__).parent / "etc"
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_DEVICE_LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}


class Bubblewrap:
    """See `Sandbox`. Every run has its own namespaces; nothing is shared with the host but what is mounted."""

    name = "bubblewrap"

    def check(self) -> None:
        """Run the smallest command; see `Sandbox.check`."""
        execution = self.run(Command(argv=("true",)), limits=Limits(wall_s=30.0))
        if not execution.ok:
            raise SandboxUnavailable(f"a trial run in bubblewrap failed ({execution.ending}, code {execution.exit_code})")

    def run(
        self,
        command: Command,
        mounts: Sequence[Mount] = (),
        limits: Limits = Limits(),
        on_stderr: Callable[[bytes], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Execution:
        """See `Sandbox.run`. Raises UsageError for a mount whose source does not exist."""
        program = seccomp_program(limits.traces)
        options = (*_ISOLATION, "--setenv", OWNER, owner(), *_world(mounts, limits))
        return run_bwrap(
            options, NamespaceTree.below, command, mounts, limits, seccomp=program, on_stderr=on_stderr, cancel=cancel
        )


def _world(mounts: Sequence[Mount], limits: Limits) -> list[str]:
    """bwrap(1) options; the order is the order of mounting, and what may not be written is closed last."""
    scratch = ("--perms", "1777", "--size", str(limits.scratch_bytes), "--tmpfs")
    # Read-only, /proc keeps even a root outside from writing kernel settings inside.
    proc = ("--proc", "/proc", "--remount-ro", "/proc")
    return [*_system(), *proc, *scratch, "/dev/shm", *scratch, "/tmp", *bindings(mounts), "--remount-ro", "/"]


@cache
def _system() -> tuple[str, ...]:
    """What is the same in every world of this process: the host's programs and libraries, and the few files of ours."""
    words: list[str] = []
    for system in map(Path, _SYSTEM):
        if system.is_symlink():
            words += ["--symlink", str(system.readlink()), str(system)]
        elif system.is_dir():
            words += ["--ro-bind", str(system), str(system)]
    for directory in ("/etc", "/dev"):
        words += ["--perms", "0755", "--dir", directory]
    for file in _ETC:
        words += ["--ro-bind-try", file, file]
    for stub in sorted(_ETC_OF_OURS.iterdir()):
        words += ["--ro-bind", str(stub), f"/etc/{stub.name}"]
    for device in _DEVICES:
        words += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    for name, target in _DEVICE_LINKS.items():
        words += ["--symlink", target, f"/dev/{name}"]
    return tuple(words)


def bindings(mounts: Sequence[Mount]) -> list[str]:
    """bwrap(1) options for `mounts`. Raises UsageError when a source does not exist or a target is not absolute."""
    words: list[str] = []
    for mount in mounts:
        if not mount.source.exists():
            raise UsageError(f"cannot mount {mount.source}: it does not exist")
        if not mount.target.startswith("/") or ".." in mount.target.split("/"):
            raise UsageError(f"not an absolute path inside the sandbox: {mount.target}")
        words += ["--bind" if mount.writable else "--ro-bind", str(mount.source.absolute()), mount.target]
    return words
