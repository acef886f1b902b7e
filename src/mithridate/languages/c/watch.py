"""Sees from outside the sandbox whether a file was opened and read inside it, through Linux's inotify(7)."""

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_IN_ACCESS = 0x1
_IN_OPEN = 0x20
_HEADER = struct.Struct("iIII")


class Watch:
    """Events on one file since the watch began. Events follow the file through bind mounts, since they belong to its inode."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._mask = 0

    @property
    def opened(self) -> bool:
        """Somebody opened the file; asking for its size or name alone does not count."""
        return bool(self._seen() & _IN_OPEN)

    @property
    def read(self) -> bool:
        """Somebody read bytes with read(2) or its like; a memory mapping is seen as opened only."""
        return bool(self._seen() & _IN_ACCESS)

    def _seen(self) -> int:
        while True:
            try:
                data = os.read(self._descriptor, 1 << 16)
            except BlockingIOError:
                return self._mask
            offset = 0
            while offset < len(data):
                _, mask, _, length = _HEADER.unpack_from(data, offset)
                self._mask |= mask
                offset += _HEADER.size + length


@contextmanager
def watching(path: Path) -> Iterator[Watch | None]:
    """Watch the regular file `path` (host) for the time of the block; None when the kernel grants no more watches."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0:
        yield None
        return
    try:
        granted = libc.inotify_add_watch(descriptor, os.fsencode(path), _IN_ACCESS | _IN_OPEN) >= 0
        yield Watch(descriptor) if granted else None
    finally:
        os.close(descriptor)
