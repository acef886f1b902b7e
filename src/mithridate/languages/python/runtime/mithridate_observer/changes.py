"""What has changed in some directories, by Linux's inotify(7): what is unchanged need not be read again."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from typing import Any

_MASK = 0x2 | 0x4 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800  # all changes of content, names and attributes
_SELF = 0x400 | 0x800 | 0x2000 | 0x8000  # the directory itself was deleted, moved, unmounted, or is no longer watched
_OVERFLOW = 0x4000
_NONBLOCK = 0o4000
_CLOEXEC = 0o2000000
_EVENT = struct.Struct("iIII")
MAX_DIRECTORIES = 4000


class Changes:
    """Watches directories from `watch` on. Where inotify cannot be had, or not for all of them, nothing is known of changes."""

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
        self.forget()

    def forget(self) -> None:
        """Nothing that happened until now counts."""
        self._events()

    def paths(self) -> set[str] | None:
        """What has changed since the last call, entries of the directories or one itself; None when that is not known."""
        events = self._events()
        if not self._all:
            return None
        found: set[str] = set()
        for watch, mask, name in events:
            if mask & (_OVERFLOW | _SELF) or watch not in self._watched:
                return None
            directory = self._watched[watch]
            found.add(os.path.join(directory, name) if name else directory)  # noqa: PTH118
        return found

    def _open(self) -> bool:
        try:
            import ctypes

            self._library = ctypes.CDLL(None, use_errno=True)
            self._descriptor = self._library.inotify_init1(_NONBLOCK | _CLOEXEC)
        except (ImportError, OSError, AttributeError):
            return False
        return self._descriptor >= 0

    def _events(self) -> list[tuple[int, int, str]]:
        """(watch, mask, name) of all that is waiting."""
        found: list[tuple[int, int, str]] = []
        while True:
            try:
                data = os.read(self._descriptor, 1 << 16)
            except OSError:  # nothing is waiting, or there is no inotify
                return found
            at = 0
            while at + _EVENT.size <= len(data):
                watch, mask, _cookie, length = _EVENT.unpack_from(data, at)
                at += _EVENT.size + length
                found.append((watch, mask, os.fsdecode(data[at - length : at].rstrip(b"\0"))))
