"""Claims about ladders of growing inputs."""

from typing import Any

from mithridate.hunt.engines.calls import growth
from mithridate.hunt.engines.calls.scalable import repeated
from mithridate.hunt.engines.calls.state import Job
from mithridate.hunt.engines.calls.steps import call
from mithridate.oracles.growth.fit import Timing
from mithridate.oracles.growth.verdict import Measured, judge


def measured(seconds: list[float], *, ended: str = "done") -> Measured:
    sizes = [1000 * 2**step for step in range(len(seconds))]
    return Measured(
        attack=tuple(
            Timing(size=n, seconds=s, finished=ended == "done" or n != sizes[-1]) for n, s in zip(sizes, seconds, strict=True)
        ),
        control=tuple(Timing(size=n, seconds=0.0001) for n in sizes),
        ended=ended,
    )


def steps_kept(seconds: list[float], *, ended: str = "done") -> int:
    ladder = growth.ladder("m:f", call("m:f", ["amber"]), ("args", 0), repeated("a"))
    ladder.calls, ladder.texts = ladder.calls[: len(seconds)], ladder.texts[: len(seconds)]
    ladder.control = list(ladder.calls)
    made = growth.shortened(ladder, measured(seconds, ended=ended))
    assert len(made.calls) == len(made.control) == len(made.texts)
    return len(made.calls)


def test_a_ladder_ends_where_it_shows_enough() -> None:
    quadratic = [0.01, 0.04, 0.16, 0.64, 2.56, 5.0]
    assert judge(measured(quadratic, ended="timeout")) is not None
    assert steps_kept(quadratic, ended="timeout") == 5


def test_a_step_that_barely_matters_is_not_the_last() -> None:
    assert steps_kept([0.005, 0.02, 0.08, 0.32, 1.28, 5.0], ended="timeout") == 6


def test_without_growth_below_its_end_a_ladder_stays_whole() -> None:
    assert steps_kept([0.0, 0.0, 0.0, 0.0, 5.0], ended="timeout") == 5


def test_a_second_run_of_small_steps_goes_further_than_the_first_and_one_of_doublings_does_not() -> None:
    def kept(ladder: Job) -> int:
        seen = Measured(
            attack=tuple(Timing(size=10 + n, seconds=0.05 * 2**n, finished=n < 4) for n in range(5)),
            control=(),
            ended="timeout",
        )
        return growth.trimmed(ladder, seen).texts[-1][1]

    stairs = growth.stairs("m:f", call("m:f", ["amber"]), ("args", 0), repeated("a"), 20)
    doubling = growth.ladder("m:f", call("m:f", ["amber"]), ("args", 0), repeated("a"))
    assert [times for _, times in stairs.texts][:7] == [1, 5, 10, 18, 20, 21, 22]
    assert (kept(stairs), kept(doubling)) == (22, 16)


def test_harmless_text_has_as_many_bytes_whatever_the_signs() -> None:
    def size(value: Any) -> int:
        if isinstance(value, str):
            return len(value.encode())
        return sum(map(size, value["of"])) if value["make"] == "join" else size(value["of"]) * int(value["times"])

    for shape in (repeated("\u0660", "\u00e9", "!"), repeated("ab", "<", ">"), repeated("\U0001f600a", "x" * 50)):
        assert size(shape.harmless(100)) == size(shape.value(100))
