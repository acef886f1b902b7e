"""OSV advisories (https://ossf.github.io/osv-schema/): one as JSON, many as lines, a list, or the zip that osv.dev exports."""

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mithridate.estate.packages import key_of, packages, release
from mithridate.estate.readers.advisory import Advisory, dicts, strings
from mithridate.estate.readers.archives import is_file
from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.json_records import one_document, records_of
from mithridate.estate.versions import Sortable, ordered
from mithridate.model.errors import UsageError

LARGEST = 8 << 20
"""Bytes of one advisory."""
_MOST = 1_000_000
"""Advisories of one archive."""
_MOST_BYTES = 64 << 30
"""Bytes of all advisories of one archive."""
_MARKS = (re.compile(rb'"affected"\s*:\s*\['), re.compile(rb'"modified"\s*:\s*"'), re.compile(rb'"id"\s*:\s*"'))
_ECOSYSTEMS = {
    "pypi": "pypi",
    "npm": "npm",
    "go": "golang",
    "maven": "maven",
    "nuget": "nuget",
    "rubygems": "gem",
    "crates.io": "cargo",
    "packagist": "composer",
    "hex": "hex",
    "pub": "pub",
    "swifturl": "swift",
    "conancenter": "conan",
    "github actions": "githubactions",
    "cran": "cran",
    "hackage": "hackage",
    "bitnami": "bitnami",
}
_DISTRIBUTIONS = {
    "debian": ("deb", "debian"),
    "ubuntu": ("deb", "ubuntu"),
    "alpine": ("apk", "alpine"),
    "wolfi": ("apk", "wolfi"),
    "chainguard": ("apk", "chainguard"),
    "almalinux": ("rpm", "almalinux"),
    "rocky linux": ("rpm", "rocky-linux"),
    "red hat": ("rpm", "redhat"),
    "suse": ("rpm", "suse"),
    "opensuse": ("rpm", "opensuse"),
}
_EVENTS: tuple[str, ...] = ("introduced", "fixed", "last_affected")
_START = "0"
"""The version before all others."""


class Osv:
    """Each affected range becomes affected(flaw, package, versions); ranges of commits say nothing about versions."""

    name = "osv"
    title = "OSV advisories"

    def recognises(self, path: Path, head: bytes) -> bool:
        """JSON or lines with the keys of an advisory, or a zip whose first member is a JSON file with a flaw's name."""
        if path.suffix.lower() == ".zip":
            return head.startswith(b"PK") and bool(re.match(rb"PK\x03\x04.{26}[A-Za-z]+-[\w.:-]+\.json", head, re.DOTALL))
        if path.suffix.lower() not in (".json", ".jsonl", ".ndjson"):
            return False
        return b'"bomFormat"' not in head and all(mark.search(head) for mark in _MARKS)

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for what is neither JSON nor a readable archive."""
        for number, advisory in enumerate(_advisories(path, sink), start=1):
            with sink.tolerate(number):
                if advisory is not None:
                    _read(advisory, sink, number)


def _advisories(path: Path, sink: Sink) -> Iterator[Any]:
    """Each advisory; None where one cannot be read."""
    if path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
        yield from _archived(path, sink)
    elif path.suffix.lower() in (".jsonl", ".ndjson"):
        yield from _lines(path, sink)
    elif one_document(path):
        yield from records_of(path, "")
    else:
        yield from records_of(path, "item")


def _archived(path: Path, sink: Sink) -> Iterator[Any]:
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for number, member in enumerate(archive.infolist(), start=1):
                if number > _MOST or total > _MOST_BYTES:
                    raise UsageError(f"{path} holds more than {_MOST:,} advisories or {_MOST_BYTES >> 30} GiB")
                if not is_file(member):
                    yield None
                    continue
                with archive.open(member) as file:
                    text = file.read(LARGEST + 1)
                total += len(text)
                yield _loaded(text, sink, number)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError, zlib.error) as error:
        raise UsageError(f"{path} cannot be read as a zip: {' '.join(str(error).split())[:200]}") from None


def _lines(path: Path, sink: Sink) -> Iterator[Any]:
    try:
        with path.open("rb") as file:
            number = 0
            while text := file.readline(LARGEST + 1):
                number += 1
                while len(text) > LARGEST and not text.endswith(b"\n") and (more := file.readline(LARGEST)):
                    text = text[:LARGEST] + more[-1:]
                yield _loaded(text, sink, number) if text.strip() else None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def _loaded(text: bytes, sink: Sink, place: int) -> Any:
    if len(text) > LARGEST:
        sink.broken(place, f"an advisory of more than {LARGEST >> 20} MiB")
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        sink.broken(place, f"no JSON: {str(error)[:100]}")
        return None


def _read(told: Any, sink: Sink, place: int) -> None:
    advisory = Advisory(sink, _text(told["id"]), place)
    if told.get("withdrawn"):
        sink.record()
        return
    advisory.same(*strings(told.get("aliases")))
    specific = told.get("database_specific")
    exploited = isinstance(specific, dict) and bool(specific.get("known_exploited"))
    vectors = [s.get("score") for s in sorted(dicts(told.get("severity")), key=lambda s: str(s.get("type")), reverse=True)]
    for affected in dicts(told.get("affected")):
        vectors += [s.get("score") for s in dicts(affected.get("severity"))]
        _affected(affected, advisory)
    advisory.severity(vectors, exploited=exploited)
    sink.record()


def _affected(told: dict[str, Any], advisory: Advisory) -> None:
    package = told.get("package")
    if not isinstance(package, dict):
        return  # only commits, or a description
    key, kind = _key(package)
    bounded = False
    for one in dicts(told.get("ranges")):
        if one.get("type") in ("SEMVER", "ECOSYSTEM"):
            for interval in intervals(kind, dicts(one.get("events"))):
                bounded = True
                advisory.affects(key, kind, interval)
    versions = strings(told.get("versions"))
    advisory.affects_each(key, kind, versions)
    if not bounded and not versions and not told.get("ranges"):
        advisory.affects(key, kind, [])


def _key(package: dict[str, Any]) -> tuple[str, str]:
    """The key of packages.py, and what its versions are."""
    ecosystem, _, where = _text(package["ecosystem"]).partition(":")
    name = _text(package["name"])
    lowered = ecosystem.lower()
    if lowered in _DISTRIBUTIONS:
        kind, namespace = _DISTRIBUTIONS[lowered]
        return key_of(kind, namespace, name, release(f"{lowered}:{where}") if where else ""), kind
    if isinstance(package.get("purl"), str) and packages(package["purl"]):
        key = packages(package["purl"])[0].key
        return key, key.removeprefix("pkg:").partition("/")[0]
    kind = _ECOSYSTEMS.get(lowered, "generic")
    namespace, _, last = name.rpartition(":" if kind == "maven" else "/")
    if kind in ("pypi", "nuget", "gem", "cargo", "generic"):
        namespace, last = "", name
    return key_of(kind, namespace, last), kind


def intervals(kind: str, events: list[dict[str, Any]]) -> Iterator[list[tuple[str, str]]]:
    """The spans of versions that a range's events bound, after the algorithm of the schema."""
    told = [(name, _text(event[name])) for event in events for name in _EVENTS if name in event]
    opened: str | None = None
    for name, version in _sorted(kind, told):
        if name == "introduced":
            opened = version if opened is None else opened
        elif opened is not None:
            low = [] if opened == _START else [(">=", opened)]
            yield [*low, ("<" if name == "fixed" else "<=", version)]
            opened = None
    if opened is not None:
        yield [] if opened == _START else [(">=", opened)]


def _sorted(kind: str, events: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """By version, "0" first. Unordered for a text that is no version."""
    first = [e for e in events if e[1] == _START]
    rest = [e for e in events if e[1] != _START]
    return [*first, *sorted(rest, key=lambda event: Sortable(ordered(kind, event[1])))]


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text is wanted")
    return value
