"""A report of hundreds of findings: grouped by kind, and not longer than a person's patience."""

import re
from dataclasses import replace

import pytest

from mithridate.model.run import RunReport
from mithridate.report.html import HtmlWriter

FINDINGS, FACTS = 400, 60


@pytest.fixture
def long_report(web_report: RunReport) -> RunReport:
    fact, *proved = sorted(web_report.findings, key=lambda f: f.status.value)
    many = [replace(proved[i % len(proved)], id=f"M-{i:010x}") for i in range(FINDINGS)]
    last = replace(proved[0], id="M-rare", title="XPath injection in look", severity=replace(proved[0].severity, cvss=1.0))
    facts = [replace(fact, id=f"M-f{i:09x}") for i in range(FACTS)]
    return replace(web_report, findings=(*many, last, *facts))


def groups(section: str) -> list[tuple[str, int]]:
    """The name of each group and how many entries it has."""
    found = re.findall(r'<details class="group".*?<summary>(.*?)</summary>(.*?)\n  </details>\n', section, re.DOTALL)
    return [(re.findall("<b>([^<]*)</b>", head)[-1], len(re.findall("<li data-finding|<article", body))) for head, body in found]


def test_findings_and_facts_are_grouped_by_kind(long_report: RunReport) -> None:
    findings, _, facts = HtmlWriter().render(long_report).partition('<section id="facts"')
    told = groups(findings.partition("<article")[0])
    assert [name for name, _ in told] == [
        "SQL injection",
        "Shell command injection",
        "Template injection",
        "XPath injection",
    ]
    assert sum(count for _, count in told) == FINDINGS + 1
    assert groups(facts) == [("Weak hash", FACTS)]


def test_every_finding_keeps_its_evidence_and_only_the_first_of_a_kind_what_repeats(long_report: RunReport) -> None:
    cards = re.findall('<article class="card.*?</article>', HtmlWriter().render(long_report), re.DOTALL)
    assert len(cards) == FINDINGS + 1
    assert all("10 of 10" in card and "mithridate prove" in card and "CVSS:4.0/" in card for card in cards)
    full = [i for i, card in enumerate(cards) if 'class="metrics"' in card]
    assert len(full) < FINDINGS / 4
    assert len(cards) - 1 in full, "the only one of its kind"
    assert all("results.json" in card for i, card in enumerate(cards) if i not in full)


def test_four_hundred_findings_are_a_few_megabytes_at_most(long_report: RunReport) -> None:
    assert len(HtmlWriter().render(long_report).encode()) < 3_000_000


def test_a_short_report_needs_no_groups(web_report: RunReport) -> None:
    page = HtmlWriter().render(web_report)
    assert 'class="group"' not in page
    assert len(re.findall('class="metrics"', page)) == 3
