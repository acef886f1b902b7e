"""Greenbone (OpenVAS) reports in XML: results, ports and what was detected on hosts."""

import re
from pathlib import Path

from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.scanned import ScannedHost, checked_port, cve_names, flaw_of, product_of, vantage_of
from mithridate.estate.readers.severity import Use, use_of
from mithridate.estate.readers.xml_elements import Element, records
from mithridate.model.estate import Confidence

_MARK = re.compile(rb"<report\b[^>]*>")
_INSIDE = re.compile(rb"<(report_format|gmp|omp|results|ports|scan_run_status|task|owner)[\s>/]")
_PORT = re.compile(r"(\d+)/(tcp|udp)\Z")
_RELIABLE = 70
"""Quality of detection, in percent, from which the scanner itself shows a result."""


class OpenVas:
    """A result at a port is a flaw of the service there; one of the whole host ("general/tcp") is of installed software."""

    name = "openvas"
    title = "Greenbone (OpenVAS) XML report"

    def recognises(self, path: Path, head: bytes) -> bool:
        """Its first element is report, with what Greenbone has in it."""
        return path.suffix.lower() == ".xml" and bool(_MARK.search(head) and _INSIDE.search(head))

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for what is no such document."""
        vantage = vantage_of(path)
        for record in records(path, ("report", "get_reports_response"), ("result", "host", "port"), sink):
            within = record.parent.tag if record.parent is not None else ""
            with sink.tolerate(record.line):
                if (record.tag, within) == ("result", "results"):
                    _result(record, sink, vantage)
                elif (record.tag, within) == ("host", "report"):
                    _host(record, sink, vantage)
                elif (record.tag, within) == ("port", "ports"):
                    _port(record, sink, vantage)
                else:
                    continue
                sink.record()


def _port(record: Element, sink: Sink, vantage: str) -> None:
    found = _PORT.match(record.text.strip())
    if found is not None:
        host = ScannedHost(sink, record.told("host"), record.line, vantage)
        host.listens(record.line, "service", found[2], int(found[1]), known=False)


def _host(record: Element, sink: Sink, vantage: str) -> None:
    host = ScannedHost(sink, record.told("ip"), record.line, vantage)
    details = [(d.told("name"), d.told("value"), d.line) for d in record.all("detail")]
    told = {name: value for name, value, _ in details}
    host.named(record.line, told.get("hostname", ""))
    host.identified(record.line, "mac", told.get("MAC", ""))
    system = told.get("best_os_txt") or product_of(told.get("best_os_cpe", "")).replace("_", " ")
    host.runs(record.line, system, told.get("best_os_cpe", ""))
    for name, value, line in details:
        with sink.tolerate(line):
            if name == "App" and product_of(value):
                host.carries(line, product_of(value), value)
            found = _PORT.match(value)
            if name.startswith("cpe:/a:") and product_of(name) and found:
                host.listens(line, product_of(name), found[2], checked_port(int(found[1])), cpe=name)


def _result(record: Element, sink: Sink, vantage: str) -> None:
    around = record.first("host")
    test = record.first("nvt")
    if around is None or test is None:
        raise ValueError("a result without a host or a test")
    if float(record.told("severity") or 0) <= 0:
        return
    host = ScannedHost(sink, around.text, record.line, vantage)
    host.named(record.line, around.told("hostname"))
    cpe = record.told("detection", "result", "details", "detail", "value")
    product = product_of(cpe) if cpe.startswith("cpe:/a:") else ""
    found = _PORT.match(record.told("port"))
    if found and product:
        software = host.listens(record.line, product, found[2], int(found[1]), cpe=cpe)
    elif found:
        software = host.listens(record.line, "service", found[2], int(found[1]), known=False)
    else:
        software = host.carries(record.line, product or f"unidentified software on {host.address}", cpe if product else "")
    cves = _cves(test)
    name = f"{test.get('oid')} {test.told('name') or record.told('name')}".strip()
    quality = int(record.told("qod", "value") or _RELIABLE)
    sure = Confidence.OBSERVED if quality >= _RELIABLE else Confidence.INFERRED
    host.flawed(record.line, software, flaw_of(cves, name), _use(test), confidence=sure)
    if len(cves) > 1:
        for cve in cves:
            host.flawed(record.line, software, flaw_of([cve], name), None, confidence=sure)


def _cves(test: Element) -> list[str]:
    told = [r.get("id") for r in test.all("refs", "ref") if r.get("type") == "cve"]
    return cve_names([*told, *test.told("cve").split(",")])


def _use(test: Element) -> Use | None:
    vectors = [s.told("value") for s in test.all("severities", "severity")]
    tags = dict(part.partition("=")[::2] for part in test.told("tags").split("|"))
    vectors.append(tags.get("cvss_base_vector", ""))
    known = any(r.get("type") == "cisa" for r in test.all("refs", "ref"))
    try:
        likelihood = float(test.told("epss", "max_severity", "score") or 0)
    except ValueError:
        likelihood = 0.0
    return use_of(vectors, exploited=known, likelihood=likelihood)
