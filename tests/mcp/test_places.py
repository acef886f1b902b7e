"""Where calls work, and what they read once: abilities, used in this process."""

import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest

from mithridate.mcp.abilities import proofs
from mithridate.mcp.abilities.doors import _trial
from mithridate.mcp.catalogue import TOOLS, OneProof
from mithridate.mcp.settings import Settings
from mithridate.mcp.work import Work
from mithridate.policy.allowance import Allowance
from mithridate.prove.bundle import Bundle
from mithridate.stages import verification
from tests.mcp.conftest import Served


def at_work(served: Served, tool: str) -> Work:
    settings = Settings(home=served.home, roots=(served.directory,))
    return Work(settings, lambda _: None, Allowance(300.0, 300.0, threading.Event()), TOOLS[tool].gives)


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """As a worker is given one."""
    place = tmp_path / "scratch"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def test_a_bundle_that_is_exchanged_after_it_was_looked_at_is_not_what_is_replayed(
    own: Served, monkeypatch: pytest.MonkeyPatch, scratch: Path
) -> None:
    place = own.directory / "mine.proof"
    place.write_bytes(next((own.home / "runs" / own.run / "proofs").iterdir()).read_bytes())
    read, snapshot = proofs.read_bundle, verification.take_snapshot
    folders: list[Path] = []

    def exchanged(path: Path) -> Bundle:
        bundle = read(path)
        place.write_bytes(b"another one")
        return bundle

    def seen(tree: Path, folder: Path) -> Any:
        folders.append(folder)
        return snapshot(tree, folder)

    monkeypatch.setattr(proofs, "read_bundle", exchanged)
    monkeypatch.setattr(verification, "take_snapshot", seen)
    verdict = proofs.prove(OneProof(bundle="mine.proof", replays=1), at_work(own, "prove"))
    assert verdict["holds"] is True
    assert folders and all(folder.is_relative_to(scratch) for folder in folders), "the server removes what lies there"


def test_the_trees_of_a_project_lie_where_the_server_removes_them(own: Served, scratch: Path) -> None:
    with _trial("notes", at_work(own, "run_input")):
        assert [path.name.startswith("mithridate-trial-") for path in scratch.iterdir()] == [True]
    assert not list(scratch.iterdir())
