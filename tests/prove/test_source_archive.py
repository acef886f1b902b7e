from pathlib import Path

import pytest
from tests.prove.hostile_bundles import HOSTILE_TREES

from mithridate.model.errors import UsageError
from mithridate.prove.source_archive import pack, unpack


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "lib" / "empty").mkdir(parents=True)
    (root / "lib" / "a.c").write_text("int a;\n")
    (root / "configure").write_text("#!/bin/sh\n")
    (root / "configure").chmod(0o755)
    (root / "link.c").symlink_to("lib/a.c")
    return root


def test_a_tree_survives_packing(tree: Path, tmp_path: Path) -> None:
    packed = pack(tree)
    assert packed is not None
    unpack(packed, tmp_path / "back")
    back = tmp_path / "back"
    assert sorted(p.relative_to(back).as_posix() for p in back.rglob("*")) == [
        "configure",
        "lib",
        "lib/a.c",
        "lib/empty",
        "link.c",
    ]
    assert (back / "link.c").readlink() == Path("lib/a.c")
    assert (back / "configure").stat().st_mode & 0o100
    assert not (back / "lib/a.c").stat().st_mode & 0o100


def test_equal_trees_pack_to_equal_bytes(tree: Path) -> None:
    first = pack(tree)
    (tree / "lib/a.c").touch()
    assert pack(tree) == first


def test_a_tree_over_the_limit_is_not_packed(tree: Path) -> None:
    assert pack(tree, limit=100) is None


def test_special_files_are_left_out(tree: Path, tmp_path: Path) -> None:
    import os

    os.mkfifo(tree / "pipe")
    packed = pack(tree)
    assert packed is not None
    unpack(packed, tmp_path / "back")
    assert not (tmp_path / "back" / "pipe").exists()


@pytest.mark.parametrize("name", HOSTILE_TREES)
def test_a_hostile_tree_is_refused_and_nothing_leaves_the_folder(name: str, tmp_path: Path) -> None:
    make, words = HOSTILE_TREES[name]
    home = tmp_path / "home"
    home.mkdir()
    with pytest.raises(UsageError, match=words):
        unpack(make(), home / "inner")
    assert [p.name for p in home.iterdir()] == ["inner"]
    assert sum(p.lstat().st_size for p in home.rglob("*") if p.is_file()) < 1 << 20
