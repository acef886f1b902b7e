from pathlib import Path

import pytest

from mithridate.model.errors import UsageError
from mithridate.stages import drafts


def fails(draft: Path) -> None:
    draft.write_bytes(b"half")
    raise OSError(28, "No space left on device")


def test_files_take_their_places_once_all_are_made(tmp_path: Path) -> None:
    one, two = tmp_path / "paths.json", tmp_path / "paths.md"
    drafts.replace_all({one: lambda draft: drafts.write(b"1", draft), two: lambda draft: drafts.write(b"2", draft)})
    assert (one.read_bytes(), two.read_bytes()) == (b"1", b"2")
    assert len(list(tmp_path.iterdir())) == 2


def test_when_one_fails_none_is_there_and_no_draft_is_left(tmp_path: Path) -> None:
    one, two = tmp_path / "paths.json", tmp_path / "paths.md"
    one.write_bytes(b"before")
    with pytest.raises(OSError, match="No space"):
        drafts.replace_all({one: lambda draft: drafts.write(b"after", draft), two: fails})
    assert [p.name for p in tmp_path.iterdir()] == ["paths.json"]
    assert one.read_bytes() == b"before"


def test_only_drafts_of_processes_that_are_gone_are_removed(tmp_path: Path) -> None:
    stays = {".paths.json.1", ".paths.json", ".paths.json.x", ".profile.4194305", "paths.json.4194305"}
    goes = {
        f".{name}.4194305" for name in ("paths.json", "navigator.json", "results.sarif", "report.html", "a-1.proof", "1-b.patch")
    }
    for name in stays | goes:
        (tmp_path / name).touch()
    drafts.tidy(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == stays


def test_a_place_that_takes_no_file_is_told(tmp_path: Path) -> None:
    drafts.require_writable(tmp_path / "a" / "b", tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()
    assert list((tmp_path / "a" / "b" / "c").iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"results cannot be written to .*file: "):
        drafts.require_writable(tmp_path / "file")
