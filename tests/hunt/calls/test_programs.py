"""Claims about programs: what they are run with, and what of that an attacker chooses."""

import json

from mithridate.hunt.engines.calls.arguments import runs
from mithridate.hunt.engines.calls.door import Target, read_door
from mithridate.hunt.engines.calls.outcome import Answer, Run
from mithridate.hunt.engines.calls.planner import Planner
from mithridate.hunt.engines.calls.plans import Knowledge
from mithridate.hunt.engines.calls.sources import read_source
from mithridate.hunt.engines.calls.state import State
from mithridate.hunt.engines.calls.steps import document, leaves, with_marks

DOOR = json.dumps({"kind": "program", "import": "own.cli:main", "program": {"file": "/src/pyproject.toml"}}).encode()
SOURCE = b'import sys\nif sys.argv[1] == "--check":\n    pass\n'


def test_files_and_standard_input_are_the_attackers_and_arguments_the_users() -> None:
    for run in runs(Target(name="own", program=True), ["--check"]):
        assert leaves(run) and all(place[0] in ("stdin", "files") for place in leaves(run))
    made = json.loads(document([with_marks(runs(Target(name="own", program=True), [])[0])]))
    program = made["attack"][0]["program"]
    assert program["args"] == ["input.txt"] and "\ue000" in program["files"]["input.txt"]


def test_options_that_the_programs_source_names_are_tried_and_the_run_that_got_furthest_is_kept() -> None:
    known = Knowledge(door=read_door(DOOR), sources={"/src/own/cli.py": read_source(SOURCE, "/src/own/cli.py")})
    planner = Planner(state=State(), known=known)
    (job,) = planner.next(1)
    with_option = next(i for i, call in enumerate(job.calls) if call["args"][:1] == ["--check"])
    answers = [Answer(new_edges=9 if i == with_option else int(i == 0)) for i in range(len(job.calls))]
    planner.learn(job, Run(ended="done", answers=answers), ())
    assert planner.state.units["own.cli:main"].kept[0].call["args"][0] == "--check"
