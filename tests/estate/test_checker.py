"""The checker of certificates, against certificates that are false in one thing alone."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.estate import checker
from mithridate.estate.asking import Estate
from mithridate.estate.checker import cheapest_meeting, check
from mithridate.model.estate import Certificate, Fact, ProofStep, Question
from tests.estate.small import estate, packs

RULES = """pack toy "Toy"
fact door(node A, node B, number C) "{0} opens to {1}"
fact guarded(node A) "{0} has a guard"
fact weak(node A, node B) "{0} opens to {1} if {1} is flawed"
assumption flaw(node B) "{0} is flawed"
derived at(node N, node W) "the attacker is at {0} from {1}"
rule begin hidden at(N, N) :- start(N), door(N, _, _).
rule go cost C says "Walk from {A} to {B}." at(B, A) :- at(A, _), door(A, B, C), C < 5, A != B, not guarded(B).
rule pry cost 40 says "Pry {B} open." at(B, A) :- at(A, _), weak(A, B), flaw(B).
rule arrive hidden reached(N) :- at(N, _).
assume flaw(B) :- weak(_, B).
fix wall cost 2 + C says "Wall {A} off from {B}, {C} wide" removes door(A, B, C).
fix mend cost 3 says "Mend {B}" removes weak(_, B).
"""
HOUSE = """
door(n:street, n:hall, 1)
door(n:hall, n:vault, 2)
door(n:hall, n:safe, 7)
door(n:hall, n:tower, 2)
door(n:hall, n:hall, 2)
door(n:garden, n:vault, 2)
guarded(n:tower)
weak(n:hall, n:cellar)
"""


@pytest.fixture(scope="module")
def house() -> Iterator[Estate]:
    with estate(packs([], RULES), HOUSE, "n:street") as made:
        yield made


@pytest.fixture(scope="module")
def certificate(house: Estate) -> Certificate:
    """For the vault: from the street to the hall and on."""
    made = certified(house, "n:vault")
    assert check(made, house.base).wrong == []
    return made


def certified(house: Estate, *goals: str, **given: object) -> Certificate:
    made = house.ask(Question(starts=("n:street",), goals=goals, **given)).cut.certificate  # type: ignore[arg-type]
    assert made is not None
    return made


def renamed(certificate: Certificate, place: str, wide: int) -> Certificate:
    """The same told of another place behind the hall, with its goal, actions and prices as they would have to be."""

    def fact(one: Fact) -> Fact:
        if "n:vault" not in one.terms:
            return one
        terms = tuple(place if term == "n:vault" else term for term in one.terms)
        return replace(one, terms=(*terms[:-1], wide) if one.predicate == "door" else terms)

    def step(one: ProofStep) -> ProofStep:
        return replace(one, gives=fact(one.gives), needs=tuple(map(fact, one.needs)), facts=tuple(map(fact, one.facts)))

    (proof,) = certificate.proofs
    old, new = "wall: Wall n:hall off from n:vault, 2 wide", f"wall: Wall n:hall off from {place}, {wide} wide"
    told = replace(
        proof,
        goal=place,
        steps=tuple(map(step, proof.steps)),
        actions=tuple(sorted(new if key == old else key for key in proof.actions)),
    )
    prices = tuple((new, 2.0 + wide) if key == old else (key, cost) for key, cost in certificate.prices)
    return replace(certificate, goals=(place,), proofs=(told,), prices=prices)


@pytest.mark.parametrize(
    ("place", "wide", "said"),
    [
        ("n:safe", 7, ["proof 1: a comparison of go does not hold"]),
        ("n:hall", 2, ["proof 1: a comparison of go does not hold"]),
        ("n:tower", 2, ["proof 1: guarded is stated, and go asks for its absence"]),
        ("n:attic", 2, ["proof 1: door(n:hall, n:attic, 2) is not stated"]),
        ("n:vault", 2, []),
    ],
)
def test_a_step_has_to_keep_the_conditions_of_its_rule(
    place: str, wide: int, said: list[str], house: Estate, certificate: Certificate
) -> None:
    assert check(renamed(certificate, place, wide), house.base).wrong == said


def with_step(certificate: Certificate, number: int, **changes: object) -> Certificate:
    (proof,) = certificate.proofs
    steps = list(proof.steps)
    steps[number] = replace(steps[number], **changes)  # type: ignore[arg-type]
    return replace(certificate, proofs=(replace(proof, steps=tuple(steps)),))


def test_a_projection_leaves_out_and_does_nothing_else(house: Estate, certificate: Certificate) -> None:
    (proof,) = certificate.proofs
    at = next(n for n, step in enumerate(proof.steps) if step.rule == "projection" and step.gives.terms == ("n:vault",))
    (need,) = proof.steps[at].needs
    for gives, needs, said in (
        (Fact(predicate="at", terms=("n:attic",)), (need,), "is no part of"),
        (Fact(predicate="reached", terms=("n:vault",)), (need,), "is no part of"),
        (Fact(predicate="at", terms=("n:hall", "n:vault")), (need,), "is no part of"),  # in another order
        (proof.steps[at].gives, (need, proof.steps[0].gives), "is a part of one thing, not of 2"),
        (proof.steps[at].gives, (), "is a part of one thing, not of 0"),
    ):
        wrong = check(with_step(certificate, at, gives=gives, needs=needs), house.base).wrong
        assert any(said in one for one in wrong), (str(gives), wrong)


def test_a_step_is_what_its_rule_gives_from_all_that_it_needs(house: Estate, certificate: Certificate) -> None:
    (proof,) = certificate.proofs
    at = next(n for n, step in enumerate(proof.steps) if step.rule == "go" and step.gives.terms[0] == "n:vault")
    for changes, said in (
        ({"gives": Fact(predicate="at", terms=("n:attic", "n:hall"))}, "does not fit go"),
        ({"gives": Fact(predicate="reached", terms=("n:vault",))}, "is not what go gives"),
        ({"facts": ()}, "is not what go gives"),
        ({"needs": ()}, "go needs at, which is not given"),
        ({"needs": (Fact(predicate="at", terms=("n:street",)),)}, "go needs at, which is not given"),  # somewhere else
        ({"needs": (Fact(predicate="at", terms=("n:garden",)),)}, "needs at(n:garden), which nothing gives"),
        ({"facts": (Fact(predicate="door", terms=("n:garden", "n:vault", 2)),)}, "does not fit go"),  # stated, and of no use
        ({"pack": "another"}, "there is no rule go in another"),
    ):
        wrong = check(with_step(certificate, at, **changes), house.base).wrong
        assert any(said in one for one in wrong), (changes, wrong)
    assert "needs start(n:street)" in check(replace(certificate, starts=("n:garden",)), house.base).wrong[0]


def test_what_breaks_a_proof_is_listed_at_its_price(house: Estate, certificate: Certificate) -> None:
    (proof,) = certificate.proofs
    fewer = replace(certificate, proofs=(replace(proof, actions=proof.actions[:1]),))
    assert [one for one in check(fewer, house.base).wrong if "breaks it too" in one]
    dear = replace(certificate, prices=tuple((key, cost + 1) for key, cost in certificate.prices))
    assert [one for one in check(dear, house.base).wrong if one.startswith("proof 1: 'wall: ") and " costs " in one]


def test_an_action_is_offered_at_what_its_fix_says(house: Estate, certificate: Certificate) -> None:
    (action,) = certificate.actions
    assert (action.sentence, action.cost) == ("Wall n:street off from n:hall, 1 wide", 3.0)
    for false, said in (
        (replace(action, cost=2.0), "'wall: Wall n:street off from n:hall, 1 wide' costs 3"),
        (replace(action, kind="mend"), "no fix offers 'mend: Wall n:street off from n:hall, 1 wide'"),
        (replace(action, sentence="Wall n:street off from n:hall, x wide"), "no fix offers"),
    ):
        assert said in " ".join(check(replace(certificate, actions=(false,)), house.base).wrong)


def test_what_is_assumed_or_taken_away_is_part_of_the_claim(house: Estate) -> None:
    known = replace(certified(house, "n:vault"), goals=("n:cellar", "n:vault"))
    assert check(known, house.base).holds and not known.assume
    assert check(replace(known, actions=()), house.base).wrong == ["n:vault is still reached"]
    both = ["n:cellar is still reached", "n:vault is still reached"]
    assert check(replace(known, actions=(), assume=True), house.base).wrong == both
    mended = replace(known, actions=(), without=("door(n:hall, n:vault, _)",))
    assert check(mended, house.base).wrong == [], "what the question takes away leads nowhere"
    assert check(replace(mended, assume=True), house.base).wrong == ["n:cellar is still reached"]


def test_a_bound_that_takes_too_long_is_neither_confirmed_nor_refuted(
    house: Estate, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    high = replace(certificate, lower_bound=certificate.lower_bound + 1)
    verdict = check(high, house.base)
    assert verdict.bounded and not verdict.holds
    monkeypatch.setattr(checker, "MOST_NODES", 0)
    verdict = check(high, house.base)
    assert verdict.holds and not verdict.bounded


_ELEMENTS = "abcdef"


@given(
    st.lists(st.frozensets(st.sampled_from(_ELEMENTS), min_size=1, max_size=4), max_size=7),
    st.fixed_dictionaries({one: st.integers(0, 9).map(float) for one in _ELEMENTS}),
)
def test_the_least_that_meets_all_sets_is_that_of_all_choices(sets: list[frozenset[str]], prices: dict[str, float]) -> None:
    choices = itertools.chain.from_iterable(itertools.combinations(_ELEMENTS, n) for n in range(len(_ELEMENTS) + 1))
    least = min(sum(prices[one] for one in chosen) for chosen in choices if all(one & set(chosen) for one in sets))
    assert cheapest_meeting([sorted(one) for one in sets], prices) == least
