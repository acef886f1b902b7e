"""Search engines that run in the target's own interpreter: packages, fetched as the project's are and kept apart from them."""

import re
from dataclasses import dataclass
from pathlib import Path

from mithridate.languages.c.walk import head, regular_files

ENGINES = "/build/engines"
"""Where they lie inside the sandbox."""


def available(directory: Path, package: str) -> bool:
    """Whether the build in `directory` has the engine's package."""
    found = directory / ENGINES.lstrip("/") / package
    return found.is_dir() and not found.is_symlink()


@dataclass(frozen=True, slots=True)
class OfTargets:
    """What fuzz targets and property tests need: `requirements` to be imported, `engines` to be searched."""

    requirements: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()


def imported_by_targets(directory: Path) -> OfTargets:
    """Read from the import statements of the files below `directory`; none is run.

    Property tests are run by Hypothesis itself, whatever the project declares; where their files import pytest they need it too.
    """
    requirements: dict[str, None] = {}
    engines: dict[str, None] = {}
    for number, (path, size) in enumerate(regular_files(directory)):
        if number >= _LISTED:
            break
        if path.suffix != ".py" or size > _LARGEST:
            continue
        content = head(path, size)
        names = {name.decode() for name in _IMPORT.findall(content)} if b"hypothesis" in content or b"atheris" in content else ()
        if "atheris" in names:
            engines["atheris"] = None
        if "hypothesis" in names:
            requirements.update(dict.fromkeys(name for name in ("hypothesis", "pytest") if name in names))
    return OfTargets(tuple(sorted(requirements)), tuple(engines))


_LISTED = 20_000
_LARGEST = 1 << 20
_IMPORT = re.compile(rb"^[ \t]*(?:import|from)[ \t]+(hypothesis|atheris|pytest)\b", re.MULTILINE)
