"""The seccomp filter: what the target may not ask of the kernel, as a classic BPF program.

Namespaces take away what can be reached; this takes away calls that no target needs and that kernels were broken through.
Every architecture that the machine can run is held to the same rules. Programs see EPERM, or ENOSYS where a C library then
falls back to an older call. Sources: seccomp(2), linux/filter.h; the list follows the defaults of Docker and Flatpak.
"""

import errno
import platform
import socket
import struct
from collections.abc import Sequence
from functools import cache

from mithridate.model.errors import SandboxUnavailable
from mithridate.sandbox.syscalls import CHECKED, FORBIDDEN, NEWEST, Architecture, numbers

_ARCHITECTURES = {
    "x86_64": (Architecture.X86_64, Architecture.I386),
    "aarch64": (Architecture.AARCH64,),
}
"""What programs a machine runs natively or as 32-bit ones."""

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_GREATER = 0x25  # BPF_JMP | BPF_JGT | BPF_K
_JUMP_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_JUMP = 0x05  # BPF_JMP | BPF_JA
_RETURN = 0x06  # BPF_RET | BPF_K

_NUMBER_AT, _ARCHITECTURE_AT = 0, 4

_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_ERRNO = 0x00050000

_NAMESPACE_FLAGS = 0x7E020000  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}
_TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX: type into a terminal as its user
_PERSONALITIES = (0x0, 0x0008, 0x0040000, 0x0040008, 0xFFFFFFFF)  # Linux, 32-bit names, without ASLR (sanitizers), and "tell me"
_FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)

Program = list[tuple[int, int, int, int]]


_TRACES = frozenset({"ptrace"})


@cache
def seccomp_program(traces: bool = False) -> bytes:
    """The filter for this machine, an array of struct sock_filter; `traces` leaves ptrace(2) to it, for `Limits.traces`.

    Raises SandboxUnavailable on an unknown processor.
    """
    architectures = _ARCHITECTURES.get(platform.machine())
    if architectures is None:
        raise SandboxUnavailable(f"no seccomp filter for a {platform.machine()} processor", "use an x86_64 or aarch64 machine")
    return assemble(architectures, _TRACES if traces else frozenset())


def assemble(architectures: Sequence[Architecture], permitted: frozenset[str] = frozenset()) -> bytes:
    """The filter that holds each of `architectures` to the rules and kills a process that calls through any other.

    `permitted` are calls that are otherwise forbidden.
    """
    program: Program = []
    for architecture in architectures:
        rules = _rules(architecture, permitted)
        program += [(_LOAD, 0, 0, _ARCHITECTURE_AT), (_JUMP_EQUAL, 1, 0, architecture), (_JUMP, 0, 0, len(rules)), *rules]
    program.append(_return(_KILL))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _rules(architecture: Architecture, permitted: frozenset[str]) -> Program:
    rules: Program = [(_LOAD, 0, 0, _NUMBER_AT)]
    # Also catches x32, whose numbers on x86-64 start at 2**30.
    rules += [(_JUMP_GREATER, 0, 1, NEWEST), _fail(errno.ENOSYS)]
    forbidden = {name: number for name, number in numbers(FORBIDDEN, architecture).items() if name not in permitted}
    for number in forbidden.values():
        rules += [(_JUMP_EQUAL, 0, 1, number), _fail(errno.EPERM)]
    bodies = {
        "clone": _unless_any_bit(0, _NAMESPACE_FLAGS, errno.EPERM),
        "clone3": [_fail(errno.ENOSYS)],  # its flags lie in memory, out of a filter's sight
        "ioctl": _unless_equal(1, _TERMINAL_INPUT, errno.EPERM),
        "personality": _only_equal(0, _PERSONALITIES, errno.EPERM),
        "socket": _only_equal(0, _FAMILIES, errno.EAFNOSUPPORT),
        "socketpair": _only_equal(0, _FAMILIES, errno.EAFNOSUPPORT),
        "socketcall": [_fail(errno.ENOSYS)],  # the same; C libraries have used the direct calls since 2015
    }
    for name, number in numbers(CHECKED, architecture).items():
        rules += [(_JUMP_EQUAL, 0, len(bodies[name]), number), *bodies[name]]
    return [*rules, _return(_ALLOW)]


def _unless_any_bit(argument: int, bits: int, error: int) -> Program:
    return [_load_argument(argument), (_JUMP_ANY_BIT, 0, 1, bits), _fail(error), _return(_ALLOW)]


def _unless_equal(argument: int, values: Sequence[int], error: int) -> Program:
    tests = [line for value in values for line in ((_JUMP_EQUAL, 0, 1, value), _fail(error))]
    return [_load_argument(argument), *tests, _return(_ALLOW)]


def _only_equal(argument: int, values: Sequence[int], error: int) -> Program:
    tests = [line for value in values for line in ((_JUMP_EQUAL, 0, 1, value), _return(_ALLOW))]
    return [_load_argument(argument), *tests, _fail(error)]


def _load_argument(index: int) -> tuple[int, int, int, int]:
    """The low half of an argument: the kernel takes these as 32-bit values, so higher bits must not change the verdict."""
    return (_LOAD, 0, 0, 16 + 8 * index)


def _return(verdict: int) -> tuple[int, int, int, int]:
    return (_RETURN, 0, 0, verdict)


def _fail(error: int) -> tuple[int, int, int, int]:
    return _return(_ERRNO | error)
