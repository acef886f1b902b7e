"""From a scan to a patch that holds: with the program, as its users run it."""

import json
import signal
import time
from pathlib import Path

import pytest
from tests.e2e.conftest import Reference
from tests.e2e.program import Mithridate, Results, check_whole, left_behind
from tests.e2e.test_durability import check_tidy
from tests.repair import notebook

from mithridate.repair.diff import apply


def repository(mithridate: Mithridate) -> Path:
    return mithridate.authorise(notebook.repository(mithridate.place / "project"))


def the_finding(results: Results) -> Results:
    (finding,) = [f for f in results["findings"] if f["location"]["function"] == "copied"]
    return finding


def searched(patch: Results, seconds: int) -> bool:
    """The patch withstood a fresh search, which was as long as that."""
    (variants,) = [step for step in patch["gate"] if step["step"] == "variants"]
    return any(told.startswith(f"a fresh search of {seconds} s (") for told in variants["evidence"])


def test_a_scan_ends_with_patches_that_a_person_approves(after: Mithridate, patched: Reference, tmp_path: Path) -> None:
    finding = the_finding(check_whole(after.out))
    patch = finding["patch"]
    assert patch is not None and patch["status"] == "validated", patched.words
    assert {step["step"] for step in patch["gate"]} >= {"applies", "builds", "proofs", "variants", "outputs", "symptom"}
    assert searched(patch, 1), patch["gate"]
    assert (after.out / "patches").is_dir() and list((after.out / "patches").iterdir())

    mended = notebook.write(tmp_path / "mended")
    apply(patch["diff"], mended)
    for name in finding["proofs"]:
        code, replayed = after.run("prove", after.out / name["bundle"], "--source", mended, "--replays", "2")
        assert code == 0, replayed.words

    (run,) = after.runs()
    code, approved = after.run("approve", run.id, finding["id"], "--by", "a reader")
    assert code == 0, approved.words
    assert [r.facts["who"] for r in after.records(run.id) if r.action == "patch.approved"] == ["a reader"]
    code, told = after.run("report", run.id, "--format", "json")
    (again,) = [f for f in told.results()["findings"] if f["id"] == finding["id"]]
    assert again["patch"]["status"] == "approved"


def test_a_patch_for_a_bundle_alone_is_told_and_touches_no_repository(after: Mithridate, patched: Reference) -> None:
    tree = patched.target
    before = notebook.git(tree, "status", "--porcelain"), notebook.git(tree, "rev-parse", "HEAD")
    finding = the_finding(check_whole(after.out))
    bundle = after.out / finding["proofs"][0]["bundle"]
    code, alone = after.run("patch", bundle, "--budget", "90s", "--search", "1s", "--format", "json")
    assert code == 10, alone.words
    told = json.loads(alone.stdout.read_text())
    assert told["status"] == "validated" and told["test"] is not None
    assert told["test"]["checked"], told["test"]
    assert searched(told, 1), told["gate"]
    assert (notebook.git(tree, "status", "--porcelain"), notebook.git(tree, "rev-parse", "HEAD")) == before


def test_a_patch_for_a_run_goes_onto_a_branch_of_its_own(after: Mithridate, patched: Reference) -> None:
    tree = patched.target
    finding = the_finding(check_whole(after.out))
    (run,) = after.runs()
    before = notebook.git(tree, "status", "--porcelain"), notebook.git(tree, "rev-parse", "HEAD")
    code, applied = after.run("patch", run.id, finding["id"], "--budget", "90s", "--search", "1s", "--apply")
    assert code == 10, applied.words
    assert (notebook.git(tree, "status", "--porcelain"), notebook.git(tree, "rev-parse", "HEAD")) == before
    branch = f"mithridate/{run.id}"
    assert notebook.git(tree, "log", "--format=%s", f"HEAD..{branch}").count("\n") == 1
    assert "Evidence:" in notebook.git(tree, "log", "-1", "--format=%B", branch)
    assert "notebook.c" in notebook.git(tree, "diff", "--stat", "HEAD", branch)


def test_a_known_trigger_is_enough(mithridate: Mithridate, tmp_path: Path) -> None:
    tree = repository(mithridate)
    trigger = tmp_path / "trigger"
    trigger.write_bytes(notebook.NOTE)
    code, process = mithridate.run("patch", tree, "--proof", trigger, "--budget", "90s", "--search", "1s", "--no-test")
    assert code == 10, process.words
    assert "+" in process.stdout.read_text()


def test_a_command_calls_no_program_where_there_is_only_python(mithridate: Mithridate) -> None:
    tree = mithridate.place / "script"
    tree.mkdir()
    (tree / "app.py").write_text("def read(text):\n    return text\n")
    code, process = mithridate.run("patch", mithridate.authorise(tree), "--proof", __file__, "--command", "app @@")
    assert code == 3
    assert "is built to programs" in process.words and "Python" not in process.words


def test_an_input_that_violates_nothing_is_told_with_the_door_that_it_went_through(after: Mithridate, patched: Reference) -> None:
    harmless = after.place / "harmless"
    harmless.write_bytes(notebook.GOOD)
    code, process = after.run("patch", patched.target, "--proof", harmless, "--command", "notebook @@", "--no-test")
    assert code == 0, process.words
    assert f"{harmless} violates nothing through 1 entry points:" in process.words and "notebook:@@" in process.words


def test_a_run_that_is_killed_while_it_patches_goes_on_there(mithridate: Mithridate) -> None:
    tree = repository(mithridate)
    process = mithridate.start("scan", tree, "--out", mithridate.out, *notebook.OPTIONS, "--patch", "90s")
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


@pytest.mark.parametrize("arguments", [("--command", "note @@"), ("--proof", __file__, "--command", "note 'unclosed")])
def test_a_command_that_says_nothing_of_an_input_is_refused(mithridate: Mithridate, arguments: tuple[str, ...]) -> None:
    code, process = mithridate.run("patch", repository(mithridate), *arguments)
    assert code == 2
    assert process.words.startswith("mithridate: --command ") and "Traceback" not in process.words
