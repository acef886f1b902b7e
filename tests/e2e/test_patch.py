"""From a scan to a patch that holds: with the program, as its users run it."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.e2e.program import Mithridate, check_whole, left_behind
from tests.e2e.test_durability import check_tidy
from tests.repair import notebook

from mithridate.repair.diff import apply

OPTIONS = ("--budget", "6s", "--jobs", "2", "--replays", "3", "--engine", "libfuzzer", "--format", "json")


def git(tree: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@localhost")
    return subprocess.run(["git", "-C", tree, *identity, *arguments], capture_output=True, text=True, check=True).stdout


def repository(mithridate: Mithridate) -> Path:
    tree = notebook.write(mithridate.place / "project")
    (tree / "samples").mkdir()
    (tree / "samples" / "good").write_bytes(notebook.GOOD)
    git(tree, "init", "-q")
    git(tree, "add", ".")
    git(tree, "commit", "-qm", "first")
    return mithridate.authorise(tree)


def test_a_scan_ends_with_patches_that_a_person_approves_and_git_takes(mithridate: Mithridate, tmp_path: Path) -> None:
    tree = repository(mithridate)
    process = mithridate.start("scan", tree, "--out", mithridate.out, *OPTIONS, "--patch", "90s")
    assert process.end() == 10, process.words
    results = check_whole(mithridate.out)
    (finding,) = [f for f in results["findings"] if f["location"]["function"] == "copied"]
    patch = finding["patch"]
    assert patch is not None and patch["status"] == "validated", process.words
    assert {step["step"] for step in patch["gate"]} >= {"applies", "builds", "proofs", "variants", "outputs", "symptom"}
    assert (mithridate.out / "patches").is_dir() and list((mithridate.out / "patches").iterdir())

    mended = notebook.write(tmp_path / "mended")
    apply(patch["diff"], mended)
    for name in finding["proofs"]:
        code, replayed = mithridate.run("prove", mithridate.out / name["bundle"], "--source", mended, "--replays", "2")
        assert code == 0, replayed.words

    (run,) = mithridate.runs()
    code, approved = mithridate.run("approve", run.id, finding["id"], "--by", "a reader")
    assert code == 0, approved.words
    assert [r.facts["who"] for r in mithridate.records(run.id) if r.action == "patch.approved"] == ["a reader"]
    code, told = mithridate.run("report", run.id, "--format", "json")
    (again,) = [f for f in told.results()["findings"] if f["id"] == finding["id"]]
    assert again["patch"]["status"] == "approved"


def test_a_patch_from_a_bundle_alone_goes_onto_no_branch_and_one_from_a_run_does(mithridate: Mithridate) -> None:
    tree = repository(mithridate)
    process = mithridate.start("scan", tree, "--out", mithridate.out, *OPTIONS)
    assert process.end() == 10, process.words
    (finding,) = [f for f in check_whole(mithridate.out)["findings"] if f["location"]["function"] == "copied"]
    bundle = mithridate.out / finding["proofs"][0]["bundle"]
    code, alone = mithridate.run("patch", bundle, "--budget", "60s", "--format", "json")
    assert code == 10, alone.words
    told = json.loads(alone.stdout.read_text())
    assert told["status"] == "validated" and told["test"] is not None
    assert told["test"]["checked"], told["test"]

    (run,) = mithridate.runs()
    before = git(tree, "status", "--porcelain"), git(tree, "rev-parse", "HEAD")
    code, applied = mithridate.run("patch", run.id, finding["id"], "--budget", "60s", "--apply")
    assert code == 10, applied.words
    assert (git(tree, "status", "--porcelain"), git(tree, "rev-parse", "HEAD")) == before
    branch = f"mithridate/{run.id}"
    assert git(tree, "log", "--format=%s", f"HEAD..{branch}").count("\n") == 1
    assert "Evidence:" in git(tree, "log", "-1", "--format=%B", branch)
    assert "notebook.c" in git(tree, "diff", "--stat", "HEAD", branch)


def test_a_known_trigger_is_enough(mithridate: Mithridate, tmp_path: Path) -> None:
    tree = repository(mithridate)
    trigger = tmp_path / "trigger"
    trigger.write_bytes(notebook.NOTE)
    code, process = mithridate.run("patch", tree, "--proof", trigger, "--budget", "60s")
    assert code == 10, process.words
    assert "+" in process.stdout.read_text()


def test_a_run_that_is_killed_while_it_patches_goes_on_there(mithridate: Mithridate) -> None:
    tree = repository(mithridate)
    process = mithridate.start("scan", tree, "--out", mithridate.out, *OPTIONS, "--patch", "60s")
    assert process.wait_for("patch"), process.words
    time.sleep(3)
    assert process.kill() == -signal.SIGKILL
    assert not left_behind(mithridate)
    (killed,) = mithridate.runs()
    steps = mithridate.steps(killed.id)
    resumed = mithridate.resume(killed.id)
    assert resumed.end() == 10, resumed.words
    assert {name: at for name, at in mithridate.steps(killed.id).items() if name in steps} == steps
    found = [f["patch"] for f in resumed.results()["findings"] if f["location"]["function"] == "copied"]
    assert [patch["status"] for patch in found] == ["validated"]
    check_tidy(mithridate)


@pytest.mark.parametrize("arguments", [("nowhere",), ("nowhere.proof",), ("nowhere", "--proof", "missing")])
def test_what_is_not_there_is_one_sentence(mithridate: Mithridate, arguments: tuple[str, ...]) -> None:
    code, process = mithridate.run("patch", *arguments)
    assert code == 2
    assert process.words.startswith("mithridate: ") and "Traceback" not in process.words
