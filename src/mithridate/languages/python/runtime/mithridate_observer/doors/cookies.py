"""A client's cookies (RFC 6265, as far as one host needs it)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_QUOTED = re.compile(r"[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e\x80-\U0010ffff]")


@dataclass(frozen=True)
class SetCookie:
    """One Set-Cookie header, its attributes by lower-case name."""

    name: str
    value: str
    attributes: dict[str, str]

    @property
    def path(self) -> str:
        """The path below which the cookie is sent."""
        path = self.attributes.get("path", "/")
        return path if path.startswith("/") else "/"

    @property
    def deletes(self) -> bool:
        """Whether the header removes the cookie."""
        age = self.attributes.get("max-age", "")
        expires = self.attributes.get("expires", "")
        return (age.lstrip("-").isdigit() and int(age) <= 0) or "1970" in expires

    @property
    def missing(self) -> list[str]:
        """Which of the protecting flags are not set."""
        return [flag for flag in ("secure", "httponly", "samesite") if flag not in self.attributes]


def parse(header: str) -> SetCookie | None:
    """Read a Set-Cookie header's value; None when it names no cookie."""
    first, *rest = header.split(";")
    name, equals, value = first.partition("=")
    if not equals or not name.strip():
        return None
    attributes: dict[str, str] = {}
    for each in rest:
        key, _, told = each.partition("=")
        attributes[key.strip().lower()] = told.strip()
    return SetCookie(name.strip(), value.strip(), attributes)


class Jar:
    """The cookies that a client holds."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], SetCookie] = {}

    def take(self, header: str) -> SetCookie | None:
        """Keep, or drop, what a Set-Cookie header says."""
        cookie = parse(header)
        if cookie is not None:
            if cookie.deletes:
                self._held.pop((cookie.name, cookie.path), None)
            else:
                self._held[(cookie.name, cookie.path)] = cookie
        return cookie

    def value(self, name: str) -> str | None:
        """The value of a cookie, whatever its path."""
        return next((cookie.value for cookie in self._held.values() if cookie.name == name), None)

    def header(self, path: str, given: list[tuple[str, str]]) -> str:
        """The Cookie header for a request: what is held for `path`, and what the request gives itself, which comes first."""
        names = {name for name, _ in given}
        held = [
            f"{cookie.name}={cookie.value}"
            for cookie in sorted(self._held.values(), key=lambda each: -len(each.path))
            if cookie.name not in names and _below(path, cookie.path)
        ]
        return "; ".join([f"{name}={encoded(value)}" for name, value in given] + held)


def encoded(value: str) -> str:
    """`value` so that servers read back the same: a quoted string with octal escapes when it holds what cookies cannot."""
    if not _QUOTED.search(value):
        return value
    return '"' + "".join(_escaped(sign) for sign in value) + '"'


def _escaped(sign: str) -> str:
    if sign in '"\\':
        return "\\" + sign
    return f"\\{ord(sign):03o}" if sign in ",;" or ord(sign) < 32 or ord(sign) == 127 else sign


def _below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix if prefix.endswith("/") else prefix + "/")
