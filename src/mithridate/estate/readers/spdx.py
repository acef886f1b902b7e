"""SPDX 2.2 and 2.3 bills of materials, JSON."""

import re
from pathlib import Path
from typing import Any

from mithridate.estate.readers.advisory import dicts
from mithridate.estate.readers.bill import Bill
from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.json_records import records_of, value_of
from mithridate.model.errors import UsageError

_MARK = re.compile(rb'"spdxVersion"\s*:\s*"SPDX-2\.')
_LOCATORS = ("purl", "cpe23Type", "cpe22Type")
DOCUMENT = "SPDXRef-DOCUMENT"


class Spdx:
    """Packages become software; the one that the document describes is what others call the software."""

    name = "spdx"
    title = "SPDX 2 JSON"

    def recognises(self, path: Path, head: bytes) -> bool:
        """It says its version near its beginning."""
        return path.suffix.lower() in (".json", ".spdx") and bool(_MARK.search(head))

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for what is no JSON or another version."""
        if not str(value_of(path, "spdxVersion")).startswith("SPDX-2."):
            raise UsageError(f"{path} is no SPDX document of version 2")
        bill = Bill(sink, path.name)
        with sink.tolerate(1):
            bill.numbered(value_of(path, "documentNamespace"))
        described = _described(path)
        for number, package in enumerate(records_of(path, "packages.item"), start=1):
            with sink.tolerate(number):
                refs = [
                    r.get("referenceLocator") for r in dicts(package.get("externalRefs")) if r.get("referenceType") in _LOCATORS
                ]
                add(
                    bill,
                    Package(
                        package["name"],
                        package.get("versionInfo") or "",
                        [r for r in refs if isinstance(r, str)],
                        package.get("SPDXID"),
                        package.get("primaryPackagePurpose"),
                    ),
                    described,
                    number,
                )
                sink.record()


class Package:
    """A package as every form of SPDX has it. `identifiers` are package URLs and CPE names."""

    def __init__(self, name: Any, version: Any, identifiers: list[str], ref: Any, purpose: Any) -> None:
        self.name = name
        self.version = version
        self.identifiers = identifiers
        self.ref = ref
        self.purpose = purpose


def add(bill: Bill, package: Package, described: set[str], place: int) -> str:
    """State a package: as what the bill describes when its reference is in `described`. Returns its node."""
    node = bill.software(package.name, package.version, package.identifiers, place)
    bill.refers(node, package.ref, place)
    if package.ref in described:
        bill.describes(node, _purpose(package.purpose), package.name, place)
    else:
        bill.lists(node, place)
    return node


def _purpose(told: Any) -> str:
    """OPERATING-SYSTEM and operatingSystem are both what CycloneDX calls operating-system."""
    return {"operatingsystem": "operating-system"}.get(re.sub(r"[-_]", "", str(told)).lower(), str(told).lower())


def _described(path: Path) -> set[str]:
    found = {ref for ref in records_of(path, "documentDescribes.item") if isinstance(ref, str)}
    for one in records_of(path, "relationships.item"):
        if not isinstance(one, dict):
            continue
        ends = (one.get("spdxElementId"), one.get("relatedSpdxElement"))
        if one.get("relationshipType") == "DESCRIBES" and ends[0] == DOCUMENT:
            found.add(str(ends[1]))
        elif one.get("relationshipType") == "DESCRIBED_BY" and ends[1] == DOCUMENT:
            found.add(str(ends[0]))
    return found
