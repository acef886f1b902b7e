"""Requirements that are newer than the project bears.

Old releases seldom say which versions of their requirements are too new, and the newest no longer have what they import. Reasons
of failed imports name the module that lacks something; its distribution is bound to the series before the one that was chosen.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from mithridate.model.project import Skipped

_LACKS = (
    re.compile(r"cannot import name '[^']*' from '([A-Za-z_][\w.]*)'"),
    re.compile(r"No module named '([A-Za-z_]\w*\.[\w.]+)'"),
    re.compile(r"module '([A-Za-z_][\w.]*)' has no attribute"),
)
_MOST_READ = 4 << 20
"""Bytes of a list of a distribution's files, which the distribution wrote itself."""


def bounds(failures: Iterable[Skipped], environment: Path) -> tuple[str, ...]:
    """Constraints for the distributions in `environment` (a site-packages folder) that lack what failed imports ask for.

    At most one a distribution: "markupsafe<3.0" when 3.0.2 is installed. None for modules of the project or the standard library.
    """
    lacking = {name.partition(".")[0] for failure in failures for name in _named(failure.reason)}
    if not lacking:
        return ()
    found: dict[str, str] = {}
    for information in sorted(environment.glob("*.dist-info")):
        name, _, version = information.name.removesuffix(".dist-info").partition("-")
        if lacking & set(_modules(information)):
            bound = _series_before(version)
            if bound:
                found[canonicalize_name(name)] = bound
    return tuple(f"{name}<{bound}" for name, bound in sorted(found.items()))


def _named(reason: str) -> Iterator[str]:
    for pattern in _LACKS:
        yield from pattern.findall(reason)


def _modules(information: Path) -> Iterator[str]:
    """The modules and packages of a distribution, by its list of files. A folder that is none of its packages may be shared with
    other distributions, one of which is missing rather than this one too new."""
    try:
        with (information / "RECORD").open("rb") as file:
            listed = file.read(_MOST_READ).decode("utf-8", "replace")
    except OSError:
        return
    for line in listed.splitlines():
        first, inside, rest = line.partition(",")[0].partition("/")
        if not inside and first.endswith((".py", ".so")):
            yield first.partition(".")[0]
        elif rest.partition(".")[0] == "__init__":
            yield first


def _series_before(version: str) -> str:
    """The version that everything of older series is below: "2.1" for 2.1.5; none before the first."""
    try:
        major, minor = Version(version).major, Version(version).minor
    except InvalidVersion:
        return ""
    return f"{major}.{minor}" if (major, minor) > (0, 0) else ""
