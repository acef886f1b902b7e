"""Is a version within a range? Each ecosystem orders its versions in its own way.

Ranges are written as VERS (https://github.com/package-url/vers-spec): "vers:pypi/>=1.0|<1.2|1.4". Orders come from univers; what
has no order of its own (CPE names, pkg:generic) is compared like Debian's, with "rc", "beta" and the like before the release.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from univers import versions as orders
from univers.nuget import InvalidNuGetVersion

ANY = "*"
_LONGEST = 128
"""Characters of a version; parsing takes more than linear time for some orders."""
_RANGE = re.compile(r"vers:([a-z0-9.+-]+)/(.+)\Z", re.DOTALL)
_CONSTRAINT = re.compile(r"\s*(>=|<=|!=|<|>|=)?(.+)\Z", re.DOTALL)
_BEFORE = re.compile(r"[-._]?(?<![a-z])(?=(?:alpha|beta|preview|pre|rc|dev|snapshot|cr|milestone)(?![a-z]))", re.IGNORECASE)
_NO_GENERIC = re.compile(r"[^A-Za-z0-9.+~:-]+")
_ORDERS: dict[str, type[Any]] = {
    "pypi": orders.PypiVersion,
    "deb": orders.DebianVersion,
    "rpm": orders.RpmVersion,
    "apk": orders.AlpineLinuxVersion,
    "maven": orders.MavenVersion,
    "gem": orders.RubygemsVersion,
    "nuget": orders.NugetVersion,
    "composer": orders.ComposerVersion,
    "alpm": orders.ArchLinuxVersion,
    "ebuild": orders.GentooVersion,
    **dict.fromkeys(("semver", "npm", "cargo", "golang", "hex", "pub", "swift", "github", "githubactions"), orders.SemverVersion),
}


_REFUSALS = (ValueError, TypeError, AttributeError, IndexError, RecursionError, InvalidNuGetVersion)
"""What univers raises over texts that are no versions."""


class Unordered(ValueError):
    """A text is no version of its ecosystem."""


@dataclass(frozen=True, slots=True)
class Range:
    """Constraints (operator, version) of an ecosystem's versions, in their order; `everything` is "*"."""

    kind: str
    equal: tuple[Any, ...]
    unequal: tuple[Any, ...]
    bounds: tuple[tuple[str, Any], ...]
    everything: bool = False


def written(kind: str, constraints: list[tuple[str, str]]) -> str:
    """A range as text; versions are percent-encoded. No constraint is every version."""
    told = "|".join(f"{'' if op == '=' else op}{quote(version, safe='.-_~')}" for op, version in constraints)
    return f"vers:{kind}/{told or ANY}"


def contains(text: str, version: str) -> bool:
    """A version is within a range as text. Unordered when either is nothing that can be compared."""
    allowed = parsed(text)
    if allowed.everything:
        return True
    if not version:
        raise Unordered("no version is known")
    at = ordered(allowed.kind, version)
    try:
        return _contains(allowed, at)
    except _REFUSALS:
        raise Unordered(f"{version[:80]} cannot be compared") from None


def _contains(allowed: Range, at: Any) -> bool:
    if any(at == e for e in allowed.equal):
        return True
    if any(at == e for e in allowed.unequal):
        return False
    if not allowed.bounds:
        return not allowed.equal and bool(allowed.unequal)
    return any(_within(at, low, high) for low, high in _intervals(allowed.bounds))


def _intervals(bounds: tuple[tuple[str, Any], ...]) -> list[tuple[tuple[str, Any] | None, tuple[str, Any] | None]]:
    """Pairs of a lower and an upper bound, either of which may be missing."""
    found: list[tuple[tuple[str, Any] | None, tuple[str, Any] | None]] = []
    low: tuple[str, Any] | None = None
    opened = False
    for bound in bounds:
        if bound[0].startswith(">"):
            if not opened:
                low, opened = bound, True
        else:
            if opened or not found:
                found.append((low, bound))
            low, opened = None, False
    if opened:
        found.append((low, None))
    return found


def _within(at: Any, low: tuple[str, Any] | None, high: tuple[str, Any] | None) -> bool:
    above = low is None or at > low[1] or (low[0] == ">=" and at == low[1])
    below = high is None or at < high[1] or (high[0] == "<=" and at == high[1])
    return above and below


@lru_cache(maxsize=50_000)
def parsed(text: str) -> Range:
    """A range by its text. Unordered for a text that is none, or names versions that its ecosystem does not have."""
    found = _RANGE.match(text)
    if found is None:
        raise Unordered(f"{text[:80]!r} is no range of versions")
    kind = found[1]
    if found[2].strip() == ANY:
        return Range(kind, (), (), (), everything=True)
    equal, unequal, bounds = [], [], []
    for part in found[2].split("|"):
        constraint = _CONSTRAINT.match(part)
        if constraint is None:
            continue
        operator, version = constraint[1] or "=", ordered(kind, unquote(constraint[2].strip()))
        if operator == "=":
            equal.append(version)
        elif operator == "!=":
            unequal.append(version)
        else:
            bounds.append((operator, version))
    try:
        bounds.sort(key=lambda b: Sortable(b[1]))
    except _REFUSALS:
        raise Unordered(f"the versions of {text[:80]!r} cannot be compared") from None
    return Range(kind, tuple(equal), tuple(unequal), tuple(bounds))


@lru_cache(maxsize=200_000)
def ordered(kind: str, version: str) -> Any:
    """A version that can be compared with others of its kind. Unordered for what is none."""
    text = version.strip()
    if not text or len(text) > _LONGEST or not text.isascii():
        raise Unordered(f"{text[:80]!r} is no version")
    order = _ORDERS.get(kind)
    try:
        return order(text) if order else orders.DebianVersion(_generic(text))
    except _REFUSALS as error:
        raise Unordered(f"{text[:80]!r} is no version of {kind}: {type(error).__name__}") from None


def _generic(text: str) -> str:
    """A version without an order of its own, as one of Debian's."""
    plain = _NO_GENERIC.sub(".", text.lower().lstrip("v").partition("+")[0])
    return _BEFORE.sub("~", plain).replace(":", ".").replace("-", ".") or "0"


class Sortable:
    """Sorts versions, of which some know only `<`."""

    __slots__ = ("version",)

    def __init__(self, version: Any) -> None:
        self.version = version

    def __lt__(self, other: "Sortable") -> bool:
        return bool(self.version < other.version)
