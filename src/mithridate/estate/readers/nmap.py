"""Nmap's XML (-oX): hosts that are up, open ports, what was detected behind them, and what vulnerability scripts report."""

import re
from pathlib import Path

from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.scanned import ScannedHost, flaw_of, of_an_application, vantage_of
from mithridate.estate.readers.xml_elements import Element, records
from mithridate.model.estate import Confidence

_MARK = re.compile(rb"<nmaprun[\s>]")
_VULNERABLE = ("VULNERABLE", "VULNERABLE (Exploitable)", "LIKELY VULNERABLE")
_SURE = 90
"""Percent from which a guess at the operating system is taken."""


class Nmap:
    """An open port is a service. Where the file's name tells from where the scan was made, it can be reached from there."""

    name = "nmap"
    title = "Nmap XML"

    def recognises(self, path: Path, head: bytes) -> bool:
        """Its first element is nmaprun."""
        return path.suffix.lower() == ".xml" and bool(_MARK.search(head))

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for what is no such document."""
        vantage = vantage_of(path)
        for host in records(path, ("nmaprun",), ("host",), sink):
            with sink.tolerate(host.line):
                if _status(host) == "up":
                    _host(host, sink, vantage)
                    sink.record()


def _host(host: Element, sink: Sink, vantage: str) -> None:
    addresses = {a.get("addrtype"): a for a in host.all("address")}
    main = addresses.get("ipv4") or addresses.get("ipv6")
    if main is None:
        raise ValueError("a host without an address")
    scanned = ScannedHost(sink, main.get("addr"), host.line, vantage)
    for kind, address in addresses.items():
        if address is not main:
            scanned.identified(address.line, "mac" if kind == "mac" else "ip", address.get("addr"))
    for name in host.all("hostnames", "hostname"):
        scanned.named(name.line, name.get("name"))
    for port in host.all("ports", "port"):
        with sink.tolerate(port.line):
            if _status(port, "state") == "open":
                _port(port, scanned)
    for script in host.all("hostscript", "script"):
        software = ""
        for flaw, sure in _flaws(script):
            software = software or scanned.carries(script.line, f"unidentified software on {scanned.address}")
            scanned.flawed(script.line, software, flaw, None, confidence=sure)
    guess = next(iter(host.all("os", "osmatch")), None)
    if guess is not None and int(guess.get("accuracy") or 0) >= _SURE:
        scanned.runs(guess.line, guess.get("name"), guess.told("osclass", "cpe"))


def _port(port: Element, host: ScannedHost) -> None:
    service = port.first("service")
    product = " ".join(filter(None, (service.get("product"), service.get("version")))) if service is not None else ""
    cpe = of_an_application(c.text.strip() for c in service.all("cpe")) if service is not None else ""
    protocol, number = port.get("protocol"), int(port.get("portid"))
    name = product or (service.get("name") if service is not None else "")
    software = host.listens(port.line, name, protocol, number, cpe=cpe, known=bool(product))
    for script in port.all("script"):
        for flaw, sure in _flaws(script):
            host.flawed(script.line, software, flaw, None, confidence=sure)


def _flaws(script: Element) -> list[tuple[str, Confidence]]:
    """What a script found. `vulners` looks versions up, the others (of the vulns library) look at the service itself."""
    found = []
    if script.get("id") == "vulners":
        for row in script.all("table", "table"):
            fields = _fields(row)
            if fields.get("type", "cve") == "cve" and fields.get("id"):
                found.append((flaw_of([fields["id"]], fields["id"]), Confidence.INFERRED))
        return found
    for report in script.all("table"):
        fields = _fields(report)
        if fields.get("state", "").strip() in _VULNERABLE:
            ids = next((t for t in report.all("table") if t.get("key") == "ids"), None)
            names = [e.text.strip().removeprefix("CVE:") for e in ids.all("elem")] if ids is not None else []
            own = f"{script.get('id')} {fields.get('title', '').strip()}".strip()
            sure = Confidence.INFERRED if fields["state"].startswith("LIKELY") else Confidence.OBSERVED
            found.append((flaw_of([*names, report.get("key")], own), sure))
    return found


def _fields(table: Element) -> dict[str, str]:
    return {e.get("key"): e.text for e in table.all("elem")}


def _status(element: Element, kind: str = "status") -> str:
    """Nmap lists hosts that it was told of only when they are up, unless it says otherwise."""
    state = element.first(kind)
    return state.get("state") if state is not None else ("up" if kind == "status" else "")
