"""Advisories in the OSV format: versions that they name, and those that are fixed (ossf.github.io/osv-schema)."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from mithridate.model.errors import UsageError

_LARGEST_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Interval:
    """[introduced, end): affected versions; `fixed` when the version at the end is said to be fixed. None: without bound."""

    introduced: Version
    end: Version | None
    fixed: bool


@dataclass(frozen=True, slots=True)
class Advisory:
    """What one advisory says of one package of the Python Package Index."""

    id: str
    package: str
    intervals: tuple[Interval, ...]
    versions: frozenset[Version]

    def affects(self, version: Version) -> bool:
        """Whether it names this version."""
        return version in self.versions or any(
            each.introduced <= version and (each.end is None or version < each.end) for each in self.intervals
        )

    @property
    def fixes(self) -> list[Version]:
        """The versions that are said to be fixed, the lowest first."""
        return sorted({each.end for each in self.intervals if each.fixed and each.end is not None})


def read_advisories(paths: Iterable[Path]) -> tuple[Advisory, ...]:
    """The advisories in files that hold one or many. Raises UsageError for a file that holds none that can be read."""
    found: list[Advisory] = []
    for path in paths:
        try:
            if path.stat().st_size > _LARGEST_BYTES:
                raise UsageError(f"{path} is larger than an advisory may be")
            told = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise UsageError(f"{path} is no advisory in the OSV format") from error
        records = list(_records(told))
        if not records:
            raise UsageError(f"{path} is no advisory in the OSV format")
        found += [each for record in records for each in _of_record(record)]
    return tuple(found)


def _records(told: Any) -> Iterator[dict[str, Any]]:
    for one in told if isinstance(told, list) else told.get("vulns", [told]) if isinstance(told, dict) else ():
        if isinstance(one, dict) and isinstance(one.get("affected"), list) and not one.get("withdrawn"):
            yield one


def _of_record(record: dict[str, Any]) -> Iterator[Advisory]:
    for affected in record["affected"]:
        package = affected.get("package") if isinstance(affected, dict) else None
        if not isinstance(package, dict) or package.get("ecosystem") != "PyPI" or not isinstance(package.get("name"), str):
            continue
        intervals = [
            interval
            for each in affected.get("ranges") or ()
            if isinstance(each, dict) and each.get("type") == "ECOSYSTEM"
            for interval in _intervals(each.get("events") or ())
        ]
        versions = frozenset(v for text in affected.get("versions") or () if (v := _version(text)) is not None)
        yield Advisory(str(record.get("id", "")), canonicalize_name(package["name"]), tuple(intervals), versions)


def _intervals(events: Sequence[Any]) -> Iterator[Interval]:
    """Events in the order of their versions, as the schema has them evaluated."""
    told: list[tuple[Version, str]] = []
    for event in events:
        for word in ("introduced", "fixed", "last_affected", "limit"):
            if isinstance(event, dict) and (version := _version(event.get(word))) is not None:
                told.append((version, word))
    introduced: Version | None = None
    for version, word in sorted(told, key=lambda pair: (pair[0], pair[1] != "introduced")):
        if word == "introduced":
            introduced = introduced if introduced is not None else version
        elif introduced is not None:
            end = version if word != "last_affected" else _behind(version)
            yield Interval(introduced, end, word == "fixed")
            introduced = None
    if introduced is not None:
        yield Interval(introduced, None, False)


def _version(text: object) -> Version | None:
    try:
        return Version(text) if isinstance(text, str) else None
    except InvalidVersion:
        return None


def _behind(version: Version) -> Version:
    """The lowest release that is surely behind a version."""
    return Version(f"{version.public}.post0") if version.post is None and version.dev is None else version
