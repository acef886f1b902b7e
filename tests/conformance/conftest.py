"""What every conformance test of the sandboxes needs: the sandbox in question, a program that attacks it, and a secret."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mithridate.model.execution import Command, Ending, Execution, Limits, Mount
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.registry import SANDBOXES, create

ATTACK = Path(__file__).parent / "attacks" / "attack.c"

KNOWN_FAILURES: dict[str, frozenset[str]] = {
    "bubblewrap": frozenset(),
    "unsafe-host": frozenset(
        {
            "test_the_hosts_loopback_does_not_answer",
            "test_a_resolver_on_the_host_does_not_answer",
            "test_abstract_sockets_of_the_host_are_out_of_reach",
            "test_files_outside_the_mounts_do_not_exist",
            "test_a_link_in_a_mount_does_not_lead_outside",
            "test_secrets_of_other_processes_are_out_of_sight",
            "test_other_processes_cannot_be_signalled",
            "test_another_process_cannot_be_traced",
            "test_the_memory_of_another_process_cannot_be_read",
            "test_no_new_namespaces_are_made",
            "test_a_daemon_does_not_survive",
            "test_nothing_survives_our_own_sudden_death",
        }
    ),
}
"""What a sandbox is known not to hold. Each is expected to fail: one that begins to hold must leave this table."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the known failures as strictly failing."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        name = callspec.params.get("sandbox") if callspec else None
        if name in KNOWN_FAILURES and getattr(item, "originalname", "") in KNOWN_FAILURES[name]:
            item.add_marker(pytest.mark.xfail(strict=True, raises=AssertionError, reason=f"{name} is known not to hold this"))


@pytest.fixture(params=sorted(SANDBOXES))
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return create(request.param)


@pytest.fixture(scope="session")
def attacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the attack program for 64 and 32 bits."""
    directory = tmp_path_factory.mktemp("attacks")
    compiler = shutil.which("gcc") or shutil.which("clang-19")
    assert compiler, "the suite needs a C compiler"
    for bits in (64, 32):
        subprocess.run([compiler, f"-m{bits}", "-O1", "-w", "-o", directory / f"attack{bits}", ATTACK], check=True)
    return directory


Attack = Callable[..., Execution]


@pytest.fixture
def attack(sandbox: Sandbox, attacks: Path) -> Attack:
    """Run one way of the attack program: `attack("tcp", 80, mounts=…, limits=…)`."""

    def run(
        way: str,
        *arguments: object,
        bits: int = 64,
        mounts: tuple[Mount, ...] = (),
        limits: Limits = Limits(wall_s=30.0),
        stdin: bytes | Path | None = None,
        **options: object,
    ) -> Execution:
        command = Command(argv=(f"/attacks/attack{bits}", way, *map(str, arguments)), stdin=stdin)
        return sandbox.run(command, (Mount(source=attacks, target="/attacks"), *mounts), limits, **options)  # type: ignore[arg-type]

    return run


def held(execution: Execution) -> bool:
    """True when the attack tried and failed; a program that did not get as far as trying is an error of the test."""
    words = execution.stdout.split()
    if execution.ending is not Ending.EXITED or execution.exit_code != 0 or not words or words[0] not in (b"HELD", b"ESCAPED"):
        raise RuntimeError(f"the attack itself broke: {execution}")
    return words[0] == b"HELD"


@pytest.fixture
def outside() -> Iterator[Path]:
    """A directory of the host with a file `secret`, in a place that no sandbox replaces by one of its own (as it does /tmp)."""
    directory = Path(tempfile.mkdtemp(dir="/var/tmp", prefix="mithridate-"))
    (directory / "secret").write_text("the host's secret\n")
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def bystander(attacks: Path, outside: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the host with a secret, the name of `outside`, in its arguments and its environment."""
    process = subprocess.Popen([attacks / "attack64", "wait", outside.name], env={"SECRET": outside.name})
    yield process
    process.kill()
    process.wait()


def survivors(mark: str) -> list[int]:
    """Pids of live processes on the whole host that have `mark` as an argument."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if mark.encode() in words:
                found.append(int(entry.name))
    return found
