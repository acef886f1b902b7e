"""Nessus reports (.nessus, version 2): hosts, services and the flaws that plugins report."""

import re
from collections.abc import Iterator
from pathlib import Path

from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.scanned import (
    ScannedHost,
    checked_port,
    cve_names,
    flaw_of,
    is_address,
    of_an_application,
    product_of,
    vantage_of,
)
from mithridate.estate.readers.severity import Use, use_of
from mithridate.estate.readers.xml_elements import Element, records
from mithridate.model.estate import Confidence

_MARK = re.compile(rb"<NessusClientData_v2[\s>]")
_NAMES = ("host-fqdn", "hostname", "netbios-name", "host-rdns")
_VECTORS = ("cvss4_vector", "cvss3_vector", "cvss_vector")


class Nessus:
    """What a plugin reports at a port is a flaw of the product that it names, or of the service there; a local check (port 0) is
    one of installed software. Informational plugins only tell of services. What the scanner itself calls a guess is inferred."""

    name = "nessus"
    title = "Nessus report"

    def recognises(self, path: Path, head: bytes) -> bool:
        """Its first element is NessusClientData_v2."""
        return path.suffix.lower() in (".nessus", ".xml") and bool(_MARK.search(head))

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for what is no such document."""
        around: Element | None = None
        host: ScannedHost | None = None
        for record in records(path, ("NessusClientData_v2",), ("HostProperties", "ReportItem"), sink):
            if record.parent is not None and record.parent is not around:
                around, host = record.parent, None
            with sink.tolerate(record.line):
                if record.tag == "HostProperties":
                    host = _host(record, sink, vantage_of(path))
                else:
                    host = host or ScannedHost(sink, _named(record), record.line, vantage_of(path))
                    _item(record, host)
                sink.record()


def _named(record: Element) -> str:
    return record.parent.get("name") if record.parent is not None else ""


def _host(record: Element, sink: Sink, vantage: str) -> ScannedHost:
    tags = {t.get("name"): t.text.strip() for t in record.all("tag")}
    name = _named(record)
    host = ScannedHost(sink, tags.get("host-ip") or name, record.line, vantage)
    host.named(record.line, *(tags.get(n, "") for n in _NAMES), name if not is_address(name) else "")
    for address in re.split(r"\s+", tags.get("mac-address", "")):
        host.identified(record.line, "mac", address)
    host.runs(record.line, tags.get("operating-system", "").split("\n")[0])
    return host


def _item(item: Element, host: ScannedHost) -> None:
    port, protocol = int(item.get("port")), item.get("protocol") or "tcp"
    service = item.get("svc_name").rstrip("?") or "service"
    listens = ""
    if port:
        listens = host.listens(item.line, service, protocol, checked_port(port), known=False)
    if item.get("severity") in ("", "0"):
        return
    cves = cve_names(c.text for c in item.all("cve"))
    cpe = of_an_application(_cpes(item))
    product = product_of(cpe)
    if port:
        software = host.listens(item.line, product, protocol, port, cpe=cpe) if product else listens
    else:
        software = host.carries(item.line, product or f"unidentified software on {host.address}", cpe)
    name = f"nessus {item.get('pluginID')} {item.get('pluginName')}".strip()
    sure = Confidence.INFERRED if item.told("potential_vulnerability") == "true" else Confidence.OBSERVED
    host.flawed(item.line, software, flaw_of(cves, name), _use(item), confidence=sure)
    if len(cves) > 1:
        for cve in cves:
            host.flawed(item.line, software, flaw_of([cve], name), None, confidence=sure)


def _use(item: Element) -> Use | None:
    framework = any(item.told(f"exploit_framework_{f}") == "true" for f in ("metasploit", "core", "canvas"))
    exploited = (
        item.told("exploit_available") == "true"
        or item.told("exploited_by_malware") == "true"
        or any(x.get("type").upper() == "CISA-KNOWN-EXPLOITED" for x in item.all("xref"))
        or any(x.text.upper().startswith("CISA-KNOWN-EXPLOITED") for x in item.all("xref"))
        or item.first("cisa-known-exploited") is not None
    )
    vectors = (item.told(v) for v in _VECTORS)
    return use_of(vectors, framework=framework, exploited=exploited, likelihood=_fraction(item.told("epss_score")))


def _cpes(item: Element) -> Iterator[str]:
    for element in item.all("cpe"):
        yield from element.text.split()


def _fraction(text: str) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
