import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.arena import Arena


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Arena]:
    yield Arena(tmp_path)
    # Trees deeper than Python's own remover can follow, and gigabytes of builds.
    subprocess.run(["chmod", "-R", "u+rwX", "--", tmp_path], check=False, capture_output=True)
    subprocess.run(["rm", "-rf", "--", tmp_path], check=False)
