"""OpenVEX (https://github.com/openvex/spec): statements about products and their components."""

import re
from pathlib import Path
from typing import Any

from mithridate.estate.readers.advisory import Advisory, dicts, seconds, strings
from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.json_records import records_of, value_of

_MARK = re.compile(rb'"@context"\s*:\s*"https://openvex\.dev/ns')
_IDENTIFIERS = ("purl", "cpe23", "cpe22")
ANY_COMPONENT = "any"


class OpenVex:
    """A statement is kept with its time, so that the last one counts."""

    name = "vex"
    title = "OpenVEX JSON"

    def recognises(self, path: Path, head: bytes) -> bool:
        """It names the OpenVEX context."""
        return path.suffix.lower() in (".json", ".vex", ".openvex") and bool(_MARK.search(head))

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for what is no JSON."""
        issued = value_of(path, "timestamp")
        for number, statement in enumerate(records_of(path, "statements.item"), start=1):
            with sink.tolerate(number):
                _read(statement, issued, sink, number)


def _read(told: Any, issued: object, sink: Sink, place: int) -> None:
    advisory = _flaw(told["vulnerability"], sink, place)
    when = seconds(told.get("last_updated") or told.get("timestamp") or issued)
    for product in told["products"]:
        components = _listed(told) or (_listed(product) if isinstance(product, dict) else [])
        within = [n for c in components for n in names(c)] or [ANY_COMPONENT]
        for name in names(product):
            for component in within:
                advisory.stated(name, component, told["status"], when)
    sink.record()


def _flaw(told: Any, sink: Sink, place: int) -> Advisory:
    if isinstance(told, str):
        return Advisory(sink, told, place)
    advisory = Advisory(sink, str(told.get("name") or told["@id"]), place)
    advisory.same(*strings(told.get("aliases")))
    return advisory


def _listed(told: dict[str, Any]) -> list[Any]:
    found = told.get("subcomponents")
    return [*strings(found), *dicts(found)]


def names(told: Any) -> list[str]:
    """What a product or a component is called: its identifiers, else its IRI. ValueError for nothing."""
    if isinstance(told, str) and told:
        return [told]
    identifiers = told.get("identifiers") if isinstance(told, dict) else None
    found = strings([identifiers.get(k) for k in _IDENTIFIERS]) if isinstance(identifiers, dict) else []
    if isinstance(told.get("@id"), str) and told["@id"]:
        found.append(told["@id"])
    if not found:
        raise ValueError("a product without a name")
    return list(dict.fromkeys(found))
