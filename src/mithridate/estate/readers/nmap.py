"""Nmap XML (`nmap -oX`): hosts that are up, their open ports, and what listens there."""

import ipaddress
import re
from pathlib import Path
from xml.etree.ElementTree import Element

from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.xml_records import elements
from mithridate.model.estate import Confidence

_MARK = re.compile(rb"<nmaprun\b")
_BITS = {4: 24, 6: 64}
"""A scan does not tell networks; hosts of one /24 or /64 are taken to share one."""


class Nmap:
    """A scan tells what listens, not as whom, and not what firewalls let through: `allow` facts come from elsewhere.
    The zone of an address is inferred from it.
    """

    name = "nmap"
    title = "Nmap XML"

    def recognises(self, path: Path, head: bytes) -> bool:
        """By its root element."""
        return path.suffix.lower() in (".xml", ".nmap") and bool(_MARK.search(head[:4096]))

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for what is no Nmap XML."""
        for number, host in enumerate(elements(path, "nmaprun", "host"), start=1):
            with sink.tolerate(number):
                self._host(host, sink, number)

    def _host(self, host: Element, sink: Sink, place: int) -> None:
        status = host.find("status")
        if status is not None and status.get("state") != "up":
            return
        addresses = {a.get("addrtype"): a.attrib["addr"] for a in host.findall("address")}
        address = addresses.get("ipv4") or addresses["ipv6"]
        node = f"host:{ipaddress.ip_address(address)}"
        sink.record()
        sink.fact("identifier", node, "ip", address, place=place)
        if "mac" in addresses:
            sink.fact("identifier", node, "mac", addresses["mac"].lower(), place=place)
        for name in host.iterfind("hostnames/hostname"):
            sink.fact("identifier", node, "fqdn", name.attrib["name"].lower(), place=place)
        zone = zone_of(address)
        sink.fact("zone", zone, place=place, confidence=Confidence.INFERRED)
        sink.fact("in_zone", node, zone, place=place, confidence=Confidence.INFERRED)
        for port in host.iterfind("ports/port"):
            with sink.tolerate(place):
                self._port(node, port, sink, place)

    def _port(self, node: str, port: Element, sink: Sink, place: int) -> None:
        state = port.find("state")
        if state is None or state.get("state") != "open":
            return
        number, protocol = int(port.attrib["portid"]), port.attrib["protocol"]
        service = port.find("service")
        told = service.attrib if service is not None else {}
        product = " ".join(w for w in (told.get("product", ""), told.get("version", "")) if w) or told.get("name", "")
        software = f"software:{product or f'{protocol} {number}'}"
        sink.fact("service", node, software, protocol, number, f"account:{software[9:]} on {node[5:]}", place=place)
        for cpe in service.findall("cpe") if service is not None else ():
            if cpe.text:
                sink.fact("identifier", software, "cpe", cpe.text, place=place)


def zone_of(address: str) -> str:
    """The zone of an address: its /24 or /64. ValueError for what is no address."""
    parsed = ipaddress.ip_address(address)
    return f"zone:{ipaddress.ip_network(f'{address}/{_BITS[parsed.version]}', strict=False)}"
