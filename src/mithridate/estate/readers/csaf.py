"""CSAF 2.0 and 2.1 advisories (OASIS), among them those of the VEX profile.

What the product tree says of a product is its package URL or CPE name, its version or range, and, for a product that consists of
two, which one is the component and which one contains it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mithridate.estate.packages import packages
from mithridate.estate.readers.advisory import Advisory, dicts, seconds, strings
from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.json_records import records_of, value_of
from mithridate.estate.readers.openvex import ANY_COMPONENT
from mithridate.estate.versions import written
from mithridate.model.errors import UsageError

LARGEST = 256 << 20
"""Bytes; the standard counts on 15 MB."""
_MARK = re.compile(rb'"csaf_version"\s*:\s*"2\.')
_STATUS = {
    "known_affected": "affected",
    "first_affected": "affected",
    "last_affected": "affected",
    "known_not_affected": "not_affected",
    "fixed": "fixed",
    "first_fixed": "fixed",
    "under_investigation": "under_investigation",
}
_MOST_PARTS = 20


@dataclass(frozen=True, slots=True)
class _Product:
    """`names` are package URLs and CPE names; `versions` a VERS range or "" when the names say the version; `parts` are
    (component, product that contains it) by their ids."""

    names: tuple[str, ...] = ()
    versions: str = ""
    parts: tuple[str, str] | None = None


class Csaf:
    """Known affected products become affected(…), all others statements."""

    name = "csaf"
    title = "CSAF advisories and VEX"

    def recognises(self, path: Path, head: bytes) -> bool:
        """It says its version near its beginning."""
        return path.suffix.lower() == ".json" and bool(_MARK.search(head))

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for what is no JSON, is too large, or of another version."""
        if not str(value_of(path, "document.csaf_version")).startswith("2."):
            raise UsageError(f"{path} is no CSAF document of version 2")
        if path.stat().st_size > LARGEST:
            raise UsageError(f"{path} is larger than {LARGEST >> 20} MiB", hint="advisories come one a file")
        when = seconds(value_of(path, "document.tracking.current_release_date"))
        products = dict(_products(path, sink))
        for number, flaw in enumerate(records_of(path, "vulnerabilities.item"), start=1):
            with sink.tolerate(number):
                _read(flaw, products, when, sink, number)


def _products(path: Path, sink: Sink) -> Iterator[tuple[str, _Product]]:
    for branch in records_of(path, "product_tree.branches.item"):
        waiting = [branch]
        while waiting:
            one = waiting.pop()
            with sink.tolerate(1):
                waiting += dicts(one.get("branches"))
                if isinstance(one.get("product"), dict):
                    yield _product(one["product"], str(one.get("category")), str(one.get("name")))
    for one in records_of(path, "product_tree.full_product_names.item"):
        with sink.tolerate(1):
            yield _product(one, "", "")
    for one in records_of(path, "product_tree.relationships.item"):
        with sink.tolerate(1):
            parts = (str(one["product_reference"]), str(one["relates_to_product_reference"]))
            known, own = _product(one["full_product_name"], "", "")
            yield known, _Product(own.names, own.versions, None if own.names else parts)


def _product(told: dict[str, Any], category: str, branch: str) -> tuple[str, _Product]:
    helper = told.get("product_identification_helper")
    helper = helper if isinstance(helper, dict) else {}
    names = strings([helper.get("purl"), *strings(helper.get("purls")), helper.get("cpe")])
    versions = ""
    if category == "product_version_range":
        versions = branch if branch.startswith("vers:") else ""
        names = names if versions else []
    elif category == "product_version" and branch:
        versions = written("generic", [("=", branch)])
    return str(told["product_id"]), _Product(tuple(n for n in names if packages(n)), versions)


def _read(told: Any, products: dict[str, _Product], when: int, sink: Sink, place: int) -> None:
    ids = [i.get("text") for i in dicts(told.get("ids"))]
    advisory = Advisory(sink, str(told.get("cve") or strings(ids)[0]), place)
    advisory.same(*ids)
    advisory.severity(_vectors(told), exploited=_exploited(told))
    statuses = told.get("product_status")
    for status, listed in statuses.items() if isinstance(statuses, dict) else ():
        for product in strings(listed):
            if status in _STATUS:
                _state(advisory, product, products, _STATUS[status], when)
    sink.record()


def _state(advisory: Advisory, product: str, products: dict[str, _Product], status: str, when: int) -> None:
    known = products.get(product, _Product())
    if known.parts is None:
        for name in _words(known):
            _say(advisory, name, ANY_COMPONENT, status, when)
        return
    component, whole = known.parts
    for name in _words(_resolved(whole, products)):
        for part in _words(_resolved(component, products)):
            _say(advisory, name, part, status, when)


def _say(advisory: Advisory, product: str, component: str, status: str, when: int) -> None:
    if status != "affected" or component != ANY_COMPONENT:
        advisory.stated(product, component, status, when)
    if status == "affected":
        name, _, versions = (product if component == ANY_COMPONENT else component).partition(" vers:")
        package = packages(name)[0]
        if versions:
            kind, _, constraints = versions.partition("/")
            advisory.affects_text(package.key, f"vers:{kind}/{constraints}")
        else:
            advisory.affects(package.key, kind_of(package.key), [("=", package.version)] if package.version else [])


def kind_of(key: str) -> str:
    """The kind of versions that a package's key has."""
    return key.removeprefix("pkg:").partition("/")[0] if key.startswith("pkg:") else "generic"


def _resolved(product: str, products: dict[str, _Product]) -> _Product:
    """A product that has names of its own; of one that consists of two, the component."""
    for _ in range(_MOST_PARTS):
        found = products.get(product, _Product())
        if found.parts is None:
            return found
        product = found.parts[0]
    raise ValueError(f"product {product[:80]!r} consists of parts without end")


def _words(product: _Product) -> list[str]:
    """How statements name it: a name with a version of its own, or with a range."""
    return [n if packages(n)[0].version or not product.versions else f"{n} {product.versions}" for n in product.names]


def _vectors(told: dict[str, Any]) -> list[object]:
    scores = dicts(told.get("scores")) + [m["content"] for m in dicts(told.get("metrics")) if isinstance(m.get("content"), dict)]
    return [s[k].get("vectorString") for k in ("cvss_v4", "cvss_v3", "cvss_v2") for s in scores if isinstance(s.get(k), dict)]


def _exploited(told: dict[str, Any]) -> bool:
    """A threat of the kind exploit_status says so; "No known exploits" does not."""
    details = [str(t.get("details")) for t in dicts(told.get("threats")) if t.get("category") == "exploit_status"]
    return any(
        re.search(r"\bexploited\s*:\s*yes|\bactively exploited|\bexploited in the wild", d, re.IGNORECASE) for d in details
    )
