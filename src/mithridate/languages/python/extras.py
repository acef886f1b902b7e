"""Which of a project's optional requirements ("extras") are part of running it."""

import re
from collections.abc import Iterator, Mapping, Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from mithridate.languages.python.requirement_files import NOT_FOR_RUNNING

_SERVERS = frozenset(
    """
    bottle cherrypy daphne django falcon fastapi flask gunicorn hypercorn litestar pyramid quart sanic starlette tornado
    uvicorn waitress
    """.split()  # noqa: SIM905 (one word a package)
)
"""What serves web applications: an extra with one of them is how the project's own application is meant to be run."""
_ASKED = re.compile(r"\.\[\s*([\w.\-]+(?:\s*,\s*[\w.\-]+)*)\s*\]")


def asked_extras(option: str) -> tuple[str, ...]:
    """The extras that an option of the owner names in pip's way, as `.[web,mail]`; none for another kind of option."""
    found = _ASKED.fullmatch(option.strip())
    return tuple(canonicalize_name(name) for name in re.split(r"\s*,\s*", found[1])) if found else ()


def chosen(optional: Mapping[str, Sequence[str]], asked: Sequence[str], project: str) -> Iterator[str]:
    """The requirements of the extras in `asked`, and of those that bring a web framework or server, each extra once.

    `optional` has the requirements by the extra's name; one of them may be `project` itself with more extras.
    """
    by_name: dict[str, Sequence[str]] = {canonicalize_name(name): lines for name, lines in optional.items()}
    pending = [*asked, *(name for name, lines in by_name.items() if not NOT_FOR_RUNNING.search(name) and _serves(lines))]
    known: set[str] = set()
    while pending:
        name = pending.pop(0)
        if name in known:
            continue
        known.add(name)
        for line in by_name.get(name, ()):
            requirement = _requirement(line)
            if project and requirement is not None and canonicalize_name(requirement.name) == canonicalize_name(project):
                pending += sorted(canonicalize_name(extra) for extra in requirement.extras)
            else:
                yield line


def _serves(lines: Sequence[str]) -> bool:
    return any((found := _requirement(line)) is not None and canonicalize_name(found.name) in _SERVERS for line in lines)


def _requirement(line: str) -> Requirement | None:
    try:
        return Requirement(line)
    except (InvalidRequirement, RecursionError):
        return None
