import subprocess
from pathlib import Path

import pytest

from mithridate.sandbox import cgroup

OTHERS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/root rw
23 22 0:20 / /proc rw - proc proc rw
"""


def _process(tmp_path: Path, groups: str, mounts: str) -> Path:
    (tmp_path / "cgroup").write_text(groups)
    (tmp_path / "mountinfo").write_text(OTHERS + mounts)
    return tmp_path


def test_version_1_has_its_own_hierarchy(tmp_path: Path) -> None:
    mounts = "30 22 0:30 / /cg/memory rw - cgroup cgroup rw,memory\n31 22 0:31 / /cg/pids rw - cgroup cgroup rw,pids\n"
    process = _process(tmp_path, "4:memory:/m\n3:pids:/service\n0::/\n", mounts)
    assert list(cgroup.candidates(process)) == [Path("/cg/pids/service")]


def test_version_2_makes_groups_beside_us(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "user" / "session").mkdir(parents=True)
    for directory, passed_on in ((tree, "pids"), (tree / "user", "memory pids"), (tree / "user" / "session", "")):
        (directory / "cgroup.subtree_control").write_text(passed_on + "\n")
    mounts = f"30 22 0:30 / {tree} rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
    assert list(cgroup.candidates(_process(tmp_path, "0::/user/session\n", mounts))) == [tree / "user"]


def test_version_2_without_the_controller_has_no_place(tmp_path: Path) -> None:
    (tmp_path / "tree" / "user").mkdir(parents=True)
    mounts = f"30 22 0:30 / {tmp_path / 'tree'} rw - cgroup2 cgroup2 rw\n"
    assert list(cgroup.candidates(_process(tmp_path, "0::/user\n", mounts))) == []


def test_a_group_holds_what_it_admits_and_is_gone_afterwards() -> None:
    with cgroup.task_group(50) as group:
        if group is None:
            pytest.skip("no control groups can be made here")
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
            group.admit(process.pid)
            assert group.directory.name in Path(f"/proc/{process.pid}/cgroup").read_text()
            assert (group.directory / "pids.max").read_text() == "50\n"
    assert not group.directory.exists()


def test_groups_that_a_killed_run_left_are_cleared() -> None:
    parent = cgroup._parent()
    if parent is None:
        pytest.skip("no control groups can be made here")
    left = parent / "mithridate-4194305-left"  # no process can have this number: PID_MAX_LIMIT
    left.mkdir(exist_ok=True)
    cgroup._parent.cache_clear()
    assert cgroup._parent() == parent
    assert not left.exists()
