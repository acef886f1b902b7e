"""What the processes of one execution use, read from procfs.

The processes of a pid namespace are listed through the namespace's own procfs, which shows them all and nothing else:
daemons and orphans cannot slip out of the count. Without a pid namespace only descent is left to go by.
"""

import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mithridate.sandbox.memory import held_bytes, segment_bytes
from mithridate.sandbox.procfs import GONE, descriptors, numbered, stat

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_LOOKS_AT_A_BOMB = 50
_DEATH_S = 5.0
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Usage:
    """A snapshot. `memory_bytes` is the sum of resident sets: too high where pages are shared, blind to what is not mapped."""

    processes: int = 0
    memory_bytes: int = 0
    cpu_s: float = 0.0


class ProcessTree(Protocol):
    """The processes of one execution."""

    def usage(self, bound: int) -> Usage:
        """Count and add up; cheap (one small read a process). Of more than `bound` processes only the number is told."""
        ...

    def memory_bytes(self) -> int:
        """Anonymous and shared memory with shared pages counted once, mapped or not; costs milliseconds for large processes."""
        ...

    def deleted_bytes(self, devices: frozenset[int]) -> int:
        """Disk space of files on `devices` that are open but no longer have a name."""
        ...

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to every process of the target (not to those that only carry it)."""
        ...

    def kill(self) -> None:
        """Kill every process."""
        ...

    def close(self) -> None:
        """Release what is held to look at the processes."""
        ...


class NamespaceTree:
    """All processes of a pid namespace, given the pid (as we see it) of its first process.

    The first process is the launcher's shell: it is no process of the target and dies only with the namespace.
    """

    @classmethod
    def below(cls, parent_pid: int, init_pid: int) -> "NamespaceTree | None":
        """The tree of the namespace whose first process is `init_pid`, a child of `parent_pid`; None if that is over."""
        try:
            tree = cls(init_pid)
        except ProcessLookupError:
            return None
        fields = stat(f"/proc/{init_pid}")
        if fields is not None and int(fields[1]) == parent_pid:
            return tree
        tree.close()
        return None

    def __init__(self, init_pid: int) -> None:
        self._init_pid = init_pid
        self._pidfd = os.pidfd_open(init_pid)
        self._procfs: int | None = None

    def close(self) -> None:
        """Release the descriptors."""
        os.close(self._pidfd)
        if self._procfs is not None:
            os.close(self._procfs)
            self._procfs = None

    def usage(self, bound: int) -> Usage:
        """See ProcessTree; all zero while the namespace's procfs is not mounted yet (nothing of the target runs then)."""
        processes, resident, ticks = 0, 0, 0
        names = self._names()
        if len(names) > bound + 1:
            return Usage(processes=len(names) - 1)
        for name in names:
            fields = stat(name, self._procfs)
            if fields is None:
                continue
            processes += name != "1"
            resident += int(fields[21])
            ticks += sum(int(fields[at]) for at in (11, 12, 13, 14))
        return Usage(processes, resident * _PAGE, ticks / _TICKS_PER_S)

    def memory_bytes(self) -> int:
        """See ProcessTree."""
        return held_bytes(self._names(), self._procfs, segment_bytes(self._init_pid))

    def deleted_bytes(self, devices: frozenset[int]) -> int:
        """See ProcessTree."""
        return _deleted_bytes(self._names(), self._procfs, devices)

    def signal(self, number: signal.Signals) -> None:
        """See ProcessTree."""
        for name in self._names():
            if name == "1":
                continue
            with suppress(*GONE):
                # A directory of procfs serves as a pidfd, even of a namespace below ours: pidfd_send_signal(2).
                process = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._procfs)
                try:
                    signal.pidfd_send_signal(process, number)
                finally:
                    os.close(process)

    def kill(self) -> None:
        """Kill the first process; the kernel then kills every other one and lets none outlive it: pid_namespaces(7)."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def _names(self) -> list[str]:
        if self._procfs is None:
            self._procfs = self._open_procfs()
        if self._procfs is None:
            return []
        return numbered(self._procfs)

    def _open_procfs(self) -> int | None:
        try:
            opened = os.open(f"/proc/{self._init_pid}/root/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (*GONE, NotADirectoryError):
            return None
        # Until the sandbox has changed its root, the path leads to the host's own procfs.
        if os.fstat(opened).st_dev != Path("/proc").stat().st_dev and os.access("1/stat", os.R_OK, dir_fd=opened):
            return opened
        os.close(opened)
        return None


class SessionTree:
    """A session leader, its session and its descendants, in our own pid namespace; what was seen once stays known.

    For where no pid namespace is to be had. Not watertight: a process that starts its own session and loses its parent
    between two looks is gone. The leader is the launcher's shell and no process of the target.
    """

    def __init__(self, leader_pid: int) -> None:
        self._leader = leader_pid
        self._seen: dict[int, bytes] = {}

    def close(self) -> None:
        """Nothing is held."""

    def usage(self, bound: int) -> Usage:  # noqa: ARG002 - the whole table is read anyway
        """See ProcessTree."""
        processes, resident, ticks = 0, 0, 0
        for pid, fields in self._members():
            processes += pid != self._leader
            resident += int(fields[21])
            ticks += sum(int(fields[at]) for at in (11, 12, 13, 14))
        return Usage(processes, resident * _PAGE, ticks / _TICKS_PER_S)

    def memory_bytes(self) -> int:
        """See ProcessTree."""
        return held_bytes([f"/proc/{pid}" for pid, _ in self._members()], None, segments=0)

    def deleted_bytes(self, devices: frozenset[int]) -> int:
        """See ProcessTree."""
        return _deleted_bytes([f"/proc/{pid}" for pid, _ in self._members()], None, devices)

    def signal(self, number: signal.Signals) -> None:
        """See ProcessTree."""
        _send({pid for pid, _ in self._members()} - {self._leader}, number)

    def kill(self) -> None:
        """Stop what is there, look again, and kill when a look brings nothing new, so that forking does not outrun us."""
        stopped: set[int] = set()
        for _ in range(_LOOKS_AT_A_BOMB):
            fresh = {pid for pid, _ in self._members()} - stopped
            if not fresh:
                break
            _send(fresh, signal.SIGSTOP)
            stopped |= fresh
        _send(stopped, signal.SIGKILL)
        until = time.monotonic() + _DEATH_S
        while any(self._members()) and time.monotonic() < until:
            _send({pid for pid, _ in self._members()}, signal.SIGKILL)
            time.sleep(0.005)

    def _members(self) -> Iterator[tuple[int, list[bytes]]]:
        """Pid and stat fields of every live member."""
        table = {int(n): fields for n in numbered("/proc") if (fields := stat(f"/proc/{n}")) is not None}
        children: dict[int, list[int]] = {}
        for pid, fields in table.items():
            children.setdefault(int(fields[1]), []).append(pid)
        queue = [pid for pid, fields in table.items() if self._belongs(pid, fields)]
        done: set[int] = set()
        while queue:
            pid = queue.pop()
            if pid in done:
                continue
            done.add(pid)
            self._seen[pid] = table[pid][19]
            queue.extend(children.get(pid, ()))
            if table[pid][0] != b"Z":
                yield pid, table[pid]

    def _belongs(self, pid: int, fields: list[bytes]) -> bool:
        """A pid comes back for another process in time; together with its start time it is unique."""
        return int(fields[3]) == self._leader or self._seen.get(pid) == fields[19]


def _send(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(*GONE):
            os.kill(pid, number)


def _deleted_bytes(processes: Iterable[str], directory: int | None, devices: frozenset[int]) -> int:
    open_files = (status for process in processes for status in descriptors(process, directory))
    return sum(
        {(f.st_dev, f.st_ino): f.st_blocks * _BLOCK for f in open_files if f.st_nlink == 0 and f.st_dev in devices}.values()
    )
