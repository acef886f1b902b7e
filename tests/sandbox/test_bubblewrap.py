"""What only the real sandbox is asked for: refusal with a remedy, work without root, and attacks too rude for a bare host."""

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import pytest

import mithridate
from mithridate.model.errors import ExitCode, SandboxUnavailable
from mithridate.model.execution import Command, Ending, Limits, Mount
from mithridate.sandbox.bubblewrap import Bubblewrap

SOURCES = Path(mithridate.__file__).parents[1]
NOBODY = 65534

_CHECK = """
from mithridate.model.errors import SandboxUnavailable
from mithridate.sandbox.bubblewrap import Bubblewrap
try:
    Bubblewrap().check()
    print("available")
except SandboxUnavailable as error:
    print(error, "|", error.hint)
"""


def test_without_bubblewrap_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxUnavailable) as told:
        Bubblewrap().check()
    assert told.value.exit_code is ExitCode.MISSING_REQUIREMENT
    assert "install" in told.value.hint


def test_where_namespaces_are_refused_it_says_what_to_allow() -> None:
    refuse = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    unshare = ["unshare", "--user", "--map-root-user", "sh", "-c", refuse, "sh", sys.executable, "-c", _CHECK]
    said = subprocess.run(unshare, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(SOURCES)}, check=False)
    assert "could not make a sandbox" in said.stdout, said
    assert "user.max_user_namespaces" in said.stdout
    assert "kernel.unprivileged_userns_clone" in said.stdout


def test_it_works_without_root() -> None:
    python = next((p for p in ("/usr/bin/python3.13", "/usr/bin/python3.12", "/usr/bin/python3.11") if Path(p).exists()), None)
    if os.geteuid() != 0 or python is None or shutil.which("setpriv") is None:
        pytest.skip("needs root to give up, setpriv, and a Python that everyone may run")
    drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    with tempfile.TemporaryDirectory() as place:  # where everyone may read: a checkout may lie in a private directory
        shutil.copytree(SOURCES / "mithridate", f"{place}/mithridate", ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run(["chmod", "-R", "a+rX", place], check=True)
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": place, "PYTHONDONTWRITEBYTECODE": "1"}
        words = [*drop, python, "-c", _CHECK]
        said = subprocess.run(words, capture_output=True, text=True, env=environment, cwd="/", check=False)
    assert said.stdout == "available\n", said


def test_inside_nobody_is_root_and_nothing_can_be_gained() -> None:
    status = Bubblewrap().run(Command(argv=("cat", "/proc/self/status"))).stdout.decode()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert set(fields["Uid"].split()) == {"1000"}
    assert {fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")


def test_killing_everything_kills_only_oneself() -> None:
    execution = Bubblewrap().run(
        Command(argv=("sh", "-c", "sleep 60 & kill -9 1; kill -9 -1; echo here; kill -9 $PPID; echo still"))
    )
    assert execution.stdout == b"here\nstill\n"
    assert os.getpid()


def test_a_real_fork_bomb_ends_and_leaves_nothing() -> None:
    mark = str(uuid.uuid4())
    bomb = Command(argv=("sh", "-c", "b() { b | b & }; b; wait; sleep 60", mark))
    execution = Bubblewrap().run(bomb, limits=Limits(processes=200, wall_s=30))
    assert execution.ending is Ending.PROCESS_LIMIT
    left = [p for p in Path("/proc").glob("[0-9]*/cmdline") if p.exists() and mark.encode() in p.read_bytes()]
    assert left == []


def test_the_network_is_an_empty_one() -> None:
    execution = Bubblewrap().run(Command(argv=("cat", "/proc/net/dev", "/proc/net/route")))
    interfaces = [line.split(":")[0].strip() for line in execution.stdout.decode().splitlines() if ":" in line]
    assert interfaces == ["lo"]


def test_few_devices_and_no_disk_among_them() -> None:
    listing = Bubblewrap().run(Command(argv=("ls", "/dev"))).stdout.split()
    assert set(listing) == {
        b"fd",
        b"full",
        b"null",
        b"random",
        b"shm",
        b"stderr",
        b"stdin",
        b"stdout",
        b"tty",
        b"urandom",
        b"zero",
    }


def test_a_failed_mount_is_the_sandboxs_failure_and_not_the_commands(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    inside_a_file = Mount(source=tmp_path, target="/in/file/below")
    with pytest.raises(SandboxUnavailable, match="could not make a sandbox"):
        Bubblewrap().run(Command(argv=("true",)), [Mount(source=tmp_path / "file", target="/in/file"), inside_a_file])
