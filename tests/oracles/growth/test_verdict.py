"""Claims about the resource oracle: what it says of measured runs, and of which it says nothing."""

import json
from dataclasses import replace

import pytest

from mithridate.model.violation import Frame, ViolationKind
from mithridate.oracles.growth.fit import Timing, exponent, minima
from mithridate.oracles.growth.measured import measure, size_of
from mithridate.oracles.growth.verdict import Measured, Raised, judge

SIZES = [500 * 2**k for k in range(8)]
HARMLESS = tuple(Timing(size=s, seconds=0.001) for s in SIZES)
PLACE = (Frame(function="tag", file="/src/lexer.py", line=3),)


def curve(power: float, at_largest: float) -> tuple[Timing, ...]:
    return tuple(Timing(size=s, seconds=at_largest * (s / SIZES[-1]) ** power) for s in SIZES)


def test_quadratic_time_is_superlinear() -> None:
    violation = judge(Measured(attack=curve(2, 3.0), control=HARMLESS, ended="done", frames=PLACE))
    assert violation is not None
    assert violation.kind is ViolationKind.SUPERLINEAR_TIME
    assert violation.place == PLACE[0]


@pytest.mark.parametrize("power", [1.0, 1.15, 1.5])
def test_time_that_grows_about_as_the_input_is_none_however_slow(power: float) -> None:
    assert judge(Measured(attack=curve(power, 4.0), control=HARMLESS, ended="done")) is None


def test_quadratic_time_that_does_not_matter_is_none() -> None:
    assert judge(Measured(attack=curve(2, 0.3), control=HARMLESS, ended="done")) is None


def test_time_that_harmless_text_takes_too_is_none() -> None:
    assert judge(Measured(attack=curve(2, 3.0), control=curve(2, 2.0), ended="done")) is None


def test_an_interrupted_step_counts_with_the_time_until_then() -> None:
    attack = (*curve(2, 6.0)[:-1], Timing(size=SIZES[-1], seconds=3.0, finished=False))
    assert judge(Measured(attack=attack, control=HARMLESS, ended="timeout")) is not None
    slow = (*curve(1, 6.0)[:-1], Timing(size=SIZES[-1], seconds=1.0, finished=False))
    assert judge(Measured(attack=slow, control=HARMLESS, ended="timeout")) is None


def test_exponential_time_shows_on_few_bytes() -> None:
    attack = (
        Timing(size=5, seconds=0.0001),
        Timing(size=10, seconds=0.0002),
        Timing(size=20, seconds=0.05),
        Timing(size=40, seconds=4.9, finished=False),
    )
    control = tuple(Timing(size=t.size, seconds=0.0001) for t in attack)
    violation = judge(Measured(attack=attack, control=control, ended="timeout"))
    assert violation is not None and violation.kind is ViolationKind.SUPERLINEAR_TIME


def test_time_that_explodes_needs_no_three_doublings() -> None:
    attack = (Timing(size=45, seconds=0.001), Timing(size=50, seconds=0.02), Timing(size=85, seconds=3.6, finished=False))
    control = tuple(Timing(size=t.size, seconds=0.0001) for t in attack)
    violation = judge(Measured(attack=attack, control=control, ended="timeout"))
    assert violation is not None and violation.kind is ViolationKind.SUPERLINEAR_TIME


@pytest.mark.parametrize("times", [2.0, 3.0, 5.0, 10.0, 17.0, 30.0, 100.0, 1000.0])
@pytest.mark.parametrize("machine", [0.5, 0.7, 0.85, 1.0, 1.15, 1.4, 2.0])
def test_whether_time_explodes_is_no_matter_of_the_machine(times: float, machine: float) -> None:
    """One more repetition takes so many times as long, and the limit of five CPU seconds falls anywhere."""
    attack: list[Timing] = []
    left = 5.0
    for step in range(40):
        seconds = machine * 1e-6 * times**step
        attack.append(Timing(size=7 + 3 * step, seconds=round(min(seconds, left), 4), finished=seconds < left))
        left -= seconds
        if left <= 0:
            break
    control = tuple(Timing(size=t.size, seconds=0.0) for t in attack)
    violation = judge(Measured(attack=tuple(attack), control=control, ended="timeout"))
    assert violation is not None and violation.kind is ViolationKind.SUPERLINEAR_TIME


def test_a_loop_without_end_on_a_tiny_input_is_a_timeout() -> None:
    attack = (Timing(size=9, seconds=5.0, finished=False),)
    violation = judge(Measured(attack=attack, control=(Timing(size=9, seconds=0.0),), ended="timeout"))
    assert violation is not None and violation.kind is ViolationKind.TIMEOUT


def test_without_a_control_that_ended_nothing_is_said() -> None:
    attack = (Timing(size=9, seconds=5.0, finished=False),)
    slow = (Timing(size=9, seconds=5.0, finished=False),)
    assert judge(Measured(attack=attack, control=(), ended="timeout")) is None
    assert judge(Measured(attack=(), control=slow, ended="timeout", phase="control")) is None


def test_recursion_counts_when_undocumented_small_and_not_of_harmless_input() -> None:
    raised = Raised(type="RecursionError", size=4000, frames=PLACE * 3)
    base = Measured(attack=(Timing(size=4000, seconds=0.01),), control=(Timing(size=4000, seconds=0.01),), ended="done")
    shown = replace(base, attack_raised=(raised,))
    violation = judge(shown)
    assert violation is not None and violation.kind is ViolationKind.STACK_EXHAUSTION and violation.frames == PLACE * 3
    assert judge(replace(shown, documented=frozenset({"RecursionError"}))) is None
    assert judge(replace(shown, control_raised=(raised,))) is None
    assert judge(replace(base, attack_raised=(Raised(type="RecursionError", size=50_000, frames=PLACE * 3),))) is None
    assert judge(replace(base, attack_raised=(Raised(type="ValueError", size=4000),))) is None


def test_a_recursion_is_where_it_recurs_and_not_where_the_stack_happened_to_end() -> None:
    """The place would be another one each time, in functions that have nothing to do with it."""
    recurring = (Frame(function="value", file="/src/d.py", line=3), Frame(function="decode", file="/src/d.py", line=9)) * 3
    last = (Frame(function="__init__", file="/src/tag.py", line=7), Frame(function="__add__", file="/src/tag.py", line=8))
    raised = Raised(type="RecursionError", size=4000, frames=(*last, *recurring))
    base = Measured(attack=(Timing(size=4000, seconds=0.1),), control=(Timing(size=4000, seconds=0.1),), ended="done")
    violation = judge(replace(base, attack_raised=(raised,)))
    assert violation is not None and violation.frames == recurring


def test_memory_and_faults_of_the_interpreter() -> None:
    attack, control = (Timing(size=90, seconds=0.5, finished=False),), (Timing(size=90, seconds=0.0),)
    kinds = {
        ended: (found.kind if (found := judge(Measured(attack=attack, control=control, ended=ended))) else None)
        for ended in ("memory", "signal 11", "signal 9", "exit 1")
    }
    assert kinds == {
        "memory": ViolationKind.MEMORY_EXHAUSTION,
        "signal 11": ViolationKind.WILD_POINTER,
        "signal 9": None,
        "exit 1": None,
    }


def test_minima_take_the_noise_out_of_repeats() -> None:
    noisy = tuple(Timing(size=t.size, seconds=t.seconds + (0.5 if i % 2 else 0)) for i, t in enumerate(curve(2, 1.0)))
    other = tuple(Timing(size=t.size, seconds=t.seconds + (0 if i % 2 else 0.5)) for i, t in enumerate(curve(2, 1.0)))
    assert exponent(minima([noisy, other])) == pytest.approx(2.0, abs=0.1)


def test_fewer_than_three_doublings_have_no_exponent() -> None:
    assert exponent(curve(2, 1.0)[-3:]) is None


def test_records_and_document_become_sizes_and_times() -> None:
    def step(times: int) -> dict[str, object]:
        text = {"make": "join", "of": ["<", {"make": "repeat", "of": "ab", "times": times}]}
        return {"call": {"target": "m:f", "args": [{"python": "file", "of": text}]}}

    document = json.dumps({"version": 1, "control": [step(10), step(20)], "attack": [step(10), step(20)]}).encode()
    records = [
        {"run": 0, "phase": "control", "marks": []},
        {"run": 0, "phase": "control", "step": 0, "answer": {"seconds": 0.1}},
        {"run": 0, "phase": "control", "step": 1, "answer": {"seconds": 0.2}},
        {"run": 0, "phase": "attack", "marks": []},
        {"run": 0, "phase": "attack", "observed": {"sink": "error", "text": "RecursionError: x", "frames": []}},
        {"run": 0, "phase": "attack", "step": 0, "answer": {"seconds": 0.3}},
        {"run": 0, "ended": "timeout", "cpu_s": 5.0, "frames": [{"file": "/src/a.py", "line": 4, "function": "f"}]},
    ]
    measured = measure(document, records)
    assert measured.control == (Timing(size=21, seconds=0.1), Timing(size=41, seconds=0.2))
    assert measured.attack[0] == Timing(size=21, seconds=0.3)
    assert measured.attack[1].size == 41 and not measured.attack[1].finished
    assert measured.attack[1].seconds == pytest.approx(4.4)
    assert measured.attack_raised == (Raised(type="RecursionError", size=21),)
    assert measured.frames == (Frame(function="f", file="/src/a.py", line=4),)


def test_hostile_records_are_read_without_harm() -> None:
    assert measure(b"[" * 100_000, [{"answer": 3}, {"ended": None, "frames": 4, "cpu_s": "x"}, {"phase": []}]).attack == ()
    assert size_of({"make": "repeat", "of": {"make": "repeat", "of": "a", "times": 10**9}, "times": 10**9}) == 1 << 32
