"""What `mithridate doctor` tries: the sandbox, every tool inside it, and one small program of each kind, really built and run."""

import re
import shutil
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mithridate.languages.python.interpreter import uv_program
from mithridate.languages.python.observer import INTERPRETER
from mithridate.model.errors import MithridateError
from mithridate.model.execution import Command, Execution, Limits, Mount
from mithridate.sandbox.interface import Sandbox


class Area(StrEnum):
    """What a probe belongs to, as the report of the doctor groups it."""

    SANDBOX = "sandbox"
    C = "C and C++"
    PYTHON = "Python"
    ENGINES = "engines"
    BUILD_SYSTEMS = "build systems"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One thing that was tried. `package` (Debian's name) brings it; `needed_for` says what does not work without it."""

    area: Area
    what: str
    works: bool
    required: bool
    detail: str
    needed_for: str
    package: str = ""


@dataclass(frozen=True, slots=True)
class _Tool:
    area: Area
    names: tuple[str, ...]
    package: str
    needed_for: str
    required: bool = False
    asks: str = "--version"


_EVERY_SCAN = "every scan"
_TOOLS = (
    _Tool(Area.C, ("clang-19",), "clang-19", "all C and C++ code", required=True),
    _Tool(Area.C, ("clang++-19",), "clang-19", "all C and C++ code", required=True),
    _Tool(Area.C, ("ld",), "binutils", "all C and C++ code", required=True),
    _Tool(Area.C, ("ar",), "binutils", "all C and C++ code", required=True),
    _Tool(Area.C, ("llvm-symbolizer-19", "llvm-symbolizer"), "llvm-19", "file and line in stacks", required=True),
    _Tool(Area.ENGINES, ("afl-fuzz",), "afl++", "the engine afl++"),
    _Tool(Area.BUILD_SYSTEMS, ("make",), "make", "projects built with make", required=True),
    _Tool(Area.BUILD_SYSTEMS, ("cmake",), "cmake", "projects built with CMake"),
    _Tool(Area.BUILD_SYSTEMS, ("ninja",), "ninja-build", "projects built with Meson"),
    _Tool(Area.BUILD_SYSTEMS, ("meson",), "meson", "projects built with Meson"),
    _Tool(Area.BUILD_SYSTEMS, ("autoreconf",), "autoconf", "projects that come without their configure script"),
    _Tool(Area.BUILD_SYSTEMS, ("automake",), "automake", "projects that come without their configure script"),
    _Tool(Area.BUILD_SYSTEMS, ("libtoolize",), "libtool", "projects that come without their configure script"),
    _Tool(Area.BUILD_SYSTEMS, ("pkg-config",), "pkg-config", "projects that look libraries up"),
)

_PROGRAM = "import platform, sqlite3, ssl, venv; print('Python', platform.python_version())"
"""For the interpreter; it imports what distributions split off."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LIMITS = Limits(wall_s=60.0)

_OVERFLOW = """#include <stdlib.h>
int main(int argc, char **argv) {
  char *buffer = malloc(4);
  buffer[3 + argc] = 1;
  return buffer[0];
}
"""
_TARGET = """#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return size > 2 && data[0] == 'x' ? -1 : 0; }
"""


def probe(sandbox: Sandbox) -> tuple[Probe, ...]:
    """Try everything. Without a working sandbox nothing is run, and tools are only looked up."""
    walls = _sandbox(sandbox)
    usable = sandbox if walls.works else None
    tools = tuple(_tool(tool, usable) for tool in _TOOLS)
    return (walls, *tools, *_python(usable), *_trials(usable, {p.what for p in tools if p.works}))


def _sandbox(sandbox: Sandbox) -> Probe:
    detail = "runs commands"
    try:
        sandbox.check()
        works = True
    except MithridateError as error:
        works = False
        detail = f"{error} {error.hint}".strip()
    return Probe(
        area=Area.SANDBOX,
        what=sandbox.name,
        works=works,
        required=True,
        detail=detail,
        needed_for=_EVERY_SCAN,
        package="" if shutil.which("bwrap") else "bubblewrap",
    )


def _tool(tool: _Tool, sandbox: Sandbox | None) -> Probe:
    """Whether the tool answers inside the sandbox, where it will have to work."""
    name = next((n for n in tool.names if shutil.which(n)), None)
    works = name is not None
    detail = "not installed"
    if name is not None:
        detail = shutil.which(name) or ""
        if sandbox is not None:
            answer = sandbox.run(Command(argv=(name, tool.asks)), limits=_LIMITS)
            words = _version(answer)
            works = answer.ok or (tool.names == ("afl-fuzz",) and bool(words))  # it has no option that only answers
            detail = words if works else f"{detail} does not run in the sandbox"
    return Probe(
        area=tool.area,
        what=name or tool.names[0],
        works=works,
        required=tool.required,
        detail=detail,
        needed_for=tool.needed_for,
        package="" if works else tool.package,
    )


def _python(sandbox: Sandbox | None) -> tuple[Probe, ...]:
    """The interpreter that runs Python projects, as the sandbox has it; its headers; and what prepares environments outside."""
    code, native = "all Python code", "Python projects with native extensions"
    runs, detail = _interpreter(sandbox)
    headers = runs and any(Path("/usr/include").glob("python3*/Python.h"))
    uv = uv_program()
    return (
        _python_probe(INTERPRETER, runs, detail, code, "python3"),
        _python_probe("Python.h", headers, "installed" if headers else "not installed", native, "python3-dev"),
        _python_probe("uv", uv is not None, str(uv or "not installed: pip install uv"), code, ""),
    )


def _interpreter(sandbox: Sandbox | None) -> tuple[bool, str]:
    if not Path(INTERPRETER).is_file():
        return False, "not installed"
    if sandbox is None:
        return True, "installed"
    answer = sandbox.run(Command(argv=(INTERPRETER, "-I", "-c", _PROGRAM)), limits=_LIMITS)
    return answer.ok, _first_line(answer) if answer.ok else f"does not run in the sandbox: {_first_line(answer) or answer.ending}"


def _python_probe(what: str, works: bool, detail: str, needed_for: str, package: str) -> Probe:
    named = "" if works else package
    return Probe(area=Area.PYTHON, what=what, works=works, required=False, detail=detail, needed_for=needed_for, package=named)


def _trials(sandbox: Sandbox | None, tools: set[str]) -> tuple[Probe, ...]:
    """Build and run the two smallest programs: one that AddressSanitizer must stop, one that libFuzzer must drive."""
    missing = "not tried: needs the sandbox and clang-19"
    overflow, fuzzed = (False, missing), (False, missing)
    if sandbox is not None and "clang-19" in tools:
        overflow = _overflow(sandbox)
        fuzzed = _fuzz(sandbox)
    runtime = "libclang-rt-19-dev"
    return (
        Probe(
            area=Area.C,
            what="AddressSanitizer",
            works=overflow[0],
            required=True,
            detail=overflow[1],
            needed_for=_EVERY_SCAN,
            package="" if overflow[0] else runtime,
        ),
        Probe(
            area=Area.ENGINES,
            what="libFuzzer",
            works=fuzzed[0],
            required=True,
            detail=fuzzed[1],
            needed_for="the engine libfuzzer",
            package="" if fuzzed[0] else runtime,
        ),
    )


def _overflow(sandbox: Sandbox) -> tuple[bool, str]:
    done = _build_and_run(sandbox, _OVERFLOW, "-fsanitize=address -g", "./trial")
    report = done.stderr.decode(errors="replace")
    if "heap-buffer-overflow" not in report:
        return False, f"a program that writes past a buffer was not stopped: {_first_line(done) or done.ending}"
    if "trial.c:4" not in report:
        return False, "a report came without file and line: llvm-symbolizer does not work here"
    return True, "stopped a write past a buffer and named its line"


def _fuzz(sandbox: Sandbox) -> tuple[bool, str]:
    done = _build_and_run(sandbox, _TARGET, "-fsanitize=fuzzer,address", "./trial -runs=1000 -seed=1")
    if not done.ok:
        return False, f"a fuzz target could not be built and run: {_first_line(done) or done.ending}"
    return True, "built a fuzz target and ran it 1000 times"


def _build_and_run(sandbox: Sandbox, source: str, flags: str, run: str) -> Execution:
    symbolizer = shutil.which("llvm-symbolizer-19") or shutil.which("llvm-symbolizer") or ""
    with tempfile.TemporaryDirectory(prefix="mithridate-doctor-") as directory:
        Path(directory, "trial.c").write_text(source)
        command = Command(
            argv=("sh", "-c", f"clang-19 {flags} trial.c -o trial && exec {run}"),
            cwd="/build",
            env={"ASAN_SYMBOLIZER_PATH": str(Path(symbolizer).resolve()), "ASAN_OPTIONS": "detect_leaks=0"},
        )
        return sandbox.run(command, (Mount(source=Path(directory), target="/build", writable=True),), _LIMITS)


def _version(execution: Execution) -> str:
    """The first line with a number in it, since some tools begin with their name alone."""
    lines = execution.stdout.decode(errors="replace").splitlines()
    return next((_COLOUR.sub("", line).strip() for line in lines if re.search(r"\d", line)), "") or _first_line(execution)


def _first_line(execution: Execution) -> str:
    lines = (execution.stdout + b"\n" + execution.stderr).decode(errors="replace").splitlines()
    return next((_COLOUR.sub("", line).strip() for line in lines if line.strip()), "")
