from pathlib import Path

import pytest

from mithridate.model.errors import UsageError
from mithridate.store.blobs import Blobs
from mithridate.store.corpora import Corpora
from mithridate.store.database import open_database
from mithridate.store.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").prepare()


@pytest.fixture
def blobs(home: Home) -> Blobs:
    return Blobs(home.blobs_url)


def test_bytes_come_back_under_their_digest(blobs: Blobs) -> None:
    digest = blobs.put(b"\x00one\xff")
    assert blobs.get(digest) == b"\x00one\xff"
    assert blobs.put(b"\x00one\xff") == digest


def test_a_damaged_blob_is_not_handed_out(blobs: Blobs, home: Home) -> None:
    digest = blobs.put(b"evidence")
    (home.root / "blobs" / digest[:2] / digest).write_bytes(b"evidense")
    with pytest.raises(UsageError, match="damaged"):
        blobs.get(digest)


def test_an_unknown_digest_is_said_plainly(blobs: Blobs) -> None:
    with pytest.raises(UsageError, match="no blob"):
        blobs.get("0" * 64)


def test_a_corpus_outlives_the_run_and_comes_back_smallest_first(home: Home, blobs: Blobs, tmp_path: Path) -> None:
    corpora = Corpora(open_database(home.database_url), blobs)
    files = []
    for number in range(5):
        files.append(tmp_path / f"f{number}")
        files[-1].write_bytes(b"x" * (10 - number))
    assert corpora.add("project", "entry", files) == 5
    corpora.add("project", "entry", files[:2])  # known ones are kept once
    place = tmp_path / "restored"
    place.mkdir()
    assert corpora.restore("project", "entry", place, limit=3) == 3
    assert sorted(len(p.read_bytes()) for p in place.iterdir()) == [6, 7, 8]
    assert corpora.restore("project", "another entry", place) == 0


def test_the_data_directory_is_private(home: Home) -> None:
    assert home.root.stat().st_mode & 0o077 == 0


def test_a_data_directory_that_cannot_be_made_is_the_callers_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be used"):
        Home(tmp_path / "file" / "home").prepare()
