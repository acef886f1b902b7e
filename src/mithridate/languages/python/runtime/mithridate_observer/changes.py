"""In which of some directories anything has changed, by Linux's inotify(7): what is unchanged need not be read again."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from typing import Any

_MASK = 0x2 | 0x4 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800  # all changes of content, names and attributes
_NONBLOCK = 0o4000
_CLOEXEC = 0o2000000
_UNSURE = 0x400 | 0x800 | 0x4000 | 0x8000  # a watched directory went or was moved; events were lost; a watch ended
_EVENT = struct.Struct("iIII")
MAX_DIRECTORIES = 4000


class Changes:
    """Watches directories from `watch` on. Where inotify cannot be had, or not for all of them, everything counts as changed."""

    def __init__(self) -> None:
        self._descriptor = -1
        self._library: Any = None
        self._watched: dict[int, str] = {}
        self._all = False

    def watch(self, directories: Iterable[str]) -> None:
        """Watch these directories from now on, forgetting what has happened in them before."""
        if self._descriptor < 0 and not self._open():
            return
        self._all = True
        for directory in directories:
            if len(self._watched) >= MAX_DIRECTORIES:
                self._all = False
                break
            found = self._library.inotify_add_watch(self._descriptor, os.fsencode(directory), _MASK)
            self._all = self._all and found >= 0
            self._watched[found] = directory
        self._drain()

    def where(self) -> set[str] | None:
        """The watched directories with changes since the last call in them; None when there may be changes anywhere."""
        return self._drain() if self._all else None

    def _open(self) -> bool:
        try:
            import ctypes

            self._library = ctypes.CDLL(None, use_errno=True)
            self._descriptor = self._library.inotify_init1(_NONBLOCK | _CLOEXEC)
        except (ImportError, OSError, AttributeError):
            return False
        return self._descriptor >= 0

    def _drain(self) -> set[str] | None:
        changed: set[str] = set()
        sure = True
        try:
            while True:
                data = os.read(self._descriptor, 1 << 16)
                at = 0
                while at < len(data):
                    watch, what, _, length = _EVENT.unpack_from(data, at)
                    at += _EVENT.size + length
                    sure = sure and not what & _UNSURE and watch in self._watched
                    changed.add(self._watched.get(watch, ""))
        except BlockingIOError:
            return changed if sure else None
