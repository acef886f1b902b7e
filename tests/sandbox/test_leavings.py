import os
from pathlib import Path

import pytest

from mithridate.sandbox.leavings import disarm, read_plain, remove_tree


def deep(root: Path, levels: int) -> None:
    here = os.open(root, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def test_a_tree_deeper_than_a_path_can_say_is_removed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    deep(target, 3000)
    remove_tree(target)
    assert list(tmp_path.iterdir()) == []


def test_removing_stops_at_links(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "loop").symlink_to("loop")
    remove_tree(tmp_path / "target")
    remove_tree(tmp_path / "loop")
    remove_tree(tmp_path / "nothing")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "kept"]


def test_a_closed_directory_and_names_that_are_no_text_are_removed(tmp_path: Path) -> None:
    closed = tmp_path / "target" / "closed"
    closed.mkdir(parents=True)
    (closed / "file").touch()
    Path(os.fsdecode(os.fsencode(closed) + b"/\xff\n")).mkdir()
    closed.chmod(0)
    (tmp_path / "target").chmod(0)
    remove_tree(tmp_path / "target")
    assert list(tmp_path.iterdir()) == []


def test_only_small_plain_files_survive_disarming(tmp_path: Path) -> None:
    area = tmp_path / "area"
    (area / "queue").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    for place in (area, area / "queue"):
        (place / "small").write_bytes(b"x")
        (place / "large").write_bytes(b"x" * 11)
        (place / "link").symlink_to(tmp_path / "secret")
        (place / "directory-link").symlink_to(tmp_path)
        (place / "dangling").symlink_to(tmp_path / "new")
        os.mkfifo(place / "pipe")
    (area / "deep").mkdir()
    deep(area / "deep", 1500)
    disarm(area, 10)
    assert sorted(str(p.relative_to(area)) for p in area.rglob("*") if not p.is_dir()) == ["queue/small", "small"]
    assert (tmp_path / "secret").read_text() == "secret"


def test_reading_takes_only_a_regular_file_and_never_waits(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    assert read_plain(tmp_path / "file", 3) == b"123"
    for name in ("link", "pipe", "missing", "."):
        with pytest.raises(OSError):
            read_plain(tmp_path / name, 3)


def test_a_flat_directory_keeps_no_directories_and_what_is_kept_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    deep(tmp_path / "deep", 1500)
    (tmp_path / "closed").touch(mode=0)
    disarm(tmp_path, 10, flat=True)
    assert [p.name for p in tmp_path.iterdir()] == ["closed"]
    assert (tmp_path / "closed").stat().st_mode & 0o777 == 0o600
