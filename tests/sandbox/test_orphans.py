import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mithridate.model.execution import Command
from mithridate.sandbox.bubblewrap import Bubblewrap
from mithridate.sandbox.orphans import OWNER, end_orphans, owner
from mithridate.sandbox.registry import create

Start = Callable[[dict[str, str]], "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a process that waits, with that environment."""
    started: list[subprocess.Popen[bytes]] = []

    def process(environment: dict[str, str]) -> "subprocess.Popen[bytes]":
        started.append(subprocess.Popen(["/bin/sleep", "60"], env=environment))
        return started[-1]

    yield process
    for one in started:
        one.kill()
        one.wait()


@pytest.fixture
def gone() -> str:
    """The name of a process of ours that has ended."""
    told = subprocess.run(
        [sys.executable, "-c", "from mithridate.sandbox.orphans import owner; print(owner())"], stdout=subprocess.PIPE, check=True
    )
    return told.stdout.decode().strip()


def test_what_lost_its_owner_is_killed(start: Start, gone: str) -> None:
    orphan = start({OWNER: gone})
    end_orphans()
    assert orphan.wait(10) == -9


def test_whoever_makes_a_sandbox_tidies_first(start: Start, gone: str) -> None:
    orphan = start({OWNER: gone})
    create("bubblewrap")
    assert orphan.wait(10) == -9


def test_what_has_an_owner_goes_on(start: Start) -> None:
    child = start({OWNER: owner()})
    end_orphans()
    time.sleep(0.1)
    assert child.poll() is None


def test_a_pid_that_was_used_again_is_not_the_owner(start: Start) -> None:
    namespace, pid, began = owner().split(":")
    orphan = start({OWNER: f"{namespace}:{pid}:{int(began) - 1}"})
    end_orphans()
    assert orphan.wait(10) == -9


@pytest.mark.parametrize("name", ["1:999999999:5", "", "no name", "::"])
def test_what_cannot_be_judged_is_left_alone(start: Start, name: str) -> None:
    """Owners of another pid namespace, and names that are none."""
    child = start({OWNER: name})
    end_orphans()
    time.sleep(0.1)
    assert child.poll() is None


def test_the_shell_that_carries_a_target_names_its_owner_and_the_target_does_not() -> None:
    told = Bubblewrap().run(Command(argv=("sh", "-c", "tr '\\0' '\\n' </proc/1/environ; echo --; env")))
    carrier, target = told.stdout.decode().split("--\n")
    assert f"{OWNER}={owner()}" in carrier.splitlines()
    assert OWNER not in target


def test_a_process_is_named_by_its_namespace_its_pid_and_its_start() -> None:
    namespace, pid, began = owner().split(":")
    assert namespace == str(Path("/proc/self/ns/pid").stat().st_ino)
    assert int(pid) == os.getpid()
    assert int(began) > 0
