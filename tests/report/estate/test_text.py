"""The answer in the terminal, as a page for the board and as an ATT&CK layer."""

import io
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console
from tests.report.estate.answers import CLOSE, PATCH, answer, hostile, unfound

from mithridate.model.estate import Answer, Cut, Identity, Matching, Merge
from mithridate.report.estate import explorer, markdown, navigator, terminal, words


def printed(made: Answer, **options: object) -> str:
    out = io.StringIO()
    terminal.print_answer(made, Console(file=out, width=100, **options))  # type: ignore[arg-type]
    return out.getvalue()


def test_a_pipe_gets_plain_lines_with_every_step_and_its_evidence() -> None:
    text = printed(answer())
    assert "\x1b" not in text
    assert text.splitlines()[:4] == [
        "1 of 3 goals can be reached, 1 more only by unknown flaws",
        "goal  can be reached  cost 8  data:payments",
        "goal  only by unknown flaws  cost 43  host:hsm",
        "goal  not reached  no path  host:backup",
    ]
    assert "  2. host:web keeps the key of account:svc-app: the attacker reads it. (cost 1) [T1552.004]" in text
    assert "     stores_key(host:web, account:svc-app): inferred in hosts.csv:17" in text
    assert "     unknown_flaw(host:hsm): assumed" in text
    assert "The cut: 1 action, cost 2, protects 1 goal: no path leads to it any more. No cheaper set exists." in text
    assert "  - Forbid zone:dmz to reach zone:lan on tcp 1 to 65535 (cost 3)" in text
    assert "web.nessus: 2 records passed over (web.nessus:77: a port that is no number: 'http')" in text


def test_a_terminal_gets_a_table_with_the_same() -> None:
    text = printed(answer(), force_terminal=True)
    assert "\x1b[" in text
    shown = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert re.search(r"State +Cost +Goal", shown)
    assert re.search(r"can be reached +8 +data:payments", shown)
    assert "goal  can be reached" not in shown


@pytest.mark.parametrize("terminal_", [False, True])
def test_the_terminal_never_acts_on_a_name(terminal_: bool) -> None:
    text = re.sub(r"\x1b\[[0-9;]*m", "", printed(hostile(), force_terminal=terminal_))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "‹U+202E›" in text
    assert "x" * 400 not in text


def test_many_goals_are_cut_short_with_their_number() -> None:
    many = tuple(replace(answer().goals[2], node=f"host:{i:02}") for i in range(50))
    text = printed(replace(answer(), goals=many))
    assert "None of 50 goals can be reached" in text
    assert "… 30 more goals, see the report" in text
    assert "host:49" not in text


def test_the_gap_of_a_cut_is_told() -> None:
    cut = Cut(goals=("a:b", "a:c"), actions=(PATCH, CLOSE), cost=5.0, lower_bound=4.0, uncut=("a:d",))
    assert words.cut_sentence(cut) == (
        "2 actions, cost 5, protect 2 goals: no path leads to them any more. "
        "No set costs less than 4; this one may be 20.0% dearer than need be."
    )
    assert "no action protects a:d" in printed(replace(answer(), cut=cut))
    assert words.cut_sentence(replace(cut, goals=(), actions=())) == "No known action protects these goals."
    assert words.cut_sentence(replace(cut, goals=(), actions=(), uncut=())) == "Nothing is reached, so there is nothing to cut."


def test_a_cut_that_was_not_found_is_told_as_that() -> None:
    said = "No cut was found in the time that was given; none costs less than 3."
    assert f"The cut: {said}" in printed(unfound())
    assert f"**To cut every path:** {said}" in markdown.render(unfound())
    assert said in explorer.render(unfound(), graph_library="")
    for text in (printed(unfound()), markdown.render(unfound())):
        assert not re.search(r"\b(inf|nan)\b", text, re.IGNORECASE)


def test_what_several_files_tell_together_is_told_with_its_places_and_cut_short() -> None:
    lines = printed(answer()).splitlines()
    at = lines.index("1 node goes by several names in the files, and counts once.")
    assert lines[at : at + 6] == [
        "1 node goes by several names in the files, and counts once.",
        "  - host:web is also host:192.0.2.7 (ip 192.0.2.7); seen in scan.xml:5, web.nessus:3",
        "1 identifier contradicts others, and what they name is kept apart.",
        "  - host:a, host:b share the ip 192.0.2.9 and differ in sid: they are kept apart",
        "1 flaw of software was decided: 0 taken as there, 1 as not.",
        "  - vulnerability:CVE-2031-3003 in software:parcel 1.0 on 3 hosts is not there: it is stated to be fixed in shop; "
        "seen in shop.vex.json:4",
    ]
    assert lines[at + 6].startswith("9 comparisons of a version with an advisory could not be made")
    assert lines[at + 12] == "  … 4 more, see paths.json"
    page = markdown.render(answer())
    assert "- 1 node goes by several names in the files, and counts once." in page
    assert "left-0" not in page
    told = explorer.render(answer(), graph_library="")
    assert "What several files tell together" in told
    assert "host:web is also host:192.0.2.7 (ip 192.0.2.7); seen in scan.xml:5, web.nessus:3" in told
    assert "pkg:npm/left-8" in told


def test_files_that_tell_nothing_together_take_no_room() -> None:
    alone = replace(answer(), summary=replace(answer().summary, identity=Identity(), matching=Matching()))
    for text in (printed(alone), markdown.render(alone), explorer.render(alone, graph_library="")):
        assert "several names" not in text
        assert "What several files tell together" not in text


def test_a_merge_says_how_many_names_are_left_out() -> None:
    merge = Merge(node="host:a", names=("host:b", "host:c"), by=(("mac", "001122334455"),), more=7)
    assert merge.sentence == "host:a is also host:b, host:c and 7 more (mac 001122334455)"


def test_the_page_for_the_board_has_its_five_parts() -> None:
    page = markdown.render(answer())
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == [
        "What can happen",
        "How",
        "What to do first",
        "What we assumed",
        "How sure we are",
    ]
    assert "| `data:payments` | can be reached | 8 | 4 |" in page
    assert "| `host:backup` | not reached | no path |  |" in page
    assert "it does not mean that the goal is safe" in page
    assert "2. host:web keeps the key of account:svc-app: the attacker reads it. (T1552.004) Seen in `hosts.csv:17`." in page
    assert "- `unknown_flaw(host:hsm)`: stated by no source" in page
    assert "- 1 fact of the cheapest paths is inferred from what sources say." in page
    assert "- `web.nessus`, read as nessus: 410 facts, 2 records passed over." in page
    assert len(page.splitlines()) < 80


def test_no_markdown_reader_makes_anything_of_a_name() -> None:
    html = MarkdownIt("commonmark").enable("table").render(markdown.render(hostile()))
    for made in ("<a ", "<img", "<script", "<b>", "href"):
        assert made not in html
    rows = re.findall(r"<tr>.*?</tr>", html, re.DOTALL)
    assert len(rows) == 1 + len(hostile().goals)
    assert all(len(re.findall(r"<t[dh]>", row)) == 4 for row in rows)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(categories=None), min_size=1, max_size=40))
def test_any_name_stays_in_its_cell_and_in_its_line(name: str) -> None:
    made = replace(answer(), goals=(replace(answer().goals[0], node=name),))
    html = MarkdownIt("commonmark").enable("table").render(markdown.render(made))
    assert len(re.findall(r"<tr>", html)) == 2
    assert "<a " not in html and "<img" not in html
    lines = printed(made).splitlines()
    assert len(lines) == len(printed(replace(answer(), goals=answer().goals[:1])).splitlines())


def test_the_layer_scores_techniques_by_goals_and_tells_their_steps() -> None:
    layer = json.loads(navigator.render(answer()))
    assert layer["versions"]["layer"] == "4.5"
    assert layer["domain"] == "enterprise-attack"
    scores = {t["techniqueID"]: t["score"] for t in layer["techniques"]}
    assert scores == {"T1210": 2, "T1552.004": 1, "T1021.004": 1, "T1078": 1, "T1005": 1}
    assert layer["gradient"]["maxValue"] == 2
    steal = next(t for t in layer["techniques"] if t["techniqueID"] == "T1552.004")
    assert steal["comment"] == "host:web keeps the key of account:svc-app: the attacker reads it."
    assert steal["showSubtechniques"] is True


def test_only_the_cheapest_path_of_a_goal_counts_for_the_layer() -> None:
    goal = answer().goals[0]
    twice = replace(goal, paths=(goal.paths[0], answer().goals[1].paths[0]))
    scores = {t["techniqueID"]: t["score"] for t in json.loads(navigator.render(replace(answer(), goals=(twice,))))["techniques"]}
    assert scores["T1210"] == 1


def test_a_layer_without_a_path_is_still_a_layer() -> None:
    layer = json.loads(navigator.render(replace(answer(), goals=answer().goals[2:])))
    assert layer["techniques"] == []
    assert layer["gradient"]["maxValue"] == 1


def test_hostile_names_are_shown_in_a_layer_and_cut_short() -> None:
    text = navigator.render(hostile())
    assert text.isascii()
    comment = json.loads(text)["techniques"][0]["comment"]
    assert "‹U+202E›" in comment
    assert len(comment) < 1000
