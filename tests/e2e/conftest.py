"""One undisturbed scan of the tests' project, made once for the whole suite, and private data directories for the rest."""

import fcntl
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e import project
from tests.e2e.program import Mithridate, Results


@dataclass(frozen=True)
class Reference:
    """An undisturbed scan: what it was given, its data directory and output (for looking at only), and how it ended."""

    mithridate: Mithridate
    target: Path
    code: int
    words: str
    stdout: str

    @property
    def results(self) -> Results:
        """What it printed."""
        found: Results = json.loads(self.stdout)
        return found


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """Made by whichever worker of pytest-xdist comes first; the others wait."""
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "undisturbed"
    place.mkdir(exist_ok=True)
    ended = place / "ended.json"
    mithridate = Mithridate(place)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ended.exists():
            target = mithridate.authorise(project.write(place))
            process = mithridate.scan(target)
            code = process.end()
            ended.write_text(json.dumps([code, process.words, process.stdout.read_text()]))
    return Reference(mithridate, place / project.NAME, *json.loads(ended.read_text()))


@pytest.fixture
def mithridate(tmp_path: Path) -> Mithridate:
    """The program with an empty data directory."""
    return Mithridate(tmp_path)


@pytest.fixture
def target(mithridate: Mithridate) -> Path:
    """The project, with a scope."""
    return mithridate.authorise(project.write(mithridate.place))


@pytest.fixture
def warm(mithridate: Mithridate, reference: Reference) -> Mithridate:
    """The program with a data directory that holds nothing but the project's builds."""
    shutil.copytree(reference.mithridate.home / "builds", mithridate.home / "builds", symlinks=True)
    return mithridate
