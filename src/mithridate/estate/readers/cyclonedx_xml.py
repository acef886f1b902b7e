"""CycloneDX bills of materials, XML, brought into the form of the JSON format a component at a time."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from mithridate.estate.readers.cyclonedx import Document
from mithridate.estate.readers.interface import Sink
from mithridate.model.errors import UsageError

_MARK = re.compile(rb"<(?:\w+:)?bom\b[^>]*http://cyclonedx\.org/schema/bom/")
_NAMESPACE = "{http://cyclonedx.org/schema/bom/"
_DEEPEST = 200
_LISTS = {
    "components": "component",
    "properties": "property",
    "ratings": "rating",
    "affects": "target",
    "references": "reference",
}


class CycloneDxXml:
    """As CycloneDX in JSON; a place is a component's or a flaw's number. Entities and document types are refused."""

    name = "cyclonedx-xml"
    title = "CycloneDX XML"

    def recognises(self, path: Path, head: bytes) -> bool:
        """Its root is a bill of materials."""
        return path.suffix.lower() in (".xml", ".cdx") and bool(_MARK.search(head))

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for what is no such XML, or brings a document type with it."""
        document = Document(path.name, sink)
        counts = {"component": 0, "vulnerability": 0}
        for kind, told in _parts(path):
            if kind in counts:
                counts[kind] += 1
            if kind == "bom":
                document.begin(told)
            elif kind == "metadata":
                document.metadata(told)
            elif kind == "component":
                document.component(told, counts[kind])
            else:
                document.vulnerability(told, counts[kind])


def _parts(path: Path) -> Iterator[tuple[str, Any]]:
    """("bom", serial number), then ("metadata" | "component" | "vulnerability", the part as JSON has it)."""
    depth = 0
    try:
        with path.open("rb") as file:
            events = etree.iterparse(
                file, events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
            )
            for event, element in events:
                if event == "start":
                    depth += 1
                    if depth == 1:
                        _checked_root(element, path)
                        yield "bom", element.get("serialNumber")
                    if depth > _DEEPEST:
                        raise UsageError(f"{path} is nested more than {_DEEPEST} deep")
                    continue
                name = _name(element)
                if (depth, name) in ((2, "metadata"), (3, "component"), (3, "vulnerability")):
                    if not (depth == 3 and _name(element.getparent()) not in ("components", "vulnerabilities")):
                        yield name, _object(element)
                        _forget(element)
                elif depth <= 3 and _name(element.getparent()) != "metadata":
                    _forget(element)
                depth -= 1
    except etree.XMLSyntaxError as error:
        raise UsageError(f"{path} is no XML: {' '.join(str(error).split())[:200]}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or 'it is no XML'}") from None


def _checked_root(root: Any, path: Path) -> None:
    if root.getroottree().docinfo.doctype:
        raise UsageError(f"{path} brings a document type with it, which no bill of materials needs")
    if not str(root.tag).startswith(_NAMESPACE) or _name(root) != "bom":
        raise UsageError(f"{path} is no CycloneDX bill of materials")


def _object(element: Any) -> Any:
    """An element as JSON has it: lists by their names, attributes and elements as keys."""
    name = _name(element)
    inner = [child for child in element if isinstance(child.tag, str)]
    if name in _LISTS or (name == "versions" and any(_name(c) == "version" for c in inner)):
        return [_object(child) for child in inner]
    told: dict[str, Any] = {str(key): value for key, value in element.attrib.items()}
    for child in inner:
        key = _name(child)
        if len(child) or child.attrib or key in _LISTS:
            told[key] = _object(child)
        else:
            told.setdefault(key, (child.text or "").strip())
    if name == "property":
        told["value"] = (element.text or "").strip()
    return told if told else (element.text or "").strip()


def _forget(element: Any) -> None:
    """Free what was read, and what stands before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:  # before the root there may be a remark
        del parent[0]


def _name(element: Any) -> str:
    return "" if element is None or not isinstance(element.tag, str) else str(etree.QName(element).localname)
