"""A scan of a library that is killed while it proves ends like an undisturbed one: no proof is lost, none is made twice."""

import signal
import time

import pytest
from tests.e2e import library_project
from tests.e2e.program import Mithridate, Process, Results, check_whole, left_behind, places

OPTIONS = ("--budget", "6s", "--jobs", "2", "--replays", "3", "--engine", "calls", "--format", "json")


def scan(mithridate: Mithridate) -> Process:
    target = mithridate.authorise(library_project.write(mithridate.place))
    return mithridate.start("scan", target, "--out", mithridate.out, *OPTIONS)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Results:
    mithridate = Mithridate(tmp_path_factory.mktemp("undisturbed"))
    process = scan(mithridate)
    assert process.end() == 10, process.words
    return check_whole(mithridate.out)


def test_both_flaws_are_proved(undisturbed: Results) -> None:
    proved = [f for f in undisturbed["findings"] if f["status"] == "proved"]
    assert {(f["location"]["file"], f["location"]["function"], f["cwe"]) for f in proved} == library_project.FINDINGS
    assert all((p["fired"], p["replays"], len(p["controls"])) == (3, 3, 3) for f in proved for p in f["proofs"])


def test_a_run_killed_again_and_again_while_it_proves_ends_like_an_undisturbed_one(
    mithridate: Mithridate, undisturbed: Results
) -> None:
    process = scan(mithridate)
    finished: dict[str, tuple[int, int]] = {}
    for later_s in (0.0, 0.6, 1.5):
        assert process.wait_for("prove"), process.words
        time.sleep(later_s)
        assert process.kill() == -signal.SIGKILL
        assert not left_behind(mithridate)
        (killed,) = mithridate.runs()
        steps = mithridate.steps(killed.id)
        assert {name: at for name, at in steps.items() if name in finished} == finished
        finished = steps
        process = mithridate.resume(killed.id)
    assert process.end() == 10, process.words
    assert places(check_whole(mithridate.out)) == places(undisturbed)
    steps = mithridate.steps(killed.id)
    assert {name: at for name, at in steps.items() if name in finished} == finished
    assert sum(name.startswith("prove ") for name in steps) == 1, "two doors on two cores are one step"
