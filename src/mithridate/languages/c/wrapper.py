"""Puts the compiler wrapper (runtime/cc.sh) where a sandbox can mount it, and says what environment it needs."""

import hashlib
import shutil
import tempfile
from importlib import resources
from pathlib import Path

from mithridate.languages.c.flags import FUZZER, flavour_flags
from mithridate.languages.c.toolchain import Toolchain
from mithridate.model.execution import Mount
from mithridate.model.project import Flavour

WRAPPER_DIRECTORY = "/opt/mithridate"
CC = f"{WRAPPER_DIRECTORY}/cc"
CXX = f"{WRAPPER_DIRECTORY}/c++"
PATH = f"{WRAPPER_DIRECTORY}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SCRIPT = "cc.sh"

_VERSIONED = ("gcc", "g++", "clang", "clang++")
_VERSIONS = ("", *(f"-{v}" for v in (*range(3, 22), "3.8", "3.9", "4.8", "4.9", "5.0", "6.0")))
_MACHINES = ("", "x86_64-linux-gnu-", "x86_64-pc-linux-gnu-")
_NAMES = (
    *("cc", "c++", "c89", "c99", "CC", "ccache", "sccache", "distcc", "icecc"),
    *(f"{machine}{name}{version}" for machine in _MACHINES for name in _VERSIONED for version in _VERSIONS),
)


def wrapper_script() -> bytes:
    """The wrapper's text; its hash is part of every build's cache key."""
    return (resources.files("mithridate.languages.c") / "runtime" / _SCRIPT).read_bytes()


def install_wrapper(cache: Path) -> Mount:
    """Write the wrapper below `cache` under every name a build may call, once per version, and return its read-only mount."""
    script = wrapper_script()
    names = hashlib.sha256("\0".join(_NAMES).encode()).hexdigest()
    directory = cache / f"wrapper-{hashlib.sha256(script + names.encode()).hexdigest()[:16]}"
    if not directory.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".wrapper-", dir=cache))
        (partial / _SCRIPT).write_bytes(script)
        (partial / _SCRIPT).chmod(0o755)
        for name in _NAMES:
            (partial / name).symlink_to(_SCRIPT)
        partial.chmod(0o755)
        try:
            partial.rename(directory)
        except OSError:
            if not directory.is_dir():
                raise
            shutil.rmtree(partial)  # another run was faster
    return Mount(source=directory, target=WRAPPER_DIRECTORY)


def compiler_env(flavour: Flavour, toolchain: Toolchain, *, log: str = "", first: str = "") -> dict[str, str]:
    """The environment in which the wrapper compiles for `flavour`.

    `log` is the sandbox directory for the records of calls, "" for none; `first` are flags put before the project's own in C.
    Leak detection is off while building: a leaking generator or configure probe is not a failed one.
    """
    flags = flavour_flags(flavour)
    env = {
        "PATH": PATH,
        "CC": CC,
        "CXX": CXX,
        "MITHRIDATE_CC": toolchain.cc,
        "MITHRIDATE_CXX": toolchain.cxx,
        "MITHRIDATE_CFLAGS": " ".join(flags.compile),
        "MITHRIDATE_LDFLAGS": " ".join(flags.link),
        "MITHRIDATE_RUNTIME": " ".join(flags.runtime),
        "MITHRIDATE_FUZZER": " ".join(flags.fuzzer),
        "LIB_FUZZING_ENGINE": FUZZER,
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1:detect_odr_violation=0",
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb",
        "NOCONFIGURE": "1",
    }
    if log:
        env["MITHRIDATE_LOG"] = log
    if first:
        env["MITHRIDATE_FIRST"] = first
    return env
