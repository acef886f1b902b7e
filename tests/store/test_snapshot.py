import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from mithridate.model.errors import NothingToAnalyse, UsageError
from mithridate.policy.scope import SCOPE_FILE
from mithridate.store import snapshot
from mithridate.store.snapshot import take_snapshot


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "src/main.c").write_text("int main(void) { return 0; }\n")
    (root / "configure").write_text("#!/bin/sh\n")
    (root / "configure").chmod(0o755)
    return root


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def reasons(skipped: object) -> dict[str, str]:
    return {s.what: s.reason for s in skipped}  # type: ignore[attr-defined]


def test_a_snapshot_holds_the_same_bytes_and_executable_bits(tree: Path, store: Path) -> None:
    project, skipped = take_snapshot(tree, store)
    assert (project.tree / "src/main.c").read_bytes() == (tree / "src/main.c").read_bytes()
    assert os.access(project.tree / "configure", os.X_OK)
    assert not (project.tree / "src/main.c").stat().st_mode & 0o111
    assert (project.name, project.files, skipped) == ("project", 2, ())
    assert project.tree == store / project.snapshot


def test_the_same_content_elsewhere_is_the_same_snapshot(tree: Path, store: Path, tmp_path: Path) -> None:
    subprocess.run(["cp", "-r", tree, tmp_path / "again"], check=True)
    first, _ = take_snapshot(tree, store)
    second, _ = take_snapshot(tmp_path / "again", store)
    assert first.snapshot == second.snapshot
    assert [p.name for p in store.iterdir()] == [first.snapshot]


@pytest.mark.parametrize("change", ["content", "name", "mode", "link"])
def test_every_change_that_a_build_could_see_changes_the_hash(tree: Path, store: Path, change: str) -> None:
    (tree / "link").symlink_to("configure")
    before, _ = take_snapshot(tree, store)
    if change == "content":
        (tree / "src/main.c").write_text("int main(void) { return 1; }\n")
    elif change == "name":
        (tree / "src/main.c").rename(tree / "src/mair.c")
    elif change == "mode":
        (tree / "configure").chmod(0o644)
    else:
        (tree / "link").unlink()
        (tree / "link").symlink_to("src")
    assert take_snapshot(tree, store)[0].snapshot != before.snapshot


def test_editing_the_original_leaves_the_snapshot_alone(tree: Path, store: Path) -> None:
    project, _ = take_snapshot(tree, store)
    with (tree / "src/main.c").open("a") as stream:
        stream.write("broken")
    assert "broken" not in (project.tree / "src/main.c").read_text()


def test_links_that_leave_or_loop_are_left_out_and_links_inside_survive(tree: Path, store: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tree / "inside").symlink_to("src/main.c")
    (tree / "absolute-inside").symlink_to(tree / "src/main.c")
    (tree / "out").symlink_to("../secret")
    (tree / "passwd").symlink_to("/etc/passwd")
    (tree / "src/up").symlink_to("..")
    (tree / "a").symlink_to("b")
    (tree / "b").symlink_to("a")
    (tree / "via").symlink_to("out")
    project, skipped = take_snapshot(tree, store)
    assert (project.tree / "inside").readlink() == Path("src/main.c")
    assert (project.tree / "absolute-inside").resolve() == (project.tree / "src/main.c").resolve()
    found = reasons(skipped)
    assert {n for n, r in found.items() if "leaves" in r} == {"out", "passwd", "via"}
    assert {n for n, r in found.items() if "loops" in r} == {"a", "b", "src/up"}
    for path in project.tree.rglob("*"):
        assert path.resolve().is_relative_to(project.tree.resolve())


def test_a_two_gigabyte_sparse_file_is_left_out_unread(tree: Path, store: Path) -> None:
    with (tree / "huge").open("wb") as stream:
        stream.truncate(2 << 30)
    project, skipped = take_snapshot(tree, store)
    assert "64 MiB" in reasons(skipped)["huge"]
    assert not (project.tree / "huge").exists()


def test_pipes_and_sockets_are_left_out_without_hanging(tree: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tree / "pipe")
    monkeypatch.chdir(tree)
    server = socket.socket(socket.AF_UNIX)
    server.bind("sock")
    server.close()
    _, skipped = take_snapshot(tree, store)
    assert set(reasons(skipped)) == {"pipe", "sock"}


def test_names_with_newlines_and_invalid_utf8_survive(tree: Path, store: Path) -> None:
    names = [b"new\nline.c", b"\xff\xfe.c", "ümlaut.c".encode()]
    for name in names:
        Path(os.fsdecode(os.fsencode(tree) + b"/" + name)).write_bytes(b"int x;")
    project, _ = take_snapshot(tree, store)
    assert set(names) <= {os.fsencode(p.name) for p in project.tree.iterdir()}


def test_an_omission_with_a_wild_name_can_be_printed_and_stored(tree: Path, store: Path) -> None:
    os.mkfifo(os.fsencode(tree) + b"/\xff\npipe")
    _, skipped = take_snapshot(tree, store)
    assert [s.what for s in skipped] == ["\\xff\\npipe"]


def test_version_control_and_our_own_output_are_left_out(tree: Path, store: Path) -> None:
    for name in (".git", ".hg", ".svn", ".mithridate", "out", "data"):
        (tree / name).mkdir()
        (tree / name / "file").write_text("x")
    (tree / "out/results.json").write_text('{"version": 1, "run": "r", "findings": [], "entry_points": []}')
    (tree / "data/results.json").write_text('{"version": 1}')
    project, skipped = take_snapshot(tree, store)
    assert set(reasons(skipped)) == {".git", ".hg", ".svn", ".mithridate", "out"}
    assert (project.tree / "data/results.json").exists()


def test_a_store_inside_the_target_is_not_part_of_the_target(tree: Path) -> None:
    first, _ = take_snapshot(tree, tree / "work")
    second, _ = take_snapshot(tree, tree / "work")
    assert first.snapshot == second.snapshot
    assert second.files == 2


def test_many_omissions_of_one_kind_are_one_line(tree: Path, store: Path) -> None:
    for number in range(60):
        os.mkfifo(tree / f"pipe{number}")
    _, skipped = take_snapshot(tree, store)
    assert len(skipped) == 1
    assert skipped[0].what.startswith("60 entries")


def test_too_many_files_are_refused_before_they_are_read(tree: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "MAXIMUM_FILES", 1)
    with pytest.raises(UsageError, match="larger than 1 files"):
        take_snapshot(tree, store)
    assert list(store.iterdir()) == []


def test_a_missing_path_is_a_usage_error(tmp_path: Path, store: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        take_snapshot(tmp_path / "absent", store)


def test_a_file_that_is_no_archive_is_a_usage_error(tmp_path: Path, store: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(UsageError, match="neither a directory nor an archive"):
        take_snapshot(tmp_path / "notes.txt", store)


def test_an_empty_directory_is_nothing_to_analyse(tmp_path: Path, store: Path) -> None:
    (tmp_path / "empty/.git").mkdir(parents=True)
    with pytest.raises(NothingToAnalyse):
        take_snapshot(tmp_path / "empty", store)


def test_two_runs_at_once_share_one_snapshot(tree: Path, store: Path) -> None:
    for number in range(200):
        (tree / f"f{number}").write_text(str(number))
    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(take_snapshot(tree, store)[0].snapshot)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert len(set(results)) == 1
    assert [p.name for p in store.iterdir()] == [results[0]]


def test_all_times_are_equal_so_that_make_rebuilds_nothing_that_was_shipped(tree: Path, store: Path) -> None:
    os.utime(tree / "configure", (1, 1))
    project, _ = take_snapshot(tree, store)
    assert len({p.stat().st_mtime_ns for p in project.tree.rglob("*") if p.is_file()}) == 1


def test_the_scope_is_no_part_of_what_is_analysed(tree: Path, store: Path) -> None:
    before, _ = take_snapshot(tree, store)
    (tree / SCOPE_FILE).write_text("renewed = true\n")
    after, _ = take_snapshot(tree, store)
    assert after.snapshot == before.snapshot
    assert not (after.tree / SCOPE_FILE).exists()
