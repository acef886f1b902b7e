"""The named bypass: limits, but no walls."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from mithridate.model.errors import SandboxUnavailable
from mithridate.model.execution import Command, Execution, Limits, Mount
from mithridate.sandbox.bubblewrap import bindings
from mithridate.sandbox.bwrap_run import run_bwrap
from mithridate.sandbox.process_tree import ProcessTree, SessionTree

_OPTIONS = ("--die-with-parent", "--new-session", "--cap-drop", "ALL")


class UnsafeHost:
    """Runs commands on the host itself, for a machine that allows mounts but not the other namespaces (some containers).

    The target sees the host's files, processes, network and devices and acts on them as the user who runs us.
    What is left of the contract: the limits (one that daemonises can outlive them), the small environment, the mounts and an
    empty /tmp, which need a private mount namespace; where not even that is permitted this raises SandboxUnavailable as well.
    """

    name = "unsafe-host"

    def check(self) -> None:
        """Run the smallest command; see `Sandbox.check`."""
        execution = self.run(Command(argv=("true",)), limits=Limits(wall_s=30.0))
        if not execution.ok:
            raise SandboxUnavailable(f"a trial run on the host did not succeed ({execution.ending}, code {execution.exit_code})")

    def run(
        self,
        command: Command,
        mounts: Sequence[Mount] = (),
        limits: Limits = Limits(),
        on_stderr: Callable[[bytes], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Execution:
        """See `Sandbox.run`, and the class for what does not hold. Raises SandboxUnavailable for a mount inside a directory
        of the host that lacks the mount point, since making it would change the host.
        """
        options = (*_OPTIONS, *_host_with(mounts, limits))
        return run_bwrap(options, _session, command, mounts, limits, seccomp=None, on_stderr=on_stderr, cancel=cancel)


def _session(_bwrap_pid: int, leader_pid: int) -> ProcessTree:
    return SessionTree(leader_pid)


def _host_with(mounts: Sequence[Mount], limits: Limits) -> list[str]:
    """bwrap(1) options that show the host's root directory, entry by entry, so that new entries can stand beside them."""
    words: list[str] = []
    taken = {PurePosixPath("/tmp"), *(PurePosixPath(mount.target) for mount in mounts)}
    for entry in sorted(Path("/").iterdir()):
        if entry.is_symlink():
            words += ["--symlink", str(entry.readlink()), str(entry)]
        elif PurePosixPath(entry) not in taken:
            words += ["--dev-bind", str(entry), str(entry)]
    for mount in mounts:
        top = Path(*PurePosixPath(mount.target).parts[:2])
        if PurePosixPath(top) not in taken and top.exists() and not Path(mount.target).exists():
            raise SandboxUnavailable(f"on the host there is no {mount.target} to mount on", "use --sandbox bubblewrap")
    return [*words, "--perms", "1777", "--size", str(limits.scratch_bytes), "--tmpfs", "/tmp", *bindings(mounts)]
