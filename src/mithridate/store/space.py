"""Room on disk: enough of it before work begins, and one clear message when it runs out."""

import errno
import math
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mithridate.model.errors import OutOfSpace

FLOOR_BYTES = 64 << 20
"""Less free than this is full: what was written last is then as likely cut short as not."""

_FLOOR_FILES = 1000
_SUSPECT_BYTES = 1 << 30
"""What failed for want of room may have been cleared away since."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No room on the device, none in the quota, and none below the limit of the process (`ulimit -f`)."""


def free_bytes(place: Path) -> float:
    """What may still be written on the file system that holds `place`; nothing when it takes no more files."""
    try:
        status = os.statvfs(place)
    except OSError:
        return math.inf
    if status.f_files and status.f_favail < _FLOOR_FILES:
        return 0
    return status.f_bavail * status.f_frsize


def require_space(place: Path) -> None:
    """Raise OutOfSpace when `place` has no room for another step of work."""
    if free_bytes(place) < FLOOR_BYTES:
        raise OutOfSpace(f"the disk that holds {place} is full (less than {FLOOR_BYTES >> 20} MiB are free)")


@contextmanager
def told_when_full(hint: str, *places: Path) -> Iterator[None]:
    """Turn whatever a full disk makes of the block into one OutOfSpace, which names the place with the least room."""
    try:
        yield
    except Exception as error:
        if not comes_of_full_disk(error) or (isinstance(error, OutOfSpace) and error.hint):
            raise
        tightest = min((*places, Path(tempfile.gettempdir())), key=free_bytes)
        where = f"the disk that holds {tightest}" if free_bytes(tightest) < _SUSPECT_BYTES else "a disk or a quota"
        raise OutOfSpace(f"{where} is full; everything done so far is kept", hint=f"make room, then: {hint}") from error


def comes_of_full_disk(error: BaseException | None) -> bool:
    """True when a file system without room is at the bottom of `error`."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OutOfSpace) or (isinstance(error, OSError) and error.errno in _FULL):
            return True
        if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return True
        error = error.__cause__ or error.__context__
    return False
