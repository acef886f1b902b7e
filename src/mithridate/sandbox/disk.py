"""How much the writable mounts of an execution have grown."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_BLOCK = 512
_INODE_BYTES = 4096
"""What a name costs at least: files without content take no blocks, and use up a disk all the same."""

_WALK_EVERY_S = 5.0
_WALK_SHARE = 100
"""A walk that took a second is not repeated for this many, whatever others do to the disk meanwhile."""


class DiskWatch:
    """Watches the growth of directories. Asking is cheap: the trees are walked only when the file system itself lost
    that much free space (other writers on the same disk cause work but no false alarm), or when the last walk is long ago.
    """

    def __init__(self, directories: Sequence[Path], bound: int) -> None:
        self._directories = directories
        self._bound = bound
        self._next_walk = 0.0
        self._before, _ = self._walk()
        self._free = self._free_bytes()
        self._threshold = bound
        self.devices = frozenset(d.stat().st_dev for d in directories)

    def exceeded(self, deleted_bytes: Callable[[frozenset[int]], int]) -> bool:
        """True when the directories grew by more than the bound; `deleted_bytes` tells of open files without a name."""
        lost = self._free - self._free_bytes()
        if lost <= self._threshold and time.monotonic() < self._next_walk:
            return False
        now, complete = self._walk()
        grown = now - self._before + deleted_bytes(self.devices)
        if grown > self._bound or (not complete and lost > self._bound):
            return True
        # Others write here too: look again when as much more is gone as is still allowed.
        self._threshold = lost + max(0, self._bound - grown)
        return False

    def _free_bytes(self) -> int:
        by_device = {d.stat().st_dev: os.statvfs(d) for d in self._directories}
        return sum(fs.f_bfree * fs.f_frsize + fs.f_ffree * _INODE_BYTES for fs in by_device.values())

    def _walk(self) -> tuple[int, bool]:
        """(allocated bytes, whether everything could be read). Hard links count once; links are not followed."""
        began = time.monotonic()
        total, complete, seen = 0, True, set[tuple[int, int]]()
        queue = [os.fspath(d) for d in self._directories]
        while queue:
            try:
                entries = list(os.scandir(queue.pop()))
            except FileNotFoundError:
                continue
            except OSError:
                complete = False
                continue
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                except OSError:
                    complete = False
                    continue
                if (status.st_dev, status.st_ino) not in seen:
                    seen.add((status.st_dev, status.st_ino))
                    total += max(status.st_blocks * _BLOCK, _INODE_BYTES)
                if entry.is_dir(follow_symlinks=False):
                    queue.append(entry.path)
        now = time.monotonic()
        self._next_walk = now + max(_WALK_EVERY_S, _WALK_SHARE * (now - began))
        return total, complete
