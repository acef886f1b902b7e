"""Whatever happens to the process, the run ends as if nothing had happened."""

import signal
import time

import pytest

from tests.e2e import project
from tests.e2e.conftest import Reference
from tests.e2e.program import Mithridate, Process, check_whole, left_behind, places

EXPECTED = sorted([project.TITLE, project.COLOUR])


def check_undisturbed(process: Process, mithridate: Mithridate, reference: Reference) -> None:
    assert process.end() == 10, process.words
    results = check_whole(mithridate.out)
    assert places(results) == places(process.results()) == places(reference.results)
    (run,) = mithridate.runs()
    assert run["state"] == "done"
    actions = mithridate.actions(run["run"])
    assert actions.count("findings") <= 2  # once more if the kill came between the record and the end of the step
    assert not left_behind(mithridate)


def test_the_undisturbed_run_finds_both_flaws(reference: Reference) -> None:
    assert reference.code == 10, reference.words
    assert places(check_whole(reference.mithridate.out)) == EXPECTED


@pytest.mark.parametrize(
    ("stage", "later_s"),
    [
        ("snapshot", 0.0),
        ("components", 0.0),
        ("build", 0.0),
        ("build", 0.7),
        ("doors", 0.0),
        ("doors", 0.7),
        ("seeds", 0.0),
        ("hunt", 0.0),
        ("hunt", 2.0),
        ("prove", 0.0),
        ("prove", 1.5),
        ("triage", 0.0),
        ("report", 0.0),
        ("report", 0.1),
    ],
)
def test_a_run_killed_in_any_stage_ends_like_an_undisturbed_one(
    stage: str, later_s: float, mithridate: Mithridate, target: object, reference: Reference, request: pytest.FixtureRequest
) -> None:
    if stage not in {"snapshot", "build"}:
        request.getfixturevalue("warm")
    process = mithridate.scan(project_of(mithridate))
    assert process.wait_for(stage), process.words
    time.sleep(later_s)
    assert process.kill() == -signal.SIGKILL
    assert not left_behind(mithridate)
    (killed,) = mithridate.runs()
    before = mithridate.steps(killed["run"])
    done_before = mithridate.actions(killed["run"])

    resumed = mithridate.resume(killed["run"])
    check_undisturbed(resumed, mithridate, reference)

    after = mithridate.steps(killed["run"])
    assert {name: after[name] for name in before} == before
    done_after = mithridate.actions(killed["run"])
    for step, action in (("build notes", "build notes"), ("doors notes", "entry-points notes"), ("hunt 1", "hunt")):
        if step in before:
            assert done_after.count(action) == done_before.count(action) == 1


def test_a_run_killed_again_and_again_ends_like_an_undisturbed_one(
    mithridate: Mithridate, target: object, reference: Reference
) -> None:
    process = mithridate.scan(project_of(mithridate))
    for stage in ("build", "build", "hunt", "hunt", "prove", "report", "report"):
        if process.wait_for(stage):
            assert process.kill() == -signal.SIGKILL
            process = mithridate.resume()
    check_undisturbed(process, mithridate, reference)


def project_of(mithridate: Mithridate):  # type: ignore[no-untyped-def]
    return mithridate.place / project.NAME
