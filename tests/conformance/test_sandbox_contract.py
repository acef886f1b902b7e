"""Every sandbox, used as intended: what `Sandbox.run` promises."""

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mithridate.model.errors import UsageError
from mithridate.model.execution import Command, Ending, Execution, Limits, Mount
from mithridate.sandbox.interface import Sandbox

from .conftest import Attack


def shell(sandbox: Sandbox, script: str, *mounts: Mount, **options: object) -> Execution:
    return sandbox.run(Command(argv=("sh", "-c", script), **options), mounts)  # type: ignore[arg-type]


def test_it_is_available_here(sandbox: Sandbox) -> None:
    sandbox.check()


def test_output_and_exit_code_come_back(sandbox: Sandbox) -> None:
    execution = shell(sandbox, "echo out; echo err >&2; exit 7")
    assert (execution.ending, execution.exit_code, execution.signal) == (Ending.EXITED, 7, None)
    assert (execution.stdout, execution.stderr, execution.truncated) == (b"out\n", b"err\n", False)
    assert not execution.ok


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGKILL", "SIGTERM", "SIGINT", "SIGPIPE"])
def test_death_by_signal_is_told(sandbox: Sandbox, name: str) -> None:
    number = signal.Signals[name]
    execution = shell(sandbox, f"echo before; kill -{int(number)} $$; echo after")
    assert (execution.ending, execution.exit_code, execution.signal) == (Ending.SIGNALLED, None, number)
    assert (execution.stdout, execution.stderr) == (b"before\n", b"")


@pytest.mark.parametrize("code", [134, 137, 139, 255])
def test_an_exit_code_that_looks_like_a_signal_is_an_exit_code(sandbox: Sandbox, code: int) -> None:
    execution = shell(sandbox, f"echo Segmentation fault >&2; exit {code}")
    assert (execution.ending, execution.exit_code, execution.signal) == (Ending.EXITED, code, None)


def test_a_program_that_is_not_there_is_the_commands_failure(sandbox: Sandbox) -> None:
    execution = sandbox.run(Command(argv=("no-such-program",)))
    assert (execution.ending, execution.exit_code) == (Ending.EXITED, 127)
    assert b"no-such-program" in execution.stderr


@pytest.mark.parametrize("word", ["echo", "exit", "-n", "", "a b", "'", "$HOME", "*", "line\nbreak", "\udcff"])
def test_arguments_arrive_as_they_are(sandbox: Sandbox, word: str) -> None:
    execution = sandbox.run(Command(argv=("printf", "%s", word)))
    assert execution.stdout == word.encode(errors="surrogateescape")


def test_a_shell_builtin_is_no_program(sandbox: Sandbox) -> None:
    assert sandbox.run(Command(argv=("export",))).exit_code == 127


def test_the_environment_is_the_small_one_and_what_the_command_brings(sandbox: Sandbox) -> None:
    execution = sandbox.run(Command(argv=("/usr/bin/env", "-0"), env={"ASAN_OPTIONS": "a=b:c='d e'", "LANG": "C"}))
    variables = dict(line.split("=", 1) for line in execution.stdout.decode().split("\0") if line)
    assert variables.pop("PATH").startswith("/usr/local/bin:")
    assert {name: variables[name] for name in ("HOME", "TMPDIR", "LANG", "ASAN_OPTIONS")} == {
        "HOME": "/tmp",
        "TMPDIR": "/tmp",
        "LANG": "C",
        "ASAN_OPTIONS": "a=b:c='d e'",
    }
    assert set(variables) <= {"HOME", "TMPDIR", "LANG", "ASAN_OPTIONS", "PWD", "SHLVL", "_"}


def test_what_a_command_preloads_does_not_touch_what_carries_it(sandbox: Sandbox) -> None:
    execution = shell(sandbox, "echo ran", env={"LD_PRELOAD": "/no/such/library.so"})
    assert execution.stdout == b"ran\n"
    assert execution.stderr.count(b"/no/such/library.so") == 1


@pytest.mark.parametrize("command", [Command(argv=()), Command(argv=("a\0b",)), Command(argv=("true",), env={"A-B": "c"})])
def test_an_impossible_command_is_the_callers_mistake(sandbox: Sandbox, command: Command) -> None:
    with pytest.raises(UsageError):
        sandbox.run(command)


def test_a_mount_of_nothing_is_the_callers_mistake(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        shell(sandbox, "true", Mount(source=tmp_path / "nothing", target="/src"))


def test_mounts_are_where_they_should_be(sandbox: Sandbox, tmp_path: Path) -> None:
    for name in ("src", "build", "in"):
        (tmp_path / name).mkdir()
    (tmp_path / "src" / "file").write_text("source")
    (tmp_path / "in" / "input.bin").write_bytes(b"\xff\0")
    mounts = (
        Mount(source=tmp_path / "src", target="/src"),
        Mount(source=tmp_path / "build", target="/build", writable=True),
        Mount(source=tmp_path / "in" / "input.bin", target="/in/input.bin"),
    )
    execution = shell(sandbox, "pwd; cat file /in/input.bin; cp file /build/copy", *mounts, cwd="/src")
    assert execution.stdout == b"/src\nsource\xff\0"
    assert (tmp_path / "build" / "copy").read_text() == "source"


def test_scratch_space_is_empty_and_forgotten(sandbox: Sandbox) -> None:
    for _ in range(2):
        assert shell(sandbox, "ls -A /tmp; pwd; echo mine > /tmp/file && cat /tmp/file").stdout == b"/tmp\nmine\n"


@pytest.mark.parametrize("as_file", [False, True])
def test_how_much_input_was_consumed_is_told(attack: Attack, tmp_path: Path, as_file: bool) -> None:
    content = bytes(1000)
    (tmp_path / "input").write_bytes(content)
    for wanted in (0, 1, 77):
        assert attack("consume", wanted, stdin=tmp_path / "input" if as_file else content).stdin_consumed == wanted


def test_standard_input_arrives(sandbox: Sandbox, tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    (tmp_path / "input").write_bytes(content)
    for stdin in (content, tmp_path / "input"):
        execution = sandbox.run(Command(argv=("cat",), stdin=stdin), limits=Limits(output_bytes=2 << 20))
        assert execution.stdout == content
        assert execution.stdin_consumed == len(content)
    assert sandbox.run(Command(argv=("cat",))).stdout == b""


@pytest.mark.parametrize("kind", ["directory", "nothing", "fifo"])
def test_only_a_file_can_be_standard_input(sandbox: Sandbox, tmp_path: Path, kind: str) -> None:
    import os

    if kind == "directory":
        (tmp_path / "it").mkdir()
    if kind == "fifo":
        os.mkfifo(tmp_path / "it")
    with pytest.raises(UsageError):
        sandbox.run(Command(argv=("cat",), stdin=tmp_path / "it"))


def test_both_streams_can_be_full_at_once(sandbox: Sandbox) -> None:
    script = "i=0; while [ $i -lt 64 ]; do head -c 8192 /dev/zero; head -c 8192 /dev/zero >&2; i=$((i+1)); done"
    execution = shell(sandbox, script)
    assert execution.ok
    assert len(execution.stdout) == len(execution.stderr) == 64 * 8192


def test_the_end_of_long_output_is_kept(sandbox: Sandbox) -> None:
    run = Command(argv=("sh", "-c", "echo first >&2; head -c 50000 /dev/zero >&2; echo last >&2"))
    execution = sandbox.run(run, limits=Limits(output_bytes=10_000))
    assert execution.ending is Ending.EXITED
    assert execution.truncated
    assert execution.stderr.startswith(b"first\n")
    assert execution.stderr.endswith(b"last\n")


def test_stderr_can_be_watched(sandbox: Sandbox) -> None:
    chunks: list[bytes] = []
    execution = sandbox.run(Command(argv=("sh", "-c", "echo one >&2; echo two >&2")), on_stderr=chunks.append)
    assert b"".join(chunks) == execution.stderr == b"one\ntwo\n"


def test_a_process_left_behind_does_not_hold_up_the_end(sandbox: Sandbox) -> None:
    execution = shell(sandbox, "sleep 50 & echo done")
    assert execution.ok
    assert execution.stdout == b"done\n"


def test_time_and_memory_are_measured(sandbox: Sandbox) -> None:
    spin = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"
    execution = shell(sandbox, f"({spin}); {spin}")
    assert 0.02 < execution.cpu_s <= execution.wall_s * 2
    assert execution.peak_memory_bytes > 100_000


def test_programs_can_share_memory(attack: Attack) -> None:
    assert attack("attach-segment").ok
    assert attack("attach-segment", bits=32).ok


def test_each_process_sees_itself_in_proc(sandbox: Sandbox) -> None:
    assert shell(sandbox, "cat /proc/self/comm; test -r /proc/self/maps").stdout == b"cat\n"


def test_threads_do_not_get_in_each_others_way(sandbox: Sandbox) -> None:
    def one(number: int) -> Execution:
        return sandbox.run(Command(argv=("sh", "-c", f"cat; echo {number}; exit {number}"), stdin=str(number * 7).encode()))

    with ThreadPoolExecutor(8) as pool:
        for number, execution in enumerate(pool.map(one, range(40))):
            assert execution.exit_code == number
            assert execution.stdout == f"{number * 7}{number}\n".encode()
