import json
from types import SimpleNamespace
from typing import Any

import pytest

from mithridate.hunt.engines.calls import planner, plans
from mithridate.hunt.engines.calls.door import read_door
from mithridate.hunt.engines.calls.outcome import Answer, Run
from mithridate.hunt.engines.calls.planner import STAGES, Planner, Purpose, State
from mithridate.hunt.engines.calls.plans import Knowledge
from mithridate.hunt.engines.calls.state import Job, Kept, Stage


def test_a_search_whose_shapes_are_all_worn_out_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutations never run out: a target of which every run was used up would be looked at for ever."""
    target = SimpleNamespace(file="", line=0, function="f", module="m", parameters=())
    known: Any = SimpleNamespace(door=SimpleNamespace(targets={"m:f": target}), unmeasured=lambda *_: [])
    looked: list[int] = []

    def jobs(*_arguments: object) -> list[Any]:
        looked.append(1)
        assert len(looked) < 10_000
        return [SimpleNamespace(purpose=Purpose.PROBE, texts=[((), "")], calls=[{}])]

    monkeypatch.setattr(planner.plans, "jobs", jobs)
    search = Planner(state=State(), known=known)
    unit = search.state.units["m:f"]
    unit.stage, unit.kept = len(STAGES) - 1, [SimpleNamespace()]  # type: ignore[list-item]
    monkeypatch.setattr(Planner, "_without_worn", lambda *_: None)
    assert search.next(5) == []
    assert looked


def test_standard_input_is_no_parameter_and_is_asked_for_by_no_name() -> None:
    target = SimpleNamespace(file="", line=0, function="f", module="m", parameters=(), construct=None, doc="")
    known: Any = SimpleNamespace(door=SimpleNamespace(targets={"m:f": target}))
    search = Planner(state=State(), known=known)
    assert search._asked(search.state.units["m:f"], ("stdin",)).parameter == ""


def test_a_text_that_decides_what_is_done_with_another_is_kept_while_the_other_is_attacked() -> None:
    """A function that is told the format of what it loads does nothing with it until the format is one that it knows."""
    door = read_door(json.dumps({"targets": ["m:load"], "functions": [{"target": "m:load"}]}).encode())
    search = Planner(state=State(), known=Knowledge(door=door, sources={}))
    unit = search.state.units["m:load"]
    first = {"target": "m:load", "args": ["amber", "amber"], "kwargs": {}}
    unit.kept, unit.stage = [Kept(call=first, edges=1)], STAGES.index(Stage.CONSTANTS)
    tried = [{**first, "args": [word, "amber"]} for word in ("json", "yaml")]
    job = Job(target="m:load", purpose=Purpose.INPUTS, calls=tried, place=["args", 0], texts=[([("json", False)], 1)] * 2)
    search.learn(job, Run(ended="done", answers=[Answer(), Answer(new_edges=9)]), [])
    attacks = plans.jobs(Stage.SPECIAL, unit, search.known)
    assert attacks and attacks[0].calls[0]["args"][0] == "yaml" and attacks[0].place == ["args", 1]
    assert any(call["args"][0] == "yaml" for one in plans.jobs(Stage.MARKS, unit, search.known) for call in one.calls)
