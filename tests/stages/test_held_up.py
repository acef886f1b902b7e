"""When a hunt is interrupted to see what holds up its search."""

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from mithridate.hunt.scheduler import Assignment, Scheduler
from mithridate.model.run import RunOptions
from mithridate.model.search import Candidate
from mithridate.model.violation import Frame, Violation, ViolationKind
from mithridate.stages.judging import Confirmed
from mithridate.stages.search import Hunt, Round
from mithridate.stages.session import Session
from mithridate.stages.shadowed import Deepened

NOTHING = Deepened(shadows=(), skipped=(), seconds=1.0)


def confirmed(function: str) -> Confirmed:
    violation = Violation(
        kind=ViolationKind.HEAP_BUFFER_OVERFLOW, detector="AddressSanitizer", message="", frames=(Frame(function=function),)
    )
    candidate = Candidate(entry_id="c:tool:@@", blob="b", size=1, engine="libfuzzer", found_s=1.0)
    return Confirmed(candidate=candidate, violation=violation, signature=violation.signature)


def after(ended_s: float, *found: Confirmed) -> Round:
    return Round(assignments=(), outcomes=(), yields=(), confirmed=found, flaky=(), ended_s=ended_s)


@pytest.fixture
def hunt(tmp_path: Path) -> Hunt:
    return made(tmp_path, patch_s=60.0)


def made(area: Path, patch_s: float, *, first: bool = False) -> Hunt:
    session = SimpleNamespace(
        options=RunOptions(
            target="", out="", budget_s=100.0, patch_s=patch_s, engines=("libfuzzer",), stop_after_first_proof=first
        ),
        sandbox=None,
        area=area,
        tell=lambda _: None,
        cancel=threading.Event(),
    )
    return Hunt(cast(Session, session), [], "project")


def test_it_is_looked_at_once_a_third_of_the_budget_is_used_and_something_is_known(hunt: Hunt) -> None:
    hunt.take(after(20.0, confirmed("f")))
    assert not hunt.held_up, "too early"
    hunt.take(after(40.0))
    assert hunt.held_up
    hunt.deepen(NOTHING)
    assert not hunt.held_up


def test_it_is_looked_at_again_only_when_more_is_known(hunt: Hunt) -> None:
    hunt.take(after(40.0, confirmed("f")))
    hunt.deepen(NOTHING)
    hunt.take(after(70.0))
    assert not hunt.held_up
    hunt.take(after(75.0, confirmed("g")))
    assert hunt.held_up
    hunt.deepen(NOTHING)
    hunt.take(after(80.0, confirmed("h")))
    assert not hunt.held_up, "twice is enough"


def test_nothing_is_looked_at_without_time_or_without_patches(tmp_path: Path, hunt: Hunt) -> None:
    assert not hunt.held_up, "nothing was searched yet"
    hunt.take(after(98.0, confirmed("f")))
    assert not hunt.held_up, "two seconds are left"
    without = made(tmp_path / "other", patch_s=0.0)
    without.take(after(40.0, confirmed("f")))
    assert not without.held_up


def test_a_run_that_is_taken_up_again_decides_the_same(tmp_path: Path, hunt: Hunt) -> None:
    rounds = [after(20.0, confirmed("f")), after(40.0), after(70.0, confirmed("g"))]
    told = []
    for one in (hunt, made(tmp_path / "again", 60.0)):
        decided = []
        for done in rounds:
            one.take(done)
            decided.append(one.held_up)
            if one.held_up:
                one.deepen(NOTHING)
        told.append(decided)
    assert told[0] == told[1] == [False, True, True]


@pytest.mark.parametrize(("first", "longest"), [(True, 10.0), (False, 100.0)])
def test_a_hunt_for_the_first_flaw_is_asked_often_and_over_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bool, longest: float
) -> None:
    asked: list[float] = []

    def next_round(_: Scheduler, left_s: float) -> tuple[Assignment, ...]:
        asked.append(left_s)
        return (Assignment(entry=0, engine=0, seconds=1.0, seed=1),)

    monkeypatch.setattr(Scheduler, "next_round", next_round)
    hunt = made(tmp_path, 0.0, first=first)
    assert hunt.next() and asked == [longest]
    hunt.take(after(20.0))
    assert hunt.next() and asked == [longest, min(longest, 80.0)]
    hunt.take(after(40.0, confirmed("f")))
    assert bool(hunt.next()) is not first
