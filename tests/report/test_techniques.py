"""What each engine and model found: each figure in its own column, and in its own words."""

import json
import re
from dataclasses import replace
from types import ModuleType

import pytest

from mithridate.model.run import EngineTally, ModelUse, RunReport
from mithridate.report.html import HtmlWriter
from mithridate.report.json_v1 import JsonWriter
from mithridate.report.markdown import MarkdownWriter


def tally(engine: str, cpu_s: float) -> EngineTally:
    return EngineTally(engine=engine, executions=1, cpu_s=cpu_s, candidates=1, covered=1)


@pytest.fixture
def told(sample: ModuleType) -> RunReport:
    """Two engines, and a model that found nothing; no two figures of one row are the same."""
    report: RunReport = sample.report(with_hostile=False)
    use = ModelUse(role="hunter", provider="p", outcomes={"answered": 1}, input_tokens=9, output_tokens=1, eur=0.75, seconds=1.0)
    ran = replace(report.entry_points[0], engines=(tally("afl++", 75.0), tally("libfuzzer", 7.0)))
    return replace(report, models=(use,), entry_points=(ran,))


def test_each_figure_stands_in_its_column(told: RunReport) -> None:
    page = MarkdownWriter().render(told).replace("\\", "")
    table = page[page.index("## What found it") :].split("\n\n")[1].splitlines()
    head, _, *rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table]
    assert head == ["Technique", "Findings", "Found by nothing else", "CPU time", "EUR at most"]
    assert rows == [
        ["afl++", "2", "1", "1 min 15 s", "0.0000"],
        ["libfuzzer", "2", "1", "7.0 s", "0.0000"],
        ["hunter", "0", "0", "0.0 s", "0.7500"],
    ]


def test_the_page_says_the_same(told: RunReport) -> None:
    page = HtmlWriter().render(told)
    section = page[page.index('<section id="techniques"') :].partition("</section>")[0]
    assert re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", section) == [
        ("afl++", "2 findings, 1 by nothing else; 1 min 15 s of CPU"),
        ("libfuzzer", "2 findings, 1 by nothing else; 7.0 s of CPU"),
        ("hunter", "0 findings, 0 by nothing else; EUR 0.7500 at most"),
    ]


def test_the_document_has_the_same_figures(told: RunReport) -> None:
    found = json.loads(JsonWriter().render(told))["cost"]["techniques"]
    assert found == [
        {"name": "afl++", "findings": 2, "alone": 1, "cpu_s": 75.0, "eur": 0.0},
        {"name": "libfuzzer", "findings": 2, "alone": 1, "cpu_s": 7.0, "eur": 0.0},
        {"name": "hunter", "findings": 0, "alone": 0, "cpu_s": 0.0, "eur": 0.75},
    ]
