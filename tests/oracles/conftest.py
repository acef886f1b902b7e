"""Real crashing programs, compiled once a test session with the flags and run with the environment that the Judge asks for."""

import fcntl
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mithridate.model.entry import Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.execution import Ending, Execution
from mithridate.model.project import Flavour
from mithridate.oracles.options import OracleOptions
from mithridate.oracles.suite import Judge

CORPUS = Path(__file__).parent / "corpus"
EVERYTHING = ("-fsanitize=undefined,float-cast-overflow,nullability,pointer-overflow", "-fno-sanitize=function")
ARMED, PLAIN_C = ("armed",), ("-g", "-fno-omit-frame-pointer")
BINARIES: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "c64": ("clang-19", "crashes.c", ARMED),
    "c32": ("clang-19", "crashes.c", (*ARMED, "-m32")),
    "undefined64": ("clang-19", "crashes.c", (*ARMED, *EVERYTHING)),
    "recovering64": ("clang-19", "crashes.c", (*ARMED, "-fsanitize-recover=address")),
    "plain64": ("clang-19", "crashes.c", PLAIN_C),
    "cpp64": ("clang++-19", "crashes.cpp", (*ARMED, "-D_GLIBCXX_SANITIZE_VECTOR=1")),
    "cpp32": ("clang++-19", "crashes.cpp", (*ARMED, "-m32")),
    "plaincpp64": ("clang++-19", "crashes.cpp", PLAIN_C),
    "fuzz64": ("clang-19", "fuzz_crashes.c", (*ARMED, "-fsanitize=fuzzer")),
}


@dataclass
class Corpus:
    """Runs one case of one program. Outcomes are kept, so that many tests may ask for the same."""

    directory: Path
    outcomes: dict[object, Execution] = field(default_factory=dict)

    def binary(self, name: str) -> Path:
        path = self.directory / name
        with (self.directory / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                self._compile(name, path)
        return path

    def _compile(self, name: str, path: Path) -> None:
        compiler, source, flags = BINARIES[name]
        armed = (*Judge().arm(None).compile_flags, "-fsanitize=null") if "armed" in flags else ()
        rest = [f for f in flags if f != "armed"]
        build = path.with_suffix(f".{os.getpid()}")
        command = [
            compiler,
            "-O1",
            "-w",
            *armed,
            *rest,
            f"-ffile-prefix-map={CORPUS}=/src",
            str(CORPUS / source),
            "-o",
            str(build),
        ]
        subprocess.run([*command, "-lpthread"], check=True, capture_output=True, timeout=120)
        build.rename(path)

    def run(
        self, name: str, *arguments: str, options: OracleOptions | None = None, cpu_s: int = 20, leaks: bool = False
    ) -> Execution:
        """Like a sandbox, as far as these programs of ours need one: a CPU limit tells as CPU_LIMIT."""
        options = options or OracleOptions()
        key = (name, arguments, options, cpu_s, leaks)
        if key not in self.outcomes:
            oracles = ("address-sanitizer", "undefined-behaviour", *(("leaks",) if leaks else ()))
            env = Judge(options, oracles).arm(entry(32 if name.endswith("32") else 64)).env
            self.outcomes[key] = execute([str(self.binary(name)), *arguments], env, cpu_s)
        return self.outcomes[key]

    def strict(self, name: str, case: str) -> Execution:
        """With an allocator that ends the process instead of giving NULL."""
        return self.with_environment(name, case, {"ASAN_OPTIONS": "allocator_may_return_null=0:detect_leaks=0:exitcode=86"})

    def with_environment(self, name: str, case: str, env: Mapping[str, str]) -> Execution:
        return execute([str(self.binary(name)), case], env)


def entry(bits: int = 64) -> EntryPoint:
    binary = Binary(flavour=Flavour.PLAIN, directory=Path("/nowhere"), path="/build/a", in_process=False, bits=bits)
    return EntryPoint(
        id="crashes",
        component="crashes",
        language="c",
        name="crashes",
        kind=EntryKind.PROGRAM_FILE,
        boundary=Boundary.REAL,
        arguments=("@@",),
        suffix="",
        binaries=(binary,),
    )


def execute(argv: list[str], env: Mapping[str, str], cpu_s: int = 20) -> Execution:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))

    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        argv, env={"PATH": "/usr/bin:/bin", **env}, stdin=subprocess.DEVNULL, capture_output=True, preexec_fn=limit, timeout=120
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    number = -done.returncode if done.returncode < 0 else None
    ending = Ending.CPU_LIMIT if number == signal.SIGXCPU else Ending.SIGNALLED if number else Ending.EXITED
    return Execution(
        ending=ending,
        exit_code=done.returncode if number is None else None,
        signal=number if ending is Ending.SIGNALLED else None,
        stdout=done.stdout,
        stderr=done.stderr,
        truncated=False,
        wall_s=time.monotonic() - start,
        cpu_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        peak_memory_bytes=0,
    )


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Shared by the workers of one session, each of which compiles what no other has compiled yet."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    directory = shared / "crash-corpus"
    directory.mkdir(exist_ok=True)
    return Corpus(directory)


@pytest.fixture
def corpus_entry() -> Callable[..., EntryPoint]:
    return entry


@pytest.fixture
def ended() -> Callable[..., Execution]:
    """An Execution with the given facts, for endings that only a sandbox can tell."""

    def make(ending: Ending = Ending.EXITED, exit_code: int | None = 0, **facts: object) -> Execution:
        defaults: dict[str, object] = {
            "signal": None,
            "stdout": b"",
            "stderr": b"",
            "truncated": False,
            "wall_s": 1.0,
            "cpu_s": 1.0,
            "peak_memory_bytes": 1 << 20,
        }
        return Execution(ending=ending, exit_code=exit_code, **{**defaults, **facts})  # type: ignore[arg-type]

    return make
