"""Sandboxes whose owner, a process of ours, was killed before they could know that they have one.

bwrap asks the kernel to die with its parent, but only some time after it was started: killed in between, the parent leaves
a bwrap that waits for ever, or a target that nobody limits. Whatever is started therefore carries its owner's name in its
environment (the target does not), and whoever comes next ends what has lost its owner.
"""

import os
import signal
from contextlib import suppress
from functools import cache
from pathlib import Path

from mithridate.sandbox import procfs

OWNER = "MITHRIDATE_OWNER"
"""The environment variable that names the owner of a sandbox."""

_START_TIME = 22 - 3


@cache
def _name(pid: int) -> str:
    fields = procfs.stat(f"/proc/{pid}")
    began = fields[_START_TIME].decode() if fields else ""
    return f"{_namespace()}:{pid}:{began}"


def owner() -> str:
    """This process's name: its pid namespace, its pid there and the tick that it began at, as pids are used again."""
    return _name(os.getpid())


def end_orphans() -> None:
    """Kill the processes of sandboxes whose owner is gone. Those of other pid namespaces are not judged."""
    for process in procfs.numbered("/proc"):
        if _orphaned(process):
            with suppress(OSError):
                descriptor = os.pidfd_open(int(process))
                try:
                    if _orphaned(process):  # and not one that took over its number meanwhile
                        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                finally:
                    os.close(descriptor)


def _orphaned(process: str) -> bool:
    for word in procfs.read(f"/proc/{process}/environ").split(b"\0"):
        name, _, value = word.partition(b"=")
        if name == OWNER.encode():
            namespace, _, rest = value.decode("latin-1").partition(":")
            pid, _, began = rest.partition(":")
            return namespace == _namespace() and pid.isdecimal() and began.isdecimal() and not _lives(pid, began)
    return False


def _lives(pid: str, began: str) -> bool:
    fields = procfs.stat(f"/proc/{pid}")
    return fields is not None and fields[_START_TIME].decode() == began and fields[0] not in (b"Z", b"X")


@cache
def _namespace() -> str:
    return str(Path("/proc/self/ns/pid").stat().st_ino)
