"""Whatever happens to the process, the run ends as if nothing had happened, and nothing that was finished is done again."""

import shutil
import signal
import time
from pathlib import Path

import pytest
from tests.e2e import project
from tests.e2e.conftest import Reference
from tests.e2e.program import PATIENCE_S, Mithridate, Process, check_whole, left_behind, places

EXPECTED = sorted([project.TITLE, project.COLOUR])
KILLS = [
    *(("snapshot", 0.0), ("components", 0.0), ("build", 0.7), ("doors", 0.7), ("seeds", 0.0), ("hunt", 2.0), ("prove", 1.5)),
    *(("triage", 0.0), ("report", 0.0)),
]
"""Each stage in its turn, and how many seconds after it began the process is killed: in the midst of those that take long."""

ACTIONS = {"build notes": "build notes", "doors notes": "entry-points notes", "hunt 1": "hunt"}
"""Steps and what they put on the audit log at their end."""


def check_undisturbed(process: Process, mithridate: Mithridate, reference: Reference) -> None:
    assert process.end() == 10, process.words
    results = check_whole(mithridate.out)
    assert places(results) == places(process.results()) == places(reference.results)
    assert [run.state for run in mithridate.runs()] == ["done"]
    check_tidy(mithridate)


def check_tidy(mithridate: Mithridate) -> None:
    """See that no process is left, no temporary file, and of each run only what is worth keeping."""
    assert not left_behind(mithridate)
    assert not list((mithridate.place / "tmp").iterdir())
    for run in (mithridate.home / "runs").iterdir():
        assert {p.name for p in run.iterdir()} == {"lock", "proofs", "report.pickle", "workflow.sqlite"}


class Finished:
    """The finished steps of the one run, of which none may be done again."""

    def __init__(self, mithridate: Mithridate) -> None:
        self._mithridate = mithridate
        self.steps: dict[str, tuple[int, int]] = {}
        self.recorded: dict[str, int] = {}

    def look(self) -> None:
        """Take note of them, and see that those known before are as they were."""
        (run,) = self._mithridate.runs()
        steps = self._mithridate.steps(run.id)
        assert {name: at for name, at in steps.items() if name in self.steps} == self.steps
        self.steps = steps
        actions = self._mithridate.actions(run.id)
        for step, action in ACTIONS.items():
            if step in steps:
                assert actions.count(action) == self.recorded.setdefault(step, actions.count(action)) > 0


def test_the_undisturbed_run_finds_both_flaws_and_leaves_nothing_behind(reference: Reference) -> None:
    assert reference.code == 10, reference.words
    assert places(check_whole(reference.mithridate.out)) == EXPECTED
    check_tidy(reference.mithridate)


def test_a_run_killed_in_every_stage_ends_like_an_undisturbed_one(
    mithridate: Mithridate, target: Path, reference: Reference
) -> None:
    process = mithridate.scan(target)
    finished = Finished(mithridate)
    for stage, later_s in KILLS:
        assert process.wait_for(stage), process.words
        time.sleep(later_s)
        assert process.kill() == -signal.SIGKILL
        assert not left_behind(mithridate)
        (killed,) = mithridate.runs()
        assert killed.state == "interrupted"
        finished.look()
        process = mithridate.resume(killed.id)
    check_undisturbed(process, mithridate, reference)
    finished.look()


def test_a_run_killed_while_it_writes_its_results_is_made_whole(warm: Mithridate, target: Path, reference: Reference) -> None:
    process = warm.scan(target)
    for later_s in (0.05, 0.1, 0.2):  # one of these hits the few moments in which files are written
        if process.wait_for("report"):
            time.sleep(later_s)
            process.kill()
            process = warm.resume(warm.runs()[0].id)
    check_undisturbed(process, warm, reference)


def test_a_run_killed_twice_in_one_stage_is_no_worse_for_it(warm: Mithridate, target: Path, reference: Reference) -> None:
    process = warm.scan(target)
    for stage in ("hunt", "hunt", "prove", "prove"):
        assert process.wait_for(stage), process.words
        assert process.kill() == -signal.SIGKILL
        process = warm.resume()
    check_undisturbed(process, warm, reference)


def test_an_interrupted_run_says_how_to_go_on_and_does(warm: Mithridate, target: Path, reference: Reference) -> None:
    process = warm.scan(target)
    for stage, number in (("hunt", signal.SIGINT), ("hunt", signal.SIGTERM), ("prove", signal.SIGINT)):
        assert process.wait_for(stage), process.words
        time.sleep(1.0)
        began = time.monotonic()
        assert process.signal(number) == 130, process.words
        assert time.monotonic() - began < 60
        assert not left_behind(warm)
        (run,) = warm.runs()
        assert run.state == "interrupted"
        assert f"mithridate resume {run.id}" in process.words
        assert not process.stdout.read_text()
        process = warm.resume(run.id)
    check_undisturbed(process, warm, reference)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_no_engine_and_no_target_outlives_the_program(number: signal.Signals, warm: Mithridate, target: Path) -> None:
    process = warm.scan(target, "--budget", "1h")
    assert process.wait_for("hunting"), process.words
    until = time.monotonic() + PATIENCE_S
    while not any("-max_total_time" in words for words in warm.processes().values()) and time.monotonic() < until:
        time.sleep(0.1)
    assert warm.processes(), "no sandbox was seen at work"
    process.signal(number)
    assert not left_behind(warm)


def test_a_run_that_another_process_works_on_is_left_to_it(warm: Mithridate, target: Path, reference: Reference) -> None:
    process = warm.scan(target)
    assert process.wait_for("hunt"), process.words
    (run,) = warm.runs()
    assert run.state == "running"
    code, second = warm.run("resume", run.id)
    assert code == 2
    assert "another process" in second.words
    code, second = warm.run("resume")
    assert code == 2, "a run that is worked on is not an interrupted one"
    check_undisturbed(process, warm, reference)


def test_a_finished_run_is_not_done_again(reference: Reference, mithridate: Mithridate) -> None:
    shutil.copytree(reference.mithridate.home, mithridate.home)
    (run,) = mithridate.runs()
    before = mithridate.actions(run.id)
    process = mithridate.resume(run.id)
    assert process.end() == 10
    assert process.results() == reference.results
    assert mithridate.actions(run.id) == before
    code, process = mithridate.run("report", run.id, "--out", mithridate.out)
    assert code == 10
    assert check_whole(mithridate.out) == reference.results


def test_a_run_that_failed_goes_on_where_it_failed_once_the_cause_is_gone(
    warm: Mithridate, target: Path, reference: Reference
) -> None:
    process = warm.scan(target)
    assert process.wait_for("hunt"), process.words
    shutil.rmtree(warm.out)
    warm.out.write_text("in the way")
    assert process.end() == 2
    assert f"could not be written to {warm.out}" in process.words
    (run,) = warm.runs()
    assert run.state == "failed"
    steps = warm.steps(run.id)
    resumed = warm.resume(run.id)
    assert resumed.end() == 2, "the cause is still there"

    warm.out.unlink()
    process = warm.resume(run.id)
    check_undisturbed(process, warm, reference)
    assert not process.wait_for("hunt")
    assert warm.steps(run.id, of=run.id) == steps


def test_a_run_outlives_whoever_watched_it(warm: Mithridate, target: Path, reference: Reference) -> None:
    process = warm.scan(target)
    assert process.wait_for("build"), process.words
    process.stop_listening()
    check_undisturbed(process, warm, reference)


def test_two_scans_of_one_project_do_not_trip_over_each_other(mithridate: Mithridate, target: Path, reference: Reference) -> None:
    other = mithridate.place / "other"
    first = mithridate.scan(target)
    second = mithridate.scan(target, "--out", other)
    assert (first.end(), second.end()) == (10, 10), first.words + second.words
    assert places(check_whole(mithridate.out)) == places(check_whole(other)) == EXPECTED
    runs = mithridate.runs()
    assert [run.state for run in runs] == ["done", "done"]
    for run in runs:
        actions = mithridate.actions(run.id)
        assert (actions[1], actions[-1]) == ("scan.started", "scan.finished")
    check_tidy(mithridate)
