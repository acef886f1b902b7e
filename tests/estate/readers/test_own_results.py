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
TIERS = {5: [("code", 1)], 4: [("code", 2)], 3: [("read", 2)], 2: [], 1: []}
PROOFS: list[tuple[object, str]] = [
    ([{"bundle": "proofs/a.proof", "input": "ab12"}, {"bundle": "proofs/b.proof"}], "proofs/a.proof"),
    ([{"bundle": "", "input": "ab12"}], "ab12"),
    ([{"bundle": 3}], ""),
    ([], ""),
    ("none", ""),
]


def test_each_is_told_with_what_was_measured_and_no_more(tmp_path: Path) -> None:
    """Every tier, every way to name a proof, every sort of patch."""
    patches: list[object] = [{"status": "plausible"}, {"status": 3}, "x", None, {}]
    given = [
        finding(tier, id=f"M-{tier}", proofs=proofs, patch=patch)
        for tier, (proofs, _), patch in zip(TIERS, PROOFS, patches, strict=True)
    ]
    found = told(tmp_path, results(*given))
    for (tier, gives), (_, shown) in zip(TIERS.items(), PROOFS, strict=True):
        flaw = f"vulnerability:Parcel M-{tier}: Flaw"
        about = {fact for fact in found.told if flaw in fact}
        assert about >= {f"finding({flaw}, parcel)", f"control({flaw}, {tier})"}
        wanted = {text for what, cost in gives for text in (f"proved({flaw}, remote, {what})", f"exploit({flaw}, {cost})")}
        assert {fact for fact in about if fact.startswith(("proved(", "exploit("))} == wanted
        assert f"proof_of({flaw}, {shown or found.readings[0].source})" in about
        assert [fact for fact in about if fact.startswith("patch_of(")] == [f"patch_of({flaw}, plausible)"] * (tier == 5)


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
