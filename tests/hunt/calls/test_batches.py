"""Claims about what is run together, with how much time, and whether coverage is counted."""

import json
from collections.abc import Container, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mithridate.hunt.engines.calls import climbs, sieve
from mithridate.hunt.engines.calls.batches import Batch
from mithridate.hunt.engines.calls.door import read_door
from mithridate.hunt.engines.calls.engine import _Slice
from mithridate.hunt.engines.calls.outcome import Answer, Run
from mithridate.hunt.engines.calls.planner import Planner
from mithridate.hunt.engines.calls.plans import WORST, Knowledge, shapes_for
from mithridate.hunt.engines.calls.runner import Output
from mithridate.hunt.engines.calls.scalable import digest, repeated
from mithridate.hunt.engines.calls.sources import Pattern
from mithridate.hunt.engines.calls.state import STAGES, Job, Purpose, State

PATTERN = Pattern(text=r"a(\w+\s*)*!", flags=0, file="/src/p.py", line=1)


def planner_of(*names: str) -> Planner:
    door = read_door(json.dumps({"targets": names, "functions": [{"target": n} for n in names]}).encode())
    search = Planner(state=State(), known=Knowledge(door=door, sources={}))
    for name in names:
        search.state.units[name].stage = len(STAGES)
    return search


def job(purpose: Purpose, target: str = "m:read", pump: str = "ab", control: bool = False) -> Job:
    call = {"target": target, "args": [pump * 100], "kwargs": {}}
    texts: list[Any] = [([(pump, True)], 100)]
    return Job(target=target, purpose=purpose, calls=[call], texts=texts, place=["args", 0], control=[call] if control else [])


class Watch:
    """A runner that runs nothing and notes how it was told to."""

    def __init__(self) -> None:
        self.told: list[tuple[float, bool]] = []

    def run(
        self,
        documents: Sequence[bytes],
        seconds: float,
        each_s: float,
        *,
        coverage: bool = True,
        alone: Container[int] | None = None,
    ) -> Output:
        self.told.append((each_s, coverage))
        return Output(records=b"", words="nothing ran")


def told(*jobs: Job, unit_timeout_s: float = 60.0) -> list[tuple[float, bool]]:
    watch = Watch()
    work: Any = SimpleNamespace(unit_timeout_s=unit_timeout_s, work=Path("/nowhere"))
    _Slice(work, watch, lambda *_: [], planner_of("m:read"), None, None)._batch(list(jobs), 100.0)
    return watch.told


def test_coverage_is_counted_where_new_lines_are_looked_for_and_not_where_time_is() -> None:
    timed = (Purpose.PROBE, Purpose.LADDER, Purpose.CONFIRM, Purpose.SIEVE, Purpose.DEEP)
    for purpose in Purpose:
        ((_, coverage),) = told(job(purpose, control=purpose is Purpose.CONFIRM))
        assert coverage == (purpose not in timed), purpose


def test_what_confirms_has_more_time_than_what_looks_and_what_nests_deep_more_than_a_unit() -> None:
    def time_of(purpose: Purpose, control: bool = False, limit: float = 60.0) -> float:
        ((each_s, _),) = told(job(purpose, control=control), unit_timeout_s=limit)
        return each_s

    assert time_of(Purpose.SIEVE) < time_of(Purpose.PROBE) < time_of(Purpose.LADDER) < time_of(Purpose.CONFIRM, control=True)
    assert time_of(Purpose.LADDER, control=True) == time_of(Purpose.CONFIRM, control=True)
    assert time_of(Purpose.DEEP) > time_of(Purpose.CONFIRM, control=True)
    assert time_of(Purpose.CONFIRM, control=True, limit=0.5) == time_of(Purpose.PROBE, limit=0.5) == 0.5
    assert time_of(Purpose.DEEP, limit=0.5) > 0.5, "the end of the stack is farther than a unit's time reaches"


def test_of_ladders_of_a_shape_that_did_not_end_few_are_in_a_batch() -> None:
    names = [f"m:f{number}" for number in range(9)]
    search = planner_of(*names)
    looks = [job(Purpose.LADDER, name) for name in names]
    free = Batch(search.state, 100, lambda _: 100)
    assert all(free.admits(look) for look in looks)
    search.learn(looks[0], Run(records=[{"ended": "timeout", "cpu_s": 1.2, "frames": []}], ended="timeout"), [])
    assert digest(looks[0].texts[0][0]) in search.state.long
    wary = Batch(search.state, 100, lambda _: 100)
    assert sum(wary.admits(look) for look in looks) == 2
    assert wary.admits(job(Purpose.LADDER, "m:f0", pump="cd")), "others are as before"


def test_so_many_targets_and_no_more_are_let_come_to_the_end_of_the_stack() -> None:
    names = [f"m:f{number}" for number in range(climbs._DEEPEST + 3)]
    search = planner_of(*names)
    records: list[Any] = [{"phase": "attack", "answer": {"seconds": 0.6}}, {"ended": "timeout", "cpu_s": 1.2, "frames": []}]
    for name in names:
        calls = [{"target": name, "args": ["[" * n + "]" * n], "kwargs": {}} for n in (1, 1024)]
        texts: list[Any] = [([("[", True), ("]", True)], n) for n in (1, 1024)]
        look = Job(target=name, purpose=Purpose.LADDER, calls=calls, texts=texts, place=["args", 0])
        search.learn(look, Run(records=records, ended="timeout", answers=[Answer(seconds=0.6)]), [])
    deep = [one.target for one in search.state.queue if one.purpose is Purpose.DEEP]
    assert deep == names[: climbs._DEEPEST]


def test_what_a_measurement_shows_of_repeats_is_what_functions_are_tried_with() -> None:
    search = planner_of("m:read")
    suspicion = (PATTERN, repeated("a", "a", "-", f"{WORST} /src/p.py:1"))
    (measuring,) = search._measuring.begin(search.state.units["m:read"], [suspicion])
    at = next(n for n, (_, times) in enumerate(measuring.texts) if times == 12)
    answers = [Answer(seconds=0.2 if number >= at else 0.0) for number in range(len(measuring.texts))]
    search.learn(measuring, Run(ended="done", answers=answers), [])
    assert search.state.paces == {sieve.key(suspicion): 12}
    assert search.known.paces is search.state.paces


def test_texts_that_make_a_match_fail_come_before_those_that_just_end() -> None:
    shapes = list(shapes_for(Pattern(text=r"(a+)+x|(b+)+y", flags=0, file="/src/p.py", line=1)))
    failing = [not shape.parts[-1][1] for shape in shapes]
    assert True in failing and False in failing
    assert failing == sorted(failing, reverse=True)


def test_of_the_shape_that_used_the_run_up_nothing_is_measured_again() -> None:
    suspicion, other = (PATTERN, repeated("a", "a", "-", WORST)), (PATTERN, repeated("b", "", "-", WORST))
    (measuring,) = sieve.measurements("m:read", [suspicion, other], WORST)
    left = sieve.rest(measuring, 1)
    assert left is not None and {parts[0][0] for parts, _ in left.texts} == {sieve.key(other)}
