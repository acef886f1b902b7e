"""All readers, by the suffix of the file."""

from pathlib import PurePosixPath

from mithridate.repair.reading.c import CReader
from mithridate.repair.reading.python import PythonReader
from mithridate.repair.reading.statements import Reader

READERS: tuple[Reader, ...] = (CReader(), PythonReader())


def reader(path: str) -> Reader | None:
    """Who reads that file, None for what is no source."""
    suffix = PurePosixPath(path).suffix.lower()
    return next((each for each in READERS if suffix in each.suffixes), None)
