"""Walks a source tree that may be hostile: no symbolic link is followed, nothing but regular files is opened."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

_VERSION_CONTROL = frozenset({".git", ".svn", ".hg", ".bzr", "CVS"})
MAX_FILES = 100_000
_DEEPEST = 256


def regular_files(tree: Path, limit: int = MAX_FILES) -> Iterator[tuple[Path, int]]:
    """Every regular file below `tree` with its size in bytes, in a stable order, at most `limit` of them."""
    seen = 0
    for directory, folders, names in walked(tree):
        folders[:] = sorted(f for f in folders if f not in _VERSION_CONTROL)
        for name in sorted(names):
            path = Path(directory, name)
            try:
                status = path.lstat()
            except OSError:
                continue
            if not stat.S_ISREG(status.st_mode):
                continue
            seen += 1
            if seen > limit:
                return
            yield path, status.st_size


def walked(tree: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """os.walk() that stays above a depth at which it would run out of stack; a build can nest its directories without end."""
    above = os.fspath(tree).count("/")
    for directory, folders, names in os.walk(tree):
        if directory.count("/") - above >= _DEEPEST:
            folders.clear()
        yield directory, folders, names


def head(path: Path, limit: int) -> bytes:
    """At most the first `limit` bytes of a regular file; nothing when it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        return stream.read(limit)
