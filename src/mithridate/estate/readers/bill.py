"""What every format of bills of materials says of a component, as facts."""

from mithridate.estate.packages import is_cpe, is_purl, normal, packages
from mithridate.estate.readers.interface import Sink
from mithridate.model.estate import Confidence

HOST_PROPERTY = "mithridate:host"
"""A property of a bill's metadata that says where it runs."""
_MACHINES = ("operating-system", "device", "platform", "machine")
"""What a bill may describe that is itself a host."""


class Bill:
    """One bill of materials. Its node is the file as given; the file's name and its serial number are other names of it."""

    def __init__(self, sink: Sink, name: str) -> None:
        self._sink = sink
        self.node = f"sbom:{sink.reading.source}"
        self.serial = ""
        self._names = {"file": sink.reading.source, "name": name}

    def numbered(self, serial: object, place: int = 1) -> None:
        """Its serial number or name space, by which other files refer to it."""
        if isinstance(serial, str) and serial:
            self.serial = serial
            self._sink.fact("identifier", self.node, "name", serial, place=place)

    def runs_on(self, host: str, place: int, confidence: Confidence = Confidence.OBSERVED) -> None:
        """The host that it is deployed on, with or without "host:"."""
        node = host if host.startswith("host:") else f"host:{host}"
        self._sink.fact("deployed", node, self.node, place=place, confidence=confidence)

    def describes(self, software: str, kind: object, name: str, place: int) -> None:
        """What it is the bill of; a machine or an operating system is taken as the host that it runs on."""
        self._begin()
        self._sink.fact("describes", self.node, software, place=place)
        if isinstance(kind, str) and kind.lower() in _MACHINES:
            self.runs_on(name, place, Confidence.INFERRED)

    def lists(self, software: str, place: int) -> None:
        """A component of it."""
        self._begin()
        self._sink.fact("component", self.node, software, place=place)

    def _begin(self) -> None:
        """Say once what the bill is called; one that lists nothing is none."""
        for kind, value in self._names.items():
            self._sink.fact("identifier", self.node, kind, value)
        self._names = {}

    def refers(self, software: str, ref: object, place: int) -> None:
        """What other files call a component of this bill, when it can be referred to and is not a package URL anyway."""
        if self.serial and isinstance(ref, str) and ref and not is_purl(ref):
            self._sink.fact("reference", self.node, software, ref, place=place)

    def software(self, name: object, version: object, identifiers: list[str], place: int) -> str:
        """The node of a component, with its names. `identifiers` are package URLs and CPE names. ValueError without a name."""
        if not isinstance(name, str) or not name or not isinstance(version, str):
            raise ValueError("a component's name and version are texts")
        told = f"{name} {version}".rstrip()
        purls = [p for p in identifiers if is_purl(p) and packages(p)]
        node = f"software:{_called(purls, told)}"
        self._sink.fact("named", node, name.lower(), place=place)
        if node != f"software:{told}":
            self._sink.fact("identifier", node, "name", told, place=place)
        for purl in dict.fromkeys(purls):
            self._sink.fact("identifier", node, "purl", purl, place=place)
        for cpe in dict.fromkeys(c for c in identifiers if is_cpe(c) and packages(c)):
            self._sink.fact("identifier", node, "cpe", cpe, place=place)
        return node


def _called(purls: list[str], told: str) -> str:
    """A package URL with a version is the strongest name; a generic one says no more than name and version."""
    for purl in purls:
        if not purl.startswith("pkg:generic/") and packages(purl)[0].version:
            return normal(purl)
    return told
