"""Requests that the program makes to where it is told: only hosts that the project lists, never other schemes (CWE-918)."""

import re
from collections.abc import Iterator

import libcst as cst

from mithridate.model.violation import ViolationKind
from mithridate.repair.python.code import listed
from mithridate.repair.python.flow import Place, argument
from mithridate.repair.python.guards import guarded
from mithridate.repair.python.helper import defined_before, free_name
from mithridate.repair.python.imports import using
from mithridate.repair.python.proposer import Change, PythonProposer, Scene, edits_of
from mithridate.repair.python.source import dotted

_CAUSE = "the program requests an address that comes from outside"
_REQUESTING = frozenset(
    {"urlopen", "urlretrieve", "Request", "get", "post", "put", "delete", "head", "patch", "options", "request", "send", "stream"}
    | {"create_connection", "connect", "HTTPConnection", "HTTPSConnection", "open_connection", "getaddrinfo", "fetch", "open"}
)
_HOST = re.compile(r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$|^localhost$")
_PUBLIC = (
    "def {name}(url):",
    '    """Whether `url` is an address of the web whose host lies outside of this network."""',
    "    try:",
    "        parts = {urlsplit}(url)",
    '        found = {socket}.getaddrinfo(parts.hostname or "", parts.port or 443)',
    "        addresses = [{ipaddress}.ip_address(each[4][0].partition({percent})[0]) for each in found]",
    "    except (OSError, ValueError):",
    "        return False",
    '    return parts.scheme in ("http", "https") and all(address.is_global for address in addresses)',
)


class AddressProposer(PythonProposer):
    """The project's own list of hosts where it has one; else hosts outside of the network."""

    name = "python-address"
    kinds = frozenset({ViolationKind.REQUEST_FORGERY})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """A check of the address before the request."""
        for place in scene.places[:3]:
            for call in place.calls:
                name = dotted(call.func).rpartition(".")[2]
                if name not in _REQUESTING:
                    continue
                at = 1 if name in ("request", "stream") and len(call.args) > 1 else 0
                url = argument(call, at, "url", "fullurl", "address", "host")
                if url is None or isinstance(url, cst.SimpleString):
                    continue
                yield from _among(place, url)
                yield from _public(place, url)
                return


def _among(place: Place, url: cst.BaseExpression) -> Iterator[Change]:
    source = place.source
    for name, hosts in listed(source):
        if not all(_HOST.match(host) for host in hosts):
            continue
        urlsplit, extra = using(source, "urllib.parse", "urlsplit")
        fix = "request only the hosts that are listed"

        def plain(held: str, name: str = name, urlsplit: str = urlsplit) -> str:
            return f'{urlsplit}({held}).scheme not in ("http", "https") or {urlsplit}({held}).hostname not in {name}'

        def with_data(held: str, plain: object = plain, urlsplit: str = urlsplit) -> str:
            return f'{urlsplit}({held}).scheme != "data" and ({plain(held)})'  # type: ignore[operator]

        for rank, condition in ((1.0, plain), (1.1, with_data)):
            for text, edits in guarded(place, url, "url", condition, 400, "not a known host"):
                yield Change(_CAUSE, fix, edits_of(source, edits, extra), condition=text, rank=rank)


def _public(place: Place, url: cst.BaseExpression) -> Iterator[Change]:
    source = place.source
    name = free_name(source, "is_public")
    urlsplit, first = using(source, "urllib.parse", "urlsplit")
    socket, second = using(source, "socket")
    ipaddress, third = using(source, "ipaddress")
    lines = [line.format(name=name, urlsplit=urlsplit, socket=socket, ipaddress=ipaddress, percent='"%"') for line in _PUBLIC]
    helper = defined_before(source, place.function, lines)
    for text, edits in guarded(place, url, "url", lambda held: f"not {name}({held})", 400, "not an address of the web"):
        every = edits_of(source, edits, helper, first, second, third)
        yield Change(_CAUSE, "request only hosts outside of this network", every, condition=text, rank=1.5)
