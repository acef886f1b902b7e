"""Room on disk: enough of it before work begins, and one clear message when it runs out."""

import errno
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
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_full(place: Path) -> bool:
    """True when the file system that holds `place` has no room for another step of work."""
    try:
        status = os.statvfs(place)
    except OSError:
        return False
    return status.f_bavail * status.f_frsize < FLOOR_BYTES or (status.f_files > 0 and status.f_favail < _FLOOR_FILES)


def require_space(*places: Path) -> None:
    """Raise OutOfSpace when one of the places is full."""
    for place in places:
        if is_full(place):
            raise OutOfSpace(f"the disk that holds {place} is full (less than {FLOOR_BYTES >> 20} MiB are free)")


@contextmanager
def told_when_full(hint: str, *places: Path) -> Iterator[None]:
    """Turn whatever a full disk makes of the block into one OutOfSpace, which names the disk of the first full place."""
    try:
        yield
    except Exception as error:
        if not comes_of_full_disk(error) or (isinstance(error, OutOfSpace) and error.hint):
            raise
        full = next((place for place in (*places, Path(tempfile.gettempdir())) if is_full(place)), None)
        where = f"the disk that holds {full} is full" if full else "a disk is full, or a quota is used up"
        raise OutOfSpace(f"{where}; everything done so far is kept", hint=f"make room, then: {hint}") from error


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
