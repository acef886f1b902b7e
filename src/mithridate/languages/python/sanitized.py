"""Extension modules with sanitizers: what compiles them, which were, and the process in which they run.

A sanitized extension module is loaded by an interpreter that is not, so the sanitizer's runtime is loaded before all else.
Python's own allocator keeps small objects in pools, where AddressSanitizer sees no bounds: PYTHONMALLOC=malloc does without it.
Coverage is compiled in as well; outside of a fuzzer its callbacks are the runtime's empty ones, so that what is searched is what
is proved.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mithridate.languages.c.flags import flavour_flags
from mithridate.languages.c.toolchain import find_toolchain
from mithridate.languages.c.walk import head, regular_files
from mithridate.languages.c.wrapper import compiler_env, install_wrapper, wrapper_script
from mithridate.languages.python.observer import ENVIRONMENT, OWN
from mithridate.model.errors import ToolchainMissing
from mithridate.model.execution import Mount
from mithridate.model.project import Flavour
from mithridate.oracles.options import SANITIZER_EXIT_CODE, OracleOptions, joined

PRELOAD = "preload.json"
"""Below our own folder of a build: which runtime its processes load first, and which modules need it."""
_RUNTIMES = "lib/clang/*/lib/linux/libclang_rt.asan-x86_64.so"
_MARK = b"__asan_init"
_LARGEST_MODULE = 256 << 20
_LARGEST_REQUEST_MB = 4096
_ERROR = re.compile(rb"^\s*(\S[^\n]{0,200}?:\d+(?::\d+)?: (?:fatal )?error: [^\n]{1,300})", re.MULTILINE)
_OTHER_ERROR = re.compile(
    rb"^\s*((?:[^\n]{0,120}(?:undefined reference|cannot find -l)|clang[\w+-]*: error: )[^\n]{0,200})", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """`environment` and `mount` make a build inside the sandbox use our wrapper; `runtime` is what its modules need loaded."""

    environment: Mapping[str, str]
    mount: Mount
    runtime: str
    identity: str


def find_compiler(cache: Path) -> Compiler:
    """The compiler of this machine with its wrapper installed below `cache`. Raises ToolchainMissing."""
    tools = find_toolchain()
    runtime = next(iter(sorted(Path(tools.cc).resolve().parent.parent.glob(_RUNTIMES))), None)
    if runtime is None:
        raise ToolchainMissing("clang's shared AddressSanitizer runtime is not there.", "sudo apt install libclang-rt-19-dev")
    environment = compiler_env(Flavour.FUZZ, tools)
    flags = " ".join(flavour_flags(Flavour.FUZZ).compile)
    identity = repr((tools.identity, flags, str(runtime), hashlib.sha256(wrapper_script()).hexdigest()[:16]))
    return Compiler(environment=environment, mount=install_wrapper(cache), runtime=str(runtime), identity=identity)


def instrumented(directory: Path) -> tuple[str, ...]:
    """The extension modules of a build that call the sanitizer, by their paths inside the sandbox. Reads, and runs nothing."""
    found: list[str] = []
    for part, target in (("src", "/src"), ("build/env", "/build/env")):
        root = directory / part
        for path, size in regular_files(root):
            if path.suffix == ".so" and size <= _LARGEST_MODULE and _MARK in head(path, _LARGEST_MODULE):
                found.append(f"{target}/{path.relative_to(root)}")
    return tuple(found)


def write_preload(directory: Path, compiler: Compiler, modules: Sequence[str]) -> None:
    """Note for every later process of the build what it has to load first."""
    told = {"runtime": compiler.runtime, "modules": list(modules)}
    (directory / "build" / OWN / PRELOAD).write_text(json.dumps(told, indent=1), "utf-8")


def sanitized_modules(directory: Path) -> tuple[str, ...]:
    """The sanitized extension modules of a build; none when it has no such modules."""
    return tuple(str(module) for module in _told(directory).get("modules", ()))


def process_environment(directory: Path, *, symbolize: bool = True) -> dict[str, str]:
    """What every process of the target in a build finds: the same in each run, with the sanitizer where modules need it."""
    told = _told(directory)
    return {**ENVIRONMENT, **(sanitizer_environment(told["runtime"], symbolize=symbolize) if told else {})}


def sanitizer_environment(runtime: str, *, symbolize: bool = True, more: Mapping[str, int | str] | None = None) -> dict[str, str]:
    """The variables of a process that loads `runtime` first. Runs are forked, which no thread of the runtime survives: memory is
    bounded by the observer."""
    asan: dict[str, int | str] = {
        "abort_on_error": 0,
        "exitcode": SANITIZER_EXIT_CODE,
        "halt_on_error": 1,
        "symbolize": int(symbolize),
        "fast_unwind_on_fatal": 0,
        "detect_leaks": 0,
        "detect_odr_violation": 0,
        "check_initialization_order": 0,
        "allocator_may_return_null": 1,
        "max_allocation_size_mb": _LARGEST_REQUEST_MB,
        "quarantine_size_mb": 64,
        "allow_user_segv_handler": 1,
        **dict.fromkeys(("handle_segv", "handle_sigbus", "handle_abort", "handle_sigill", "handle_sigfpe", "handle_sigtrap"), 1),
        "color": "never",
        "print_legend": 0,
        **(more or {}),
    }
    ubsan: dict[str, int | str] = {"print_stacktrace": 1, "symbolize": int(symbolize), "halt_on_error": 0, "color": "never"}
    environment = {
        "LD_PRELOAD": runtime,
        "PYTHONMALLOC": "malloc",
        "ASAN_OPTIONS": joined(asan),
        "UBSAN_OPTIONS": joined(ubsan),
        "LIBC_FATAL_STDERR_": "1",
    }
    return {**environment, "ASAN_SYMBOLIZER_PATH": OracleOptions().symbolizer_path()} if symbolize else environment


def first_error(output: bytes) -> str:
    """The compiler's (else the linker's) first error in a build's output, "" when it names none."""
    found = _ERROR.search(output) or _OTHER_ERROR.search(output)
    said = found[1].decode("utf-8", "replace").strip() if found else ""
    return "".join(c if c.isprintable() else " " for c in said)[:300]


def _told(directory: Path) -> dict[str, Any]:
    try:
        told = json.loads((directory / "build" / OWN / PRELOAD).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) and isinstance(told.get("runtime"), str) else {}
