"""Two undisturbed scans, made once for the whole suite, and private data directories for the rest."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests import loaded
from tests.e2e import project
from tests.e2e.program import Mithridate, Process, Results
from tests.in_memory import tmp_path
from tests.repair import notebook

__all__ = ["tmp_path"]


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


def once(factory: pytest.TempPathFactory, name: str, made: Callable[[Mithridate], tuple[Path, Process]]) -> Reference:
    """Made by whichever worker of pytest-xdist comes first; the others wait."""
    base = factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    place.mkdir(exist_ok=True)
    ended = place / "ended.json"
    mithridate = Mithridate(place)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ended.exists():
            target, process = made(mithridate)
            code = process.end()
            ended.write_text(json.dumps([str(target), code, process.words, process.stdout.read_text()]))
    target_name, code, words, stdout = json.loads(ended.read_text())
    return Reference(mithridate, Path(target_name), code, words, stdout)


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """The scan of the project that nothing disturbed."""

    def scan(mithridate: Mithridate) -> tuple[Path, Process]:
        target = mithridate.authorise(project.write(mithridate.place))
        return target, mithridate.scan(target)

    return once(tmp_path_factory, "undisturbed", scan)


@pytest.fixture(scope="session")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """A scan of a git repository with one flaw, and a search for its patch."""

    def scan(mithridate: Mithridate) -> tuple[Path, Process]:
        tree = mithridate.authorise(notebook.repository(mithridate.place / "project"))
        return tree, mithridate.start("scan", tree, "--out", mithridate.out, *notebook.OPTIONS, "--patch", "90s")

    return once(tmp_path_factory, "patched", scan)


@pytest.fixture
def mithridate(tmp_path: Path) -> Iterator[Mithridate]:  # the fixture, as pytest finds it
    """The program with an empty data directory. What a failed test left at work is ended."""
    yield Mithridate(tmp_path)
    loaded.end_all()


@pytest.fixture
def target(mithridate: Mithridate) -> Path:
    """The project, with a scope."""
    return mithridate.authorise(project.write(mithridate.place))


@pytest.fixture
def warm(mithridate: Mithridate, reference: Reference) -> Mithridate:
    """The program with a data directory that holds nothing but the project's builds."""
    shutil.copytree(reference.mithridate.home / "builds", mithridate.home / "builds", symlinks=True)
    return mithridate


@pytest.fixture
def after(mithridate: Mithridate, patched: Reference) -> Mithridate:
    """The program with a data directory and results that are as the scan for a patch left them."""
    assert patched.code == 10, patched.words
    shutil.copytree(patched.mithridate.home, mithridate.home, symlinks=True)
    shutil.copytree(patched.mithridate.out, mithridate.out)
    return mithridate
