"""The tree that a program sees is as it was before each run, whatever the run did and however little of it is read again."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import mithridate

RUNTIME = Path(mithridate.__file__).parent / "languages" / "python" / "runtime"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(RUNTIME))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    from mithridate_observer.tree import Tree

    project = tmp_path / "project"
    (project / "deep" / "deeper").mkdir(parents=True)
    for name in ("app.py", "data.db", "deep/one", "deep/two", "deep/deeper/three"):
        (project / name).write_text(f"content of {name}")
    made = Tree(str(project), writable=True)
    made.remember()
    yield made
    made.remove()


def shown(root: Path) -> dict[str, tuple[int, str]]:
    return {str(p.relative_to(root)): (p.lstat().st_mode, p.read_text() if p.is_file() else "") for p in sorted(root.rglob("*"))}


def linked_and_changed(root: Path) -> None:
    (root / "deep" / "link").hardlink_to(root / "app.py")
    (root / "deep" / "link").write_text("through another name")


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file is written": lambda root: (root / "data.db").write_text("other"),
    "a file is added": lambda root: (root / "deep" / "new").write_text("new"),
    "a file is removed": lambda root: (root / "deep" / "one").unlink(),
    "a file becomes executable": lambda root: (root / "app.py").chmod(0o755),
    "a file is renamed": lambda root: (root / "deep" / "one").rename(root / "deep" / "deeper" / "one"),
    "a file becomes a link": lambda root: ((root / "app.py").unlink(), (root / "app.py").symlink_to("/etc/passwd")),
    "a file becomes a directory": lambda root: ((root / "app.py").unlink(), (root / "app.py").mkdir()),
    "a directory is added, with files": lambda root: ((root / "a" / "b").mkdir(parents=True), (root / "a" / "b" / "c").touch()),
    "a directory is moved": lambda root: (root / "deep" / "deeper").rename(root / "elsewhere"),
    "a directory is closed": lambda root: (root / "deep").chmod(0o500),
    "a file is changed under another name": linked_and_changed,
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_a_run_changes_is_put_back(what: str, tree: Any) -> None:
    before = shown(tree.place)
    for _ in range(3):
        CHANGES[what](tree.place)
        assert shown(tree.place) != before
        assert tree.put_back() > 0
        assert shown(tree.place) == before
        assert tree.put_back() == 0


def test_scratch_files_go_too(tree: Any) -> None:
    for _ in range(2):
        (tree.scratch / "left").write_text("x")
        (tree.place / "data.db").write_text("y")
        assert tree.put_back() == 2
        assert list(tree.scratch.iterdir()) == [tree.home]


def test_only_the_directories_with_changes_are_read_again(tree: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from mithridate_observer import tree as module

    def everything(_: Path) -> dict[str, Any]:
        raise AssertionError("the whole tree was read")

    monkeypatch.setattr(module, "_states", everything)
    for _ in range(2):
        (tree.place / "deep" / "one").write_text("other")
        (tree.place / "deep" / "new").write_text("new")
        assert tree.put_back() == 2
    assert (tree.place / "deep" / "one").read_text() == "content of deep/one"
