"""Reading procfs, where everything may be gone the moment after it was seen."""

import os
from collections.abc import Iterator
from contextlib import suppress

GONE = (FileNotFoundError, ProcessLookupError, PermissionError)
"""What procfs answers about processes that ended meanwhile, or that hide."""

_READ_SIZE = 8192


def numbered(directory: int | str) -> list[str]:
    """The entries of a directory of procfs that are numbers: processes, or descriptors."""
    try:
        return [name for name in os.listdir(directory) if name.isdecimal()]  # noqa: PTH208 - twice as fast, and asked often
    except GONE:
        return []


def stat(process: str, directory: int | None = None) -> list[bytes] | None:
    """Fields of proc_pid_stat(5) from the state on (its number there minus 3), or None when the process is gone."""
    text = read(f"{process}/stat", directory)
    return text.rpartition(b") ")[2].split() if text else None


def read(path: str, directory: int | None = None) -> bytes:
    """The first 8 KiB of a file, or nothing when it is gone."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
    except GONE:
        return b""
    try:
        return os.read(opened, _READ_SIZE)
    except GONE:
        return b""
    finally:
        os.close(opened)


def write(path: str, text: str) -> None:
    """Tell the kernel `text`. Raises OSError when it does not take it."""
    opened = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(opened, text.encode())
    finally:
        os.close(opened)


def descriptors(process: str, directory: int | None = None) -> Iterator[os.stat_result]:
    """What each open descriptor of a process refers to."""
    with suppress(*GONE):
        opened = os.open(f"{process}/fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
        try:
            for name in numbered(opened):
                with suppress(*GONE):
                    yield os.stat(name, dir_fd=opened)
        finally:
            os.close(opened)
