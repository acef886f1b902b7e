"""What the reports tell of findings behind others, and of what one patch silences together."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from mithridate.model.finding import ShadowPatch, Symptom
from mithridate.model.run import RunReport
from mithridate.report.html import HtmlWriter
from mithridate.report.json_v1 import JsonWriter
from mithridate.report.markdown import MarkdownWriter
from mithridate.report.sarif import SarifWriter

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "results-v1.schema.json"
HOSTILE = "Overflow in <b>f</b> | [x](javascript:1)"


@pytest.fixture
def deepened(report: RunReport) -> RunReport:
    """The first finding lies behind the second, which has a symptom."""
    first, second, *rest = report.findings
    shadow = ShadowPatch(behind=(second.proofs[0].signature,), diff="--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-a\n+b\n")
    deep = replace(first, behind=(second.id,), proofs=tuple(replace(p, shadow=shadow) for p in first.proofs))
    symptom = Symptom(id="M-0", title=HOSTILE, cwe=122, file="src/a.c", line=7, function="f", signatures=("s",))
    return replace(report, findings=(deep, replace(second, symptoms=(symptom,)), *rest))


def test_results_say_what_lies_behind_and_what_was_merged(deepened: RunReport) -> None:
    made = json.loads(JsonWriter().render(deepened))
    schema = json.loads(SCHEMA.read_text())
    assert [e.message for e in Draft202012Validator(schema).iter_errors(made)] == []
    by_id = {f["id"]: f for f in made["findings"]}
    deep, front = by_id[deepened.findings[0].id], by_id[deepened.findings[1].id]
    assert deep["behind"] == [front["id"]] and front["behind"] == []
    assert deep["proofs"][0]["shadow_patch"]["diff"].startswith("--- a/x.c")
    assert front["proofs"][0]["shadow_patch"] is None
    (symptom,) = front["symptoms"]
    assert symptom["id"] == "M-0" and symptom["location"] == {"file": "src/a.c", "line": 7, "function": "f"}


def test_people_read_what_else_the_patch_silences_and_nothing_acts_on_its_name(deepened: RunReport) -> None:
    page = MarkdownWriter().render(deepened)
    (line,) = [line for line in page.splitlines() if line.startswith("Also silenced by its patch")]
    assert "`src/a.c:7`" in line and "<b>" not in line and "x\\](javascript" in line
    shown = HtmlWriter().render(deepened)
    assert "Also silenced by its patch" in shown and "<b>f</b>" not in shown


def test_code_scanning_gets_it_as_properties(deepened: RunReport) -> None:
    results = json.loads(SarifWriter().render(deepened))["runs"][0]["results"]
    told = {r["properties"]["id"]: r["properties"] for r in results}
    assert told[deepened.findings[0].id]["behind"] == [deepened.findings[1].id]
    assert told[deepened.findings[1].id]["alsoSilenced"] and told[deepened.findings[0].id]["alsoSilenced"] == []
