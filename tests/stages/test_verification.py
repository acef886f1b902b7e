"""The patch that a bundle carries, and the trees that it is applied to."""

from pathlib import Path

import pytest

from mithridate.model.diff import made
from mithridate.model.errors import UsageError
from mithridate.model.finding import ShadowPatch
from mithridate.model.run import Event, Note
from mithridate.stages.verification import _patched
from mithridate.store.snapshot import take_snapshot

SHADOW = ShadowPatch(behind=("s",), diff=made({"a.c": (b"one\ntwo\n", b"one\nguard\ntwo\n")}))


def patched(tmp_path: Path, content: str, shadow: ShadowPatch | None, *, own: bool) -> tuple[str, str]:
    """What a.c is then, and what was said."""
    tree, folder = tmp_path / "tree", tmp_path / "work"
    tree.mkdir()
    folder.mkdir()
    (tree / "a.c").write_text(content)
    project, _ = take_snapshot(tree, folder)
    told: list[Event] = []
    after = _patched(shadow, project, folder, told.append, own=own)
    assert (tree / "a.c").read_text() == content, "the owner's tree is left alone"
    return (after.tree / "a.c").read_text(), "".join(note.text for note in told if isinstance(note, Note))


def test_it_is_applied_before_the_program_is_rebuilt(tmp_path: Path) -> None:
    assert patched(tmp_path, "one\ntwo\n", SHADOW, own=True)[0] == "one\nguard\ntwo\n"


def test_a_bundle_without_one_is_rebuilt_as_it_is(tmp_path: Path) -> None:
    assert patched(tmp_path, "one\ntwo\n", None, own=True) == ("one\ntwo\n", "")


def test_a_tree_that_was_mended_in_another_way_is_taken_as_it_is_and_that_is_said(tmp_path: Path) -> None:
    content, told = patched(tmp_path, "one\nanother guard\ntwo\n", SHADOW, own=False)
    assert content == "one\nanother guard\ntwo\n" and "does not fit" in told


def test_a_patch_that_does_not_fit_the_bundles_own_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not fit its source"):
        patched(tmp_path, "something else\n", SHADOW, own=True)


def test_a_patch_leads_out_of_no_tree(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("one\ntwo\n")
    hostile = ShadowPatch(behind=(), diff=SHADOW.diff.replace("a.c", "../outside"))
    with pytest.raises(UsageError):
        patched(tmp_path, "one\ntwo\n", hostile, own=True)
    assert outside.read_text() == "one\ntwo\n"
