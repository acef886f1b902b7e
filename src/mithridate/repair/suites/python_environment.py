"""What every script that runs Python tests begins with, and pytest for projects whose environment has none.

The sandbox sees the system and the project's packages, which come after the standard library as installed ones do. Our own copy
of pytest goes in through standard input, as an archive, and is used where neither has one.
"""

import importlib.metadata
import importlib.util
import io
import tarfile
from functools import cache
from pathlib import Path

from mithridate.languages.python.environment import ENVIRONMENT
from mithridate.languages.python.observer import INTERPRETER, USER_BASE
from mithridate.model.project import Component
from mithridate.repair.suites.interface import source

RUNNER = "/tmp/mithridate-pytest"
_PARTS = ("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments")
_DISTRIBUTIONS = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")
PYTHON = f"{INTERPRETER} -B"


def prelude(component: Component) -> str:
    """Shell lines: the search path, no caches, the same hash seed in every run."""
    root = source(component)
    return f"""
export PYTHONUSERBASE={USER_BASE} PYTHONPATH="{root}:{root}/src:{root}/lib:{root}/python"
export PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp TZ=UTC NO_COLOR=1
export PATH="{ENVIRONMENT}/bin:$PATH"
cd '{root}' || exit 125
"""


@cache
def runner() -> bytes:
    """An archive of pytest and what it needs, b"" when it is not installed with us."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1) as made:
        for name in _PARTS:
            spec = importlib.util.find_spec(name)
            if spec is None or spec.origin is None:
                return b""
            place = Path(spec.origin)
            if place.name == "__init__.py":
                made.add(place.parent, name, filter=lambda info: None if "__pycache__" in info.name else info)
            else:
                made.add(place, place.name)
        for name in _DISTRIBUTIONS:
            _describe(name, made)
    return archive.getvalue()


def _describe(name: str, archive: tarfile.TarFile) -> None:
    """Its metadata, which pytest asks for; not its entry points."""
    try:
        found = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return
    text = (found.read_text("METADATA") or "").encode("utf-8", "replace")
    info = tarfile.TarInfo(f"{name}-{found.version}.dist-info/METADATA")
    info.size = len(text)
    archive.addfile(info, io.BytesIO(text))
