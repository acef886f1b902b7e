"""Files for people that appear whole or not at all: each is made as a draft beside its place, and then put there."""

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from mithridate.model.errors import UsageError

_DRAFT = re.compile(r"\.(?:results\.\w+|report\.\w+|paths\.\w+|navigator\.json|[A-Za-z0-9-]+\.(?:proof|patch))\.(?P<process>\d+)")
"""A file of ours on its way, with the number of the process that makes it."""


def require_writable(*directories: Path) -> None:
    """Make directories for results, the outermost first. UsageError when nothing can be written there: better now than after the
    work."""
    try:
        for directory in directories:
            directory.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=directory).close()
    except OSError as error:
        raise UsageError(
            f"results cannot be written to {directories[0]}: {error.strerror}", hint="choose another directory with --out"
        ) from error


def tidy(directory: Path) -> None:
    """Remove the drafts of a process that was killed while it wrote."""
    for left in directory.glob(".*"):
        draft = _DRAFT.fullmatch(left.name)
        if draft and not Path("/proc", draft["process"]).exists():
            left.unlink(missing_ok=True)


def replace(path: Path, fill: Callable[[Path], object]) -> None:
    """Have `fill` make a draft, and put it in the place of what is at `path`."""
    replace_all({path: fill})


def replace_all(fills: Mapping[Path, Callable[[Path], object]]) -> None:
    """Have every draft made, and only then put them in their places: all of them, or none when one cannot be made."""
    drafts = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in fills}
    try:
        for path, fill in fills.items():
            fill(drafts[path])
        for path, draft in drafts.items():
            draft.replace(path)
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def write(data: bytes, path: Path) -> None:
    """Fill a draft with bytes."""
    path.write_bytes(data)
