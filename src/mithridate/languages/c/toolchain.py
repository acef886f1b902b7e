"""The compiler and its companions on this machine: where they are and which versions."""

import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mithridate.languages.c.flags import AFL_RUNTIME
from mithridate.model.errors import ToolchainMissing

COMPILER = "clang-19"
CXX_COMPILER = "clang++-19"
_REQUIRED = {
    COMPILER: "clang-19",
    CXX_COMPILER: "clang-19",
    "ld": "binutils",
    "ar": "binutils",
    "make": "make",
}
_BUILDERS = ("cmake", "meson", "ninja", "autoreconf", "make")
_ASK_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """Absolute paths of the compilers, and the versions that decide what a build gives.

    `versions` are for people and bundles; `identity` changes whenever any of the tools does and goes into cache keys.
    """

    cc: str
    cxx: str
    versions: Mapping[str, str]
    identity: str


def find_toolchain() -> Toolchain:
    """Look the tools up on PATH.

    Raises ToolchainMissing, with the line that installs them, when the compiler, the linker or make are absent. Build systems
    are not required here: a project that needs an absent one fails to build and says so.
    """
    found = {tool: shutil.which(tool) for tool in (*_REQUIRED, *_BUILDERS)}
    absent = [tool for tool in _REQUIRED if found[tool] is None]
    if not _has_sanitizers(found[COMPILER]):
        absent.append("the sanitizers' runtime")
    if absent:
        packages = sorted({_REQUIRED.get(tool, "libclang-rt-19-dev") for tool in absent})
        raise ToolchainMissing(
            f"The C and C++ toolchain is incomplete: {', '.join(absent)} not found.", f"sudo apt install {' '.join(packages)}"
        )
    cc, cxx = found[COMPILER] or "", found[CXX_COMPILER] or ""
    versions = {"clang": _first_line(cc), "ld": _first_line(found["ld"] or "")}
    if Path(AFL_RUNTIME).is_file():
        versions["afl-compiler-rt"] = hashlib.sha256(Path(AFL_RUNTIME).read_bytes()).hexdigest()[:16]
    stamps = sorted(f"{tool} {_stamp(path)}" for tool, path in found.items() if path)
    identity = hashlib.sha256(repr((sorted(versions.items()), stamps)).encode()).hexdigest()
    return Toolchain(cc=cc, cxx=cxx, versions=versions, identity=identity)


def _has_sanitizers(compiler: str | None) -> bool:
    if compiler is None:
        return True  # reported as the compiler itself
    return any((Path(compiler).resolve().parent.parent / "lib/clang").glob("*/lib/linux/libclang_rt.asan-*.a"))


def _stamp(path: str) -> str:
    """A build tool's identity without running it: asking meson for its version takes longer than a cached build may."""
    status = Path(path).resolve().stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def _first_line(tool: str) -> str:
    answer = subprocess.run([tool, "--version"], capture_output=True, text=True, timeout=_ASK_TIMEOUT_S, check=False)
    return answer.stdout.partition("\n")[0].strip()
