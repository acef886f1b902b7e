"""What a full disk, or too little memory, makes of the work on an estate: one sentence, whatever it was that gave up."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from mithridate.model.errors import MissingRequirement, MithridateError, OutOfSpace
from mithridate.store.space import comes_of_full_disk, free_bytes

_FULL = re.compile(r"No space left on device|Disk quota exceeded|File too large|max_temp_directory_size")
"""What DuckDB's messages say of a disk without room; its errors carry no code."""


@contextmanager
def told_when_short(*places: Path) -> Iterator[None]:
    """Turn what a full disk or too little memory makes of the block into OutOfSpace, which names the place with the least room
    (of `places` and the one for temporary files). MissingRequirement for tables that cannot be kept for another reason."""
    try:
        yield
    except Exception as error:
        told = _told(error, places)
        if told is None:
            raise
        raise told from error


def comes_of_shortage(error: BaseException) -> bool:
    """A disk without room, or too little memory, is at the bottom of `error`."""
    return _full(error) or _short(error)


def full(place: Path) -> OutOfSpace:
    """The error for a place that has no room."""
    return OutOfSpace(f"there is no room left in {place}: the disk or a quota is full", hint="make room, and ask again")


def _told(error: BaseException, places: tuple[Path, ...]) -> MithridateError | None:
    if isinstance(error, OutOfSpace):
        return None
    if _full(error):
        return full(min((Path(tempfile.gettempdir()), *places), key=free_bytes))
    if _short(error):
        return OutOfSpace(
            "the estate takes more memory than there is for it",
            hint="ask about fewer files at a time, or on a machine with more memory",
        )
    if isinstance(error, duckdb.IOException):
        place = tempfile.gettempdir()
        why = str(error).splitlines()[0][:200]
        return MissingRequirement(f"the estate's tables cannot be kept in {place}: {why}", hint="TMPDIR names another place")
    return None


def _full(error: BaseException) -> bool:
    return comes_of_full_disk(error) or any(isinstance(e, duckdb.Error) and _FULL.search(str(e)) for e in _chain(error))


def _short(error: BaseException) -> bool:
    return any(isinstance(e, MemoryError | duckdb.OutOfMemoryException) for e in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came of."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
