"""SPDX 3 bills of materials, JSON-LD as the standard's own context writes it, with its security profile."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mithridate.estate.readers.advisory import Advisory, dicts, seconds, strings
from mithridate.estate.readers.bill import Bill
from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.json_records import records_of
from mithridate.estate.readers.openvex import ANY_COMPONENT
from mithridate.estate.readers.spdx import Package, add

_MARK = re.compile(rb'"@context"\s*:\s*"https://spdx\.org/rdf/3\.')
_STATUS = {
    "security_VexNotAffectedVulnAssessmentRelationship": "not_affected",
    "security_VexFixedVulnAssessmentRelationship": "fixed",
    "security_VexAffectedVulnAssessmentRelationship": "affected",
    "security_VexUnderInvestigationVulnAssessmentRelationship": "under_investigation",
}
_ROOTED = ("SpdxDocument", "software_Sbom", "Bom", "Bundle")
_IDENTIFIERS = ("packageUrl", "packageURL", "cpe22", "cpe23")


class Spdx3:
    """The graph's software packages become software; the root elements are what the bill describes."""

    name = "spdx3"
    title = "SPDX 3 JSON-LD"

    def recognises(self, path: Path, head: bytes) -> bool:
        """It names the context of SPDX 3."""
        return path.suffix.lower() in (".json", ".jsonld", ".spdx3") and bool(_MARK.search(head))

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for what is no JSON."""
        bill = Bill(sink, path.name)
        roots, wanted = set[str](), set[str]()
        for number, kind, one in _elements(path):
            if kind in _ROOTED:
                roots.update(strings(one.get("rootElement")))
                if kind == "SpdxDocument":
                    bill.numbered(one.get("spdxId"), number)
            elif kind.startswith("security_") or one.get("relationshipType") == "hasAssociatedVulnerability":
                wanted.update((str(one.get("from")), *strings(one.get("to"))))
        _Graph(bill, roots, wanted, sink).read(path)


class _Graph:
    """The elements of one file. Only packages that a relationship names are kept in mind."""

    def __init__(self, bill: Bill, roots: set[str], wanted: set[str], sink: Sink) -> None:
        self._bill, self._roots, self._wanted, self._sink = bill, roots, wanted, sink
        self._nodes: dict[str, str] = {}
        self._flaws: dict[str, Advisory] = {}

    def read(self, path: Path) -> None:
        for number, kind, one in _elements(path):
            with self._sink.tolerate(number):
                if kind == "software_Package":
                    self._package(one, number)
                elif kind == "security_Vulnerability":
                    self._flaw(one, number)
        for number, kind, one in _elements(path):
            with self._sink.tolerate(number):
                self._relation(kind, one, number)

    def _package(self, one: dict[str, Any], place: int) -> None:
        more = dicts(one.get("externalIdentifier"))
        names = [
            one.get("software_packageUrl"),
            *(m.get("identifier") for m in more if m.get("externalIdentifierType") in _IDENTIFIERS),
        ]
        ref = str(one["spdxId"])
        made = Package(
            one["name"], one.get("software_packageVersion") or "", strings(names), ref, one.get("software_primaryPurpose")
        )
        node = add(self._bill, made, self._roots, place)
        if ref in self._wanted:
            self._nodes[ref] = node
        self._sink.record()

    def _flaw(self, one: dict[str, Any], place: int) -> None:
        ids = strings([m.get("identifier") for m in dicts(one.get("externalIdentifier"))])
        advisory = Advisory(self._sink, (ids or strings([one.get("name"), one["spdxId"]]))[0], place)
        advisory.same(*ids[1:])
        self._flaws[str(one["spdxId"])] = advisory
        self._sink.record()

    def _relation(self, kind: str, one: dict[str, Any], place: int) -> None:
        if one.get("relationshipType") == "hasAssociatedVulnerability":
            for flaw in strings(one.get("to")):
                self._listed(str(one["from"]), flaw, place)
            return
        flaw = str(one.get("from"))
        if kind.startswith("security_Cvss") and flaw in self._flaws:
            self._flaws[flaw].severity([one.get("security_vectorString")])
        if kind not in _STATUS or flaw not in self._flaws:
            return
        when = seconds(one.get("security_modifiedTime") or one.get("security_publishedTime"))
        for package in strings(one.get("to")):
            self._listed(package, flaw, place)
            component = ANY_COMPONENT if package in self._roots else self._nodes[package]
            self._flaws[flaw].stated(self._bill.node, component, _STATUS[kind], when)

    def _listed(self, package: str, flaw: str, place: int) -> None:
        self._sink.fact("listed", self._bill.node, self._nodes[package], self._flaws[flaw].node, place=place)


def _elements(path: Path) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """(number, type, element)."""
    for number, one in enumerate(records_of(path, "@graph.item"), start=1):
        if isinstance(one, dict):
            yield number, str(one.get("type") or one.get("@type")), one
