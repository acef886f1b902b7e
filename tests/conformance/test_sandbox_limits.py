"""Every sandbox, abused from inside: each command that goes too far is ended, by the limit that it broke."""

import os
import threading
import uuid
from pathlib import Path

import pytest

from mithridate.model.execution import Command, Ending, Limits, Mount
from mithridate.sandbox.cgroup import candidates
from mithridate.sandbox.interface import Sandbox

from .conftest import Attack, survivors

MIB = 1 << 20


def test_an_idle_command_meets_the_wall_limit(attack: Attack) -> None:
    execution = attack("wait", limits=Limits(wall_s=0.2))
    assert (execution.ending, execution.exit_code, execution.signal) == (Ending.WALL_LIMIT, None, None)


def test_a_busy_command_meets_the_cpu_limit(attack: Attack) -> None:
    execution = attack("spin", limits=Limits(cpu_s=0.2))
    assert execution.ending is Ending.CPU_LIMIT
    assert execution.cpu_s >= 0.2


def test_a_fork_bomb_meets_the_process_limit(attack: Attack) -> None:
    mark = str(uuid.uuid4())
    assert attack("bomb", mark, limits=Limits(processes=64)).ending is Ending.PROCESS_LIMIT
    assert survivors(mark) == []


def test_the_kernel_holds_an_explosion_before_it_is_counted(attack: Attack) -> None:
    if os.geteuid() == 0 and not any(os.access(directory, os.W_OK) for directory in candidates(Path("/proc/self"))):
        pytest.skip("without control groups nothing in the kernel bounds root")
    execution = attack("threads", 300, limits=Limits(processes=20))
    # The kernel's refusal is a limit that was met, if a look comes before the end.
    assert execution.ok or execution.ending is Ending.PROCESS_LIMIT
    assert int(execution.stdout or 0) < 100


def test_threads_are_no_processes(attack: Attack) -> None:
    assert attack("threads", 40, limits=Limits(processes=20)).stdout == b"40\n"


def test_a_memory_hog_meets_the_memory_limit(attack: Attack) -> None:
    execution = attack("hog", 2048, limits=Limits(memory_bytes=200 * MIB))
    assert execution.ending is Ending.MEMORY_LIMIT
    assert execution.peak_memory_bytes > 200 * MIB


def test_the_memory_of_all_processes_counts_together(attack: Attack) -> None:
    assert attack("hog-in-children", 16, limits=Limits(memory_bytes=300 * MIB)).ending is Ending.MEMORY_LIMIT


def test_memory_that_processes_share_counts_once(attack: Attack) -> None:
    assert attack("share", 100, limits=Limits(memory_bytes=250 * MIB)).ok


def test_memory_in_unattached_segments_counts(attack: Attack, sandbox: Sandbox) -> None:
    if sandbox.name == "unsafe-host":
        pytest.skip("the host would keep the segments")
    assert attack("hog-segments", 1024, limits=Limits(memory_bytes=200 * MIB, wall_s=10)).ending is Ending.MEMORY_LIMIT


def test_memory_in_unmapped_files_counts(attack: Attack) -> None:
    assert attack("hog-files", 1024, limits=Limits(memory_bytes=200 * MIB, wall_s=10)).ending is Ending.MEMORY_LIMIT


def test_endless_output_meets_the_output_limit_and_only_its_ends_are_kept(attack: Attack) -> None:
    execution = attack("spew", limits=Limits(output_bytes=10_000))
    assert execution.ending is Ending.OUTPUT_LIMIT
    assert execution.truncated
    assert b"bytes left out]" in execution.stdout
    assert 10_000 < len(execution.stdout) < 10_100
    assert 10_000 < len(execution.stderr) < 10_100


def test_scratch_space_ends_where_it_should(attack: Attack) -> None:
    execution = attack("fill", "/tmp", limits=Limits(scratch_bytes=8 * MIB))
    written, why = execution.stdout.split(maxsplit=1)
    assert why == b"No space left on device\n"
    assert 7 * MIB <= int(written) <= 8 * MIB


def test_shared_memory_files_are_bounded_like_scratch_space(attack: Attack, sandbox: Sandbox) -> None:
    if sandbox.name == "unsafe-host":
        pytest.skip("would fill the host's memory")
    written, why = attack("fill", "/dev/shm", limits=Limits(scratch_bytes=8 * MIB)).stdout.split(maxsplit=1)
    assert why == b"No space left on device\n"
    assert int(written) <= 8 * MIB


@pytest.mark.parametrize("how", ["named", "unlinked"])
def test_filling_a_writable_mount_meets_the_disk_limit(attack: Attack, tmp_path: Path, how: str) -> None:
    mount = Mount(source=tmp_path, target="/build", writable=True)
    (tmp_path / "before").write_bytes(bytes(30 * MIB))
    execution = attack("fill", "/build", how, mounts=(mount,), limits=Limits(disk_bytes=20 * MIB, wall_s=20))
    assert execution.ending is Ending.DISK_LIMIT


def test_what_was_on_a_writable_mount_before_does_not_count(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "before").write_bytes(bytes(30 * MIB))
    mount = Mount(source=tmp_path, target="/build", writable=True)
    write = Command(argv=("sh", "-c", "head -c 1000000 /dev/zero > /build/new; sleep 0.3"))
    assert sandbox.run(write, [mount], Limits(disk_bytes=20 * MIB)).ok


def test_one_file_cannot_grow_past_its_bound(sandbox: Sandbox) -> None:
    execution = sandbox.run(
        Command(argv=("dd", "if=/dev/zero", "of=/tmp/file", "bs=1M", "count=8")), limits=Limits(file_bytes=4 * MIB)
    )
    assert execution.ending is Ending.SIGNALLED
    assert execution.signal == 25  # SIGXFSZ


def test_a_cancelled_command_may_leave_in_order(attack: Attack) -> None:
    cancel = threading.Event()
    execution = attack("polite", cancel=cancel, on_stderr=lambda _: cancel.set())
    assert execution.ending is Ending.CANCELLED
    assert execution.stdout == b"goodbye\n"


def test_a_cancelled_command_that_ignores_sigterm_is_killed(attack: Attack) -> None:
    cancel, mark = threading.Event(), str(uuid.uuid4())
    execution = attack("stubborn", mark, cancel=cancel, on_stderr=lambda _: cancel.set())
    assert execution.ending is Ending.CANCELLED
    assert survivors(mark) == []


def test_what_was_cancelled_before_it_began_does_not_run(sandbox: Sandbox) -> None:
    cancel = threading.Event()
    cancel.set()
    execution = sandbox.run(Command(argv=("sh", "-c", "sleep 5; echo ran")), cancel=cancel)
    assert execution.ending is Ending.CANCELLED
    assert execution.stdout == b""


def test_an_error_of_the_caller_leaves_nothing_behind(attack: Attack) -> None:
    mark = str(uuid.uuid4())

    def fail(chunk: bytes) -> None:
        raise ZeroDivisionError(chunk)

    with pytest.raises(ZeroDivisionError):
        attack("stubborn", mark, on_stderr=fail)
    assert survivors(mark) == []
