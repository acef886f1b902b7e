"""Facts are kept once, with everything that says them."""

import pytest

from mithridate.estate import facts
from mithridate.estate.facts import FactBase
from mithridate.estate.rules.parser import parse
from mithridate.estate.rules.rulebase import Rulebase, rulebase
from mithridate.model.estate import Confidence


@pytest.fixture(scope="module")
def rules() -> Rulebase:
    text = """pack p "p"
    fact edge(node A, node B, number C)
    fact node_tag(node A, word T)
    assumption flaw(node B)
    derived at(node N)
    assume flaw(B) :- edge(_, B, C), C > 3.
    rule r hidden at(B) :- edge(_, B, _), flaw(B).
    """
    return rulebase([parse(text, "p")])


def test_a_fact_said_twice_is_one_with_two_sources(rules: Rulebase) -> None:
    with FactBase(rules) as base:
        first, second = base.source("a.csv"), base.source("b.csv")
        base.add("edge", "n:a", "n:b", 1, source=first, place=3)
        base.add("edge", "n:a", "n:b", 1, source=second, place=7, confidence=Confidence.INFERRED)
        base.freeze()
        assert base.facts("edge") == 1
        fact = base.rows("edge", [0])[0]
    assert fact.terms == ("n:a", "n:b", 1)
    assert [(e.source, e.place, e.confidence) for e in fact.evidence] == [
        ("a.csv", 3, Confidence.OBSERVED),
        ("b.csv", 7, Confidence.INFERRED),
    ]
    assert fact.confidence is Confidence.OBSERVED


def test_names_that_are_the_same_become_one(rules: Rulebase) -> None:
    with FactBase(rules) as base:
        source = base.source("a")
        base.add("edge", "n:a", "n:b", 1, source=source)
        base.add("edge", "n:A", "n:b", 1, source=source)
        base.add("node_tag", "n:A", "gold", source=source)
        base.freeze({"n:A": "n:a"})
        assert base.facts("edge") == 1
        assert base.rows("node_tag", [0])[0].terms == ("n:a", "gold")
        assert base.symbol("n:A") == base.symbol("n:a")


def test_assumptions_follow_from_facts(rules: Rulebase) -> None:
    with FactBase(rules) as base:
        source = base.source("a")
        for node, number in (("n:b", 3), ("n:c", 4), ("n:d", 9)):
            base.add("edge", "n:a", node, number, source=source)
        base.freeze()
        facts = base.rows("flaw", list(range(base.facts("flaw"))))
    assert sorted(f.terms for f in facts.values()) == [("n:c",), ("n:d",)]
    assert {f.confidence for f in facts.values()} == {Confidence.ASSUMED}


def test_what_is_said_of_is_what_has_a_fact_stated_or_assumed(rules: Rulebase) -> None:
    for number, said in ((1, {"edge"}), (4, {"edge", "flaw"})):
        with FactBase(rules) as base:
            base.add("edge", "n:a", "n:b", number, source=base.source("a.csv"))
            base.freeze()
            assert base.said() == said


@pytest.mark.parametrize(
    "terms", [("n:a", "n:b"), ("n:a", "n:b", "1"), ("n:a", 2, 1), ("n:a", "n:b", True), ("n:a", "n:b", 2**70)]
)
def test_terms_that_do_not_fit_are_the_reader_s_fault(rules: Rulebase, terms: tuple[str | int, ...]) -> None:
    with FactBase(rules) as base, pytest.raises(ValueError, match="edge"):
        base.add("edge", *terms, source=base.source("a"))


def test_a_query_states_all_its_rows(rules: Rulebase) -> None:
    with FactBase(rules) as base:
        source = base.source("a")
        assert base.load("edge", "SELECT 'n:a', 'n:' || i, i, i + 1 FROM range(1000) t(i)", source) == 1000
        base.freeze()
        assert base.facts("edge") == 1000
        assert base.rows("edge", [base.facts("edge") - 1])
        assert base.nodes() == (("n", 1001),)


def test_hostile_names_come_back_as_they_were(rules: Rulebase) -> None:
    names = ["n:'; DROP TABLE x; --", 'n:"', "n:\u202eabc", "n:\x00", "n:" + "x" * 900, "n:\ud7ff\U0001f600"]
    with FactBase(rules) as base:
        source = base.source("a")
        for name in names:
            base.add("node_tag", name, "t", source=source)
        base.freeze()
        assert sorted(f.terms[0] for f in base.rows("node_tag", list(range(len(names)))).values()) == sorted(names)


@pytest.mark.parametrize("few", [0, 20_000])
def test_the_name_of_what_has_two_is_its_chief_s_whichever_comes_first(
    few: int, rules: Rulebase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are many names, too, of which the database is asked."""
    monkeypatch.setattr(facts, "_FEW", few)
    with FactBase(rules) as base:
        source = base.source("a")
        base.add("edge", "n:m", "n:b", 1, source=source)
        base.freeze({"n:A": "n:m", "n:z": "n:m"})
        numbers = {base.symbol(name) for name in ("n:A", "n:m", "n:z")}
        assert base.symbol("n:y") == -1 and len(numbers) == 1
        assert base.names([*numbers, 999]) == {base.symbol("n:m"): "n:m"}
