import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.report.estate.answers import HOSTILE, answer, hostile, large, unfound

from mithridate.model.estate import Answer
from mithridate.report.estate import json_v1

SCHEMA = Path(__file__).parents[3] / "docs" / "schema" / "paths-v1.schema.json"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return read


def rendered(made: Answer) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(json_v1.render(made))
    return read


def objects(schema: object) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for inner in schema.values():
            yield from objects(inner)


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(inner)


@pytest.mark.parametrize("made", [answer(), hostile(), large(20)], ids=["plain", "hostile", "large"])
def test_every_answer_is_valid_by_the_published_schema(schema: dict[str, Any], made: Answer) -> None:
    assert [f"{e.json_path}: {e.message}" for e in Draft202012Validator(schema).iter_errors(rendered(made))] == []


def test_the_schema_itself_is_valid_strict_and_described(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    found = list(objects(schema))
    assert len(found) > 15
    for thing in found:
        assert thing["additionalProperties"] is False
        assert set(thing["required"]) == set(thing["properties"])
        for name, field in thing["properties"].items():
            assert field.get("description"), name


@pytest.mark.parametrize(
    "where",
    [
        "",
        "goals/0",
        "goals/0/paths/0/steps/1",
        "cut/actions/0",
        "graph/ways/0",
        "summary/readings/0",
        "summary/identity/merges/0",
    ],
)
def test_an_undocumented_field_breaks_the_contract(schema: dict[str, Any], where: str) -> None:
    document = rendered(answer())
    part: Any = document
    for name in filter(None, where.split("/")):
        part = part[int(name)] if name.isdigit() else part[name]
    part["surprise"] = 1
    assert not Draft202012Validator(schema).is_valid(document)


def test_a_path_is_told_with_sentence_evidence_confidence_and_technique() -> None:
    goal = rendered(answer())["goals"][0]
    assert (goal["node"], goal["state"], goal["cost"], goal["unknown_flaws"]) == ("data:payments", "reached", 8.0, [])
    steal = goal["paths"][0]["steps"][1]
    assert steal["sentence"] == "host:web keeps the key of account:svc-app: the attacker reads it."
    assert (steal["attack"], steal["needs"], steal["confidence"]) == (["T1552.004"], [0], 1.0)
    assert steal["facts"] == [
        {
            "predicate": "stores_key",
            "terms": ["host:web", "account:svc-app"],
            "confidence": "inferred",
            "evidence": [{"source": "hosts.csv", "place": 17, "confidence": "inferred"}],
        }
    ]


def test_a_goal_that_takes_an_unknown_flaw_says_which_and_one_out_of_reach_has_none() -> None:
    _, hsm, backup = rendered(answer())["goals"]
    assert (hsm["state"], hsm["unknown_flaws_at_least"]) == ("assumed", 1)
    assert [f["terms"] for f in hsm["unknown_flaws"]] == [["host:hsm"]]
    assert [f["terms"] for f in hsm["paths"][0]["assumed"]] == [["host:hsm"]]
    assert (backup["state"], backup["cost"], backup["unknown_flaws"], backup["paths"]) == ("unreached", None, None, [])


def test_the_cut_carries_its_bound_and_what_its_actions_take() -> None:
    cut = rendered(replace(answer(), cut=replace(answer().cut, cost=4.0, lower_bound=3.0)))["cut"]
    assert (cut["cost"], cut["lower_bound"], cut["exact"], cut["gap"]) == (4.0, 3.0, False, 0.25)
    assert cut["actions"][0]["takes"] == [{"predicate": "vulnerable", "terms": ["host:web", "software:nginx 1.18", "_"]}]


def test_a_cut_that_was_not_found_has_no_cost_and_no_infinity(schema: dict[str, Any]) -> None:
    text = json_v1.render(unfound())
    assert "Infinity" not in text
    cut = json.loads(text)["cut"]
    assert (cut["cost"], cut["lower_bound"], cut["exact"], cut["goals"]) == (None, 3.0, False, [])
    assert Draft202012Validator(schema).is_valid(json.loads(text))


def test_ways_of_the_graph_name_atoms_and_facts_that_are_there() -> None:
    graph = rendered(large(20))["graph"]
    atoms = {a["id"] for a in graph["atoms"]}
    assert len(graph["ways"]) == len(large(20).graph.instances)
    assert all({way["gives"], *way["needs"]} <= atoms for way in graph["ways"])
    assert all(0 <= fact < len(graph["facts"]) for way in graph["ways"] for fact in way["facts"])
    told = [json.dumps(f) for f in graph["facts"]]
    assert len(told) == len(set(told))


def test_what_was_passed_over_is_listed_with_its_place() -> None:
    nessus = rendered(answer())["summary"]["readings"][0]
    assert (nessus["source"], nessus["passed_over"]) == ("web.nessus", 2)
    assert nessus["broken"][0] == {"source": "web.nessus", "place": 77, "reason": "a port that is no number: 'http'"}


def test_what_was_put_together_is_whole_with_counts_and_places() -> None:
    summary = rendered(answer())["summary"]
    identity, matching = summary["identity"], summary["matching"]
    assert (identity["merged"], identity["conflicting"], matching["decided"], matching["undecided"]) == (1, 1, 1, 9)
    (merge,) = identity["merges"]
    assert merge["names"] == ["host:192.0.2.7"]
    assert merge["by"] == [{"kind": "ip", "value": "192.0.2.7"}]
    assert [(e["source"], e["place"]) for e in merge["evidence"]] == [("scan.xml", 5), ("web.nessus", 3)]
    assert merge["sentence"] == "host:web is also host:192.0.2.7 (ip 192.0.2.7)"
    assert identity["conflicts"][0]["differ"] == "sid"
    assert matching["decisions"][0]["reason"] == "it is stated to be fixed in shop"
    assert len(matching["incomparable"]) == 9


def test_hostile_names_survive_as_data_and_the_document_is_ascii() -> None:
    text = json_v1.render(hostile())
    assert text.isascii()
    held = set(strings(json.loads(text)))
    assert HOSTILE["script"] in held
    assert HOSTILE["bidi"] in held
    assert "host:caf\\xe9" in held


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(categories=None), max_size=60))
def test_any_name_gives_a_document_that_can_be_read_again(name: str) -> None:
    read = rendered(replace(answer(), starts=(name,)))
    assert len(read["starts"]) == 1
    read["starts"][0].encode("utf-8")
