from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from types import ModuleType

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mithridate.model.run import RunReport
from mithridate.report import markdown
from mithridate.report.markdown import MarkdownWriter

ALLOWED = {
    "heading", "paragraph", "inline", "text", "text_special", "code_inline", "fence", "strong", "softbreak",
    "table", "thead", "tbody", "tr", "th", "td", "bullet_list", "list_item",
}  # fmt: skip
"""What we write. A link, an image, HTML, emphasis or an ordered list would be the project's doing."""


def tokens(text: str) -> list[Token]:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text)


def flat(parsed: list[Token]) -> Iterator[Token]:
    for token in parsed:
        yield token
        yield from flat(token.children or [])


def kinds(text: str) -> set[str]:
    return {t.type.removesuffix("_open").removesuffix("_close") for t in flat(tokens(text))}


def headings(text: str) -> list[str]:
    parsed = tokens(text)
    return [after.content for token, after in pairwise(parsed) if token.type == "heading_open"]


def test_a_hostile_project_makes_no_markup(report: RunReport) -> None:
    assert kinds(MarkdownWriter().render(report)) <= ALLOWED


@pytest.mark.parametrize("made", [markdown.plain, markdown.prose, markdown.code])
def test_no_hostile_string_leaves_its_place(sample: ModuleType, made: object) -> None:
    assert callable(made)
    for name, text in sample.HOSTILE.items():
        for written in (made(text), f"| {made(text)} | b |\n|---|---|\n| {made(text)} | d |"):
            assert kinds(written) <= {
                "paragraph",
                "inline",
                "text",
                "text_special",
                "code_inline",
                "table",
                "thead",
                "tbody",
                "tr",
                "th",
                "td",
            }, name
        table = tokens(f"| a | b |\n|---|---|\n| {made(text)} | d |")
        assert sum(t.type == "td_open" for t in table) == 2, name


def test_a_code_block_cannot_be_closed_from_inside() -> None:
    written = "\n".join(markdown.fenced(["```", "````", "<b>x</b>"]))
    parsed = tokens(written)
    assert [t.type for t in parsed] == ["fence"]
    assert parsed[0].content == "```\n````\n<b>x</b>\n"


def test_every_finding_has_a_section_gravest_first(report: RunReport) -> None:
    found = [h for h in headings(MarkdownWriter().render(report)) if h[0].isdigit()]
    assert len(found) == len(report.findings)
    assert "Heap buffer overflow" in found[0]
    assert "Division by zero" in found[-1]


def test_ordinary_prose_stays_readable() -> None:
    told = "When `pixview` reads, read_chunk (src/chunk.c:134) writes 4 bytes."
    assert markdown.prose(told) == told


def test_the_page_leads_to_the_proof_and_marks_the_fault(report: RunReport) -> None:
    page = MarkdownWriter().render(report)
    assert "mithridate prove proofs/heap-buffer-overflow-" in page
    assert ">   134  \tmemcpy(pixels" in page
    assert "50 49 58 56" in page
    assert "50 of 50 replays fired" in page


def test_flaky_candidates_and_skipped_parts_are_listed_apart(report: RunReport) -> None:
    page = MarkdownWriter().render(report)
    assert "7 of 10: null-dereference" in page
    assert "contrib/python-bindings" in page


def test_a_run_that_proved_nothing_claims_nothing(empty_report: RunReport) -> None:
    page = MarkdownWriter().render(empty_report)
    assert "0 flaws proved" in page
    assert "not a statement that the code is free of flaws" in page


def test_nothing_invisible_reaches_the_page(report: RunReport) -> None:
    page = MarkdownWriter().render(report)
    assert all(c.isprintable() or c in "\n\t" for c in page)


def test_the_same_run_gives_the_same_bytes(sample: ModuleType) -> None:
    assert MarkdownWriter().render(sample.report()) == MarkdownWriter().render(sample.report())


def test_a_long_stack_is_cut_and_says_so(report: RunReport) -> None:
    finding = report.findings[0]
    proof = finding.proofs[0]
    deep = replace(proof.violation, frames=proof.violation.frames[:1] * 300)
    page = MarkdownWriter().render(replace(report, findings=(replace(finding, proofs=(replace(proof, violation=deep),)),)))
    assert "… 280 more frames" in page
