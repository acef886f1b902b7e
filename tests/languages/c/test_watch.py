from pathlib import Path

import pytest

from mithridate.languages.c.watch import watching
from mithridate.model.execution import Command, Mount
from mithridate.sandbox.bubblewrap import Bubblewrap


@pytest.mark.parametrize(
    ("command", "opened", "read"),
    [("true", False, False), ("stat /in/f", False, False), (": < /in/f", True, False), ("cat /in/f", True, True)],
)
def test_what_happens_to_a_file_in_the_sandbox_is_seen_outside(tmp_path: Path, command: str, opened: bool, read: bool) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"content")
    with watching(file) as watch:
        Bubblewrap().run(Command(argv=("sh", "-c", command)), (Mount(source=file, target="/in/f"),))
        assert watch is not None
        assert (watch.opened, watch.read) == (opened, read)


def test_a_watch_leaves_no_descriptor_behind(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"content")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with watching(file):
            pass
    assert len(list(Path("/proc/self/fd").iterdir())) == before
