"""Fuzz targets and property tests behind the observer: the bytes they get, and what is told of exceptions that leave them."""

import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from mithridate.model.violation import ViolationKind
from mithridate.oracles.documents import judged
from tests.languages.python.observer.running import RUN, Batch, Record, batch, needs, tree

LIBRARY = """
class Refused(ValueError): ...
def parse(data):
    if data[:1] != b"A":
        raise Refused("no A")
    return data[1:][3]
def opened(data):
    return open("/proc/" + data.hex())
"""
FUZZ = """
import sys
import atheris
with atheris.instrument_imports():
    import library
@atheris.instrument_func
def TestOneInput(data):
    provider = atheris.FuzzedDataProvider(data)
    number = provider.ConsumeIntInRange(0, 5)
    rest = provider.ConsumeBytes(atheris.ALL_REMAINING)
    if number == 0:
        try:
            library.parse(rest)
        except library.Refused:
            return
    elif number == 1:
        rest[9999]
    elif number == 2:
        raise RuntimeError("round trip")
    elif number == 3:
        library.opened(rest)
    elif number == 4:
        assert rest == b"x", "claim"
atheris.Setup(sys.argv, TestOneInput)
atheris.Fuzz()
"""
PROPERTIES = """
import unittest
from hypothesis import given, strategies as st
class TestAll(unittest.TestCase):
    def setUp(self):
        self.most = 1
    @given(st.booleans())
    def test_few(self, found):
        self.assertLess(found, self.most)
"""
DOOR = {"kind": "target", "targets": ["fuzz:TestOneInput"], "import": "fuzz:TestOneInput"}
PROPERTY = "test_all:TestAll.test_few.hypothesis.fuzz_one_input"


def given(data: bytes, target: str = "fuzz:TestOneInput") -> Record:
    made = {"python": "bytes", "of": {"make": "bytes", "latin1": data.decode("latin-1")}}
    return {"call": {"target": target, "args": [made], "kwargs": {}}}


def document(*attack: bytes, control: tuple[bytes, ...] = (b"\x05",), target: str = "fuzz:TestOneInput") -> Record:
    return {"version": 1, "control": [given(d, target) for d in control], "attack": [given(d, target) for d in attack]}


def kinds(seen: Batch, documents: list[Record]) -> list[set[ViolationKind]]:
    found = judged(b"\n".join(seen.lines) + b"\n", [json.dumps(each).encode() for each in documents])
    return [{v.kind for v in found[number][0]} for number in range(len(documents))]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tree(tmp_path_factory.mktemp("targets") / "project", library=LIBRARY, fuzz=FUZZ, test_all=PROPERTIES)


def test_bytes_mean_what_they_mean_to_atheris() -> None:
    """The values are those that Atheris 3.0.0 gave for the same bytes and calls."""
    spec = spec_from_file_location("provider", RUN.parent / "mithridate_observer/targets/provider.py")
    assert spec is not None and spec.loader is not None
    module: Any = module_from_spec(spec)
    spec.loader.exec_module(module)
    for data, steps in json.loads(Path(__file__).with_name("provider.json").read_text()):
        provider = module.FuzzedDataProvider(bytes.fromhex(data))
        for name, arguments, value in steps:
            values = [list(range(a["range"])) if isinstance(a, dict) else a for a in arguments]
            assert repr(getattr(provider, name)(*values)) == value, (data, name, arguments)


def test_what_a_fuzz_target_lets_through_is_a_violation_and_what_it_catches_is_none(place: Path) -> None:
    documents = [document(b"Axx\x00"), document(b"B\x00"), document(b"Axxxxxx\x00")]
    assert kinds(batch(place, DOOR, documents), documents) == [{ViolationKind.UNCAUGHT_EXCEPTION}, set(), set()]


def test_a_mistake_of_the_target_itself_is_no_flaw_of_the_project_and_its_own_claims_are(place: Path) -> None:
    documents = [document(b"\x01"), document(b"\x02"), document(b"\x04"), document(b"x\x04")]
    expected = [set(), {ViolationKind.UNCAUGHT_EXCEPTION}, {ViolationKind.ASSERTION}, set()]
    assert kinds(batch(place, DOOR, documents), documents) == expected


def test_what_the_system_refuses_is_no_violation(place: Path) -> None:
    documents = [document(b"\x03")]
    seen = batch(place, DOOR, documents)
    assert seen.observed("error")[0]["detail"]["errno"] == "21" and kinds(seen, documents) == [set()]


def test_an_exception_that_every_harmless_input_ends_in_is_not_the_attacks(place: Path) -> None:
    documents = [document(b"Axx\x00", control=(b"Ay\x00", b"A\x00")), document(b"Axx\x00", control=(b"Ay\x00", b"\x05"))]
    assert kinds(batch(place, DOOR, documents), documents) == [set(), {ViolationKind.UNCAUGHT_EXCEPTION}]


def test_a_property_test_is_given_bytes_as_its_test_runner_would_set_it_up(place: Path) -> None:
    needs("hypothesis")
    documents = [document(b"\xff", control=(b"", b"\x00"), target=PROPERTY)]
    seen = batch(place, {**DOOR, "targets": [PROPERTY]}, documents)
    assert kinds(seen, documents) == [{ViolationKind.ASSERTION}], seen.answers()
    assert seen.observed("error")[0]["frames"][0]["function"] == "test_few"


def test_a_target_that_cannot_be_imported_leaves_the_others_of_its_door(place: Path) -> None:
    seen = batch(place, {**DOOR, "targets": ["fuzz:TestOneInput", "missing:TestOneInput"]}, [document(b"\x05")])
    assert seen.answer()["raised"] == ""
    alone = batch(place, {**DOOR, "targets": ["missing:TestOneInput"]}, [document(b"\x05")])
    assert "No module named 'missing'" in alone.records[0]["failed"]["why"]
