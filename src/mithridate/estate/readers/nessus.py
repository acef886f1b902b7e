"""Nessus reports (.nessus, version 2): hosts, what listens, and what is wrong with it."""

import re
from pathlib import Path
from xml.etree.ElementTree import Element

from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.nmap import zone_of
from mithridate.estate.readers.xml_records import elements
from mithridate.model.estate import Confidence

_MARK = re.compile(rb"<NessusClientData_v2\b")
_VECTOR = re.compile(r"(?:^|[/#])([A-Za-z]+):([A-Za-z]+)")
_COSTS = ((1, "exploit_framework_metasploit"), (3, "exploit_available"))
_UNPUBLISHED = 6


class Nessus:
    """A plugin's CVSS vector tells how a flaw is used and what it gives; only code or reading is a step of an attack.

    An exploit in a public framework costs 1, a known one 3, none 6. What the scanner itself calls a guess is inferred.
    """

    name = "nessus"
    title = "Nessus report"

    def recognises(self, path: Path, head: bytes) -> bool:
        """By its root element."""
        return path.suffix.lower() in (".nessus", ".xml") and bool(_MARK.search(head[:4096]))

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for what is no Nessus report."""
        for number, host in enumerate(elements(path, "NessusClientData_v2", "ReportHost"), start=1):
            with sink.tolerate(number):
                self._host(host, sink, number)

    def _host(self, host: Element, sink: Sink, place: int) -> None:
        told = {t.get("name", ""): t.text or "" for t in host.iterfind("HostProperties/tag")}
        address = told.get("host-ip", host.attrib["name"])
        node = f"host:{address}"
        zone = zone_of(address)
        sink.record()
        sink.fact("identifier", node, "ip", address, place=place)
        if told.get("host-fqdn"):
            sink.fact("identifier", node, "fqdn", told["host-fqdn"].lower(), place=place)
        sink.fact("zone", zone, place=place, confidence=Confidence.INFERRED)
        sink.fact("in_zone", node, zone, place=place, confidence=Confidence.INFERRED)
        for item in host.iterfind("ReportItem"):
            with sink.tolerate(place):
                self._item(node, item, sink, place)

    def _item(self, node: str, item: Element, sink: Sink, place: int) -> None:
        port, protocol = int(item.attrib["port"]), item.attrib["protocol"]
        software = f"software:{item.get('svc_name', 'general')} on {node[5:]} {protocol} {port}"
        if port:
            sink.fact("service", node, software, protocol, port, f"account:{software[9:]}", place=place)
        used = using(item.findtext("cvss3_vector") or item.findtext("cvss_vector") or "")
        if used is None:
            return
        if not port:
            sink.fact("installed", node, software, place=place)
        guessed = item.findtext("potential_vulnerability") == "true"
        names = [c.text for c in item.findall("cve") if c.text] or [f"plugin {item.attrib['pluginID']}"]
        for name in names:
            flaw = f"vulnerability:{name}"
            confidence = Confidence.INFERRED if guessed else Confidence.OBSERVED
            sink.fact("vulnerable", node, software, flaw, place=place, confidence=confidence)
            sink.fact("grants", flaw, *used, place=place)
            cost = next((c for c, key in _COSTS if item.findtext(key) == "true"), _UNPUBLISHED)
            sink.fact("exploit", flaw, cost, place=place)


def using(vector: str) -> tuple[str, str] | None:
    """(how a flaw is used, what it gives) by a CVSS vector of version 2 or 3; None for what is no step of an attack."""
    told = dict(_VECTOR.findall(vector))
    confidentiality, integrity = told.get("C", "N"), told.get("I", "N")
    if told.get("AV") in ("N", "A"):
        how = "client" if told.get("UI") == "R" else "remote"
        if integrity in ("H", "C"):
            return how, "code"
        return ("remote", "read") if how == "remote" and confidentiality in ("H", "C") else None
    return ("local", "root") if told.get("AV") == "L" and integrity in ("H", "C") else None
