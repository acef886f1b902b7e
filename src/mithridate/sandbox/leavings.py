"""What untrusted code left in a directory that it could write, handled from outside the sandbox.

Such code may have put anything under any name: a link to a file of the host, a pipe that blocks whoever opens it, a file of
many gigabytes, directories nested thousands deep or closed to everybody. No process of it is left when this is called.
"""

import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path


def read_plain(path: Path, limit: int) -> bytes:
    """The first `limit` bytes of a regular file. Follows no link in its last part and never waits; OSError for anything else."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} is not a regular file")
        return file.read(limit)


def disarm(directory: Path, file_bytes: int, *, flat: bool = False) -> None:
    """Remove everything below `directory` (which is ours) but directories and plain files of at most `file_bytes`.

    Afterwards code that is not suspicious may read and write there. Directories nested deeper than any engine does are
    removed, and all of them when it is to be `flat`.
    """
    pending = [(directory, 0)]
    while pending:
        folder, depth = pending.pop()
        folder.chmod(0o700)
        for entry in _entries(folder):
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                if depth < _DEEPEST and not flat:
                    pending.append((Path(entry.path), depth + 1))
                else:
                    remove_tree(Path(entry.path))
            elif not stat.S_ISREG(status.st_mode) or status.st_size > file_bytes:
                Path(entry.path).unlink()
            elif status.st_mode & _OURS != _OURS:
                Path(entry.path).chmod(_OURS)


def remove_tree(directory: Path) -> None:
    """Remove `directory` and all below it, however deep and whatever permissions were taken away; nothing when it is not there.

    Directories are first moved up to the top, so that no path grows long and no call recurses.
    """
    try:
        if not stat.S_ISDIR(directory.lstat().st_mode):
            directory.unlink()
            return
    except FileNotFoundError:
        return
    directory.chmod(0o700)
    top = os.open(directory, _DIRECTORY)
    try:
        names = _names()
        pending = _empty(top, top, names)
        while pending:
            name = pending.pop()
            folder = os.open(name, _DIRECTORY, dir_fd=top)
            try:
                pending += _empty(folder, top, names)
            finally:
                os.close(folder)
            os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)
    directory.rmdir()


_DEEPEST = 16
_OURS = 0o600
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def _names() -> Iterator[str]:
    """Names that nobody can have foreseen and taken."""
    prefix = secrets.token_hex(8)
    number = 0
    while True:
        yield f"{prefix}-{number}"
        number += 1


def _empty(folder: int, top: int, names: Iterator[str]) -> list[str]:
    """Remove the files in `folder` and move its directories to `top` under new names, which are returned."""
    moved: list[str] = []
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False):
            os.chmod(entry.name, 0o700, dir_fd=folder)  # moving a directory takes write permission to it
            moved.append(next(names))
            os.rename(entry.name, moved[-1], src_dir_fd=folder, dst_dir_fd=top)
        else:
            os.unlink(entry.name, dir_fd=folder)
    return moved


def _entries(folder: Path | int) -> list["os.DirEntry[str]"]:
    with os.scandir(folder) as entries:
        return list(entries)
