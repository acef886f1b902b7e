import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests import loaded

PROGRAM = (sys.executable, "-c", "from mithridate.cli.main import run; run()")

Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MITHRIDATE_")}
    return {**kept, "MITHRIDATE_HOME": str(home), "COLUMNS": "80", "TERM": "dumb"}


@pytest.fixture
def mithridate(environment: dict[str, str]) -> Program:
    def program(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        return loaded.ran(*map(str, arguments), env={**environment, **variables}, timeout=120)

    return program


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "main.c").write_text("int main(void) { return 0; }\n")
    yield directory
