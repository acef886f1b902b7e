"""Our own results as facts of an estate: what is proved, how, and what it gives."""

import json
from pathlib import Path
from typing import Any

import pytest

from mithridate.model.errors import UsageError
from tests.estate.readers.reading import Read, read


def results(*findings: dict[str, Any], **given: Any) -> dict[str, Any]:
    return {"version": 1, "run": "r", "project": {"name": "Parcel"}, "findings": list(findings), **given}


def finding(tier: int = 5, **given: Any) -> dict[str, Any]:
    return {"id": "M-1", "title": "Flaw", "status": "proved", "control": {"tier": tier}, "patch": None, **given}


def told(tmp_path: Path, document: object, reader: str | None = "mithridate") -> Read:
    (tmp_path / "results.json").write_text(json.dumps(document))
    return read([tmp_path / "results.json"], reader=reader)


FLAW = "vulnerability:Parcel M-1: Flaw"


@pytest.mark.parametrize(
    ("tier", "gives"),
    [
        (5, {f"proved({FLAW}, remote, code)", f"exploit({FLAW}, 1)"}),
        (4, {f"proved({FLAW}, remote, code)", f"exploit({FLAW}, 2)"}),
        (3, {f"proved({FLAW}, remote, read)", f"exploit({FLAW}, 2)"}),
        (2, set()),
        (1, set()),
    ],
)
def test_a_tier_gives_what_was_measured_and_no_more(tier: int, gives: set[str], tmp_path: Path) -> None:
    found = told(tmp_path, results(finding(tier)))
    assert {f for f in found.told if f.startswith(("proved(", "exploit("))} == gives
    assert {f"finding({FLAW}, parcel)", f"control({FLAW}, {tier})"} <= found.told


@pytest.mark.parametrize(
    ("proofs", "shown"),
    [
        ([{"bundle": "proofs/a.proof", "input": "ab12"}, {"bundle": "proofs/b.proof"}], "proofs/a.proof"),
        ([{"bundle": "", "input": "ab12"}], "ab12"),
        ([{"bundle": 3}], ""),
        ([], ""),
        ("none", ""),
    ],
)
def test_what_proves_it_is_its_bundle_or_what_there_is(proofs: object, shown: str, tmp_path: Path) -> None:
    found = told(tmp_path, results(finding(proofs=proofs)))
    (proof,) = [f for f in found.told if f.startswith("proof_of(")]
    assert proof == f"proof_of({FLAW}, {shown or found.readings[0].source})"


@pytest.mark.parametrize(("patch", "known"), [({"status": "plausible"}, True), ({"status": 3}, False), ("x", False)])
def test_a_patch_is_told_with_its_status(patch: object, known: bool, tmp_path: Path) -> None:
    found = told(tmp_path, results(finding(patch=patch)))
    assert (f"patch_of({FLAW}, plausible)" in found.told) is known


def test_what_is_broken_costs_no_other_its_turn(tmp_path: Path) -> None:
    found = told(tmp_path, results({"id": "M-0"}, finding(control={}), finding(status="observed", id="M-9"), finding()))
    assert [place for place, _ in found.broken] == [1, 2] and f"finding({FLAW}, parcel)" in found.told
    assert not any("M-9" in fact for fact in found.told)
    assert found.readings[0].records == 1, "an observed or broken one is no record"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": 2}, "is no results.json of version 1"),
        ({"project": {"name": ""}}, "names no project"),
        ({"project": {"name": 3}}, "names no project"),
        ({"project": {}}, "names no project"),
    ],
)
def test_another_document_is_refused(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        told(tmp_path, results(finding(), **changes))


def test_it_is_recognised_by_how_it_begins_and_by_its_name(tmp_path: Path) -> None:
    assert told(tmp_path, results(finding()), None).readings[0].records == 1
    for name, document in (("results.json", {"run": "r", "version": 1}), ("results.txt", results(finding()))):
        path = tmp_path / "other" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(document))
        with pytest.raises(UsageError, match="no reader recognises"):
            read([path])
