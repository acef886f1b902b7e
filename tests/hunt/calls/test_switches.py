"""Claims about options that are off by default: what they do is seen only when they are switched on."""

import json
from typing import Any

from mithridate.hunt.engines.calls import plans
from mithridate.hunt.engines.calls.door import read_door
from mithridate.hunt.engines.calls.outcome import Answer, Run
from mithridate.hunt.engines.calls.planner import Planner
from mithridate.hunt.engines.calls.plans import Knowledge
from mithridate.hunt.engines.calls.sources import read_source
from mithridate.hunt.engines.calls.state import Purpose, Stage, State

FORMATTER = b"""
def build(stack, options):
    if options.get("strip_comments"):
        stack.append(1)
    if "reindent" in options and options["indent_tabs"]:
        stack.append(2)
    others.get("nothing")
    options.get(name)
"""


def known_of(*parameters: dict[str, Any]) -> Knowledge:
    function = {"target": "m:tidy", "file": "/src/m.py", "line": 1, "parameters": [{"name": "text"}, *parameters]}
    door = read_door(json.dumps({"targets": ["m:tidy"], "functions": [function]}).encode())
    return Knowledge(door=door, sources={"/src/f.py": read_source(FORMATTER, "/src/f.py")})


def test_each_option_that_is_off_is_switched_on_by_itself() -> None:
    known = known_of({"name": "strict", "default": "False"}, {"name": "quiet", "default": "True"})
    search = Planner(state=State(), known=known)
    (job,) = plans.jobs(Stage.SHAPES, search.state.units["m:tidy"], known)
    switched = [call["kwargs"] for call in job.calls if True in call["kwargs"].values()]
    assert switched == [{"strict": True}]


def test_options_taken_by_any_name_are_those_that_the_package_asks_for() -> None:
    known = known_of({"name": "options", "kind": "var_keyword"})
    search = Planner(state=State(), known=known)
    unit = search.state.units["m:tidy"]
    (job,) = plans.jobs(Stage.SHAPES, unit, known)
    switched = [call["kwargs"] for call in job.calls if True in call["kwargs"].values()]
    assert sorted(switched, key=str) == [{"indent_tabs": True}, {"reindent": True}, {"strip_comments": True}]
    answers = [Answer(new_edges=5 if call["kwargs"].get("reindent") else 0) for call in job.calls]
    assert job.purpose is Purpose.SHAPES
    search.learn(job, Run(ended="done", answers=answers), [])
    assert [kept.call["kwargs"] for kept in unit.selected] == [{"reindent": True}]
    assert any(call["kwargs"] == {"reindent": True} for one in plans.jobs(Stage.GENERIC, unit, known) for call in one.calls)


def test_without_such_a_mapping_nothing_is_switched_on() -> None:
    known = known_of()
    (job,) = plans.jobs(Stage.SHAPES, Planner(state=State(), known=known).state.units["m:tidy"], known)
    assert not any(call["kwargs"] for call in job.calls)
