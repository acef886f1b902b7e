"""Diffs are made, read and applied exactly, or not at all."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mithridate.repair.diff import DiffError, applied, apply, made, read, sizes

LINES = st.lists(st.sampled_from([b"x", b"y", b"", b"\xff\xe9", b"long line of text", b"-- a", b"++ b", b"@@ c"]), max_size=14)
CONTENTS = st.builds(lambda lines, end: b"\n".join(lines) + (b"\n" if end and lines else b""), LINES, st.booleans())


@settings(deadline=None, max_examples=150)
@given(before=CONTENTS, after=CONTENTS)
def test_what_is_made_of_two_contents_turns_one_into_the_other(
    tmp_path_factory: pytest.TempPathFactory, before: bytes, after: bytes
) -> None:
    diff = made({"d/f.c": (before, after)})
    if before == after:
        assert diff == ""
        return
    tree = tmp_path_factory.mktemp("tree")
    (tree / "d").mkdir()
    if before:
        (tree / "d/f.c").write_bytes(before)
    assert applied(diff, tree) == {"d/f.c": after if after else None}
    apply(diff, tree)
    assert ((tree / "d/f.c").read_bytes() if (tree / "d/f.c").exists() else b"") == after


def test_git_reads_it_alike(tmp_path: Path) -> None:
    before, after = b"a\nb\nc\nd\ne\nf\ng\nh\ni", b"a\nB\nc\nd\ne\nf\ng\nh\ni\nj\n"
    (tmp_path / "f").write_bytes(before)
    diff = made({"f": (before, after)})
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=diff.encode(), check=True)
    assert (tmp_path / "f").read_bytes() == after
    assert sizes(diff) == (3, 2)


@pytest.mark.parametrize("path", ["../f", "/etc/f", "a/../../f", ".git/config"])
def test_a_path_outside_of_the_project_is_refused(path: str) -> None:
    with pytest.raises(DiffError):
        read(made({"f": (b"a\n", b"b\n")}).replace("a/f", f"a/{path}").replace("b/f", f"b/{path}"))


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "f").write_bytes(b"a\n")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "d").symlink_to(outside)
    (tree / "g").symlink_to(outside / "f")
    for name in ("d/f", "g"):
        with pytest.raises(DiffError, match="link"):
            apply(made({name: (b"a\n", b"b\n")}), tree)
    assert (outside / "f").read_bytes() == b"a\n"


def test_one_hunk_that_does_not_fit_leaves_every_file_as_it_was(tmp_path: Path) -> None:
    for name in ("f", "g"):
        (tmp_path / name).write_bytes(b"a\n")
    diff = made({"f": (b"a\n", b"b\n")}) + made({"g": (b"other\n", b"b\n")})
    with pytest.raises(DiffError, match="line 1"):
        apply(diff, tmp_path)
    assert (tmp_path / "f").read_bytes() == b"a\n"
