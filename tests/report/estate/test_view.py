"""What the explorer's page is given."""

from dataclasses import replace
from typing import Any

from tests.report.estate.answers import PATCH, Drawing, answer, fact, hostile, large

from mithridate.model.estate import Action, Answer, Fact
from mithridate.report.estate import view


def given(made: Answer) -> Any:
    return view.data(made, tuple((g, p) for g in made.goals for p in g.paths))


def sentences(data: Any, ways: list[int]) -> set[str]:
    return {data["ways"][at]["text"] for at in ways}


def test_nodes_know_their_zone_and_whether_they_are_start_or_goal() -> None:
    nodes = {f"{n['kind']}:{n['name']}": n for n in given(answer())["nodes"]}
    assert (nodes["zone:internet"]["start"], nodes["host:web"]["start"]) == (True, False)
    assert (nodes["data:payments"]["goal"], nodes["host:hsm"]["goal"], nodes["host:web"]["goal"]) == ("reached", "assumed", None)
    assert (nodes["host:web"]["zone"], nodes["host:db"]["zone"], nodes["account:svc-app"]["zone"]) == ("zone:dmz", "zone:lan", "")


def test_a_path_is_found_in_the_graph_with_the_consequences_between_its_steps() -> None:
    data = given(answer())
    pay, hsm = data["paths"]
    assert [data["ways"][s["way"]]["rule"] for s in pay["steps"]] == [
        "remote-exploit",
        "read-stored-key",
        "log-in",
        "read-what-a-node-holds",
    ]
    assert {"zone:dmz may connect to zone:lan.", "The attacker connects to host:db."} <= sentences(data, pay["ways"])
    assert "The attacker connects to host:hsm." not in sentences(data, pay["ways"])
    assert "The attacker connects to host:hsm." in sentences(data, hsm["ways"])
    assert "The attacker logs in to host:db as account:svc-app." not in sentences(data, hsm["ways"])


def test_a_step_that_was_left_out_of_the_graph_keeps_its_text_and_facts() -> None:
    made = answer()
    few = replace(made.graph, instances=made.graph.instances[:3])
    step = given(replace(made, graph=few))["paths"][0]["steps"][1]
    assert step["way"] == -1
    assert step["text"].startswith("host:web keeps the key")
    assert len(step["facts"]) == 1


def test_an_action_stops_the_ways_that_rest_on_what_it_takes() -> None:
    data = given(answer())
    stopped = {a["text"]: sentences(data, a["stops"]) for a in data["actions"]}
    assert list(stopped) == [PATCH.sentence, "Forbid zone:dmz to reach zone:lan on tcp 1 to 65535"]
    assert {s[:27] for s in stopped[PATCH.sentence]} == {"software:nginx 1.18 on host"}
    assert stopped["Forbid zone:dmz to reach zone:lan on tcp 1 to 65535"] == {"zone:dmz may connect to zone:lan."}
    assert [a["cut"] for a in data["actions"]] == [True, False]


def test_any_term_matches_where_an_action_says_so_but_not_another_predicate() -> None:
    made = Action(id="x", kind="x", sentence="x", cost=1.0, takes=(Fact(predicate="vulnerable", terms=("_", "_", "_")),))
    assert made.stops(fact("vulnerable", "host:a", "software:b", "vulnerability:c"))
    assert not made.stops(fact("vulnerable", "host:a", "software:b"))
    assert not made.stops(fact("service", "host:a", "software:b", "tcp"))


def test_what_holds_needs_every_premise_and_a_cycle_gives_nothing() -> None:
    drawn = Drawing()
    drawn.way("both", "", "c(n:c)", "a(n:a)", "b(n:b)")
    drawn.way("round", "", "d(n:d)", "e(n:e)")
    drawn.way("round", "", "e(n:e)", "d(n:d)")
    drawn.way("lost", "", "f(n:f)", "d(n:d)")
    graph = drawn.graph()
    names = {a.id: a.text for a in graph.atoms}
    assert {names[a] for a in view.derive(graph, range(4)).by} == {"a(n:a)", "b(n:b)", "c(n:c)"}
    assert {names[a] for a in view.derive(graph, (1, 2, 3)).by} == {"a(n:a)", "b(n:b)"}


def test_texts_are_visible_and_short_and_facts_stand_once() -> None:
    data = given(hostile())
    assert all("\u202e" not in n["name"] and "\x1b" not in n["name"] for n in data["nodes"])
    assert max(len(w["text"]) for w in data["ways"]) < view.LONGEST + 50
    assert len({str(f) for f in data["facts"]}) == len(data["facts"])


def test_a_large_graph_is_prepared_whole() -> None:
    data = given(large(300))
    assert len(data["ways"]) == len(large(300).graph.instances) == 913
    assert data["leftOut"] == 120_000
