"""What scanners of networks tell of a host, as facts: its names, its services, its flaws."""

import ipaddress
import re
from collections.abc import Iterable
from pathlib import Path

from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.severity import Use
from mithridate.model.estate import Confidence

HIGHEST_PORT = 65535
_CVE = re.compile(r"CVE-\d{4}-\d{4,19}\Z", re.IGNORECASE)
_WORKSTATION = re.compile(r"windows[ _](xp|vista|7|8|8\.1|10|11)\b|mac[ _]?os", re.IGNORECASE)
_SERVER = re.compile(r"server", re.IGNORECASE)
_VANTAGE = re.compile(r"\.from-(.+)\Z")


class ScannedHost:
    """A host, called after its address: that is what all scanners agree on. ValueError for what is no address.

    `vantage` is the zone that the scanner stands in, "" when nobody says. A service runs as an account of its own, since nobody
    tells which one it is.
    """

    def __init__(self, sink: Sink, address: str, place: int, vantage: str = "") -> None:
        self._sink = sink
        self._vantage = vantage
        self.address = str(ipaddress.ip_address(address.strip()))
        self.node = f"host:{self.address}"
        self.identified(place, "ip", self.address)

    def identified(self, place: int, kind: str, value: str) -> None:
        """Another name that it has."""
        if value:
            self._sink.fact("identifier", self.node, kind, value, place=place)

    def named(self, place: int, *names: str) -> None:
        """Names in the network; an address is none."""
        for name in dict.fromkeys(n.strip().rstrip(".").lower() for n in names):
            if name and not is_address(name):
                self.identified(place, "fqdn" if "." in name else "hostname", name)

    def runs(self, place: int, system: str, cpe: str = "") -> None:
        """Its operating system, inferred. On a workstation somebody opens mail and web pages."""
        if not system:
            return
        software = self.carries(place, system, cpe, confidence=Confidence.INFERRED)
        self._sink.fact("system", self.node, software, place=place, confidence=Confidence.INFERRED)
        if _WORKSTATION.search(system) and not _SERVER.search(system):
            somebody = f"account:somebody on {self.address}"
            self._sink.fact("opens_content", self.node, somebody, place=place, confidence=Confidence.INFERRED)

    def carries(self, place: int, name: str, cpe: str = "", *, confidence: Confidence = Confidence.OBSERVED) -> str:
        """Software on it; the node of that software."""
        software = self._software(place, name, cpe)
        self._sink.fact("installed", self.node, software, place=place, confidence=confidence)
        return software

    def listens(self, place: int, name: str, protocol: str, port: int, *, cpe: str = "", known: bool = True) -> str:
        """A service; the node of its software. What is not `known` by its product is a software of its own for each port, so that
        an unknown flaw of one is not one of all. ValueError for a port that is none."""
        checked_port(port)
        if not known:
            name = f"unidentified {name or 'service'} on {self.address} {protocol} {port}"
        software = self._software(place, name, cpe)
        account = f"account:{name} on {self.address}"
        self._sink.fact("service", self.node, software, protocol, port, account, place=place)
        if self._vantage:
            self._sink.fact("zone", self._vantage, place=place)
            self._sink.fact("answers", self.node, self._vantage, protocol, port, place=place)
        return software

    def flawed(
        self, place: int, software: str, flaw: str, use: Use | None, *, confidence: Confidence = Confidence.OBSERVED
    ) -> None:
        """A flaw of a software on it."""
        self._sink.fact("vulnerable", self.node, software, flaw, place=place, confidence=confidence)
        if use is not None and use.what:
            self._sink.fact("grants", flaw, use.how, use.what, place=place, confidence=Confidence.INFERRED)
            self._sink.fact("exploit", flaw, use.cost, place=place, confidence=Confidence.INFERRED)

    def _software(self, place: int, name: str, cpe: str) -> str:
        software = f"software:{name}"
        if cpe:
            self._sink.fact("identifier", software, "cpe", cpe, place=place)
        return software


def flaw_of(cves: Iterable[str], otherwise: str) -> str:
    """The node of what one check found: its CVE when it has one; a check of many has a node of its own, since what it tells is
    true of the worst of them."""
    found = cve_names(cves)
    return f"vulnerability:{found[0] if len(found) == 1 else otherwise}"


def cve_names(texts: Iterable[str]) -> list[str]:
    """Those of some texts that are names of CVE, each once."""
    return list(dict.fromkeys(t.strip().upper() for t in texts if _CVE.match(t.strip())))


def product_of(cpe: str) -> str:
    """A name for people from a CPE name of any version: "http_server 2.4.1"; "" for none."""
    parts = cpe.removeprefix("cpe:2.3:").removeprefix("cpe:/").split(":")
    if not cpe.startswith("cpe:") or len(parts) < 3:
        return ""
    version = parts[3] if len(parts) > 3 and parts[3] not in ("*", "-") else ""
    return f"{parts[2]} {version}".strip()


def of_an_application(cpes: Iterable[str]) -> str:
    """The first CPE name that is of no operating system or device, else the first; "" for none."""
    found = list(cpes)
    return next((c for c in found if c.startswith(("cpe:/a", "cpe:2.3:a"))), found[0] if found else "")


def vantage_of(path: Path) -> str:
    """The zone from which a scan was made, when its name says so: "branch.from-internet.xml" → "zone:internet"."""
    found = _VANTAGE.search(path.stem)
    return f"zone:{found[1]}" if found else ""


def checked_port(port: int) -> int:
    """ValueError for a number that is no port."""
    if not 0 < port <= HIGHEST_PORT:
        raise ValueError(f"{port} is no port")
    return port


def is_address(text: str) -> bool:
    """An IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
