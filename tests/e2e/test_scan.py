"""`mithridate scan` from the outside: what it answers, what it prints and what it writes."""

import json
import shutil
import tarfile
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.e2e import project
from tests.e2e.conftest import Reference
from tests.e2e.program import PATIENCE_S, Mithridate, check_whole, places

from mithridate.store.blobs import Blobs
from mithridate.store.corpora import Corpora
from mithridate.store.database import open_database
from mithridate.store.home import Home

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "results-v1.schema.json"
BROKEN = "int answer(void) { return undeclared_thing; }\n"


@pytest.fixture
def finished(reference: Reference, mithridate: Mithridate) -> Mithridate:
    """The program after an undisturbed scan of the project, in a data directory of its own."""
    shutil.copytree(reference.mithridate.home, mithridate.home)
    shutil.copytree(reference.mithridate.out, mithridate.out)
    return mithridate


def write_files(root: Path, **files: str) -> Path:
    for name, content in files.items():
        path = root / name.replace("__", "/").replace("_c", ".c")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def test_without_a_scope_it_is_refused_and_the_command_that_writes_one_is_shown(mithridate: Mithridate) -> None:
    target = project.write(mithridate.place)
    code, process = mithridate.run("scan", target)
    assert code == 4
    assert f"mithridate scope init {target}" in process.words
    assert not (mithridate.home / "runs").exists()


def test_a_path_that_is_not_there_is_bad_input(mithridate: Mithridate) -> None:
    code, process = mithridate.run("scan", mithridate.place / "nowhere")
    assert code == 2
    assert "nowhere" in process.words


def test_an_empty_directory_is_nothing_to_analyse(mithridate: Mithridate) -> None:
    empty = mithridate.place / "empty"
    empty.mkdir()
    code, process = mithridate.run("scan", mithridate.authorise(empty))
    assert code == 3
    assert "no files to analyse" in process.words


def test_documents_alone_are_nothing_to_analyse(mithridate: Mithridate) -> None:
    target = write_files(mithridate.place / "words", README="nothing here is code\n")
    code, process = mithridate.run("scan", mithridate.authorise(target))
    assert code == 3
    assert "can be built" in process.words


def test_results_that_cannot_be_written_are_refused_before_the_hunt(mithridate: Mithridate, target: Path) -> None:
    mithridate.out.write_text("a file where the directory should be")
    process = mithridate.scan(target)
    assert process.end() == 2
    assert str(mithridate.out) in process.words
    assert not mithridate.runs()


def test_sound_code_gives_no_finding(mithridate: Mithridate) -> None:
    target = mithridate.authorise(project.write(mithridate.place, project.FIXED))
    process = mithridate.scan(target)
    assert process.end() == 0, process.words
    results = check_whole(mithridate.out)
    assert results["findings"] == []
    assert sum(entry["executions"] for entry in results["entry_points"]) > 1000
    assert not list((mithridate.out / "proofs").iterdir())


def test_a_project_that_does_not_build_says_why_and_is_not_called_sound(mithridate: Mithridate) -> None:
    target = write_files(mithridate.place / "broken", Makefile="answer: answer.c\n\t$(CC) -o $@ answer.c\n", answer_c=BROKEN)
    process = mithridate.scan(mithridate.authorise(target))
    assert process.end() == 3, process.words
    assert "nothing could be examined" in process.words
    assert "undeclared_thing" in process.words
    (run,) = mithridate.runs()
    assert run.state == "done"
    skipped = check_whole(mithridate.out)["skipped"]
    assert any("undeclared_thing" in s["reason"] and "broken" in s["what"] for s in skipped)


def test_a_component_that_does_not_build_does_not_keep_the_others_from_being_scanned(mithridate: Mithridate) -> None:
    root = mithridate.place / "pair"
    project.write(root)
    write_files(root / "broken", Makefile="answer: answer.c\n\t$(CC) -o $@ answer.c\n", answer_c=BROKEN)
    process = mithridate.scan(mithridate.authorise(root))
    assert process.end() == 10, process.words
    results = check_whole(mithridate.out)
    assert [place[1] for place in places(results)] == ["read_colour", "read_title"]
    assert any("undeclared_thing" in s["reason"] and "broken" in s["what"] for s in results["skipped"])
    assert "undeclared_thing" in process.words


def test_stdout_carries_the_document_and_nothing_else(reference: Reference) -> None:
    assert reference.stdout.startswith("{")
    assert json.loads(reference.stdout) == json.loads((reference.mithridate.out / "results.json").read_text())
    assert "proved: " in reference.words


def test_the_results_keep_to_their_schema(reference: Reference) -> None:
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(reference.results)


def test_every_format_tells_of_every_finding(reference: Reference) -> None:
    out = reference.mithridate.out
    sarif = json.loads((out / "results.sarif").read_text())
    assert sarif["version"] == "2.1.0"
    results = sarif["runs"][0]["results"]
    titles = {finding["title"] for finding in reference.results["findings"]}
    assert len(results) == len(titles) == 2
    for title in titles:
        assert title in (out / "report.md").read_text()
        assert title in (out / "report.html").read_text()


def test_a_second_scan_builds_nothing_and_clears_away_the_proofs_of_the_first(finished: Mithridate) -> None:
    old = {p.name for p in (finished.out / "proofs").iterdir()}
    target = finished.authorise(project.write(finished.place))
    (first,) = finished.runs()
    process = finished.scan(target)
    assert process.end() == 10, process.words
    second = finished.runs()[0]
    made, again = (next(r.facts for r in finished.records(run) if r.action == "build") for run in (first.id, second.id))
    assert (made["made"], made["reused"]) == ("plain,fuzz", "")
    assert (again["made"], again["reused"]) == ("", "plain,fuzz")
    assert "executions" in made
    assert "executions" not in again, "something ran in a sandbox although there was nothing to build"

    (target / "notes.c").write_text(project.FIXED)
    process = finished.scan(target)
    assert process.end() == 0, process.words
    check_whole(finished.out)
    assert old.isdisjoint(p.name for p in (finished.out / "proofs").iterdir())


def test_inputs_of_earlier_runs_are_where_the_next_one_begins(finished: Mithridate, reference: Reference) -> None:
    (entry,) = reference.results["entry_points"]
    home = Home(finished.home)
    corpora = Corpora(open_database(home.database_url), Blobs(home.blobs_url))
    restored = finished.place / "restored"
    restored.mkdir()
    assert corpora.restore(project.NAME, entry["id"], restored) > 2, "the first run kept nothing"
    kept = finished.place / "kept"
    kept.write_bytes(project.KEY_INPUT)  # as a longer run would have found it
    corpora.add(project.NAME, entry["id"], [kept])

    process = finished.scan(finished.authorise(project.write(finished.place)))
    assert process.end() == 10, process.words
    assert project.KEY not in places(reference.results)
    assert project.KEY in places(check_whole(finished.out))


def test_a_bundle_convinces_anyone_until_the_flaw_is_fixed(reference: Reference, mithridate: Mithridate, tmp_path: Path) -> None:
    bundle = sorted((reference.mithridate.out / "proofs").iterdir())[0]
    code, process = mithridate.run("prove", bundle, "--replays", "3")
    assert code == 10, process.words
    assert process.stdout.read_text().startswith("yes: The violation fired in 3 of 3 replays")

    fixed = project.write(tmp_path / "fixed", project.FIXED)
    code, process = mithridate.run("prove", bundle, "--source", fixed, "--replays", "3")
    assert code == 0, process.words
    assert process.stdout.read_text().startswith("no: The violation fired in none of 3 replays")


def test_an_archive_is_scanned_like_the_tree_it_holds(warm: Mithridate, reference: Reference) -> None:
    tree = project.write(warm.place / "unpacked")
    archive = warm.place / f"{project.NAME}.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tree, f"{project.NAME}-1.0")
    process = warm.scan(warm.authorise(archive))
    assert process.end() == 10, process.words
    assert places(check_whole(warm.out)) == places(reference.results)


def test_runs_and_audit_log_tell_what_was_done(reference: Reference) -> None:
    mithridate = reference.mithridate
    code, process = mithridate.run("runs", "--format", "json")
    assert code == 0
    (run,) = json.loads(process.stdout.read_text())
    assert (run["state"], run["findings"], run["target"]) == ("done", 2, str(reference.target))
    code, process = mithridate.run("audit", "verify")
    assert code == 0
    assert process.words == "the audit log holds\n"
    assert mithridate.actions(run["run"]) == [
        *("sandbox.opened", "scan.started", "snapshot", "build notes", "entry-points notes"),
        *("hunt", "findings", "scan.finished"),
    ]


def test_the_hunt_can_end_at_the_first_flaw(warm: Mithridate, target: Path) -> None:
    process = warm.scan(target, "--budget", "2h", "--stop-at-first")
    assert process.end() == 10, process.words
    results = check_whole(warm.out)
    assert set(places(results)) & {project.TITLE, project.COLOUR}
    assert results["cost"]["wall_s"] < PATIENCE_S
