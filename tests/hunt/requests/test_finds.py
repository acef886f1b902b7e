"""From what the oracle held against a document to a candidate: shown alone, made smaller, kept once."""

import re
from pathlib import Path

from mithridate.hunt.engines.requests import reduction
from mithridate.hunt.engines.requests.document import Input, Request, Slot, marked, replaced
from mithridate.hunt.engines.requests.planner import KEPT_OF_ONE_KEY, Planner
from mithridate.hunt.engines.requests.state import Find, Plan, Purpose, State, load, save
from mithridate.hunt.engines.requests.views import Answer, Asked, Escape, Route, Run
from mithridate.model.observation import Sink


def attack_plan(inputs: int, extra_steps: int = 0) -> Plan:
    request = Request(
        method="POST", path="/", inputs=tuple(Input(where="form", name=f"n{i}", value=marked()) for i in range(inputs))
    )
    steps = (*(Request(method="GET", path=f"/{i}") for i in range(extra_steps)), request)
    slot = Slot(step=extra_steps, position=inputs - 1, part="value")
    return Plan(unit="POST /", purpose=Purpose.ATTACK, control=steps, attack=replaced(steps, slot, marked("a'b")), slot=slot)


def test_reduction_first_runs_the_whole_alone_and_the_smallest_form() -> None:
    find = Find(key="k", number=0, plan=attack_plan(3, extra_steps=1), fact=False)
    whole, minimal = reduction.round_of(find)
    assert whole.attack == find.plan.attack
    assert [len(step.inputs) for step in minimal.attack] == [1]
    find.smaller, find.round = [whole, minimal], 1
    assert reduction.round_of(find) == (), "no smaller one is conceivable"


def test_reduction_then_leaves_out_each_part_but_the_attacked_one() -> None:
    find = Find(key="k", number=0, plan=attack_plan(3, extra_steps=1), fact=False)
    find.smaller, find.round = [reduction.round_of(find)[0]], 1
    plans = reduction.round_of(find)
    assert len(plans) == 3
    for plan in plans:
        assert plan.slot is not None
        assert plan.attack[plan.slot.step].inputs[plan.slot.position].value == marked("a'b")
        assert len(plan.control) == len(plan.attack)


def test_reduction_misses_together_what_it_could_miss_alone() -> None:
    find = Find(key="k", number=0, plan=attack_plan(4), fact=False)
    find.smaller, find.round = [reduction.round_of(find)[0]], 1
    singles = reduction.round_of(find)
    find.smaller += singles[:2]  # without the first, and without the second; the third is needed
    find.round = 2
    (together,) = reduction.round_of(find)
    assert [one.name for one in together.attack[0].inputs] == ["n2", "n3"]
    find.smaller.append(together)
    assert reduction.smallest(find) == together


def test_what_no_process_of_its_own_shows_is_no_candidate() -> None:
    planner = Planner(state=State())
    planner.open([Route(path="/", methods=("POST",))])
    plan = attack_plan(2)
    planner.learn(plan, Run(ended="done", escapes=(escape(),)))
    again = planner.next(100)
    assert {one.purpose for one in again} >= {Purpose.REDUCE}
    kept = [k for one in again for k in planner.learn(one, Run(ended="done"))]
    assert not [k.name for k in kept + planner.close() if k.name]
    name = next(iter(planner.state.kept))
    assert planner.state.kept[name] == 0


def escape(kind: str = "sql-injection", fact: bool = False) -> Escape:
    return Escape(kind=kind, sink=Sink.SQL, place="/src/a.py:f", stack="s", fact=fact)


def test_few_candidates_are_kept_of_one_cause() -> None:
    planner = Planner(state=State())
    planner.open([Route(path="/", methods=("POST",))])
    names = set()
    for i in range(6):
        plan = attack_plan(1 + i)
        for kept in planner.learn(plan, Run(ended="done", escapes=(escape(),))):
            names.add(kept.name)
    names |= {kept.name for kept in planner.close()}
    assert len(names - {""}) == KEPT_OF_ONE_KEY
    assert all(re.fullmatch(r"sql-injection-[0-9a-f]{8}-[0-9a-f]{8}-\d", name) for name in names - {""})


def test_an_exploring_document_without_a_twin_gives_facts_only() -> None:
    planner = Planner(state=State())
    planner.open([Route(path="/", methods=("GET",))])
    (plan,) = planner.next(10)
    kept = planner.learn(plan, Run(ended="done", escapes=(escape(), escape("weak-hash", fact=True))))
    assert {k.name.rpartition("-")[0].rsplit("-", 2)[0] for k in kept if k.name} == {"weak-hash"}


def test_finds_that_are_being_made_smaller_are_kept_when_the_slice_ends() -> None:
    planner = Planner(state=State())
    planner.open([Route(path="/", methods=("POST",))])
    planner.learn(attack_plan(5), Run(ended="done", escapes=(escape(),)))
    assert planner.state.finds
    assert [k.name for k in planner.close() if k.name]
    assert not planner.state.finds and all(p.purpose is not Purpose.REDUCE for p in planner.state.queue)


def test_state_survives_as_json(tmp_path: Path) -> None:
    planner = Planner(state=State())
    planner.open([Route(path="/", methods=("GET", "POST"))])
    (plan, *_) = planner.next(1)
    answer = Answer(phase="attack", step=0, status=200, asked=(Asked(where="query", name="q"),), new_edges=3)
    planner.learn(plan, Run(ended="done", answers=(answer,)))
    planner.learn(attack_plan(3), Run(ended="done", escapes=(escape(),)))
    save(planner.state, tmp_path / "state")
    assert load(tmp_path / "state") == planner.state
    assert load(tmp_path / "none") == State()
