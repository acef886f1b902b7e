"""What is a broken record, and what a mistake of ours."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mithridate.estate.facts import FactBase
from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.registry import read
from mithridate.estate.rules.rulebase import own_packs
from mithridate.model.errors import UsageError
from tests.estate.readers import (
    test_advisories,
    test_bills,
    test_bloodhound,
    test_by_hand,
    test_kubernetes,
    test_opengraph,
    test_packet_filters,
    test_software,
    test_terraform,
    test_terraform_azure,
)
from tests.estate.readers.saying import open_base
from tests.estate.readers.test_bloodhound import replaced

ODD: tuple[Any, ...] = (None, 7, "x", [], {}, [7], {"x": None})
# Reader → a document of its format, as JSON, and a name that the reader takes.
DOCUMENTS: dict[str, tuple[str, Any]] = {
    "osv": ("a.json", test_advisories.OSV),
    "csaf": ("a.json", test_advisories.CSAF),
    "vex": ("a.json", test_advisories.vex("affected", "pkg:oci/shop@sha256:aa", "pkg:pypi/acme-web")),
    "cyclonedx": ("a.json", test_bills.CYCLONEDX),
    "spdx": ("a.json", test_bills.SPDX),
    "spdx3": ("a.json", test_bills.SPDX3),
    "mithridate": ("a.json", test_software.RESULTS),
    "nftables": ("a.json", test_packet_filters.RULESET),
    "bloodhound": ("a.json", test_bloodhound.export("computers", test_bloodhound.SAMPLE["computers"])),
    "opengraph": ("a.json", test_opengraph.graph(test_opengraph.NODES, [test_opengraph.edge("Owns", "x", "gh-7")])),
    "kubernetes": ("a.json", {"kind": "List", "items": list(yaml.safe_load_all(test_kubernetes.SHOP))}),
    "yaml": ("a.yaml", yaml.safe_load(test_by_hand.BRANCH)),
    "terraform": ("a.tfstate", test_terraform.STATE),
    "terraform azure": ("a.tfstate", json.loads(test_terraform_azure.state(test_terraform_azure.RESOURCES))),
}


@pytest.fixture(scope="module")
def base() -> Iterator[FactBase]:
    with open_base(*own_packs()) as opened:
        yield opened


class Own:
    """An object of ours."""

    def told(self, name: str) -> str:
        return name


MISTAKES: dict[str, Callable[[Any], object]] = {
    "an argument left out": lambda own: own.told(),
    "an argument too many": lambda own: own.told("a", "b"),
    "an argument that is not there": lambda own: own.told(nam="a"),
    "an argument of a builtin left out": lambda _: {}.get(),  # type: ignore[call-overload]
    "an attribute that is not there": lambda own: own.tld,
    "an attribute of a module that is not there": lambda _: json.lods,  # type: ignore[attr-defined]
    "an object that is no mapping": lambda own: own["name"],
    "an object that is no list": lambda own: list(own),
    "an object that is not one of two": lambda own: [a for a, _ in [own]],
    "a sum with an object": lambda own: 1 + own,
    "a call of what is no function": lambda _: json.loads("null")(),
    "a name that is not there": lambda _: nowhere,  # type: ignore[name-defined] # noqa: F821
}
SHAPES: dict[str, Callable[[Any], object]] = {
    "a text for a mapping": lambda _: json.loads('"x"')["name"],
    "nothing for a mapping": lambda _: json.loads("null")["name"],
    "a list for a mapping": lambda _: json.loads("[]").get("name"),
    "a list as a key": lambda _: {}[json.loads("[]")],
    "a number for a list": lambda _: list(json.loads("7")),
    "a number for a pair": lambda _: [a for a, _ in json.loads("[7]")],
    "a number in a text": lambda _: "x" in json.loads("7"),
    "nothing for a number": lambda _: int(json.loads("null")),
    "a text and a number": lambda _: json.loads('"x"') < json.loads("7"),
    "a number among texts": lambda _: ".".join(json.loads('["x", 7]')),
    "a missing key": lambda _: json.loads("{}")["name"],
    "a word for a number": lambda _: int(json.loads('"x"')),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_of_ours_is_no_broken_record(base: FactBase, mistake: Callable[[Any], object]) -> None:
    sink = Sink(base, "a.json", "own")
    with pytest.raises((TypeError, AttributeError, NameError)), sink.tolerate(1):
        mistake(Own())
    assert sink.reading.passed_over == 0


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_value_of_another_shape_breaks_its_record(base: FactBase, shape: Callable[[Any], object]) -> None:
    sink = Sink(base, "a.json", "own")
    with sink.tolerate(3):
        shape(Own())
    assert [b.place for b in sink.reading.broken] == [3]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_any_value_may_have_another_shape(name: str, base: FactBase, tmp_path: Path) -> None:
    file, document = DOCUMENTS[name]
    path = tmp_path / file
    for odd in ODD:
        at, left = 0, -1
        while left < 0:
            changed, left = replaced(document, at, odd)
            path.write_text(json.dumps(changed))
            try:
                read(path, base, name.partition(" ")[0])
            except UsageError as error:
                assert "\n" not in str(error)
            at += 1
    assert at > 10
