"""What a command reads on its standard input."""

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mithridate.model.errors import UsageError

_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


@contextmanager
def open_stdin(source: bytes | Path | None) -> Iterator[int]:
    """A descriptor that reads `source` from its start; how far it was read shows in its offset.

    What is handed over is a sealed copy in memory: a descriptor of the file itself could be opened again for writing
    through /proc/self/fd, past every mount. Raises UsageError when a path is no readable regular file.
    """
    opened = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC) if source is None else _sealed(source)
    try:
        yield opened
    finally:
        os.close(opened)


def consumed(descriptor: int) -> int:
    """How many bytes were read from `descriptor`, in bytes; programs with buffered input read ahead."""
    return os.lseek(descriptor, 0, os.SEEK_CUR)


def sealed_memory(name: str, content: bytes) -> int:
    """A new read-only descriptor, at offset 0, of an unchangeable anonymous file that holds `content`."""
    return _seal(name, lambda writable: _write_all(writable, content))


def _sealed(source: bytes | Path) -> int:
    if isinstance(source, bytes):
        return sealed_memory("stdin", source)
    try:
        file = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UsageError(f"cannot read {source}: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise UsageError(f"not a regular file: {source}")
        return _seal("stdin", lambda writable: _copy_all(file, writable))
    finally:
        os.close(file)


def _seal(name: str, fill: Callable[[int], None]) -> int:
    writable = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        fill(writable)
        fcntl.fcntl(writable, fcntl.F_ADD_SEALS, _SEALS)
        return os.open(f"/proc/self/fd/{writable}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(writable)


def _write_all(target: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(target, view) :]


def _copy_all(source: int, target: int) -> None:
    while os.sendfile(target, source, None, 1 << 30):
        pass
