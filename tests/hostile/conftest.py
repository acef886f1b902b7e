import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hostile.arena import Arena

_IN_MEMORY = Path("/dev/shm")


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Arena]:
    yield Arena(tmp_path)
    _remove(tmp_path)


@pytest.fixture
def arena_in_memory(tmp_path: Path) -> Iterator[Arena]:
    """An arena for a great many files, which a disk would take minutes to make and to forget."""
    root = Path(tempfile.mkdtemp(prefix="mithridate-hostile-", dir=_IN_MEMORY)) if _IN_MEMORY.is_dir() else tmp_path
    yield Arena(root)
    _remove(root)


def _remove(root: Path) -> None:
    """Remove trees deeper than Python's own remover can follow, and gigabytes of builds."""
    subprocess.run(["chmod", "-R", "u+rwX", "--", root], check=False, capture_output=True)
    subprocess.run(["rm", "-rf", "--", root], check=False)
