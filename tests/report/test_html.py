import base64
import hashlib
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from importlib.resources import files
from types import ModuleType

import pytest

from mithridate.model.run import RunReport
from mithridate.report.html import HtmlWriter
from mithridate.report.visible import visible

VOID = {"meta", "input", "br", "rect", "circle", "path"}
RAW = {"script", "style"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parent: "Element | None"
    text: list[str] = field(default_factory=list)

    def inside(self, css_class: str) -> bool:
        at: Element | None = self
        while at is not None:
            if css_class in at.attributes.get("class", "").split():
                return True
            at = at.parent
        return False


class Page(HTMLParser):
    """The elements of a page with their own text, as a browser's parser sees them; fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {k: v or "" for k, v in attrs}, self._open[-1] if self._open else None)
        self.elements.append(made)
        if tag not in VOID:
            self._open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {k: v or "" for k, v in attrs}, self._open[-1] if self._open else None))

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1].tag == tag, f"</{tag}> closes {self._open[-1].tag if self._open else 'nothing'}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def all(self, tag: str = "", css_class: str = "") -> list[Element]:
        return [
            e
            for e in self.elements
            if (not tag or e.tag == tag) and (not css_class or css_class in e.attributes.get("class", "").split())
        ]

    @property
    def text(self) -> str:
        return "".join(next(e for e in self.elements if e.tag == "body").text)


@pytest.fixture
def page(report: RunReport) -> Page:
    return Page(HtmlWriter().render(report))


def asset(name: str) -> str:
    return (files("mithridate.report") / "templates" / name).read_text(encoding="utf-8")


def test_only_our_own_script_and_style_are_there(page: Page) -> None:
    assert ["".join(e.text) for e in page.all("script")] == [asset("report.js")]
    assert ["".join(e.text) for e in page.all("style")] == [asset("report.css")]


def test_no_element_carries_a_handler_a_style_or_something_to_load(page: Page) -> None:
    for element in page.elements:
        for name in element.attributes:
            assert not name.startswith("on"), (element.tag, name)
            assert name not in {"style", "src", "srcset", "srcdoc", "data", "action", "formaction", "background", "ping"}, (
                element.tag,
                name,
            )
        assert element.tag not in {"img", "iframe", "object", "embed", "link", "base", "form", "video", "audio", "use", "image"}


def test_links_stay_in_the_page_or_go_to_the_weakness(page: Page) -> None:
    for link in page.all("a"):
        target = link.attributes["href"]
        assert target.startswith("#") or re.fullmatch(r"https://cwe\.mitre\.org/data/definitions/\d+\.html", target)


def test_nothing_in_style_or_script_reaches_out() -> None:
    for name in ("report.css", "report.js"):
        assert not re.search(
            r"https?:|url\(|@import|fetch\(|XMLHttpRequest|innerHTML|eval\(|WebSocket|sendBeacon", asset(name)
        ), name


def test_the_content_policy_allows_exactly_our_script_and_style(page: Page) -> None:
    metas = [e.attributes for e in page.all("meta") if e.attributes.get("http-equiv") == "Content-Security-Policy"]
    assert len(metas) == 1
    policy = dict(part.strip().split(" ", 1) for part in metas[0]["content"].split(";"))
    for directive, name in (("style-src", "report.css"), ("script-src", "report.js")):
        digest = base64.b64encode(hashlib.sha256(asset(name).encode()).digest()).decode()
        assert policy[directive] == f"'sha256-{digest}'"
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"


@pytest.mark.parametrize(
    "kind",
    ["script", "image", "attribute", "template", "markdown", "terminal", "bidi", "invisible", "bytes", "surrogate", "style"],
)
def test_every_hostile_string_is_shown_as_text(page: Page, sample: ModuleType, kind: str) -> None:
    assert visible(sample.HOSTILE[kind]) in page.text


def test_every_hostile_string_is_shown_in_the_source_excerpt_unbroken(page: Page, sample: ModuleType) -> None:
    shown = ["".join(e.text) for e in page.all("td", "text")]
    for text in sample.HOSTILE.values():
        if abs(list(sample.HOSTILE.values()).index(text) + 1 - 7) <= 9:
            assert any(line.startswith(f"int {visible(text)};") for line in shown)


def test_nothing_invisible_or_reordering_is_in_the_file(report: RunReport) -> None:
    text = HtmlWriter().render(report)
    assert all(c.isprintable() or c in "\n\t" for c in text)
    text.encode("utf-8")


def test_hidden_characters_are_set_apart_and_named(page: Page) -> None:
    titles = {"".join(e.text): e.attributes["title"] for e in page.all("span", "mark") if "title" in e.attributes}
    assert titles["‹U+202E›"] == "U+202E RIGHT-TO-LEFT OVERRIDE"
    assert titles["‹0xFF›"] == "byte 0xFF, not valid UTF-8"
    assert "‹ESC›" in titles


def test_counts_agree_with_the_run(page: Page, report: RunReport) -> None:
    assert len(page.all("article", "card")) == len(report.findings)
    assert "4 flaws proved" in page.text
    assert "50 of 50 replays fired" in page.text
    tiles = ["".join(e.text).split() for li in page.all("ul", "counts") for e in page.all("li") if e.parent is li]
    assert tiles == [["1", "critical"], ["1", "high"], ["2", "medium"], ["0", "low"]]
    assert len(page.all("tr")) >= len(report.entry_points)
    for skipped in report.skipped:
        assert visible(skipped.what) in page.text


def test_findings_are_ordered_by_severity(page: Page) -> None:
    assert [e.attributes["data-rating"] for e in page.all("article")] == ["critical", "high", "medium", "medium"]


def test_one_line_an_excerpt_is_marked_as_the_fault(page: Page) -> None:
    faults = ["".join(e.text) for e in page.all("tr", "fault")]
    assert len(faults) == 4
    assert any("memcpy(pixels, r->data + r->offset, length);" in f and "134" in f for f in faults)


def test_source_is_highlighted(page: Page) -> None:
    assert any("".join(e.text) == "return" for e in page.all("span", "k"))
    assert any("length comes from the file" in "".join(e.text) for e in page.all("span", "c"))


def test_system_frames_are_folded_and_project_frames_are_not(page: Page) -> None:
    shown = [e for e in page.all("code", "function") if "".join(e.text) == "read_chunk"]
    folded = [e for e in page.all("code", "function") if "".join(e.text) == "__libc_start_main_impl"]
    assert shown and not any(e.inside("folded") for e in shown)
    assert folded and all(e.inside("folded") for e in folded)


def test_a_deep_recursion_is_folded_in_the_middle(report: RunReport) -> None:
    finding = next(f for f in report.findings if f.cwe == 369)
    proof = finding.proofs[0]
    deep = replace(proof.violation, frames=proof.violation.frames[:1] * 250)
    page = Page(HtmlWriter().render(replace(report, findings=(replace(finding, proofs=(replace(proof, violation=deep),)),))))
    assert "235 more frames" in page.text
    assert sum(not e.inside("folded") for e in page.all("code", "function")) == 15


def test_the_card_has_dump_control_reasons_and_command(page: Page) -> None:
    assert any("50 49 58 56 01 00 02 00  02 00 ff 00 41 41 41 41" in "".join(e.text) for e in page.all("pre"))
    labels = {e.attributes.get("aria-label") for e in page.all("span", "meter")}
    assert "Control tier 4 of 5: Controlled write" in labels
    assert "mithridate prove proofs/heap-buffer-overflow-" in page.text
    assert "Attack vector" in page.text
    assert "The program reads a file on the machine it runs on" in page.text
    assert "silent, as it must be" in page.text


def test_a_negative_control_that_fired_is_not_hidden(report: RunReport) -> None:
    finding = report.findings[0]
    proof = finding.proofs[0]
    fired = replace(proof, controls=(replace(proof.controls[0], fired=True),))
    page = Page(HtmlWriter().render(replace(report, findings=(replace(finding, proofs=(fired,)),))))
    assert any("fired as well" in "".join(e.text) for e in page.all("li", "fired"))


def test_a_flaky_candidate_is_listed_apart_with_its_rate(page: Page) -> None:
    rates = [e for e in page.all("b", "rate") if "".join(e.text) == "7 of 10"]
    assert len(rates) == 1
    assert not rates[0].inside("card")


def test_a_run_that_proved_nothing_claims_nothing(empty_report: RunReport) -> None:
    text = Page(HtmlWriter().render(empty_report)).text
    assert "Nothing proved" in text
    assert "not a statement that the code is free of flaws" in text


def test_a_line_of_a_megabyte_is_cut(report: RunReport) -> None:
    huge = replace(report, sources={"src/chunk.c": {134: "x" * 1_000_000}})
    text = HtmlWriter().render(huge)
    assert len(text) < 200_000
    assert "999600 more characters" in Page(text).text


def test_ids_are_unique_and_references_lead_somewhere(page: Page) -> None:
    ids = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    for element in page.elements:
        for name in ("aria-labelledby", "href"):
            target = element.attributes.get(name, "").removeprefix("#")
            if target and not target.startswith("https:"):
                assert target in ids


def test_the_same_run_gives_the_same_bytes(sample: ModuleType) -> None:
    assert HtmlWriter().render(sample.report()) == HtmlWriter().render(sample.report())


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_has_the_contrast_that_wcag_asks_for_in_both_schemes() -> None:
    """WCAG 2.2, success criterion 1.4.3: 4.5 to 1."""
    pairs = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}, #\w{6})\)", asset("report.css")))
    grounds = ("paper", "card", "sunk")
    inks = ("ink", "muted", "accent", "critical", "high", "medium", "low", "none", *(n for n in pairs if n.startswith("code-")))
    checks = [(ink, ground) for ink in inks for ground in grounds]
    checks += [(ink, "fault") for ink in pairs if ink.startswith("code-") or ink in ("ink", "fault-edge")]
    checks += [("mark-ink", "mark"), ("muted", "accent-soft"), ("ink", "accent-soft")]
    for ink, ground in checks:
        for scheme in (0, 1):
            dark, light = sorted(luminance(pairs[name].split(", ")[scheme]) for name in (ink, ground))
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground, ("light", "dark")[scheme])
