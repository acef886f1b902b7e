"""Inputs of fuzz targets as bytes and as documents, and when Atheris searches them."""

import json
from pathlib import Path

import pytest

from mithridate.hunt.engines.atheris import AtherisEngine
from mithridate.hunt.engines.harness import as_bytes, as_document, kept
from mithridate.hunt.engines.octets import OctetsEngine
from mithridate.model.entry import Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.project import Flavour


def entry(directory: Path, *, atheris: bool) -> EntryPoint:
    (directory / "build/.mithridate").mkdir(parents=True)
    door = {"kind": "target", "targets": ["fuzz:TestOneInput"], "of": "atheris"}
    (directory / "build/.mithridate/door-1.json").write_text(json.dumps(door))
    if atheris:
        (directory / "build/engines/atheris").mkdir(parents=True)
    binary = Binary(flavour=Flavour.PLAIN, directory=directory, path="/build/.mithridate/door-1.json", in_process=False)
    return EntryPoint(
        id="p/fuzz:TestOneInput (target)",
        component="p",
        language="python",
        name="fuzz:TestOneInput (target)",
        kind=EntryKind.HARNESS,
        boundary=Boundary.REAL,
        arguments=(),
        suffix=".json",
        binaries=(binary,),
    )


@pytest.mark.parametrize("data", [b"", bytes(range(256)), b"\xee\x80\x80 no mark"])
def test_an_input_survives_as_a_document(data: bytes) -> None:
    made = as_document("fuzz:TestOneInput", data)
    assert as_bytes(made) == ("fuzz:TestOneInput", data)
    assert len(json.loads(made)["control"]) == 4


def test_of_a_corpus_only_inputs_of_the_target_are_taken(tmp_path: Path) -> None:
    for number, data in enumerate((as_document("a:f", b"1"), as_document("b:f", b"2"), b"{}", b"\xff", as_document("a:f", b"1"))):
        (tmp_path / str(number)).write_bytes(data)
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert kept([tmp_path], "a:f") == [b"1"]


def test_without_atheris_the_reason_is_told_and_octets_searches(tmp_path: Path) -> None:
    without, with_it = entry(tmp_path / "without", atheris=False), entry(tmp_path / "with", atheris=True)
    refusal = AtherisEngine().accepts(without)
    assert refusal is not None and "no Atheris" in refusal.reason
    assert AtherisEngine().accepts(with_it) is None
    assert OctetsEngine().accepts(without) is None and OctetsEngine().accepts(with_it) is None
