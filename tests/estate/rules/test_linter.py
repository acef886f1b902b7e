"""Mistakes in rule packs are explained."""

import pytest

from mithridate.estate.rules.linter import lint
from mithridate.estate.rules.parser import parse
from mithridate.estate.rules.rulebase import own_pack, own_packs, rulebase
from mithridate.model.errors import UsageError

HEAD = """pack p "p"
fact edge(node A, node B, number C) "{0} leads to {1}"
fact host_of(host H, zone Z)
derived at(node N)
derived zoned(zone Z)
input start(node N)
assumption flaw(node N)
"""
BEGIN = "rule begin hidden at(N) :- start(N).\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rule r hidden at(B) :- start(A).", "B of the head is in no premise"),
        ("rule r hidden at(_) :- start(A).", "_ of the head is in no premise"),
        ("rule r hidden at(A) :- edgy(A, _, _).", "edgy is not declared; is edge meant?"),
        ("rule r hidden at(A) :- edge(A, _).", "edge takes 3 arguments, not 2"),
        ("rule r hidden at(A) :- edge(_, _, A).", "A is node and, in edge, number"),
        ("rule r hidden zoned(H) :- host_of(H, _).", "H is zone and, in host_of, host"),
        ("rule r hidden edge(A, A, 1) :- at(A).", "edge is fact, and what a rule gives must be derived"),
        ("rule r hidden at(A) :- start(A), not at(A).", "at is derived, and what is asked to be absent must be fact"),
        ("rule r hidden at(A) :- start(A), edge(A, 3, _).", "3 in edge is not of type node"),
        ('rule r hidden at(A) :- edge(A, _, "x").', "'x' in edge is not of type number"),
        ("rule r hidden at(A) :- start(A), A < 3.", "A is no number, and < compares numbers"),
        ('rule r says "{B}" at(A) :- start(A).', "B of the sentence is in no premise"),
        ("rule r at(A) :- start(A).", "needs a sentence"),
        ("rule r hidden confidence 0 at(A) :- start(A).", "confidence 0.0 is not above 0"),
        ("rule r hidden cost A at(A) :- start(A).", "the cost A is node, not number"),
        ("rule begin hidden at(A) :- start(A).", "a second rule is called begin"),
        ('fix f says "Cut {A}" removes edge(_, _, _).', "A of removes edge is in no premise"),
        ('fix f says "Stop" removes at(_).', "at is derived, and what a fix removes must be assumption or fact"),
        ("assume edge(A, A, 1) :- edge(A, _, _).", "edge is fact, and what is assumed must be assumption"),
        (
            'fix f says "Cut {A}" removes edge(A, _, _).\nrule r hidden at(A) :- start(A), not edge(A, A, _).',
            "edge is removed by a fix",
        ),
        ("fact edge(node A)", "edge is declared otherwise"),
        ('fact other(node A) "{1}"', "{1} is no argument of other"),
    ],
)
def test_a_serious_mistake_keeps_a_pack_from_being_used(text: str, said: str) -> None:
    pack = parse(HEAD + BEGIN + text, "p")
    assert any(said in str(m) for m in lint([pack]) if m.serious), [str(m) for m in lint([pack])]
    with pytest.raises(UsageError):
        rulebase([pack])


def test_a_variable_that_stands_once_is_a_warning() -> None:
    pack = parse(HEAD + BEGIN + "rule r hidden at(A) :- at(A), edge(A, B, _).", "p")
    assert [str(m) for m in lint([pack])][-1].endswith("warning: B stands only once; write _ if that is meant") or any(
        "B stands only once" in str(m) and not m.serious for m in lint([pack])
    )
    rulebase([pack])


def test_packs_that_declare_alike_go_together() -> None:
    rulebase([parse(HEAD + BEGIN, "p"), parse(HEAD.replace("pack p", "pack q"), "q")])


def test_what_no_rule_gives_is_a_warning() -> None:
    pack = parse(HEAD + BEGIN + "rule r hidden at(A) :- edge(A, _, _), zoned(_).", "p")
    assert [m.serious for m in lint([pack]) if "no rule gives zoned" in m.message] == [False]


@pytest.mark.parametrize("name", own_packs())
def test_our_own_packs_have_no_mistakes(name: str) -> None:
    packs = [own_pack(n) for n in own_packs()]
    assert [str(m) for m in lint(packs) if m.place.pack == f"{name}.rules"] == []


def test_a_pack_that_is_none_is_told() -> None:
    with pytest.raises(UsageError, match="there is no rule pack nothing"):
        own_pack("nothing")
