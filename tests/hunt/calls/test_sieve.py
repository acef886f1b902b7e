"""Claims about measuring suspicious texts on their patterns before functions are called with them."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from mithridate.hunt.engines.calls import sieve
from mithridate.hunt.engines.calls.door import read_door
from mithridate.hunt.engines.calls.growth import worn
from mithridate.hunt.engines.calls.outcome import Answer, Run
from mithridate.hunt.engines.calls.planner import Planner
from mithridate.hunt.engines.calls.plans import WORST, Knowledge, jobs
from mithridate.hunt.engines.calls.scalable import repeated
from mithridate.hunt.engines.calls.sources import Pattern, read_source
from mithridate.hunt.engines.calls.state import STAGES, Job, Kept, Purpose, Stage, State

SLOW = Pattern(text=r"a(\w+\s*)*!", flags=0, file="/src/p.py", line=1)
FAST = Pattern(text=r"[ab]x", flags=0, file="/src/p.py", line=2)


def spelled(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value["make"] == "join":
        return "".join(spelled(one) for one in value["of"])
    return spelled(value["of"]) * int(value["times"])


def measured(job: Job) -> list[Answer]:
    answers = []
    for one in job.calls:
        assert one["target"] == sieve.SEARCH
        pattern, text, flags = one["args"]
        started = time.process_time()
        re.compile(pattern, flags).search(spelled(text))
        answers.append(Answer(seconds=time.process_time() - started))
    return answers


def test_a_text_that_the_matcher_settles_at_once_is_told_from_one_that_it_does_not() -> None:
    slow = (SLOW, repeated("a", "a", "-", f"{WORST} /src/p.py:1"))
    fast = (FAST, repeated("a", "", "-", "pattern /src/p.py:2"))
    (job,) = sieve.measurements("p:f", [slow, fast], WORST)

    shown = sieve.slow(job, measured(job), complete=True)
    assert shown == {sieve.key(slow): True, sieve.key(fast): False}


def test_the_call_that_uses_a_run_up_is_slow_and_the_others_are_measured_again() -> None:
    suspicions = [(FAST, repeated(letter, "", "-", "pattern")) for letter in "abc"]
    (job,) = sieve.measurements("p:f", suspicions, WORST)
    shown = sieve.slow(job, [Answer(seconds=0.0)], complete=False)
    assert shown == {sieve.key(suspicions[0]): False, sieve.key(suspicions[1]): True}
    left = sieve.rest(job, 1)
    assert left is not None and left.calls == job.calls[2:] and left.purpose is Purpose.SIEVE
    assert sieve.rest(job, 0, {FAST.text}) is None and sieve.rest(job, 0, {SLOW.text}) is not None


def test_a_pattern_is_entered_with_as_many_repeats_as_are_noticed_and_use_no_run_up() -> None:
    slow = (SLOW, repeated("a", "a", "-", f"{WORST} /src/p.py:1"))
    faster = (SLOW, repeated("aa", "a", "-", f"{WORST} /src/p.py:1"))
    once = (FAST, repeated("a", "", "-", "pattern /src/p.py:2"))
    (job,) = sieve.measurements("p:f", [slow, faster, once], WORST)
    times = [times for parts, times in job.texts if parts[0][0] == sieve.key(slow)]
    seconds = [0.0, 0.0, 0.001, 0.01, 0.06, 0.2]
    left = sieve.rest(job, len(seconds))
    assert left is not None and {parts[0][0] for parts, _ in left.texts} == {sieve.key(faster), sieve.key(once)}
    paced = sieve.paces(job, [Answer(seconds=s) for s in seconds], complete=False)
    assert paced == {sieve.key(slow): times[4]}
    at_once = sieve.paces(left, [Answer(seconds=0.0), Answer(seconds=0.002)], complete=False)
    assert at_once == {sieve.key(faster): 6}  # five repeats took no time, seven used the run up
    assert sieve.paces(job, [Answer(seconds=1.0)] * len(job.texts), complete=True).keys() == {sieve.key(slow), sieve.key(faster)}


def test_functions_are_called_only_with_texts_that_are_slow(tmp_path: Path) -> None:
    text = b"import re\nA = re.compile(r'x(\\w+\\s*)*!')\nB = re.compile(r'(y+)(y+)z')\n"
    source = read_source(text, "/src/p.py")
    door = read_door(json.dumps({"targets": ["p:f"], "functions": [{"target": "p:f", "file": "/src/p.py"}]}).encode())
    search = Planner(state=State(), known=Knowledge(door=door, sources={"/src/p.py": source}))
    unit = search.state.units["p:f"]
    unit.stage, unit.kept = STAGES.index(Stage.PATTERNS), [Kept(call={"target": "p:f", "args": ["amber"], "kwargs": {}}, edges=1)]
    first = search.next(100)
    assert first and {job.purpose for job in first} == {Purpose.SIEVE}
    for job in first:
        slow = [job.texts[i][0][0][0] for i, one in enumerate(job.calls) if "x" in one["args"][0]]
        answers = [Answer(seconds=1.0 if parts[0][0] in slow else 0.0) for parts, _ in job.texts]
        search.learn(job, Run(ended="done", answers=answers), [])
    second = search.next(100)
    assert second and all(sieve.is_large(job) for job in second if job.purpose is Purpose.SIEVE)
    assert not any("x" in one["args"][0] for job in second for one in job.calls)  # what is known to be slow is not measured again
    for job in second:
        search.learn(job, Run(ended="done", answers=[Answer()] * len(job.calls)), [])
    texts = [parts for job in search.next(100) if job.purpose is Purpose.PROBE for parts, _ in job.texts]
    assert any(parts[0] == ("x", False) or parts[0][0].startswith("x") for parts in texts)
    assert not any("y" in text for parts in texts for text, _ in parts)


def test_of_a_pattern_that_is_slow_anyhow_no_more_shapes_use_runs_up() -> None:
    text = b"import re\nA = re.compile(r'x(\\w+\\s*)*(y+)+(z+)+!')\n"
    door = read_door(json.dumps({"targets": ["p:f"], "functions": [{"target": "p:f", "file": "/src/p.py"}]}).encode())
    known = Knowledge(door=door, sources={"/src/p.py": read_source(text, "/src/p.py")})
    assert len(known.suspicions("/src/p.py")) > sieve.ENOUGH
    search = Planner(state=State(), known=known)
    unit = search.state.units["p:f"]
    unit.stage, unit.kept = STAGES.index(Stage.PATTERNS), [Kept(call={"target": "p:f", "args": ["amber"], "kwargs": {}}, edges=1)]
    used_up = 0
    while sieving := [job for job in search.next(1) if job.purpose is Purpose.SIEVE]:
        for job in sieving:
            search.learn(job, Run(ended="timeout"), [])
            used_up += 1
    assert used_up == sieve.ENOUGH


@pytest.mark.parametrize("flags", [4, 128])
def test_flags_that_only_other_kinds_of_pattern_have_are_left_out(flags: int) -> None:
    (job,) = sieve.measurements("p:f", [(Pattern(text="a", flags=flags | 2, file="f", line=1), repeated("a"))], WORST)
    assert job.calls[0]["args"][2] == 2


def test_a_slow_text_is_tried_behind_what_a_function_splits_its_input_at() -> None:
    text = b"import re\nA = re.compile(r'x(\\w+\\s*)*!')\n"
    about = {"target": "p:f", "file": "/src/p.py", "constants": [";", "name"]}
    door = read_door(json.dumps({"targets": ["p:f"], "functions": [about]}).encode())
    known = Knowledge(door=door, sources={"/src/p.py": read_source(text, "/src/p.py")})
    search = Planner(state=State(), known=known)
    unit = search.state.units["p:f"]
    unit.kept = [Kept(call={"target": "p:f", "args": ["amber"], "kwargs": {}}, edges=1)]
    search.state.sieved.update({sieve.key(one): True for one in known.suspicions("/src/p.py")})
    texts = ["".join(part for part, _ in parts) for job in jobs(Stage.PATTERNS, unit, known) for parts, _ in job.texts]
    assert any(one.startswith("amber;x") for one in texts) and any(one.startswith("x") for one in texts)
    assert not any(one.startswith("ambername") for one in texts)
    search.state.paces.update({sieve.key(one): 5 for one in known.suspicions("/src/p.py")})
    repeated_so = {times for job in jobs(Stage.PATTERNS, unit, known) for parts, times in job.texts if parts[0][0][0] == "x"}
    assert repeated_so == {5}


def test_texts_that_are_all_slow_stand_out_from_plain_text_among_them() -> None:
    text = b"import re\nA = re.compile(r'(.+?)<(.*)>')\n"
    door = read_door(json.dumps({"targets": ["p:f"], "functions": [{"target": "p:f", "file": "/src/p.py"}]}).encode())
    known = Knowledge(door=door, sources={"/src/p.py": read_source(text, "/src/p.py")})
    search = Planner(state=State(), known=known)
    unit = search.state.units["p:f"]
    unit.kept = [Kept(call={"target": "p:f", "args": ["amber"], "kwargs": {}}, edges=1)]
    search.state.sieved.update({sieve.key(one): True for one in known.suspicions("/src/p.py")})
    slow = [job for job in jobs(Stage.PATTERNS, unit, known) if any("<" in part for parts, _ in job.texts for part, _ in parts)]
    job = slow[0]
    sizes = [sum(len(part) * (times if again else 1) for part, again in parts) for parts, times in job.texts]
    assert min(sizes) > 15_000
    seconds = [0.0001 if "amber" in parts[0][0] else 0.03 for parts, _ in job.texts]
    assert seconds.count(0.0001) == 1
    assert worn(seconds) == [at for at, s in enumerate(seconds) if s > 0.01]
