"""Text of rule packs is read, and mistakes are told with their place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.estate.rules.parser import parse
from mithridate.estate.rules.terms import Constant, Role, Variable
from mithridate.model.errors import UsageError

PACK = """
pack small "A small pack"   # the title
fact edge(node A, node B, number C) "{0} leads to {1}"
derived at(node N)
input start(node N)
rule go
  cost 2 + C confidence 0.5 technique T1190, T1078.002
  says "From {A} to \\"{B}\\"."
  at(B) :- at(A), edge(A, B, C), not edge(B, A, _), C < 5, A != "node:x".
fix cut cost 3 says "Cut {A}" removes edge(A, _, _).
"""


def test_a_pack_is_read() -> None:
    pack = parse(PACK, "small")
    assert (pack.name, pack.title) == ("small", "A small pack")
    assert [(p.name, p.role, p.types) for p in pack.predicates] == [
        ("edge", Role.FACT, ("node", "node", "number")),
        ("at", Role.DERIVED, ("node",)),
        ("start", Role.INPUT, ("node",)),
    ]
    (rule,) = pack.rules
    assert rule.cost.fixed == 2
    assert rule.cost.variables == ("C",)
    assert rule.confidence == 0.5
    assert rule.techniques == ("T1190", "T1078.002")
    assert rule.sentence == 'From {A} to "{B}".'
    assert [a.predicate for a in rule.body] == ["at", "edge"]
    assert [a.predicate for a in rule.absent] == ["edge"]
    assert rule.comparisons[0].right == Constant(5)
    assert rule.comparisons[1].right == Constant("node:x")
    (fix,) = pack.fixes
    assert fix.removes[0].arguments[0] == Variable("A")


def test_each_underscore_is_another_variable() -> None:
    pack = parse('pack p "p"\nrule r hidden at(A) :- edge(A, _, _).', "p")
    _, second, third = pack.rules[0].body[0].arguments
    assert second != third


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "p:1:1: the text ends too early"),
        ('pack p "p"\nrule r at(A) : - b(A).', "p:2:14: a character that does not fit here"),
        ('pack p "p"\nrule r cost x a(A) :- b(A).', "p:2:13: 'x' does not fit here; expected a number or a variable"),
        ('pack p "p"\nrule r cost 1 cost 2 a(A) :- b(A).', "p:2:15: cost is told twice"),
        ('pack p "p"\nrule r a(1.5) :- b(A).', "1.5 is no whole number"),
        ('pack p "p\n', "p:1:8"),
        ('pack p "p" fact a(', "the text ends too early"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(text, "p")
    assert said in str(error.value)


@given(st.text(alphabet='pack rule fix fact()".,:-_ABab01\n#{}', max_size=200))
def test_any_text_is_a_pack_or_a_mistake(text: str) -> None:
    try:
        parse(text, "p")
    except UsageError as error:
        assert str(error).startswith("p:")


def test_a_text_of_many_megabytes_is_no_pack() -> None:
    with pytest.raises(UsageError, match="too many"):
        parse("#" * (5 << 20), "p")
