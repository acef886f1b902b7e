"""The key for what is kept of exchanges: it is there whole or not at all."""

import os
from pathlib import Path

import pytest

from mithridate.store.seal import KEY_FILE, Seal


def test_a_death_in_the_middle_leaves_no_half_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Died(BaseException):
        """Instead of a kill."""

    def dies(_: int) -> None:
        raise Died

    with monkeypatch.context() as patched, pytest.raises(Died):
        patched.setattr(os, "fsync", dies)
        Seal(tmp_path, sealing=True).close(b"words")
    assert not (tmp_path / KEY_FILE).exists()
    sealed = Seal(tmp_path, sealing=True).close(b"words")
    assert Seal(tmp_path, sealing=False).open(sealed) == b"words" and b"words" not in sealed
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_a_key_that_is_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = Seal(tmp_path, sealing=True).close(b"words")
    other = Seal(tmp_path, sealing=True)
    monkeypatch.setattr(Path, "exists", lambda _: False)  # as seen by whoever came second
    assert Seal(tmp_path, sealing=True).open(sealed) == b"words" and other.open(other.close(b"more")) == b"more"
    assert other.open(sealed) == b"words"
