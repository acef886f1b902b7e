"""A test's directory in memory, for those that write thousands of files: a twelfth of their CPU time goes by with these."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_MEMORY = "/dev/shm"
_ROOM = 10 << 30


def roomy_memory() -> str | None:
    """Where files are kept in memory, if programs may lie there and there is much room; else None: the usual place will do."""
    try:
        there = os.statvfs(_MEMORY)
        words = Path("/proc/meminfo").read_text().split()
        free = min(there.f_bavail * there.f_frsize, int(words[words.index("MemAvailable:") + 1]) << 10)
    except (OSError, ValueError):
        return None
    usable = os.access(_MEMORY, os.W_OK | os.X_OK) and not there.f_flag & os.ST_NOEXEC
    return _MEMORY if usable and free >= _ROOM else None


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """As pytest's own, which is taken when there is little memory; else it is gone after the test."""
    memory = roomy_memory()
    if memory is None:
        yield tmp_path_factory.mktemp(re.sub(r"\W", "_", request.node.name, flags=re.ASCII)[:30])
        return
    place = Path(tempfile.mkdtemp(prefix="mithridate-test-", dir=memory))
    yield place
    shutil.rmtree(place, ignore_errors=True)
