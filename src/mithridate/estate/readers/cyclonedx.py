"""CycloneDX bills of materials, JSON (ECMA-424)."""

import re
from pathlib import Path
from typing import Any

from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.streams import records, value

_MARK = re.compile(rb'"bomFormat"\s*:\s*"CycloneDX"')


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
        bill = f"sbom:{path.name}"
        described = value(path, "metadata.component")
        with sink.tolerate(1):
            if described is not None:
                sink.fact("describes", bill, _software(described, sink, 1), place=1)
        for one in records(path, "metadata.properties.item"):
            with sink.tolerate(1):
                if one["name"] == "mithridate:host":
                    host = str(one["value"])
                    sink.fact("deployed", host if host.startswith("host:") else f"host:{host}", bill, place=1)
        for number, component in enumerate(records(path, "components.item"), start=1):
            with sink.tolerate(number):
                sink.fact("component", bill, _software(component, sink, number), place=number)
                sink.record()


def _software(component: Any, sink: Sink, place: int) -> str:
    """The node of a component, with its names."""
    name, version = component["name"], component.get("version", "")
    if not isinstance(name, str) or not isinstance(version, str):
        raise ValueError("a component's name and version are texts")
    node = f"software:{name} {version}".rstrip()
    sink.fact("named", node, name.lower(), place=place)
    for key, kind in (("purl", "purl"), ("cpe", "cpe")):
        if isinstance(component.get(key), str) and component[key]:
            sink.fact("identifier", node, kind, component[key], place=place)
    return node
