"""What package URLs and CPE names call a package, and at which version.

Package URLs: https://github.com/package-url/purl-spec (ECMA-427). CPE: NIST IR 7695, the URI of 2.2 and the formatted string of
2.3. Advisories about a distribution's packages speak of source packages in one release, so that a binary package has several
keys: its own, its source's, each with and without the release.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from packageurl import PackageURL

_CPE_PARTS = re.compile(r"(?:[^:\\]|\\.)*", re.DOTALL)
_UNKNOWN = ("", "*", "-")
_DEBIAN = {"buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14"}
_RELEASE = re.compile(r"([a-z][a-z_-]*?)[-:]v?(\d+)(\.\d+)?")
_MINOR_COUNTS = ("alpine", "ubuntu", "opensuse-leap", "wolfi", "chainguard")


@dataclass(frozen=True, slots=True)
class Package:
    """`key` is a package URL without a version, or "cpe:2.3:part:vendor:product"; `version` is "" when none is known."""

    key: str
    version: str


def is_purl(text: str) -> bool:
    """It looks like a package URL."""
    return text.startswith("pkg:")


def is_cpe(text: str) -> bool:
    """It looks like a CPE name of either form."""
    return text.lower().startswith("cpe:")


@lru_cache(maxsize=100_000)
def packages(name: str) -> tuple[Package, ...]:
    """Every way in which advisories name what a package URL or a CPE name names; the most telling first, () for nonsense."""
    try:
        if is_purl(name):
            return tuple(dict.fromkeys(_of_purl(_parsed(name))))
        if is_cpe(name):
            return (_of_cpe(name),)
    except ValueError:
        pass
    return ()


@lru_cache(maxsize=100_000)
def normal(purl: str) -> str:
    """A package URL as one and the same software is always written: of the qualifiers only the release of a distribution stays.

    ValueError for what is none.
    """
    made = _parsed(purl)
    qualifiers = made.qualifiers if isinstance(made.qualifiers, dict) else {}
    kept = {"distro": qualifiers["distro"]} if qualifiers.get("distro") else None
    return PackageURL(made.type, made.namespace, made.name, made.version, kept).to_string()


def release(text: str) -> str:
    """A distribution's release as advisories and bills of materials both can name it: "debian-11"; the text for what is none.

    Takes "debian-11.5", "bullseye", "Debian:11", "alpine-3.18.2", "Alpine:v3.18", "Ubuntu:22.04:LTS".
    """
    lowered = text.lower().strip()
    if lowered in _DEBIAN or lowered.removeprefix("debian-") in _DEBIAN:
        return f"debian-{_DEBIAN[lowered.removeprefix('debian-')]}"
    found = _RELEASE.match(lowered.replace(" ", "-"))
    if found is None:
        return lowered
    minor = found[3] or "" if found[1] in _MINOR_COUNTS else ""
    return f"{found[1]}-{found[2]}{minor}"


def key_of(kind: str, namespace: str | None, name: str, where: str = "") -> str:
    """The key of a package by the parts of its package URL, in a release when `where` names one. ValueError for a kind or a name
    that is none."""
    made = PackageURL(kind, namespace or None, name).to_string()
    return f"{made}?distro={release(where)}" if where else made


@lru_cache(maxsize=10_000)
def _parsed(purl: str) -> PackageURL:
    return PackageURL.from_string(purl)


def _of_purl(purl: PackageURL) -> Iterator[Package]:
    qualifiers = purl.qualifiers if isinstance(purl.qualifiers, dict) else {}
    where = qualifiers.get("distro", "")
    version = purl.version or ""
    names = [(purl.name, version)]
    upstream, _, of_upstream = qualifiers.get("upstream", "").partition("@")
    if upstream:
        names.insert(0, (upstream, of_upstream or version))
    for name, known in names:
        if where:
            yield Package(key_of(purl.type, purl.namespace, name, where), known)
        yield Package(key_of(purl.type, purl.namespace, name), known)


def _of_cpe(name: str) -> Package:
    lowered = name.lower()
    if lowered.startswith("cpe:2.3:"):
        parts = [re.sub(r"\\(.)", r"\1", p) for p in _split(lowered)[2:]]
    elif lowered.startswith("cpe:/"):
        parts = [unquote(p) for p in lowered.removeprefix("cpe:/").split(":")]
    else:
        raise ValueError("neither form of a CPE name")
    part, vendor, product, version, update = (*parts, "", "", "", "", "")[:5]
    if part not in ("a", "o", "h") or product in _UNKNOWN:
        raise ValueError("a CPE name names a part and a product")
    known = "" if version in _UNKNOWN else version + ("" if update in _UNKNOWN else update)
    return Package(f"cpe:2.3:{part}:{vendor or '*'}:{product}", known)


def _split(name: str) -> list[str]:
    """At colons that no backslash stands before."""
    parts, at = [], 0
    while at <= len(name):
        found = _CPE_PARTS.match(name, at)
        end = found.end() if found else at
        parts.append(name[at:end])
        at = end + 1
        if end < len(name) and name[end] != ":":
            raise ValueError("a backslash at the end")
    return parts
