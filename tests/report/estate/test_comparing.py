import io
import json
from dataclasses import replace
from pathlib import Path

from jsonschema import Draft202012Validator
from rich.console import Console
from tests.report.estate.answers import CLOSE, PATCH, answer, hostile, unfound

from mithridate.model.estate import Answer, GoalChange, GoalState
from mithridate.report.estate.comparing import difference, headline, print_difference, render_json, render_markdown

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/schema/paths-difference-v1.schema.json").read_text("utf-8"))


def with_states(made: Answer, **states: tuple[GoalState, float | None]) -> Answer:
    goals = tuple(replace(made.goals[0], node=f"host:{n}", state=s, cost=c) for n, (s, c) in states.items())
    return replace(made, goals=goals)


R, A, U = GoalState.REACHED, GoalState.ASSUMED, GoalState.UNREACHED
BEFORE = with_states(answer(), a=(U, None), b=(R, 3.0), c=(A, 40.0), d=(R, 5.0), e=(R, 5.0), f=(R, 1.0), g=(U, None), h=(R, 2.0))
AFTER = replace(
    with_states(answer(), a=(R, 9.0), b=(U, None), c=(U, None), d=(R, 4.0), e=(R, 8.0), f=(R, 1.0), g=(A, 40.0), i=(R, 2.0)),
    cut=replace(answer().cut, actions=(CLOSE,), cost=3.0),
)


def test_every_goal_gets_the_change_that_it_had_the_worst_first() -> None:
    changes = [(g.node, g.change) for g in difference(BEFORE, AFTER).goals]
    assert changes == [
        ("host:a", GoalChange.REACHED),
        ("host:b", GoalChange.NOT_REACHED),
        ("host:g", GoalChange.ASSUMED),
        ("host:c", GoalChange.NOT_ASSUMED),
        ("host:d", GoalChange.CHEAPER),
        ("host:e", GoalChange.DEARER),
        ("host:f", GoalChange.SAME),
        ("host:i", GoalChange.ASKED),
        ("host:h", GoalChange.NOT_ASKED),
    ]


def test_a_goal_that_now_takes_an_unknown_flaw_is_no_longer_reached() -> None:
    made = difference(with_states(answer(), a=(R, 3.0)), with_states(answer(), a=(A, 43.0)))
    assert (made.goals[0].change, made.goals[0].after) == (GoalChange.NOT_REACHED, GoalState.ASSUMED)
    back = difference(with_states(answer(), a=(A, 43.0)), with_states(answer(), a=(R, 3.0)))
    assert back.goals[0].change is GoalChange.REACHED


def test_actions_are_compared_by_their_id() -> None:
    renamed = replace(PATCH, sentence="Patch it, in other words")
    made = difference(answer(), replace(answer(), cut=replace(answer().cut, actions=(renamed, CLOSE), cost=5.0)))
    assert (made.dropped, made.added, made.kept) == ((), (CLOSE,), (renamed,))
    assert (made.cut_before, made.cut_after) == (2.0, 5.0)
    assert difference(BEFORE, AFTER).dropped == (PATCH,)


def test_two_equal_answers_have_no_difference() -> None:
    made = difference(answer(), answer())
    assert {g.change for g in made.goals} == {GoalChange.SAME}
    assert (made.dropped, made.added) == ((), ())
    assert headline(made) == "Every goal is as before"


def test_the_document_is_valid_by_its_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for made in (difference(BEFORE, AFTER), difference(hostile(), answer()), difference(answer(), answer())):
        text = render_json(made)
        assert text.isascii()
        assert [e.message for e in Draft202012Validator(SCHEMA).iter_errors(json.loads(text))] == []


def test_the_page_tells_costs_and_actions() -> None:
    page = render_markdown(difference(BEFORE, AFTER))
    assert page.startswith("# Attack paths compared: 1 goal newly reached, 1 no longer reached, ")
    assert "| `host:a` | newly reached | no path | 9 |" in page
    assert "| `host:h` | no longer asked for | 2 | not asked |" in page
    assert "The cut costs 2 before, 3 after." in page
    assert page.index("## No longer needed") < page.index("Patch software:nginx") < page.index("## Newly needed")


def test_the_terminal_tells_the_same_and_never_acts_on_a_name() -> None:
    out = io.StringIO()
    print_difference(difference(BEFORE, AFTER), Console(file=out, width=200))
    assert "  cheaper to reach: host:d (cost 5 before, 4 after)" in out.getvalue()
    assert "the cut costs 2 before, 3 after" in out.getvalue()
    out = io.StringIO()
    print_difference(difference(hostile(), answer()), Console(file=out, width=200))
    assert not {"\x1b", "\x07", "\u202e"} & set(out.getvalue())


def test_a_cut_that_was_not_found_has_no_cost() -> None:
    made = difference(answer(), unfound())
    document = json.loads(render_json(made))
    assert document["cut"] == {"before": 2.0, "after": None}
    assert Draft202012Validator(SCHEMA).is_valid(document)
    assert "The cut costs 2 before, an unknown amount (none was found in time) after." in render_markdown(made)
