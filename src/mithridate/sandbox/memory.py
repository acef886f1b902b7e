"""How much memory a set of processes holds, with what they share counted once and what no process maps counted at all.

Resident set sizes alone are wrong both ways: forked processes show the same pages many times, and anonymous files
(memfd_create) or detached SysV segments show nowhere. Sources: proc_pid_smaps(5), sysvipc(7), proc_meminfo(5).
"""

import os
import shutil
import subprocess
from collections.abc import Iterable

from mithridate.sandbox.procfs import descriptors, read

_ANONYMOUS = (b"Pss_Anon:", b"RssAnon:")
_SHARED = (b"Pss_Shmem:", b"RssShmem:")
_NSENTER_S = 10.0
_BLOCK = 512


def host_shared_bytes() -> int:
    """Shared memory and tmpfs of the whole machine: its growth is an upper bound of what one execution can have hidden."""
    _, found, rest = read("/proc/meminfo").partition(b"\nShmem:")
    return int(rest.split(None, 1)[0]) << 10 if found else 0


def held_bytes(processes: Iterable[str], directory: int | None, segments: int) -> int:
    """Memory of `processes` (their directories, relative to the descriptor `directory`), given `segments` bytes in SysV segments.

    Files and segments may be mapped as well; then they are part of the shared memory and the larger figure is taken.
    """
    anonymous = shared = 0
    files: dict[int, int] = {}
    device = _anonymous_files_device()
    for process in processes:
        own, common = _mapped_bytes(process, directory)
        anonymous += own
        shared += common
        for status in descriptors(process, directory):
            if status.st_dev == device:
                files[status.st_ino] = status.st_blocks * _BLOCK
    return anonymous + max(shared, sum(files.values()) + segments)


def segment_bytes(pid: int) -> int:
    """Resident bytes of all SysV shared memory segments in the IPC namespace of `pid`; 0 where nsenter(1) is missing."""
    nsenter = shutil.which("nsenter")
    if nsenter is None:
        return 0
    inside = (nsenter, "--target", str(pid), "--user", "--ipc", "--preserve-credentials", "cat", "/proc/sysvipc/shm")
    try:
        table = subprocess.run(inside, capture_output=True, timeout=_NSENTER_S, check=False).stdout.splitlines()
    except subprocess.TimeoutExpired:
        return 0
    column = table[0].split().index(b"rss") if table else 0
    return sum(int(line.split()[column]) for line in table[1:])


def _mapped_bytes(process: str, directory: int | None) -> tuple[int, int]:
    """(anonymous, shared) memory of one process: its proportional share, or all that is resident where that is not to be had."""
    for file in ("smaps_rollup", "status"):
        lines = [line.split() for line in read(f"{process}/{file}", directory).splitlines()]
        sizes = {words[0]: int(words[1]) << 10 for words in lines if words[-1:] == [b"kB"]}
        if any(name in sizes for name in _ANONYMOUS):
            return sum(sizes.get(name, 0) for name in _ANONYMOUS), sum(sizes.get(name, 0) for name in _SHARED)
    return 0, 0


def _anonymous_files_device() -> int:
    """The device number of the kernel's own tmpfs, where memfd_create(2) makes its files."""
    file = os.memfd_create("device", os.MFD_CLOEXEC)
    try:
        return os.fstat(file).st_dev
    finally:
        os.close(file)
