import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.report.estate.answers import HOSTILE, answer, hostile

from mithridate.report.estate import explorer, library

FAKE = "var cytoscape;"
ROOT = Path(__file__).parents[3]


class Page(HTMLParser):
    """Tags with their attributes, scripts with their text, and the text of the page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[tuple[dict[str, str], str]] = []
        self.shown = ""
        self._in: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {k: v or "" for k, v in attrs}))
        if tag in ("script", "style"):
            self._in = tag
            self.scripts.append((self.tags[-1][1], ""))

    def handle_endtag(self, tag: str) -> None:
        self._in = None if tag == self._in else self._in

    def handle_data(self, data: str) -> None:
        if self._in:
            self.scripts[-1] = self.scripts[-1][0], self.scripts[-1][1] + data
        else:
            self.shown += data

    @property
    def data(self) -> dict[str, object]:
        read: dict[str, object] = json.loads(next(text for attributes, text in self.scripts if attributes.get("id") == "estate"))
        return read


def page(made: object = None, graph_library: str = FAKE) -> Page:
    return Page(explorer.render(made or answer(), graph_library=graph_library))  # type: ignore[arg-type]


def test_the_page_tells_goals_paths_cut_changes_and_sources_without_script() -> None:
    shown = page().shown
    for told in (
        "1 of 3 goals can be reached, 1 more only by unknown flaws",
        "host:web keeps the key of account:svc-app: the attacker reads it.",
        "inferred in hosts.csv:17",
        "T1552.004",
        "No cheaper set exists.",
        "Forbid zone:dmz to reach zone:lan on tcp 1 to 65535",
        "a port that is no number: 'http'",
        "unknown_flaw(host:hsm)",
    ):
        assert told in shown


def test_nothing_is_loaded_and_nothing_carries_a_handler_or_a_style() -> None:
    for tag, attributes in page(hostile()).tags:
        assert tag not in {"img", "iframe", "object", "embed", "link", "base", "form", "video", "audio", "use", "image"}
        for name in attributes:
            assert not name.startswith("on") and name not in {"style", "src", "srcset", "action", "data", "background"}, (
                tag,
                name,
            )
        assert attributes.get("href", "#").startswith("#")


def test_our_scripts_ask_nobody_and_make_no_markup() -> None:
    text = explorer.script_text()
    assert not re.search(
        r"https?:|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|fetch\(|XMLHttpRequest|import\(", text
    )
    style = (files("mithridate.report.estate") / "web" / "explorer.css").read_text("utf-8")
    assert not re.search(r"https?:|url\(|@import", style)


def test_the_policy_names_the_hashes_of_exactly_what_the_page_holds() -> None:
    made = page()
    policy = next(a["content"] for t, a in made.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == "'none'"
    texts = [text for attributes, text in made.scripts if attributes.get("type") != "application/json"]
    hashes = set(re.findall(r"'sha256-[^']+'", rules["style-src"] + rules["script-src"]))
    assert hashes == {explorer._hashes((t,)) for t in texts}
    assert not re.search(r"unsafe|\*|http", policy)


def test_hostile_names_stay_text() -> None:
    made = page(hostile())
    assert sum(t == "script" for t, _ in made.tags) == 3
    assert HOSTILE["script"] in made.shown
    assert "\u202e" not in made.shown
    assert "‹U+202E›" in made.shown
    assert "x" * 700 not in made.shown


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(categories=None), max_size=40), st.sampled_from(["", "</script>", "<!--", "]]>", "&lt;", "\u2028"]))
def test_no_name_leaves_the_place_that_it_is_put_in(name: str, tail: str) -> None:
    drawn = answer().graph
    atoms = (replace(drawn.atoms[0], text=name + tail, node=name + tail), *drawn.atoms[1:])
    made = page(replace(answer(), starts=(name + tail,), graph=replace(drawn, atoms=atoms)))
    assert [t for t, _ in made.tags if t != "span"] == TAGS  # a character that cannot be shown becomes a span
    assert len(made.data["ways"]) == len(drawn.instances)  # type: ignore[arg-type]


TAGS = [t for t, _ in page().tags if t != "span"]


def test_without_the_library_the_page_says_what_is_missing_and_how_to_get_it() -> None:
    text = explorer.render(answer(), graph_library="")
    assert "The graph library was not there when this page was made" in text
    assert "Cytoscape.js 3" not in text
    assert sum(t == "script" for t, _ in Page(text).tags) == 2


def test_a_library_that_is_not_there_is_no_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(library, "files", lambda package: tmp_path)
    assert library.library() is None
    vendor = tmp_path / "web" / "vendor"
    vendor.mkdir(parents=True)
    (vendor / "cytoscape.min.js").write_text("var a = 1;")
    assert library.library() == "var a = 1;"
    (vendor / "cytoscape.min.js").write_text("var a = '</SCRIPT>';")
    assert library.library() is None


def test_the_library_is_not_part_of_the_source_and_its_version_is_the_one_that_setup_pins() -> None:
    script = (ROOT / "scripts" / "fetch-web.sh").read_text("utf-8")
    assert f"version={library.VERSION}\n" in script
    assert "/src/mithridate/report/estate/web/vendor/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


def test_the_same_answer_gives_the_same_bytes() -> None:
    assert explorer.render(answer(), graph_library=FAKE) == explorer.render(answer(), graph_library=FAKE)


def test_of_many_paths_every_goal_keeps_its_cheapest() -> None:
    goal = answer().goals[0]
    goals = tuple(replace(goal, node=f"host:{i:03}", paths=goal.paths * 3) for i in range(150))
    made = page(replace(answer(), goals=goals))
    told = [p["goal"] for p in made.data["paths"]]  # type: ignore[attr-defined]
    assert len(told) == 200
    assert len(set(told)) == 150
    assert "250 more paths in paths.json" in made.shown
