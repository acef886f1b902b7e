from pathlib import Path
from typing import Any

import pytest
from bench.cases.score import Weakness, as_json, score, table
from bench.cases.truth import Case, Place, Truth, families

TRUTH = Truth(id="t", cwe=(190,), places=(Place(file="src/a.c", function="grow", line=10, end=12),))
CASE = Case(id="c", kind="k", vulnerable=Path("v"), fixed=Path("f"), truths=(TRUTH,))


def finding(cwe: int = 190, function: str = "grow", file: str = "src/a.c", line: int = 11, **more: Any) -> dict[str, Any]:
    return {
        "id": "F1",
        "title": "a title",
        "status": "proved",
        "cwe": cwe,
        "location": {"file": file, "line": line, "function": function},
        "proofs": [{"found_s": 7.5, "bundle": "proofs/F1.proof"}],
    } | more


def scored(
    *found: dict[str, Any], fixed: list[dict[str, Any]] | None = None, silent: bool | None = True, case: Case = CASE
) -> Any:
    return score(case, {"findings": list(found)}, {"findings": fixed or []}, {"F1": silent})


def test_a_finding_at_the_place_of_the_family_and_silent_on_the_twin_is_the_flaw() -> None:
    outcome = scored(finding())
    assert outcome.found() == outcome.found(strict=True) == ["t"]
    assert outcome.seconds == 7.5


def test_a_proof_that_fires_on_the_fixed_twin_is_not_the_flaw() -> None:
    assert scored(finding(), silent=False).found() == []


def test_without_a_replay_the_same_finding_on_the_fixed_twin_disqualifies() -> None:
    assert scored(finding(), fixed=[finding(line=40)], silent=None).found() == []
    assert scored(finding(), fixed=[finding(function="other")], silent=None).found() == ["t"]


def test_a_place_on_the_stack_counts_but_not_as_the_very_place() -> None:
    frames = [{"file": "src/b.c", "line": 1, "function": "copy"}, {"file": "src/a.c", "line": 11, "function": "grow"}]
    outcome = scored(finding(file="src/b.c", function="copy", line=1, stack=frames))
    assert (outcome.found(), outcome.found(strict=True)) == (["t"], [])


def test_what_a_sanitizer_sees_of_the_flaw_counts_but_not_strictly() -> None:
    outcome = scored(finding(cwe=122))
    assert (outcome.found(), outcome.found(strict=True)) == (["t"], [])
    assert outcome.matches[0].weakness is Weakness.CONSEQUENCE


def test_another_weakness_or_another_place_is_unmatched() -> None:
    assert scored(finding(cwe=476)).found() == []
    elsewhere = scored(finding(file="src/z.c", function="z"))
    assert elsewhere.found() == []
    assert elsewhere.new == ("F1",)


def test_leads_and_observed_facts_are_no_findings() -> None:
    assert scored(finding(status="observed")).findings == 0


@pytest.mark.parametrize(("cwe", "family"), [(787, "bounds"), (416, "lifetime"), (369, "division"), (674, "resources")])
def test_cwes_belong_to_families(cwe: int, family: str) -> None:
    assert family in families([cwe])


def test_a_case_without_published_places_counts_only_by_its_family() -> None:
    case = Case(id="c", kind="k", vulnerable=Path("v"), fixed=None, truths=(Truth(id="t", cwe=(617,), places=()),))
    assert scored(finding(cwe=617, file="x.c", function="f"), case=case).found() == ["t"]
    assert scored(finding(cwe=122, file="x.c", function="f"), case=case).found() == []


def test_the_table_has_a_line_for_each_case_and_a_sum() -> None:
    text = table([as_json(scored(finding())) | {"remark": ""}])
    assert "| c | yes | yes | 8 | 1 | 0 | 0 |" in text
    assert "1 of 1 cases" in text
