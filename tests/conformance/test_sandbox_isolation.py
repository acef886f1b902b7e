"""Every sandbox, attacked from inside: nothing of the host may be reached, seen, changed or left behind."""

import os
import pty
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mithridate.model.execution import Ending, Limits, Mount
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.registry import SANDBOXES

from .conftest import KNOWN_FAILURES, Attack, held, survivors


def test_known_failures_name_sandboxes_and_tests_that_exist() -> None:
    here = {name for module in Path(__file__).parent.glob("test_sandbox*.py") for name in module.read_text().split() if name}
    assert set(KNOWN_FAILURES) == set(SANDBOXES)
    assert all(any(word.startswith(f"{name}(") for word in here) for names in KNOWN_FAILURES.values() for name in names)


@contextmanager
def _listening(family: int, kind: int, address: object) -> Iterator[socket.socket]:
    with socket.socket(family, kind) as listener:
        listener.bind(address)  # type: ignore[arg-type]
        yield listener


def test_the_hosts_loopback_does_not_answer(attack: Attack) -> None:
    with _listening(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)) as listener:
        listener.listen()
        assert held(attack("tcp", listener.getsockname()[1]))


def test_a_resolver_on_the_host_does_not_answer(attack: Attack) -> None:
    with _listening(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)) as resolver:
        enough = b"enough"

        def answer() -> None:
            query, client = resolver.recvfrom(512)
            if query != enough:
                resolver.sendto(query, client)

        server = threading.Thread(target=answer)
        server.start()
        asked = attack("dns", resolver.getsockname()[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
            caller.sendto(enough, resolver.getsockname())
        server.join()
        assert held(asked)


def test_there_is_no_way_to_any_network(attack: Attack, sandbox: Sandbox) -> None:
    if sandbox.name == "unsafe-host":
        pytest.skip("depends on what network the host has")
    assert held(attack("route", "192.0.2.1"))


def test_abstract_sockets_of_the_host_are_out_of_reach(attack: Attack) -> None:
    name = f"mithridate-{uuid.uuid4()}"
    with _listening(socket.AF_UNIX, socket.SOCK_STREAM, f"\0{name}") as listener:
        listener.listen()
        assert held(attack("abstract", name))


def test_files_outside_the_mounts_do_not_exist(attack: Attack, outside: Path) -> None:
    places = [
        outside / "secret",
        Path.home(),
        Path("/etc/shadow"),
        Path("/etc/machine-id"),
        Path("/root"),
        Path("/home"),
        Path("/run"),
    ]
    assert [place for place in places if not held(attack("read", place))] == []


def test_the_hosts_temporary_files_are_not_there(attack: Attack, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    assert held(attack("read", tmp_path / "secret"))


def test_a_read_only_mount_cannot_be_written(attack: Attack, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("as it was")
    mount = Mount(source=tmp_path, target="/src")
    assert held(attack("write", "/src/file", mounts=(mount,)))
    assert held(attack("make", "/src/new", mounts=(mount,)))
    assert held(attack("remount", "/src", mounts=(mount,)))
    assert file.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [file]


def test_the_system_cannot_be_written(attack: Attack, sandbox: Sandbox) -> None:
    if sandbox.name == "unsafe-host":
        pytest.skip("would write to the host")
    for directory in ("/", "/usr", "/usr/lib", "/etc", "/dev", "/proc", "/proc/sys/kernel", "/attacks"):
        assert held(attack("make", f"{directory}/new")), directory
    for file in ("/etc/passwd", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/self/oom_score_adj"):
        assert held(attack("write", file)), file


def test_a_link_in_a_mount_does_not_lead_outside(attack: Attack, tmp_path: Path, outside: Path) -> None:
    (tmp_path / "link").symlink_to(outside / "secret")
    (tmp_path / "directory").symlink_to(outside)
    mount = Mount(source=tmp_path, target="/src", writable=True)
    assert held(attack("read", "/src/link", mounts=(mount,)))
    assert held(attack("read", "/src/directory/secret", mounts=(mount,)))


def test_the_callers_environment_does_not_enter(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MITHRIDATE_TEST_TOKEN", "a-secret-of-the-environment")
    assert held(attack("own-environment", "a-secret-of-the-environment"))


@pytest.mark.usefixtures("bystander")
def test_secrets_of_other_processes_are_out_of_sight(attack: Attack, outside: Path) -> None:
    assert held(attack("in-proc", outside.name[::-1]))


def test_other_processes_cannot_be_signalled(attack: Attack, bystander: "subprocess.Popen[bytes]") -> None:
    assert held(attack("signal", bystander.pid))
    assert held(attack("signal", -bystander.pid))


def test_another_process_cannot_be_traced(attack: Attack) -> None:
    assert held(attack("trace"))


def test_the_memory_of_another_process_cannot_be_read(attack: Attack) -> None:
    assert held(attack("read-memory"))


def test_nothing_can_be_mounted(attack: Attack) -> None:
    assert held(attack("mount", "/tmp"))


def test_no_new_namespaces_are_made(attack: Attack) -> None:
    assert held(attack("namespaces"))
    assert held(attack("clone-namespaces"))


def test_a_32_bit_program_runs_and_is_held_as_well(attack: Attack, sandbox: Sandbox) -> None:
    assert attack("width", bits=32).stdout == b"32\n"
    if sandbox.name != "unsafe-host":
        for way in ("trace", "read-memory", "namespaces", "clone-namespaces"):
            assert held(attack(way, bits=32)), way
    assert held(attack("mount", "/tmp", bits=32))


def test_standard_input_is_no_way_to_write_to_its_file(attack: Attack, outside: Path) -> None:
    assert held(attack("write-stdin", stdin=outside / "secret"))
    assert (outside / "secret").read_text() == "the host's secret\n"


def test_the_callers_descriptors_are_not_inherited(sandbox: Sandbox, attack: Attack, outside: Path) -> None:
    from mithridate.model.execution import Command

    descriptor = os.open(outside, os.O_RDONLY)
    try:
        os.set_inheritable(descriptor, True)
        listing = sandbox.run(Command(argv=("ls", "-l", "/proc/self/fd")))
    finally:
        os.close(descriptor)
    assert b"-> /dev/null" in listing.stdout
    assert outside.name.encode() not in listing.stdout


_ON_A_TERMINAL = """
import sys
from pathlib import Path
from mithridate.model.execution import Command, Mount
from mithridate.sandbox.registry import create
name, attacks = sys.argv[1:]
execution = create(name).run(Command(argv=("/attacks/attack64", "type")), [Mount(source=Path(attacks), target="/attacks")])
print(execution.stdout.decode())
"""


def test_nothing_can_be_typed_into_the_callers_terminal(sandbox: Sandbox, attacks: Path) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", _ON_A_TERMINAL, sandbox.name, str(attacks)])
    said = b""
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        try:
            while chunk := screen.read(1024):
                said += chunk
        except OSError:  # what a terminal says when the last process has left it
            pass
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert b"HELD" in said


def test_ctrl_c_on_the_callers_terminal_does_not_reach_inside(sandbox: Sandbox) -> None:
    from mithridate.model.execution import Command

    ours = sandbox.run(Command(argv=("sh", "-c", "ps -o sid= -p $$ 2>/dev/null || cut -d' ' -f6 /proc/self/stat")))
    assert int(ours.stdout) != os.getsid(0)


def test_a_background_process_does_not_survive(attack: Attack) -> None:
    mark = str(uuid.uuid4())
    execution = attack("background", mark)
    assert execution.ending is Ending.EXITED
    assert survivors(mark) == []


def _killed_survivors(mark: str) -> list[int]:
    left = survivors(mark)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return left


def test_a_daemon_does_not_survive(attack: Attack) -> None:
    mark = str(uuid.uuid4())
    assert attack("daemonise", mark).ending is Ending.EXITED
    assert _killed_survivors(mark) == []


def test_nothing_survives_a_limit(attack: Attack) -> None:
    mark = str(uuid.uuid4())
    assert attack("wait", mark, limits=Limits(wall_s=0.3)).ending is Ending.WALL_LIMIT
    assert survivors(mark) == []


_KILLED = """
import sys
from pathlib import Path
from mithridate.model.execution import Command, Mount
from mithridate.sandbox.registry import create
name, attacks, mark = sys.argv[1:]
say = lambda chunk: print("up", flush=True)
command = Command(argv=("/attacks/attack64", "stubborn", mark))
create(name).run(command, [Mount(source=Path(attacks), target="/attacks")], on_stderr=say)
"""


def test_nothing_survives_our_own_sudden_death(sandbox: Sandbox, attacks: Path) -> None:
    mark = str(uuid.uuid4())
    arguments = [sys.executable, "-c", _KILLED, sandbox.name, str(attacks), mark]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as caller:
        assert caller.stdout is not None
        assert caller.stdout.readline() == b"up\n"
        caller.kill()
    for _ in range(100):
        if not survivors(mark):
            break
        threading.Event().wait(0.02)
    assert _killed_survivors(mark) == []
