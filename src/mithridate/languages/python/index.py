"""Asks the owner's index which files there are for a package (simple repository API: PEP 503 and PEP 691)."""

import json
import re
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from mithridate.languages.python.fetch import Fetcher, FetchFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One file of a package: a wheel (`tags`) or an sdist (no tags). `sha256` is "" when the index does not tell."""

    filename: str
    address: str
    sha256: str
    version: Version
    tags: frozenset[Tag]
    python: SpecifierSet


@dataclass(slots=True)
class Index:
    """`indexes` are addresses of simple indexes, `places` directories or pages with links. Answers are kept for its lifetime."""

    fetcher: Fetcher
    indexes: Sequence[str]
    places: Sequence[str]
    _known: dict[str, tuple[Release, ...]] = field(default_factory=dict)

    def releases(self, name: str) -> tuple[Release, ...]:
        """All files of the package that are not yanked; none when nobody has it. Raises FetchFailed when an index fails."""
        name = canonicalize_name(name)
        if name not in self._known:
            found: list[Release] = []
            for index in self.indexes:
                found += self._page(f"{index.rstrip('/')}/{name}/", name)
            for place in self.places:
                found += self._directory(Path(place), name) if "://" not in place else self._page(place, name)
            self._known[name] = tuple(found)
        return self._known[name]

    def _directory(self, directory: Path, name: str) -> list[Release]:
        files = sorted(directory.iterdir()) if directory.is_dir() else []
        found = (_release(p.name, p.absolute().as_uri(), "", "", name) for p in files if p.is_file())
        return [release for release in found if release]

    def _page(self, address: str, name: str) -> list[Release]:
        answer = self.fetcher.page(address)
        if answer is None:
            return []
        base, kind, content = answer
        links = _json_links(content) if kind.endswith("+json") else _html_links(content)
        found: list[Release] = []
        for link in links:
            target = urllib.parse.urljoin(base, link.address)
            if target.startswith("file:") and not base.startswith("file:"):
                continue  # an index elsewhere must not name files of this machine
            parts = urllib.parse.urlsplit(target)
            digest = re.fullmatch(r"sha256=([0-9a-f]{64})", parts.fragment)
            filename = link.filename or urllib.parse.unquote(parts.path.rpartition("/")[2])
            sha256 = link.sha256 or (digest[1] if digest else "")
            release = _release(filename, parts._replace(fragment="").geturl(), sha256, link.python, name)
            if release and not link.yanked:
                found.append(release)
        return found


@dataclass(frozen=True, slots=True)
class _Link:
    filename: str
    address: str
    sha256: str
    python: str
    yanked: bool


def _release(filename: str, address: str, sha256: str, python: str, name: str) -> Release | None:
    """The release that a file name tells of; None for other files, other packages and names that break the rules."""
    try:
        takes = SpecifierSet(python)
    except InvalidSpecifier:
        takes = SpecifierSet()
    try:
        if filename.endswith(".whl"):
            named, version, _, tags = parse_wheel_filename(filename)
        else:
            named, version = parse_sdist_filename(filename)
            tags = frozenset()
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None
    if named != name:
        return None
    return Release(filename=filename, address=address, sha256=sha256, version=version, tags=tags, python=takes)


def _json_links(content: bytes) -> list[_Link]:
    try:
        document = json.loads(content)
        files = document["files"]
        return [
            _Link(
                str(f["filename"]),
                str(f["url"]),
                str(f.get("hashes", {}).get("sha256", "")),
                str(f.get("requires-python") or ""),
                bool(f.get("yanked")),
            )
            for f in files
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise FetchFailed(f"the index's answer cannot be understood: {problem}"[:200]) from problem


def _html_links(content: bytes) -> list[_Link]:
    reader = _Anchors()
    reader.feed(content.decode("utf-8", "replace"))
    return reader.found


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[_Link] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the links."""
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            python = given.get("data-requires-python") or ""
            self.found.append(_Link("", given["href"] or "", "", python, "data-yanked" in given))
