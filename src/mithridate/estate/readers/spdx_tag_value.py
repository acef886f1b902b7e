"""SPDX 2.2 and 2.3 bills of materials as tags and values."""

import re
from collections.abc import Iterator
from pathlib import Path

from mithridate.estate.readers.bill import Bill
from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.spdx import DOCUMENT, Package, add
from mithridate.model.errors import UsageError

_MARK = re.compile(rb"(?m)^\s*SPDXVersion:\s*SPDX-2\.")
_LINE = re.compile(r"\s*([A-Za-z]+)\s*:\s*(.*?)\s*\Z", re.DOTALL)
_LONGEST_LINE = 1 << 20
_OTHER_SECTIONS = ("FileName", "SnippetSPDXID", "LicenseID", "Reviewer", "Annotator")


class SpdxTagValue:
    """As SPDX in JSON; a place is a line."""

    name = "spdx-tag"
    title = "SPDX 2 tag-value"

    def recognises(self, path: Path, head: bytes) -> bool:
        """It says its version on a line of its own."""
        return path.suffix.lower() in (".spdx", ".tag", ".txt") and bool(_MARK.search(head))

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for what is no text in UTF-8, or another version."""
        bill = Bill(sink, path.name)
        described = {value.split()[-1] for _, _, value in _tags(path, {"Relationship"}) if _describes(value)}
        package: dict[str, str] = {}
        refs: list[str] = []
        started, version = 0, ""
        for place, tag, value in _tags(path):
            if tag == "SPDXVersion":
                version = value
            elif tag == "DocumentNamespace":
                bill.numbered(value, place)
            elif tag == "PackageName" or tag in _OTHER_SECTIONS:
                _close(bill, package, refs, described, started, sink)
                package, refs, started = {}, [], place
                if tag == "PackageName":
                    package["name"] = value
            elif tag == "ExternalRef" and package:
                refs.append(value.split()[-1] if value.split() else "")
            elif tag in ("SPDXID", "PackageVersion", "PrimaryPackagePurpose") and package:
                package.setdefault(tag, value)
        _close(bill, package, refs, described, started, sink)
        if not version.startswith("SPDX-2."):
            raise UsageError(f"{path} is no SPDX document of version 2")


def _close(bill: Bill, told: dict[str, str], refs: list[str], described: set[str], place: int, sink: Sink) -> None:
    """State the package that ended."""
    if not told:
        return
    with sink.tolerate(place):
        purpose = told.get("PrimaryPackagePurpose", "")
        add(bill, Package(told["name"], told.get("PackageVersion", ""), refs, told.get("SPDXID"), purpose), described, place)
        sink.record()


def _describes(relation: str) -> bool:
    words = relation.split()
    return len(words) == 3 and words[:2] == [DOCUMENT, "DESCRIBES"]


def _tags(path: Path, only: set[str] | None = None) -> Iterator[tuple[int, str, str]]:
    """(line, tag, value); values in <text> that run over lines are passed over."""
    number, within = 0, False
    try:
        with path.open(encoding="utf-8") as file:
            while line := file.readline(_LONGEST_LINE):
                number += 1
                if within:
                    within = "</text>" not in line
                    continue
                found = _LINE.match(line)
                if found is None:
                    continue
                within = "<text>" in found[2] and "</text>" not in found[2]
                if only is None or found[1] in only:
                    yield number, found[1], found[2]
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
