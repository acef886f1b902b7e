"""What doors with an observer bring, in every format."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from mithridate.model.run import RunReport
from mithridate.report import words
from mithridate.report.html import HtmlWriter
from mithridate.report.json_v1 import JsonWriter
from mithridate.report.markdown import MarkdownWriter
from mithridate.report.registry import writers
from mithridate.report.sarif import SarifWriter
from mithridate.report.terminal import print_summary

SCHEMA = Path(__file__).parents[2] / "docs/schema/results-v1.schema.json"
LINE = "name=mkax'+OR+'1%3Cb%3Emkz&next=/"


def test_results_are_valid_and_carry_request_and_test(web_report: RunReport) -> None:
    made = json.loads(JsonWriter().render(web_report))
    assert [e.message for e in Draft202012Validator(json.loads(SCHEMA.read_text())).iter_errors(made)] == []
    by_title = {f["title"]: f["proofs"][0] for f in made["findings"]}
    assert by_title["SQL injection in login"]["request"].endswith(LINE)
    assert "from shop.app import app" in by_title["SQL injection in login"]["test"]
    assert by_title["Template injection in render"]["request"].splitlines()[1] == "Page(1).render('mka{7}mkz')"
    assert by_title["Shell command injection in main"]["request"].splitlines()[0] == "$ PROGRAM -o 'mka; idmkz'"


def test_bytes_have_neither_request_nor_test(report: RunReport) -> None:
    proofs = [p for f in json.loads(JsonWriter().render(report))["findings"] for p in f["proofs"]]
    assert {(p["request"], p["test"]) for p in proofs} == {(None, None)}


def test_an_observed_fact_is_last_and_not_counted_whatever_it_scores(web_report: RunReport) -> None:
    made = json.loads(JsonWriter().render(web_report))
    assert [f["status"] for f in made["findings"]] == ["proved", "proved", "proved", "observed"]
    assert sum(words.ratings_count(web_report).values()) == 3
    assert words.replays_total(web_report) == (30, 30)


def test_the_tier_is_told_for_what_it_was_measured_on(web_report: RunReport) -> None:
    made = {f["title"]: f["control"]["meaning"] for f in json.loads(JsonWriter().render(web_report))["findings"]}
    assert "structure" in made["SQL injection in login"]
    assert "nothing was steered" in made["Weak hash in token"]
    assert "Controlled structure" in HtmlWriter().render(web_report)
    assert "10 runs with different marks" in MarkdownWriter().render(web_report)


def test_sarif_marks_facts_as_notes_and_shows_the_request(web_report: RunReport) -> None:
    (run,) = json.loads(SarifWriter().render(web_report))["runs"]
    levels = {r["properties"]["id"]: r["level"] for r in run["results"]}
    assert levels.pop("M-4444444444") == "note"
    assert set(levels.values()) == {"error"}
    rules = {r["id"]: r["defaultConfiguration"]["level"] for r in run["tool"]["driver"]["rules"]}
    assert (rules["CWE-328"], rules["CWE-89"]) == ("note", "error")
    (sql,) = (r for r in run["results"] if r["ruleId"] == "CWE-89")
    assert LINE in sql["message"]["markdown"]
    assert LINE in sql["properties"]["request"]
    assert "def test_" in sql["properties"]["test"]


def test_markdown_shows_the_request_and_lists_facts_apart(web_report: RunReport) -> None:
    page = MarkdownWriter().render(web_report)
    assert "3 flaws proved" in page.splitlines()[0]
    findings, facts = page.split("## Observed facts")
    assert LINE in findings
    assert "**As a test** (pytest)" in findings
    assert "- form `name`: `mkax' OR '1<b>mkz`" in findings
    assert "Minimised input" not in page
    assert "Weak hash in token" not in findings
    assert "Weak hash in token" in facts


def test_html_shows_the_request_and_lists_facts_apart(web_report: RunReport) -> None:
    page = HtmlWriter().render(web_report)
    findings, _, facts = page.partition('<section id="facts"')
    assert "3 flaws proved" in findings
    assert "name=mkax&#39;+OR+&#39;1%3Cb%3Emkz" in findings
    assert findings.count('class="card ') == 3
    assert "Minimised input" not in findings
    assert "Weak hash in token" not in findings
    assert "Weak hash in token" in facts
    assert "<code>mkax&#39; OR &#39;1&lt;b&gt;mkz</code>" in findings


def test_the_terminal_lists_facts_apart(web_report: RunReport) -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    print_summary(web_report, console)
    told = console.export_text().splitlines()
    assert [line for line in told if line.startswith("observed")] == ["observed  Weak hash in token  shop/app.py:40"]
    assert "3 flaws proved, 30 of 30 replays fired" in told
    assert "1 observed fact, told apart from what is proved" in told


def test_facts_alone_prove_nothing(web_report: RunReport) -> None:
    only = replace(web_report, findings=web_report.observed)
    assert "Nothing proved" in HtmlWriter().render(only)
    assert "0 flaws proved" in MarkdownWriter().render(only)


@pytest.mark.parametrize("name", list(writers()))
def test_no_mark_and_no_half_document_reaches_a_reader(web_report: RunReport, name: str) -> None:
    cut = {blob: data[:40] for blob, data in web_report.inputs.items()}
    for run in (web_report, replace(web_report, inputs=cut)):
        made = writers()[name].render(run)
        assert "\ue000" not in made
        assert "U+E000" not in made
