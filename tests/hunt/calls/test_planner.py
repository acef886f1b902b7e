import json
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from mithridate.hunt.engines.calls import climbs, finds, planner, plans
from mithridate.hunt.engines.calls.door import read_door
from mithridate.hunt.engines.calls.outcome import Answer, Run, Seen
from mithridate.hunt.engines.calls.planner import STAGES, Planner, Purpose, State
from mithridate.hunt.engines.calls.plans import Knowledge
from mithridate.hunt.engines.calls.promise import takes_apart
from mithridate.hunt.engines.calls.state import Job, Kept, Stage
from mithridate.hunt.engines.calls.steps import with_marks
from mithridate.model.observation import Sink
from mithridate.model.violation import Frame, Violation, ViolationKind


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
    assert search._pursuit.asked(search.state.units["m:f"], ("stdin",)).parameter == ""


def test_what_is_given_to_the_rest_of_the_arguments_is_asked_for_by_its_name() -> None:
    kinds = [{"name": "a"}, {"name": "words", "kind": "var_positional"}, {"name": "options", "kind": "var_keyword"}]
    door = read_door(json.dumps({"targets": ["m:f"], "functions": [{"target": "m:f", "parameters": kinds}]}).encode())
    search = Planner(state=State(), known=Knowledge(door=door, sources={}))
    asked = [search._pursuit.asked(search.state.units["m:f"], ("args", at)).parameter for at in range(3)]
    assert asked == ["a", "words", "words"]


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


def test_expressions_without_a_name_in_one_file_are_candidates_each() -> None:
    """They are told apart by their lines: they have no function."""
    door = read_door(json.dumps({"targets": ["m:read"], "functions": [{"target": "m:read"}]}).encode())
    search = Planner(state=State(), known=Knowledge(door=door, sources={}))
    sizes = (1000, 2000, 4000, 8000)
    attack, control = ([{"target": "m:read", "args": [letter * size], "kwargs": {}} for size in sizes] for letter in "a-")
    texts = [([("a", True)], size) for size in sizes]
    kept = []
    for line in (3, 7, 7):
        frames = [{"file": "/src/m.py", "line": line, "function": "<pattern>", "pattern": "(a+)+b"}]
        records: list[Any] = [{"phase": "control", "answer": {"seconds": 0.001}}] * 4
        records += [{"phase": "attack", "answer": {"seconds": seconds}} for seconds in (0.05, 0.2, 0.8, 3.2)]
        records.append({"ended": "done", "cpu_s": 4.3, "frames": frames})
        job = Job(target="m:read", purpose=Purpose.CONFIRM, calls=attack, control=control, texts=texts, place=["args", 0])
        kept += search.learn(job, Run(records=records, ended="done"), [])
    assert [found.violation.place.line for found in kept if found.violation and found.violation.place] == [3, 7]


def test_what_stands_in_a_file_is_attacked_though_the_name_was_tried_first() -> None:
    """Of a function of two names, one of them a folder's, the first call that raised none of its own took both places."""
    door = read_door(json.dumps({"targets": ["m:extract"], "functions": [{"target": "m:extract"}]}).encode())
    search = Planner(state=State(), known=Knowledge(door=door, sources={}))
    unit = search.state.units["m:extract"]
    stored = {"python": "stored", "of": "amber"}
    calls = [{"target": "m:extract", "args": [first, "amber"], "kwargs": {}} for first in ("amber", stored)]
    unit.kept = [Kept(call=call, edges=1) for call in calls]
    attacks = plans.jobs(Stage.HINTED, unit, search.known)
    members = [job for job in attacks if job.calls[0]["args"][0] != "amber" and job.place == ["args", 0, "of"]]
    assert {job.calls[0]["args"][0]["of"]["make"] for job in members} >= {"tar", "zip"}
    assert attacks[: len(members)] == members


def reached(target: str, line: int) -> Seen:
    """A mark in a program's arguments, behind a helper that several functions call at different lines."""
    frames = (Frame(file="/src/h.py", line=3, function="run"), Frame(file="/src/m.py", line=line, function=target))
    mark = (0, "opening", "closing")
    told = {"phase": "attack", "step": 0, "sink": Sink.COMMAND, "api": "subprocess.Popen", "dialect": "", "detail": {}}
    return Seen(**told, text='["fetch", "openingamberclosing"]', marks=(mark,), frames=frames)  # type: ignore[arg-type]


def test_each_way_to_a_sink_behind_a_helper_is_attacked_and_kept() -> None:
    """A helper that runs what it is given is there for that; its callers, which give it what they were given, are not."""
    names = ("m:one", "m:two")
    door = read_door(json.dumps({"targets": names, "functions": [{"target": n} for n in names]}).encode())
    search = Planner(state=State(), known=Knowledge(door=door, sources={}))
    at_helper = (Frame(file="/src/h.py", function="run"),)
    violation = Violation(kind=ViolationKind.ARGUMENT_INJECTION, detector="confinement", message="", frames=at_helper)
    for line, name in enumerate(names):
        call = with_marks({"target": name, "args": ["amber"], "kwargs": {}})
        job = Job(target=name, purpose=Purpose.SHAPES, calls=[call])
        search.learn(job, Run(ended="done", answers=[Answer()], seen=[reached(name, line)]), [])
        attacks = [one for one in search.state.queue if one.target == name and one.purpose is Purpose.ATTACK]
        assert attacks
        assert len(search.learn(attacks[0], Run(ended="done", answers=[Answer()]), [violation])) == 1
        assert search.learn(attacks[1], Run(ended="done", answers=[Answer()]), [violation]) == []


def test_of_a_helper_with_many_callers_each_is_kept_up_to_a_bound() -> None:
    names = [f"m:f{n}" for n in range(20)]
    door = read_door(json.dumps({"targets": names, "functions": [{"target": n} for n in names]}).encode())
    search = Planner(state=State(), known=Knowledge(door=door, sources={}))
    kept = []
    for line, name in enumerate(names):
        frames = (Frame(file="/src/h.py", function="run"), Frame(file=f"/src/{line}.py", function=name))
        violation = Violation(kind=ViolationKind.ARGUMENT_INJECTION, detector="confinement", message="", frames=frames)
        search.learn(
            Job(target=name, purpose=Purpose.SHAPES, calls=[with_marks({"target": name, "args": ["amber"], "kwargs": {}})]),
            Run(ended="done", answers=[Answer()], seen=[reached(name, line)]),
            [],
        )
        attack = next(one for one in search.state.queue if one.target == name and one.purpose is Purpose.ATTACK)
        kept += search.learn(attack, Run(ended="done", answers=[Answer()]), [violation])
    assert len(kept) == finds._MOST_WAYS


def search_of(*names: str) -> Planner:
    """A search that has nothing more to plan for these targets."""
    door = read_door(json.dumps({"targets": names, "functions": [{"target": n} for n in names]}).encode())
    search = Planner(state=State(), known=Knowledge(door=door, sources={}))
    for name in names:
        search.state.units[name].stage = len(STAGES)
    return search


def close_look(letters: str, purpose: Purpose = Purpose.CONFIRM) -> Job:
    sizes = (1000, 2000, 4000, 8000)
    attack, control = (
        [{"target": "m:read", "args": [text * size], "kwargs": {}} for size in sizes] for text in (letters, "-" * len(letters))
    )
    texts = [([(letters, True)], size) for size in sizes]
    return Job(target="m:read", purpose=purpose, calls=attack, control=control, texts=texts, place=["args", 0])


def slow_at(line: int) -> Run:
    frames = [{"file": "/src/m.py", "line": line, "function": "read", "pattern": "(a+)+b"}]
    records: list[Any] = [{"phase": "control", "answer": {"seconds": 0.001}}] * 4
    records += [{"phase": "attack", "answer": {"seconds": seconds}} for seconds in (0.05, 0.2, 0.8, 3.2)]
    records.append({"ended": "done", "cpu_s": 4.3, "frames": frames})
    return Run(records=records, ended="done")


def test_an_expression_that_several_manners_of_text_slow_down_is_a_candidate_with_each() -> None:
    """What was put right in one of its alternatives is shown by a text for that alternative only."""
    search = search_of("m:read")
    kept = [len(search.learn(close_look(text), slow_at(3), [])) for text in ("ab", "ba", '""', "0 ", "<-", "=")]
    assert kept == [1, 0, 1, 1, 0, 0]
    assert search.learn(close_look("ab"), slow_at(9), [])


def test_of_runs_special_to_one_target_few_begin_and_none_follow_those_that_hang() -> None:
    search = search_of("m:hangs", "m:ends")
    for name in ["m:hangs", "m:ends"] * 10:
        call = {"target": name, "args": ["amber"], "kwargs": {}}
        search.state.queue.append(Job(target=name, purpose=Purpose.SPECIAL, calls=[call], control=[call]))
    first = search.next(100)
    assert Counter(job.target for job in first) == {"m:hangs": 3, "m:ends": 3}
    for job in first:
        search.learn(job, Run(ended="timeout" if job.target == "m:hangs" else "done"), [])
    assert Counter(job.target for job in search.next(100)) == {"m:ends": 7}


def test_a_closer_look_waits_for_what_another_at_its_target_shows() -> None:
    search = search_of("m:read")
    looks = [close_look(text) for text in ("ab", "ba")]
    for look in looks:
        look.witness = "/src/m.py:3"
    search.state.queue = list(looks)
    assert search.next(10) == looks[:1]
    assert search.learn(looks[0], slow_at(3), [])
    assert search.next(10) == []


def probe(target: str, *pumps: str) -> Job:
    calls = [{"target": target, "args": [pump * 100], "kwargs": {}} for pump in pumps]
    return Job(target=target, purpose=Purpose.PROBE, calls=calls, texts=[([(p, True)], 100) for p in pumps], place=["args", 0])


def test_a_text_that_has_used_up_a_run_is_in_one_run_of_a_batch_and_soon_in_none() -> None:
    """Many functions match the same expressions: each batch of them would hang in every run."""
    names = [f"m:f{number}" for number in range(9)]
    search = search_of(*names)
    search.state.queue = [probe(name, "ab") for name in names]
    first = search.next(100)
    assert len(first) == 9
    search.learn(first[0], Run(ended="timeout"), [])
    search.state.queue = [*first[1:], probe("m:f0", "cd")]  # cut off with the batch, they come again
    for _ in range(2):
        looks = [job for job in search.next(100) if job.purpose is Purpose.PROBE]
        assert [job.texts[0][0][0][0] for job in looks if job.target != "m:f0"] == ["ab"]
        search.learn(next(job for job in looks if job.target != "m:f0"), Run(ended="timeout"), [])
    assert not [job for job in search.next(100) if job.purpose is Purpose.PROBE]


def test_a_search_goes_on_behind_a_stage_of_which_all_runs_would_hang() -> None:
    """An empty batch says that nothing is left to try: the search of a door ended early for it."""
    search = search_of("m:read")
    unit = search.state.units["m:read"]
    unit.kept = [Kept(call={"target": "m:read", "args": ["amber"], "kwargs": {}}, edges=1)]
    for stage in (Stage.HINTED, Stage.SPECIAL):
        unit.stage, search.state.hung = STAGES.index(stage), {"m:read": 9}
        jobs = search.next(50)
        assert jobs and all(job.purpose is not Purpose.SPECIAL for job in jobs)


def test_nobody_waits_for_a_measurement_that_was_given_up() -> None:
    """Functions waited for shapes of a pattern of which enough were slow already, so that the search of a door ended early."""
    search = search_of("m:read")
    unit = search.state.units["m:read"]
    unit.kept = [Kept(call={"target": "m:read", "args": ["amber"], "kwargs": {}}, edges=1)]
    unit.stage, unit.files = STAGES.index(Stage.PATTERNS), ["/src/m.py"]
    search.state.compiled["/src/m.py"] = [("^(a+)+$", 32, 3)]
    assert {job.purpose for job in search.next(50)} == {Purpose.SIEVE}
    assert Purpose.PROBE in {job.purpose for job in search.next(50)}


def test_what_nests_slowly_is_let_come_to_the_end_of_the_stack_once_a_target() -> None:
    """A reader of brackets may take so long for each level that no ladder gets as deep as an interpreter's stack."""
    search = search_of("m:read")
    sizes = (1, 64, 256, 1024)
    calls = [{"target": "m:read", "args": ["[" * n + "]" * n], "kwargs": {}} for n in sizes]
    texts = [([("[", True), ("]", True)], n) for n in sizes]
    job = Job(target="m:read", purpose=Purpose.LADDER, calls=calls, texts=texts, place=["args", 0])
    records: list[Any] = [{"phase": "attack", "answer": {"seconds": s}} for s in (0.001, 0.01, 0.6)]
    records.append({"ended": "timeout", "cpu_s": 1.2, "frames": []})
    run = Run(records=records, ended="timeout", answers=[Answer(seconds=s) for s in (0.001, 0.01, 0.6)])
    for _ in range(2):
        search.learn(job, run, [])
    (deep,) = [one for one in search.state.queue if one.purpose is Purpose.DEEP]
    assert deep.texts[0][1] > 1000 and deep.control and deep in search.next(10)


def test_a_text_that_does_not_nest_is_given_no_more_time_than_others() -> None:
    search = search_of("m:read")
    job = close_look("a", Purpose.LADDER)
    job.control = []
    search.learn(job, Run(records=[{"ended": "timeout", "cpu_s": 1.2, "frames": []}], ended="timeout"), [])
    assert not search.state.deep


def test_what_takes_noticeable_time_at_a_few_bytes_is_looked_at_in_small_steps() -> None:
    search = search_of("m:read")
    job = close_look("ab", Purpose.PROBE)
    job.control, job.texts = [], [([("ab", True)], 20), *job.texts[1:]]
    search.learn(job, Run(ended="done", answers=[Answer(seconds=0.1), *[Answer(seconds=0.001)] * 3]), [])
    (closer,) = search.state.queue
    times = [n for _, n in closer.texts]
    assert closer.purpose is Purpose.LADDER and times == sorted(set(times))
    assert {20, 21, 22, 23, 24} < set(times) and min(times) == 1


def test_closer_looks_that_cost_nothing_do_not_keep_others_from_being_taken() -> None:
    """With coverage counted, a loop over a long text takes as long as what is to be noticed."""
    search = search_of("m:read")
    for sign in "abcdefghi":
        probe = close_look(sign, Purpose.PROBE)
        probe.control = []
        search.learn(probe, Run(ended="done", answers=[Answer(seconds=0.05), *[Answer()] * 3]), [])
        (ladder,) = search.state.queue
        assert ladder.purpose is Purpose.LADDER
        search.state.queue = []
        records: list[Any] = [{"phase": "attack", "answer": {"seconds": 0.001}}] * len(ladder.calls)
        records.append({"ended": "done", "cpu_s": 0.1, "frames": []})
        search.learn(ladder, Run(ended="done", answers=[Answer(seconds=0.001)] * len(ladder.calls), records=records), [])
    for sign in "jklmnopqr":
        probe = close_look(sign, Purpose.PROBE)
        probe.control = []
        search.learn(probe, Run(ended="done", answers=[Answer(seconds=0.05), *[Answer()] * 3]), [])
    assert len(search.state.queue) in (climbs._CLIMBS - 1, climbs._CLIMBS)


def test_a_slow_loop_is_a_candidate_through_each_of_a_few_targets() -> None:
    names = [f"m:f{n}" for n in range(6)]
    search = search_of(*names)
    frames = [{"file": "/src/m.py", "line": 7, "function": "each"}]
    records: list[Any] = [{"phase": "control", "answer": {"seconds": 0.001}}] * 4
    records += [{"phase": "attack", "answer": {"seconds": seconds}} for seconds in (0.05, 0.2, 0.8, 3.2)]
    run = Run(records=[*records, {"ended": "done", "cpu_s": 4.3, "frames": frames}], ended="done")
    found = []
    for name in [names[0], *names]:
        job = close_look("a")
        job.target = name
        found.append(len(search.learn(job, run, [])))
    assert found == [1, 0, 1, 1, 0, 0, 0]


def test_names_of_functions_say_in_many_forms_that_they_take_something_apart() -> None:
    names = ["m:parse_url", "m:extractall", "m:unzip_file", "m:C.decoder", "m:paint", "m:sparse", "m:C.loader_of"]
    door = read_door(json.dumps({"targets": names, "functions": [{"target": n} for n in names]}).encode())
    assert [n for n in names if takes_apart(door.targets[n])] == names[:4]
