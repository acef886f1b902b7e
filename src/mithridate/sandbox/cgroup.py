"""A bound on tasks that holds for root too, where control groups may be made.

RLIMIT_NPROC does not bind processes of the user root, whatever user they seem to be inside: setrlimit(2). A fork bomb is faster
than any supervisor's look, so the kernel has to hold it: cgroups(7), the pids controller of version 1 or 2. Ordinary
users mostly may not make control groups, and need none, because RLIMIT_NPROC binds them.
"""

import itertools
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from mithridate.sandbox import procfs

_PREFIX = "mithridate-"
_TRIES = 50
_BETWEEN_TRIES_S = 0.002


class TaskGroup:
    """A control group for one execution."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def admit(self, pid: int) -> None:
        """Move a process into the group, where its children are then born; takes up to some 10 ms, which the kernel waits."""
        with suppress(OSError):
            procfs.write(f"{self.directory}/cgroup.procs", str(pid))

    def refused(self) -> bool:
        """True when the kernel has refused the group a task for want of room."""
        try:
            events = procfs.read(f"{self.directory}/pids.events").split()
        except OSError:
            return False
        return dict(zip(events[::2], events[1::2], strict=False)).get(b"max", b"0") != b"0"

    def remove(self) -> None:
        """Remove the group, which can go when its last process has been waited for by whoever that falls to."""
        for _ in range(_TRIES):
            try:
                self.directory.rmdir()
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(_BETWEEN_TRIES_S)
            else:
                return


@contextmanager
def task_group(tasks: int) -> Iterator[TaskGroup | None]:
    """A new group that holds at most `tasks` tasks, or None where none can be made; removed at the end."""
    group = _new_group(tasks)
    try:
        yield group
    finally:
        if group is not None:
            group.remove()


def _new_group(tasks: int) -> TaskGroup | None:
    parent = _parent()
    if parent is None:
        return None
    try:
        group = TaskGroup(Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent)))
    except OSError:
        return None
    try:
        procfs.write(f"{group.directory}/pids.max", str(tasks))
    except OSError:
        group.remove()
        return None
    return group


@cache
def _parent() -> Path | None:
    """The directory in which to make groups, cleared of what earlier runs that were killed left there."""
    for directory in candidates(Path("/proc/self")):
        if directory.is_dir() and os.access(directory, os.W_OK):
            for group in directory.glob(f"{_PREFIX}*"):
                owner = group.name.removeprefix(_PREFIX).partition("-")[0]
                if not Path("/proc", owner).exists():
                    with suppress(OSError):
                        group.rmdir()
            return directory
    return None


def candidates(process: Path) -> Iterator[Path]:
    """Directories where a group with the pids controller could be made for a process, given its directory in procfs.

    Version 1: below its own group. Version 2: where the controller is passed on to children, which is below or beside it.
    """
    own = {controllers: path for _, controllers, path in _groups(process / "cgroup")}
    for mount_point, kind, options in _mounts(process / "mountinfo"):
        if kind == "cgroup" and "pids" in options.split(","):
            path = next((path for controllers, path in own.items() if "pids" in controllers.split(",")), "/")
            yield mount_point / path.lstrip("/")
        if kind == "cgroup2":
            ours = mount_point / own.get("", "/").lstrip("/")
            for directory in itertools.islice((ours, *ours.parents), 2):
                with suppress(OSError):
                    if "pids" in (directory / "cgroup.subtree_control").read_text().split():
                        yield directory


def _groups(file: Path) -> Iterator[tuple[str, str, str]]:
    """(hierarchy, controllers, path) of each group that a process is in: cgroups(7)."""
    for line in file.read_text().splitlines():
        hierarchy, controllers, path = line.split(":", 2)
        yield hierarchy, controllers, path


def _mounts(file: Path) -> Iterator[tuple[Path, str, str]]:
    """(mount point, file system type, its options) of everything mounted: proc_pid_mountinfo(5)."""
    for line in file.read_text().splitlines():
        place, _, system = line.partition(" - ")
        kind, _, options = system.split(" ", 2)
        yield Path(place.split()[4]), kind, options
