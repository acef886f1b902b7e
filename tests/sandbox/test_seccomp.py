"""The filter: right numbers, nothing forgotten on 32 bits, nothing taken that sanitizers and fuzzers need."""

import errno
import platform
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from mithridate.model.execution import Command, Execution, Limits, Mount
from mithridate.sandbox.bubblewrap import Bubblewrap
from mithridate.sandbox.seccomp import assemble, seccomp_program
from mithridate.sandbox.syscalls import CHECKED, FORBIDDEN, NEWEST, Architecture, numbers

ATTACK = Path(__file__).parents[1] / "conformance" / "attacks" / "attack.c"
AF_NETLINK, AF_PACKET, AF_VSOCK, AF_ALG = 16, 17, 40, 38
SOCK_STREAM, SOCK_RAW = 1, 3
EVERYTHING = {**FORBIDDEN, **CHECKED}

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="runs the filter for x86-64 and i386 programs")


@pytest.fixture(scope="module")
def attacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("attacks")
    for bits in (64, 32):
        subprocess.run(["gcc", f"-m{bits}", "-O1", "-w", "-o", directory / f"attack{bits}", ATTACK], check=True)
    return directory


def _attack(attacks: Path, bits: int, *words: object) -> Execution:
    command = Command(argv=(f"/attacks/attack{bits}", *map(str, words)))
    return Bubblewrap().run(command, [Mount(source=attacks, target="/attacks")], Limits(wall_s=30))


def _error(attacks: Path, bits: int, call: str, *arguments: int) -> int:
    architecture = Architecture.X86_64 if bits == 64 else Architecture.I386
    number = numbers(EVERYTHING, architecture)[call]
    return int(_attack(attacks, bits, "call", number, *arguments).stdout)


@pytest.mark.parametrize(
    ("architecture", "header", "flags"),
    [
        (Architecture.X86_64, "asm/unistd_64.h", ("-m64",)),
        (Architecture.I386, "asm/unistd_32.h", ("-m32",)),
        (Architecture.AARCH64, "asm-generic/unistd.h", ("-D__BITS_PER_LONG=64", "-D__ARCH_WANT_RENAMEAT")),
    ],
)
def test_numbers_agree_with_the_kernels_headers(architecture: Architecture, header: str, flags: tuple[str, ...]) -> None:
    source = f"#include <{header}>\n"
    for name in EVERYTHING:
        source += f"#ifdef __NR_{name}\n@{name} __NR_{name}\n#endif\n"
    text = subprocess.run(["gcc", *flags, "-E", "-P", "-"], input=source, capture_output=True, text=True, check=True).stdout
    theirs = {name: int(number) for name, number in re.findall(r"@(\w+) (\d+)", text)}
    ours = numbers(EVERYTHING, architecture)
    assert len(theirs) > 50
    assert {name: ours.get(name) for name in theirs} == theirs


@pytest.mark.parametrize(("bits", "architecture"), [(64, Architecture.X86_64), (32, Architecture.I386)])
def test_every_forbidden_call_is_refused(attacks: Path, bits: int, architecture: Architecture) -> None:
    forbidden = numbers(FORBIDDEN, architecture)
    answers = dict(line.split() for line in _attack(attacks, bits, "calls", *forbidden.values()).stdout.decode().splitlines())
    assert {name: int(answers[str(number)]) for name, number in forbidden.items()} == dict.fromkeys(forbidden, errno.EPERM)


@pytest.mark.parametrize("bits", [64, 32])
def test_calls_with_arguments_out_of_sight_do_not_exist(attacks: Path, bits: int) -> None:
    assert _error(attacks, bits, "clone3") == errno.ENOSYS
    if bits == 32:
        assert _error(attacks, bits, "socketcall") == errno.ENOSYS


@pytest.mark.parametrize("bits", [64, 32])
def test_calls_newer_than_the_filter_do_not_exist(attacks: Path, bits: int) -> None:
    answers = _attack(attacks, bits, "calls", NEWEST + 1, 1 << 20).stdout.split()
    assert answers[1::2] == [str(errno.ENOSYS).encode()] * 2


def test_the_x32_numbers_of_x86_64_are_no_way_around(attacks: Path) -> None:
    ptrace_of_x32 = 0x40000000 + 521
    assert _attack(attacks, 64, "calls", ptrace_of_x32).stdout.split()[1] == str(errno.ENOSYS).encode()


@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("family", [AF_NETLINK, AF_PACKET, AF_VSOCK, AF_ALG])
def test_only_local_and_internet_sockets_can_be_made(attacks: Path, bits: int, family: int) -> None:
    assert _error(attacks, bits, "socket", family, SOCK_RAW) == errno.EAFNOSUPPORT
    assert _error(attacks, bits, "socket", 1, SOCK_STREAM) == 0
    assert _error(attacks, bits, "socket", 2, SOCK_STREAM) == 0


@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("request_number", [0x5412, 0x541C])
def test_terminals_cannot_be_typed_into_by_whatever_spelling(attacks: Path, bits: int, request_number: int) -> None:
    assert _error(attacks, bits, "ioctl", 0, request_number, 0) == errno.EPERM
    if bits == 64:
        assert _error(attacks, bits, "ioctl", 0, request_number | 1 << 32, 0) == errno.EPERM


@pytest.mark.parametrize("bits", [64, 32])
def test_a_sanitizer_may_turn_off_randomisation_and_nothing_else(attacks: Path, bits: int) -> None:
    assert _error(attacks, bits, "personality", 0x0040000) == 0
    assert _error(attacks, bits, "personality", 0xFFFFFFFF) == 0
    assert _error(attacks, bits, "personality", 0x0400000) == errno.EPERM  # READ_IMPLIES_EXEC


@pytest.mark.parametrize("flag", [0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000])
def test_clone_makes_no_namespace(attacks: Path, flag: int) -> None:
    assert _error(attacks, 64, "clone", flag) == errno.EPERM
    assert _error(attacks, 32, "clone", flag) == errno.EPERM


def test_a_program_of_another_architecture_is_killed(attacks: Path) -> None:
    only_arm = assemble((Architecture.AARCH64,))
    *_, last = struct.iter_unpack("=HBBI", only_arm)
    assert last == (0x06, 0, 0, 0x80000000)


def test_the_filter_is_a_whole_number_of_instructions_within_the_kernels_bound() -> None:
    assert len(seccomp_program()) % 8 == 0
    assert len(seccomp_program()) // 8 <= 4096


def test_sanitizers_work_under_the_filter(tmp_path: Path) -> None:
    compiler = shutil.which("clang-19") or "gcc"
    (tmp_path / "bug.c").write_text(
        "#include <stdlib.h>\n#include <pthread.h>\n"
        "static void *run(void *p) { return p; }\n"
        "int main(int n, char **v) { pthread_t t; pthread_create(&t, 0, run, 0); pthread_join(t, 0);\n"
        "  char *p = malloc(n); p[n] = 1; return 0; }\n"
    )
    build = [compiler, "-g", "-fsanitize=address", "-pthread", tmp_path / "bug.c", "-o", tmp_path / "bug"]
    subprocess.run(build, check=True, capture_output=True)
    command = Command(argv=("/src/bug",), env={"ASAN_OPTIONS": "detect_leaks=0"})
    execution = Bubblewrap().run(command, [Mount(source=tmp_path, target="/src")])
    assert b"heap-buffer-overflow" in execution.stderr
    assert b"in main" in execution.stderr


def test_only_a_sandbox_that_is_asked_for_it_lets_its_processes_trace_each_other(attacks: Path) -> None:
    mounts = [Mount(source=attacks, target="/attacks")]
    ends = [Bubblewrap().run(Command(argv=("/attacks/attack64", "trace")), mounts, Limits(traces=t)) for t in (False, True)]
    assert [end.stdout.split()[0] for end in ends] == [b"HELD", b"ESCAPED"]
