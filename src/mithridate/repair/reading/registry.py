"""All readers, by the suffix of the file; each is loaded when there is something for it to read."""

from functools import cache
from pathlib import PurePosixPath

from mithridate.repair.reading.statements import Reader


@cache
def _readers() -> tuple[Reader, ...]:
    from mithridate.repair.reading.c import CReader
    from mithridate.repair.reading.python import PythonReader

    return CReader(), PythonReader()


def reader(path: str) -> Reader | None:
    """Who reads that file, None for what is no source."""
    suffix = PurePosixPath(path).suffix.lower()
    return next((each for each in _readers() if suffix in each.suffixes), None)
