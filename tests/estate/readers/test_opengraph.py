"""OpenGraph files: nodes and edges of any kind."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithridate.estate.facts import FactBase
from mithridate.estate.readers.registry import read
from mithridate.model.errors import UsageError
from tests.estate.readers.saying import open_base, said, written

ALL = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def graph(nodes: Any, edges: Any, **more: Any) -> dict[str, Any]:
    return {**more, "graph": {"nodes": nodes, "edges": edges}}


def edge(kind: str, start: Any, end: Any, **properties: Any) -> dict[str, Any]:
    ends = [e if isinstance(e, dict) else {"value": e} for e in (start, end)]
    return {"kind": kind, "start": ends[0], "end": ends[1], "properties": properties}


def edges(told: set[str]) -> set[str]:
    return {t for t in told if t.startswith(("edge(", "traversable("))}


NODES = [
    {"id": "s-1-5-21-1", "kinds": ["User", "Base"], "properties": {"name": "ANN@CORP", "domainsid": "S-1-5-21"}},
    {"id": "gh-7", "kinds": ["GH_Repository"], "properties": {"name": "payroll", "system_tags": "admin_tier_0"}},
    {"id": "x", "kinds": ["Base"]},
]


def test_nodes_of_the_directory_are_read_as_collectors_tell_them(tmp_path: Path) -> None:
    told, reading = said(written(tmp_path, "g.json", graph(NODES, [])), "directory")
    assert told == {
        "account(account:S-1-5-21-1)",
        "identifier(account:S-1-5-21-1, sid, S-1-5-21-1)",
        "label(account:S-1-5-21-1, ANN@CORP)",
        "in_domain(account:S-1-5-21-1, domain:S-1-5-21)",
        "identifier(gh-repository:GH-7, id, GH-7)",
        "label(gh-repository:GH-7, payroll)",
        "critical(gh-repository:GH-7)",
        "identifier(object:X, id, X)",
    }
    assert (reading.reader, reading.records) == ("opengraph", 3)


def test_edges_go_from_start_to_end_by_the_kinds_of_their_nodes(tmp_path: Path) -> None:
    drawn = [edge("GenericAll", "S-1-5-21-1", "x"), edge("GH_CanWrite", "S-1-5-21-1", "gh-7"), edge("Enroll", "unknown", "x")]
    told, reading = said(written(tmp_path, "g.json", graph(NODES, drawn, metadata={"source_kind": "GH"})), "directory")
    assert edges(told) == {
        "edge(GenericAll, account:S-1-5-21-1, object:X)",
        "edge(GH_CanWrite, account:S-1-5-21-1, gh-repository:GH-7)",
        "edge(Enroll, object:UNKNOWN, object:X)",
        "traversable(GH_CanWrite)",
    }
    assert reading.records == 6


def test_ends_are_matched_by_name_and_kind_too(tmp_path: Path) -> None:
    by_name = {"value": "payroll", "match_by": "name", "kind": "GH_Repository"}
    stranger = {"value": "S-1-5-21-9", "match_by": "id", "kind": "Computer"}
    by_property = {"match_by": "property", "value": "z"}
    drawn = [edge("AdminTo", "x", by_name), edge("AdminTo", "x", stranger), edge("AdminTo", "x", by_property)]
    told, reading = said(written(tmp_path, "g.json", graph(NODES, drawn)), "directory")
    assert edges(told) == {"edge(AdminTo, object:X, gh-repository:GH-7)", "edge(AdminTo, object:X, host:S-1-5-21-9)"}
    assert [b.place for b in reading.broken] == [6]


@pytest.mark.parametrize(("kind", "properties"), [("X_Sees", {"traversable": False}), ("AZMGAddMember", {}), ("GetChanges", {})])
def test_kinds_that_lead_nowhere_are_not_called_traversable(tmp_path: Path, kind: str, properties: Any) -> None:
    told, _ = said(written(tmp_path, "g.json", graph(NODES, [edge(kind, "x", "gh-7", **properties)])), "directory")
    assert edges(told) == {f"edge({kind}, object:X, gh-repository:GH-7)"}


def test_edges_may_come_before_nodes(tmp_path: Path) -> None:
    document = {"graph": {"edges": [edge("Owns", "S-1-5-21-1", "gh-7")], "nodes": NODES}}
    told, _ = said(written(tmp_path, "g.json", document), "directory")
    assert edges(told) == {"edge(Owns, account:S-1-5-21-1, gh-repository:GH-7)"}


def test_broken_nodes_and_edges_are_passed_over(tmp_path: Path) -> None:
    nodes = [{"id": 7, "kinds": []}, {"id": "y"}, NODES[2], None]
    drawn = [{"kind": "Owns", "start": {"value": "x"}}, {"kind": "", "start": {"value": "x"}, "end": {"value": "x"}}, 3]
    told, reading = said(written(tmp_path, "g.json", graph(nodes, [*drawn, edge("Owns", "x", "x")])), "directory")
    assert edges(told) == {"edge(Owns, object:X, object:X)"}
    assert (reading.records, reading.passed_over) == (2, 6)


def test_a_graph_with_nothing_in_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no graph with nodes or edges"):
        said(written(tmp_path, "g.json", graph([], [])), "directory")


def test_what_comes_before_the_damage_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    path.write_text(json.dumps(graph(NODES, [edge("Owns", "x", "x")]))[:-20] + "!")
    told, reading = said(path, "directory")
    assert any(t.startswith("label(gh-repository") for t in told)
    assert "rest of the file is not read" in reading.broken[0].reason


@pytest.fixture(scope="module")
def base() -> Iterator[FactBase]:
    with open_base("directory") as opened:
        yield opened


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "kinds", "value", "start"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@ALL
@given(JSON, JSON)
def test_any_nodes_and_edges_give_an_error_or_a_reading(tmp_path: Path, base: FactBase, node: Any, drawn: Any) -> None:
    path = written(tmp_path, "g.json", graph([node, NODES[0]], [drawn, edge("Owns", node, drawn)]))
    reading = read(path, base, "opengraph")
    assert reading.records + reading.passed_over == 4


@ALL
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=4))
def test_a_damaged_document_gives_an_error_or_a_reading(tmp_path: Path, base: FactBase, at: int, junk: bytes) -> None:
    content = json.dumps(graph(NODES, [edge("Owns", "x", "gh-7")])).encode()
    at %= len(content)
    path = tmp_path / "d.json"
    path.write_bytes(content[:at] + junk + content[at + len(junk) :])
    try:
        read(path, base, "opengraph")
    except UsageError as error:
        assert "\n" not in str(error)
