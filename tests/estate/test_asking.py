"""Questions to small estates, with answers that can be checked by hand."""

import itertools
from dataclasses import replace

import pytest

from mithridate.estate.checker import check
from mithridate.model.errors import UsageError
from mithridate.model.estate import Answer, Certificate, Confidence, Fact, GoalState, Question
from mithridate.stages.estate import checked
from tests.estate.small import estate, packs

TOY = """pack toy "Toy"
fact door(node A, node B, number C) "{0} opens to {1}"
fact weak(node A, node B) "{0} opens to {1} if {1} is flawed"
fact key_of(node A, node B) "{0} has the key of {1}"
fact locked(node A, node B) "{0} opens to {1} with its key"
assumption flaw(node B) "{0} is flawed"
derived at(node N) "the attacker is at {0}"
derived key(node N) "the attacker has the key of {0}"
rule begin hidden at(N) :- start(N), door(N, _, _).
rule go cost C technique T1021 says "Walk from {A} to {B}." at(B) :- at(A), door(A, B, C).
rule find cost 1 says "Find the key of {B} in {A}." key(B) :- at(A), key_of(A, B).
rule unlock cost 1 confidence 0.5 says "Unlock {B} from {A}." at(B) :- at(A), key(B), locked(A, B).
rule pry cost 40 says "Pry {B} open." at(B) :- at(A), weak(A, B), flaw(B).
rule arrive hidden reached(N) :- at(N).
assume flaw(B) :- weak(_, B).
fix wall cost 2 says "Wall {A} off from {B}" removes door(A, B, _), locked(A, B).
fix hide cost 1 says "Hide the key of {B}" removes key_of(_, B).
"""
HOUSE = """
door(n:street, n:yard, 1)
door(n:street, n:hall, 5)
door(n:yard, n:hall, 2)
door(n:hall, n:office, 1)
key_of(n:office, n:vault)
key_of(n:yard, n:vault)
locked(n:hall, n:vault)
weak(n:vault, n:safe)
weak(n:hall, n:cellar)
weak(n:cellar, n:safe)
weak(n:moon, n:attic)
tag(n:vault, crown-jewel)
"""


def ask(question: Question, text: str = HOUSE) -> Answer:
    with estate(packs([], TOY), text, *question.starts) as house:
        return house.ask(question)


def to(*goals: str, **more: object) -> Question:
    return Question(starts=("n:street",), goals=goals, **more)  # type: ignore[arg-type]


def test_a_rule_may_need_every_kind_of_fact_that_there_is() -> None:
    pack = """pack two "Two"
fact door(node A, node B) "{0} opens to {1}"
fact open(node A) "{0} is open"
derived at(node N) "the attacker is at {0}"
rule begin hidden at(N) :- start(N).
rule go says "Walk from {A} to {B}." at(B) :- at(A), door(A, B), open(B).
rule arrive hidden reached(N) :- at(N).
"""
    with estate(packs([], pack), "door(n:street, n:yard)\nopen(n:yard)\n", "n:street") as yard:
        (goal,) = yard.ask(to("n:yard")).goals
    assert goal.state is GoalState.REACHED


def test_the_cheapest_path_is_told_step_by_step() -> None:
    (goal,) = ask(to("tag:crown-jewel")).goals
    assert (goal.node, goal.state, goal.cost) == ("n:vault", GoalState.REACHED, 6.0)
    path = goal.paths[0]
    assert [s.sentence for s in path.steps] == [
        "Walk from n:street to n:yard.",
        "Walk from n:yard to n:hall.",
        "Find the key of n:vault in n:yard.",
        "Unlock n:vault from n:hall.",
    ]
    assert [s.needs for s in path.steps] == [(), (0,), (0,), (1, 2)]
    assert path.cost == 6.0  # the walk to the yard counts for the hall and for the key
    assert path.effort == 5.0
    assert path.confidence == 0.5
    assert path.steps[0].techniques == ("T1021",)
    told = {str(f): f.evidence[0].place for f in path.steps[3].facts}
    assert told["locked(n:hall, n:vault)"] == 8
    assert path.assumed == ()


def test_an_action_tells_the_facts_that_it_takes() -> None:
    cut = ask(to("n:vault")).cut
    (hide,) = cut.actions
    assert hide.takes == (Fact(predicate="key_of", terms=("_", "n:vault")),)
    assert hide.stops(Fact(predicate="key_of", terms=("n:yard", "n:vault")))
    assert not hide.stops(Fact(predicate="key_of", terms=("n:vault", "n:yard")))
    assert not hide.stops(Fact(predicate="locked", terms=("n:yard", "n:vault")))


def test_other_paths_differ_in_a_step() -> None:
    (goal,) = ask(to("n:vault", paths=9)).goals
    costs = [p.cost for p in goal.paths]
    assert costs == sorted(costs)
    assert len({tuple(s.sentence for s in p.steps) for p in goal.paths}) == len(goal.paths) == 4
    assert {p.steps[-1].sentence for p in goal.paths} == {"Unlock n:vault from n:hall."}


def test_the_cut_is_the_cheapest_and_its_certificate_holds() -> None:
    with estate(packs([], TOY), HOUSE, "n:street") as house:
        answer = house.ask(to("n:vault", "n:hall"))
        assert "Wall n:street off from n:hall" in [a.sentence for a in answer.cut.actions]
        assert (answer.cut.cost, answer.cut.lower_bound, answer.cut.exact) == (4.0, 4.0, True)
        assert answer.cut.certificate
        verdict = check(answer.cut.certificate, house.base)
        assert verdict.wrong == []
        assert verdict.steps > 5
        cheap = house.ask(to("n:vault"))
        assert [a.sentence for a in cheap.cut.actions] == ["Hide the key of n:vault"]
        assert cheap.cut.cost == 1.0


OVER = -10.0
"""Seconds: the time that was given is over before the search begins."""


def test_a_cut_that_is_not_found_in_time_protects_nothing_and_has_no_certificate() -> None:
    with estate(packs([], TOY), HOUSE, "n:street") as house:
        answer = house.ask(to("n:vault", "n:hall", seconds=OVER))
        assert not answer.cut.found
        assert (answer.cut.goals, answer.cut.actions, answer.cut.certificate) == ((), (), None)
        assert checked(house, answer) == "the cut has no certificate: none was found in time"


def test_seconds_are_those_of_the_question_and_of_what_was_done_once() -> None:
    with estate(packs([], TOY), HOUSE, "n:street") as house:
        first, second = house.ask(to("n:vault")), house.ask(to("n:hall"))
    assert [what for what, _ in second.seconds] == [what for what, _ in first.seconds]
    assert len(dict(second.seconds)) == len(second.seconds)
    assert first.seconds[:2] == second.seconds[:2]
    assert [what for what, _ in first.seconds[:3]] == ["ground", "index", "solve"]


def tampered(certificate: Certificate) -> dict[str, Certificate]:
    first = certificate.proofs[0]

    def other(**changes: object) -> Certificate:
        return replace(certificate, proofs=(replace(first, **changes),))  # type: ignore[arg-type]

    def price(fact: Fact) -> Fact:
        return replace(fact, terms=(*fact.terms[:-1], 0)) if fact.predicate == "door" else fact

    return {
        "no fix offers": replace(certificate, actions=(replace(certificate.actions[0], sentence="door(_, _, _)"),)),
        "' costs 2": replace(certificate, actions=(*certificate.actions[:-1], replace(certificate.actions[-1], cost=1.0))),
        "below the bound": replace(certificate, lower_bound=certificate.lower_bound + 1),
        "is still reached": replace(certificate, actions=certificate.actions[:-1]),
        "breaks it too": other(actions=()),
        "which nothing gives": other(steps=first.steps[1:]),
        "is not stated": other(steps=tuple(replace(s, facts=tuple(map(price, s.facts))) for s in first.steps)),
        "does not lead to a goal": other(goal="n:moon"),
        "there is no rule": other(steps=tuple(replace(s, rule="magic") for s in first.steps)),
        " costs ": replace(certificate, prices=tuple((k, 9.0) for k, _ in certificate.prices)),
    }


def test_a_false_certificate_is_seen_through() -> None:
    with estate(packs([], TOY), HOUSE, "n:street") as house:
        certificate = house.ask(to("n:vault", "n:hall")).cut.certificate
        assert certificate
        for said, false in tampered(certificate).items():
            verdict = check(false, house.base)
            assert any(said in w for w in verdict.wrong), (said, verdict.wrong)


def test_a_name_that_stands_for_a_number_is_not_stated() -> None:
    with estate(packs([], TOY), HOUSE, "n:street") as house:
        certificate = house.ask(to("n:vault")).cut.certificate
        assert certificate
        number = house.base.symbol("n:yard")

        def forged(fact: Fact) -> Fact:
            return replace(fact, terms=tuple(number if term == "n:yard" else term for term in fact.terms))

        steps = tuple(replace(s, facts=tuple(map(forged, s.facts))) for s in certificate.proofs[0].steps)
        false = replace(certificate, proofs=(replace(certificate.proofs[0], steps=steps),))
        assert any("is not stated" in w for w in check(false, house.base).wrong)


def test_an_action_may_name_a_thing_twice() -> None:
    twice = TOY.replace('"Hide the key of {B}"', '"Hide the key of {B}, since {B} matters"')
    with estate(packs([], twice), HOUSE, "n:street") as house:
        cut = house.ask(to("n:vault")).cut
        assert [a.sentence for a in cut.actions] == ["Hide the key of n:vault, since n:vault matters"]
        assert cut.certificate
        assert check(cut.certificate, house.base).wrong == []


def test_a_goal_behind_an_unknown_flaw_says_how_many_and_which() -> None:
    (goal,) = ask(to("n:safe")).goals
    assert goal.state is GoalState.ASSUMED
    assert [str(f) for f in goal.flaws or ()] == ["flaw(n:safe)"]
    assert goal.flaws_bound == 1
    assert goal.paths[0].assumed[0].confidence is Confidence.ASSUMED
    (through,) = ask(to("n:safe", without=("Hide the key of n:vault",))).goals
    assert sorted(str(f) for f in through.flaws or ()) == ["flaw(n:cellar)", "flaw(n:safe)"]


def test_what_no_set_of_flaws_gives_is_unreached() -> None:
    (goal,) = ask(to("n:attic")).goals
    assert (goal.state, goal.cost, goal.paths, goal.flaws) == (GoalState.UNREACHED, None, (), None)


def test_facts_and_actions_can_be_taken_away() -> None:
    assert ask(to("n:vault", without=("locked(_, n:vault)",))).goals[0].state is GoalState.UNREACHED
    assert ask(to("n:vault", without=("door(n:yard, n:hall, 2)",))).goals[0].cost == 8.0
    assert ask(to("n:hall", without=("Wall n:street off from n:yard",))).goals[0].cost == 5.0


def test_the_best_changes_protect_the_most_goals() -> None:
    answer = ask(to("n:vault", "n:hall", "n:office", changes=1))
    assert answer.best.protected == ("n:vault",) or len(answer.best.protected) == 1
    assert answer.best.cost == min(a.cost for a in answer.best.actions) == 1.0
    two = ask(to("n:vault", "n:hall", "n:office", changes=2))
    assert two.best.protected == ("n:hall", "n:office", "n:vault")
    assert two.best.exact


HOUSE_ACTIONS = {
    "Wall n:street off from n:yard": 2,
    "Wall n:street off from n:hall": 2,
    "Wall n:yard off from n:hall": 2,
    "Wall n:hall off from n:office": 2,
    "Wall n:hall off from n:vault": 2,
    "Hide the key of n:vault": 1,
}


def test_no_set_within_the_budget_protects_more() -> None:
    goals = ("n:yard", "n:hall", "n:office", "n:vault")
    subsets = [s for n in range(len(HOUSE_ACTIONS) + 1) for s in itertools.combinations(HOUSE_ACTIONS, n)]
    with estate(packs([], TOY), HOUSE, "n:street") as house:
        kept = {}
        for chosen in subsets:
            answer = house.ask(to(*goals, paths=1, changes=1, without=chosen))
            kept[chosen] = sum(g.state is not GoalState.REACHED for g in answer.goals)
        for budget in range(8):
            best = house.ask(to(*goals, changes=1000, budget=float(budget))).best
            most = max(kept[s] for s in subsets if sum(HOUSE_ACTIONS[a] for a in s) <= budget)
            assert len(best.protected) == kept[tuple(a for a in HOUSE_ACTIONS if a in {b.sentence for b in best.actions})] == most
            assert sum(a.cost for a in best.actions) == best.cost <= budget


def test_a_budget_that_protects_nothing_makes_paths_dearer() -> None:
    answer = ask(to("n:hall", changes=1))
    assert answer.best.protected == ()
    ((_, before, after),) = answer.best.costs
    assert (before, after) == (3.0, 5.0)


def test_the_blast_radius_of_a_node() -> None:
    (blast,) = ask(to("n:vault", blast=("n:hall",))).blasts
    assert blast.goals == ("n:vault",)
    assert dict(blast.reached) == {"n": 3}
    assert blast.nearest[0] == ("n:hall", 0.0)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (to("n:nowhere"), "the estate knows no node n:nowhere"),
        (to("tag:nothing"), "the estate has no goal tag:nothing"),
        (Question(starts=("n:x",), goals=("n:hall",)), "the estate knows no node n:x"),
        (to("n:hall", without=("Do something",)), "is neither a fact nor the sentence of an action"),
        (to("n:hall", without=("at(n:hall)",)), "at is derived"),
        (to("n:hall", without=("door(n:hall)",)), "door takes 3 terms, not 1"),
        (to("n:hall", without=("door(n:hall, n:moon, 1)",)), "no fact matches"),
        (to("n:hall", without=("door(n:hall, n:moon, x)",)), "'x' is no number"),
    ],
)
def test_a_question_that_cannot_be_asked_is_explained(question: Question, said: str) -> None:
    with pytest.raises(UsageError) as error:
        ask(question)
    assert said in str(error.value)


def test_goals_that_no_action_protects_are_named() -> None:
    fixed = TOY.replace("removes door(A, B, _), locked(A, B)", "removes locked(A, B)")
    with estate(packs([], fixed), HOUSE + "door(n:street, n:garden, 0)\n", "n:street") as house:
        answer = house.ask(to("n:garden", "n:vault"))
    assert answer.cut.uncut == ("n:garden",)
    assert [a.sentence for a in answer.cut.actions] == ["Hide the key of n:vault"]


def test_a_goal_without_a_path_has_no_cost_of_another() -> None:
    goals = ("n:attic", "n:cellar", "n:office", "n:safe", "n:vault")
    costs = {node: before for node, before, _ in ask(to(*goals)).best.costs}
    assert costs == {"n:office": 4.0, "n:vault": 6.0}
