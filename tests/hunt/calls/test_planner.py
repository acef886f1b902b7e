from types import SimpleNamespace
from typing import Any

import pytest

from mithridate.hunt.engines.calls import planner
from mithridate.hunt.engines.calls.planner import STAGES, Planner, Purpose, State


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
