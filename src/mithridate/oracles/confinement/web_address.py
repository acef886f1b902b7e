"""URLs as browsers and HTTP clients read them (WHATWG URL), as far as the host goes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mithridate.oracles.confinement.spans import CANONICAL_TOKEN

_IGNORED = re.compile(r"[\t\n\r]")
_LEADING = "".join(map(chr, range(0x21)))
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE | re.ASCII)
_AUTHORITY_END = re.compile(r"[/\\?#]")
_WEB_SCHEMES = frozenset({"http", "https"})


@dataclass(frozen=True, slots=True)
class Host:
    """The host of an address in lower case, canonical tokens in it, without user and port; "" for a relative address."""

    name: str

    @property
    def chosen(self) -> bool:
        """A token is in it."""
        return CANONICAL_TOKEN.search(self.name) is not None

    @property
    def fixed(self) -> tuple[str, str]:
        """What the program put before the first and after the last token."""
        tokens = list(CANONICAL_TOKEN.finditer(self.name))
        return (self.name[: tokens[0].start()], self.name[tokens[-1].end() :]) if tokens else (self.name, "")


def scheme(address: str) -> str:
    """The scheme in lower case as a browser sees it, "" for a relative address."""
    match = _SCHEME.match(_cleaned(address))
    return match[1].lower() if match else ""


def redirect_host(location: str) -> Host:
    """Where a browser goes for a Location header; it follows http and https alone (Fetch, HTTP-redirect fetch).

    How many slashes a scheme needs depends on the page's own scheme, which nobody told us: two make an authority in any case.
    """
    text = _cleaned(location)
    match = _SCHEME.match(text)
    if match:
        if match[1].lower() not in _WEB_SCHEMES:
            return Host("")
        text = text[match.end() :]
    rest = text.lstrip("/\\")
    return Host(_host(rest)) if len(text) - len(rest) >= 2 else Host("")


def requested_host(target: str) -> Host:
    """The host of a URL, or of host:port, that a program tried to reach."""
    text = _cleaned(target)
    _, separator, rest = text.partition("://")
    return Host(_host(rest if separator else text.removeprefix("//")))


def _host(text: str) -> str:
    authority = _AUTHORITY_END.split(text, maxsplit=1)[0].rpartition("@")[2].lower()
    if authority.startswith("["):
        return authority.partition("]")[0] + "]"
    return authority.partition(":")[0] if authority.count(":") == 1 else authority


def _cleaned(address: str) -> str:
    return _IGNORED.sub("", address).lstrip(_LEADING)


def within(host: Host, harmless: Sequence[Host]) -> bool:
    """The host keeps what the program fixed about it in a harmless run: a domain that ends it, after a dot."""
    for other in harmless:
        before, after = other.fixed
        if not other.chosen and host.name == other.name:
            return True
        if (
            other.chosen
            and after.startswith(".")
            and len(after) > 1
            and host.name.startswith(before)
            and host.name.endswith(after)
        ):
            return True
    return False
