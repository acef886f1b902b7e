"""What engines share is read while others write it."""

import os
from pathlib import Path

from mithridate.hunt.engines.in_process import kept_elsewhere


def corpus(directory: Path) -> Path:
    directory.mkdir()
    for age, name in enumerate(["newest", "middle", "oldest"]):
        (directory / name).write_bytes(name.encode())
        os.utime(directory / name, (1000 - age, 1000 - age))
    return directory


def test_inputs_of_another_engine_come_oldest_first(tmp_path: Path) -> None:
    kept = corpus(tmp_path / "corpus")
    (kept / "large").write_bytes(b"x" * 100)
    (kept / ".hidden").write_bytes(b"x")
    assert list(kept_elsewhere(kept, 99)) == [("oldest", b"oldest"), ("middle", b"middle"), ("newest", b"newest")]


def test_an_input_that_is_taken_away_meanwhile_is_not_offered(tmp_path: Path) -> None:
    kept = corpus(tmp_path / "corpus")
    offered = kept_elsewhere(kept, 99)
    assert next(offered)[0] == "oldest"
    (kept / "middle").unlink()
    assert [name for name, _ in offered] == ["newest"]


def test_what_a_program_planted_in_its_corpus_is_not_followed(tmp_path: Path) -> None:
    kept = corpus(tmp_path / "corpus")
    (tmp_path / "secret").write_bytes(b"secret")
    (kept / "link").symlink_to(tmp_path / "secret")
    (kept / "directory").mkdir()
    os.mkfifo(kept / "pipe")
    assert {name for name, _ in kept_elsewhere(kept, 99)} == {"oldest", "middle", "newest"}
