"""CycloneDX bills of materials, JSON (ECMA-424), with the vulnerabilities and the VEX that they may hold."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mithridate.estate.readers.advisory import Advisory, dicts, seconds
from mithridate.estate.readers.bill import HOST_PROPERTY, Bill
from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.json_records import records_of, value_of
from mithridate.model.errors import UsageError

_MARK = re.compile(rb'"bomFormat"\s*:\s*"CycloneDX"')
_LINK = re.compile(r"urn:cdx:([0-9a-fA-F-]{36})(?:/\d+)?(?:#(.+))?\Z", re.DOTALL)
_STATES = {
    "not_affected": "not_affected",
    "false_positive": "not_affected",
    "resolved": "fixed",
    "resolved_with_pedigree": "fixed",
    "exploitable": "affected",
    "in_triage": "under_investigation",
}
_RATINGS = ("CVSSv4", "CVSSv31", "CVSSv3", "CVSSv2")


class CycloneDx:
    """Components become software; the described component (metadata.component) is what others call the software.

    The bill is called after its file. Facts deployed(host, sbom), or a property `mithridate:host` of its metadata, say where it
    runs.
    """

    name = "cyclonedx"
    title = "CycloneDX JSON"

    def recognises(self, path: Path, head: bytes) -> bool:
        """It says so near its beginning."""
        return path.suffix.lower() == ".json" and bool(_MARK.search(head))

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for what is no JSON."""
        if value_of(path, "bomFormat") != "CycloneDX":
            raise UsageError(f"{path} does not say that it is a CycloneDX bill of materials")
        document = Document(path.name, sink)
        document.begin(value_of(path, "serialNumber"))
        document.wanted = _refs(path)
        document.metadata(value_of(path, "metadata"))
        for number, component in enumerate(records_of(path, "components.item"), start=1):
            document.component(component, number)
        for number, flaw in enumerate(records_of(path, "vulnerabilities.item"), start=1):
            document.vulnerability(flaw, number)


class Document:
    """A bill in parts, each as the JSON format has it; the XML reader brings its own into this form."""

    def __init__(self, name: str, sink: Sink) -> None:
        self._sink = sink
        self._bill = Bill(sink, name)
        self.wanted: set[str] | None = None
        """The references that are looked up later; None: all."""
        self._refs: dict[str, str] = {}
        self._whole = ""

    def begin(self, serial: object) -> None:
        """What the bill as a whole is called."""
        with self._sink.tolerate(1):
            self._bill.numbered(serial)

    def metadata(self, told: Any) -> None:
        """What it describes, and where that runs."""
        if not isinstance(told, dict):
            return
        with self._sink.tolerate(1):
            described = told.get("component")
            if isinstance(described, dict):
                node = self._software(described, 1)
                self._whole = node
                self._bill.describes(node, described.get("type"), described["name"], 1)
        properties = told.get("properties")
        for one in properties if isinstance(properties, list) else ():
            with self._sink.tolerate(1):
                if one["name"] == HOST_PROPERTY:
                    self._bill.runs_on(str(one["value"]), 1)

    def component(self, component: Any, place: int) -> None:
        """One component, and those within it."""
        for one in _nested(component):
            with self._sink.tolerate(place):
                self._bill.lists(self._software(one, place), place)
                self._sink.record()

    def vulnerability(self, told: Any, place: int) -> None:
        """One flaw, what it affects, and what was found out about that."""
        with self._sink.tolerate(place):
            advisory = Advisory(self._sink, str(told["id"]), place)
            advisory.same(*(r.get("id") for r in dicts(told.get("references"))))
            ratings = sorted(dicts(told.get("ratings")), key=lambda r: _rank(r.get("method")))
            advisory.severity([r.get("vector") for r in ratings])
            analysis = told.get("analysis")
            state = _STATES.get(str(analysis.get("state"))) if isinstance(analysis, dict) else None
            when = seconds((analysis or {}).get("lastUpdated") or told.get("updated") or told.get("published"))
            for one in dicts(told.get("affects")):
                self._affects(advisory, str(one["ref"]), state, when, one.get("versions"), place)
            self._sink.record()

    def _affects(self, advisory: Advisory, ref: str, state: str | None, when: int, versions: Any, place: int) -> None:
        """A component of this bill, or by a link one of another's."""
        link = _LINK.match(ref)
        if link is not None and not self._bill.serial.lower().endswith(link[1].lower()):
            component = link[2] or "any"
            advisory.stated(f"urn:uuid:{link[1].lower()}", component, state or "affected", when)
            return
        known = self._refs.get(link[2] or "" if link else ref)
        if known is None:
            self._sink.broken(place, f"{ref[:100]!r} refers to no component of this bill")
            return
        told = [str(v.get("status")) for v in dicts(versions)]
        if told and all(status == "unaffected" for status in told):
            state = state or "not_affected"
        self._sink.fact("listed", self._bill.node, known, advisory.node, place=place)
        if state:
            component = "any" if known == self._whole else known
            advisory.stated(self._bill.node, component, state, when)

    def _software(self, component: dict[str, Any], place: int) -> str:
        identifiers = [component.get("purl"), component.get("cpe")]
        node = self._bill.software(
            component["name"], component.get("version", ""), [i for i in identifiers if isinstance(i, str)], place
        )
        ref = component.get("bom-ref")
        self._bill.refers(node, ref, place)
        if isinstance(ref, str) and (self.wanted is None or ref in self.wanted):
            self._refs[ref] = node
        return node


def _refs(path: Path) -> set[str]:
    """The references of a bill's vulnerabilities."""
    found: set[str] = set()
    for ref in records_of(path, "vulnerabilities.item.affects.item.ref"):
        if isinstance(ref, str):
            link = _LINK.match(ref)
            found.add(link[2] or "" if link else ref)
    return found


def _nested(component: Any) -> Iterator[Any]:
    """A component, then all that are within it."""
    waiting = [component]
    while waiting:
        one = waiting.pop()
        yield one
        inner = one.get("components") if isinstance(one, dict) else None
        if isinstance(inner, list):
            waiting += reversed(inner)


def _rank(method: object) -> int:
    return _RATINGS.index(method) if isinstance(method, str) and method in _RATINGS else len(_RATINGS)
