"""Links a built program or a fuzz target with our harness and an engine, by replaying the project's own link command."""

import hashlib
import shlex
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from mithridate.languages.c.build_cache import exclusive
from mithridate.languages.c.compiler import Compiler
from mithridate.languages.invocation import build_mounts
from mithridate.model.entry import Binary
from mithridate.model.errors import ToolchainMissing
from mithridate.model.execution import Command, Execution, Limits, Mount
from mithridate.model.project import Build, Flavour, Link, ToolFailure
from mithridate.sandbox.interface import Sandbox

RUNTIME = "/opt/mithridate-runtime"
_WRAPPERS = "/tmp/mithridate-wrappers.o"
OWN_OUTPUT = "/build/.mithridate"
_SOURCES = (
    "fresh.h",
    "harness.c",
    "memory.c",
    "mutator.c",
    "peer.c",
    "peer.h",
    "snapshot.c",
    "snapshot.h",
    "start.c",
    "workdir.c",
    "standalone.c",
    "state.ld",
)
_LIMITS = Limits(wall_s=300, processes=128, output_bytes=1 << 18)
_CXX_RUNTIME = ("-lstdc++", "-lm", "-lpthread", "-ldl", "-lrt")
_PEER = ("select", "pselect", "poll", "ppoll", "ioctl", "fcntl", "fcntl64")
_GUARDED = (
    f"{RUNTIME}/mithridate-memory.o",
    f"{RUNTIME}/mithridate-peer.o",
    f"{RUNTIME}/mithridate-start.o",
    *(f"-Wl,--wrap={name}" for name in ("main", "mmap", "munmap", "read", *_PEER)),
    *(f"-Wl,--defsym=__wrap_{name}=__mithridate_{name}" for name in ("mmap", "munmap", "read")),
)
_WITH_VALUE = frozenset({"-o", "-MF", "-MT", "-MQ", "-Wl,-Map"})
_DROPPED = frozenset({"-s", "-static", "-static-pie", "-Wl,-s", "-Wl,--gc-sections", "-MD", "-MMD", "-MP", "-Wl,--no-undefined"})


Watched = tuple[tuple[str, ...], str]
"""Symbols to wrap, and the C code that does it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Our harness and the engines' libraries for one word size. `directory` (host) is mounted at RUNTIME.

    `wrapped` are the symbols that the harness replaces; `afl` is False where AFL++ ships no runtime for this word size.
    """

    directory: Path
    bits: int
    wrapped: tuple[str, ...]
    afl: bool


def elf_bits(path: Path) -> int | None:
    """32 or 64 for an ELF file, None for anything else."""
    try:
        with path.open("rb") as file:
            head = file.read(5)
    except OSError:
        return None
    return {1: 32, 2: 64}.get(head[4]) if head[:4] == b"\x7fELF" and len(head) == 5 else None


def prepare_runtime(bits: int, compiler: Compiler, sandbox: Sandbox, cache: Path) -> Runtime:
    """Compile the harness and adapt the engines' libraries once per toolchain; later calls find them in `cache`.

    The engines must keep calling the real exit(), malloc(), …: their references are renamed to the __real_ twins. Not so the
    coverage callbacks, which they define.
    Raises ToolchainMissing when clang's libFuzzer for this word size is not installed.
    """
    sources = resources.files("mithridate.languages.c") / "runtime"
    parts = {name: (sources / name).read_bytes() for name in _SOURCES}
    key = hashlib.sha256(b"\0".join([compiler.identity.encode(), str(bits).encode(), *parts.values()])).hexdigest()[:16]
    directory = cache / f"runtime-{bits}-{key}"
    if not (directory / "wrapped").exists():
        with exclusive(cache, directory.name, None):
            if not (directory / "wrapped").exists():  # another run may have made it while we waited
                directory.mkdir(exist_ok=True)
                for name, content in parts.items():
                    (directory / name).write_bytes(content)
                _compile_runtime(bits, compiler, sandbox, directory)
    wrapped = tuple((directory / "wrapped").read_text().split())
    return Runtime(directory=directory, bits=bits, wrapped=wrapped, afl=(directory / "mithridate-afl.o").exists())


def _compile_runtime(bits: int, compiler: Compiler, sandbox: Sandbox, directory: Path) -> None:
    architecture = "x86_64" if bits == 64 else "i386"
    afl_object = "/usr/lib/afl/afl-compiler-rt.o"
    script = f"""set -e
cd {RUNTIME}
M=-m{bits}
LIBRARY=$({compiler.clang} $M -print-runtime-dir)/libclang_rt.fuzzer_no_main-{architecture}.a
[ -f "$LIBRARY" ] || LIBRARY=$({compiler.clang} $M -print-resource-dir)/lib/linux/libclang_rt.fuzzer_no_main-{architecture}.a
{compiler.clang} $M -O2 -fno-builtin -fno-omit-frame-pointer -c harness.c -o mithridate-harness.o
{compiler.clang} $M -O2 -fno-builtin -fno-omit-frame-pointer -c memory.c -o mithridate-memory.o
{compiler.clang} $M -O2 -fno-builtin -fno-omit-frame-pointer -c mutator.c -o mithridate-mutator.o
{compiler.clang} $M -O2 -fno-builtin -fno-omit-frame-pointer -c peer.c -o mithridate-peer.o
{compiler.clang} $M -O2 -fno-builtin -fno-omit-frame-pointer -c start.c -o mithridate-start.o
{compiler.clang} $M -O2 -fno-builtin -fno-omit-frame-pointer -c workdir.c -o mithridate-workdir.o
{compiler.clang} $M -O2 -fno-builtin -fno-omit-frame-pointer -c snapshot.c -o mithridate-snapshot.o
{compiler.clang} $M -O1 -g -fno-omit-frame-pointer -c standalone.c -o mithridate-standalone.o
{compiler.llvm("nm")} --defined-only mithridate-harness.o mithridate-peer.o | sed -n 's/.* T __wrap_//p' | sort -u > wrapped.new
grep -v ^__sanitizer_cov wrapped.new | sed 's/.*/& __real_&/' > renames
{compiler.llvm("objcopy")} --redefine-syms=renames "$LIBRARY" mithridate-fuzzer.a
if [ {bits} = 64 ] && [ -f {afl_object} ]; then
  {compiler.llvm("objcopy")} --redefine-syms=renames {afl_object} mithridate-afl.o
  cp {afl_object} mithridate-afl-forked.o
fi
mv wrapped.new wrapped
"""
    mount = Mount(source=directory, target=RUNTIME, writable=True)
    done = sandbox.run(Command(argv=("sh", "-c", script)), (mount,), _LIMITS)
    if not done.ok:
        raise ToolchainMissing(
            f"the harness could not be compiled for {bits}-bit targets: {first_error(done)}",
            hint="apt-get install clang-19 llvm-19 lld-19 libclang-rt-19-dev g++ (and g++-multilib for 32-bit targets)",
        )


def first_error(execution: Execution) -> str:
    """The first line of a tool's output that says what went wrong, or how it ended."""
    text = (execution.stderr + b"\n" + execution.stdout).decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = (line for line in lines if "error" in line.lower() or "undefined" in line.lower())
    return next(telling, lines[0] if lines else f"{execution.ending}, exit code {execution.exit_code}")


class Linker:
    """Makes in-process binaries out of one build."""

    def __init__(self, build: Build, runtime: Runtime, compiler: Compiler, sandbox: Sandbox) -> None:
        self._build = build
        self._runtime = runtime
        self._compiler = compiler
        self._sandbox = sandbox

    def program(
        self, link: Link, *, in_process: bool, meaning: Mapping[str, str] | None = None, watched: Watched = ((), "")
    ) -> Binary | ToolFailure:
        """The program behind `link` with our harness around its main(), or (not in_process) with AFL++'s fork server alone.

        `meaning` says which of its functions are to mean others (allocators.py), `watched` which to wrap (comparisons.py).
        """
        flavour = self._build.flavour
        if flavour is Flavour.AFL and not self._runtime.afl:
            return ToolFailure(tool="afl++", why=f"no runtime for {self._runtime.bits}-bit programs")
        ours: tuple[str, ...]
        if in_process:
            ours = self._harness_arguments(state=True)
        else:
            ours = ("-x", "none", f"{RUNTIME}/mithridate-afl-forked.o", *_GUARDED, *_CXX_RUNTIME)
        renamed = _renamed(meaning or {})
        symbols, code = watched if in_process and flavour is Flavour.FUZZ else ((), "")
        ours = (*ours, *renamed, *(f"-Wl,--wrap={symbol}" for symbol in symbols), *((_WRAPPERS,) if code else ()))
        output = self._output("\0".join((link.output, *renamed, code)), "inproc" if in_process else "forked", link.output)
        argv = (link.argv[0], *without_output(link.argv[1:]), *ours, "-o", output)
        return self._link(argv, link.cwd, output, in_process, code)

    def proving(self, link: Link, meaning: Mapping[str, str]) -> Binary | ToolFailure:
        """The plain program behind `link`, with the sanitizer's blocks for the functions in `meaning` and guarded mappings, and
        standard input as a peer gives it (peer.c).

        It is found under the same path in every build of the same sources.
        """
        ours = ("-x", "none", *_GUARDED, *_renamed(meaning))
        output = f"{OWN_OUTPUT}/{Path(link.output).name}.{hashlib.sha256(link.output.encode()).hexdigest()[:10]}.guarded"
        argv = (link.argv[0], *without_output(link.argv[1:]), *ours, "-o", output)
        return self._link(argv, link.cwd, output, in_process=False)

    def linked_target(self, link: Link) -> Binary | ToolFailure:
        """A fuzz target that the project's own build links: the same command with our harness, or the plain driver, as main()."""
        plain = self._build.flavour is Flavour.PLAIN
        output = self._output(link.output, "target")
        argv = (link.argv[0], *without_output(link.argv[1:]), *self._target_arguments(), "-o", output)
        return self._link(argv, link.cwd, output, not plain)

    def fuzz_target(self, source: str, extra: Sequence[str]) -> Binary | ToolFailure:
        """A shipped LLVMFuzzerTestOneInput source (sandbox path) linked with what the build produced.

        `extra` are link arguments (archives, objects, -l). A `.c` file that is no C is tried as C++: many say `extern "C"`.
        """
        made = self._compiled_target("cc" if source.endswith(".c") else "c++", (source,), source, extra)
        if isinstance(made, ToolFailure) and source.endswith(".c"):
            again = self._compiled_target("c++", ("-x", "c++", source, "-x", "none"), source, extra)
            return made if isinstance(again, ToolFailure) else again
        return made

    def _compiled_target(self, driver: str, words: Sequence[str], source: str, extra: Sequence[str]) -> Binary | ToolFailure:
        folder, output = str(Path(source).parent), self._output(source, "target")
        word = ("-m32",) if self._runtime.bits == 32 else ()
        ours = self._target_arguments()
        argv = (driver, *word, *self._build.includes, f"-I{folder}", *words, *extra, *ours, "-o", output)
        return self._link(argv, folder, output, self._build.flavour is not Flavour.PLAIN)

    def _target_arguments(self) -> tuple[str, ...]:
        if self._build.flavour is Flavour.PLAIN:
            return ("-x", "none", f"{RUNTIME}/mithridate-standalone.o", *_CXX_RUNTIME)
        return self._harness_arguments(state=False)

    def _harness_arguments(self, *, state: bool) -> tuple[str, ...]:
        engine = ("mithridate-fuzzer.a",) if self._build.flavour is Flavour.FUZZ else ("mithridate-afl.o",)
        wraps = tuple(f"-Wl,--wrap={symbol}" for symbol in self._runtime.wrapped)
        gather = (f"-Wl,-T,{RUNTIME}/state.ld",) if state else ()
        pull = ("-Wl,-u,LLVMFuzzerRunDriver",) if self._build.flavour is Flavour.FUZZ else ()
        own = tuple(f"mithridate-{name}.o" for name in ("harness", "memory", "mutator", "peer", "snapshot", "workdir"))
        parts = tuple(f"{RUNTIME}/{name}" for name in (*own, *engine))
        return ("-x", "none", *parts, *wraps, *pull, *gather, *_CXX_RUNTIME)

    def _output(self, origin: str, kind: str, name: str = "") -> str:
        digest = hashlib.sha256(f"{origin}\0{self._runtime.directory.name}".encode()).hexdigest()[:10]
        return f"{OWN_OUTPUT}/{Path(name or origin).name}.{digest}.{kind}"

    def _link(self, argv: Sequence[str], cwd: str, output: str, in_process: bool, code: str = "") -> Binary | ToolFailure:
        host = self._build.directory / "build" / Path(output).relative_to("/build")
        binary = Binary(
            flavour=self._build.flavour,
            directory=self._build.directory,
            path=output,
            in_process=in_process,
            bits=self._runtime.bits,
        )
        if host.exists():
            return binary
        host.parent.mkdir(exist_ok=True)
        temporary = f"{output}.{uuid.uuid4().hex}"
        final_argv = [temporary if word == output else word for word in argv]
        command = " ".join(map(shlex.quote, self._compiler.argv(final_argv)))
        if code:
            word = f"-m{self._runtime.bits}"
            compiled = f"{self._compiler.clang} {word} -O2 -w -x c -c -o {_WRAPPERS} -"
            command = f"printf %s {shlex.quote(code)} | {compiled} && {command}"
        script = f"{command} && mv {shlex.quote(temporary)} {shlex.quote(output)}"
        mounts = [replace(m, writable=True) for m in build_mounts(binary)]
        mounts += [Mount(source=self._runtime.directory, target=RUNTIME), *self._compiler.mounts]
        done = self._sandbox.run(
            Command(argv=("sh", "-c", script), cwd=cwd, env=self._compiler.environment(self._build.flavour)), mounts, _LIMITS
        )
        return binary if done.ok and host.exists() else ToolFailure(tool="link", why=first_error(done))


def _renamed(meaning: Mapping[str, str]) -> tuple[str, ...]:
    """Arguments that let a function's name mean another one, also inside the file that defines it."""
    return tuple(f"-Wl,--defsym={name}={other}" for name, other in meaning.items())


def without_output(argv: Iterable[str]) -> tuple[str, ...]:
    """A link command's arguments without its output, its dependency files and what would hinder the harness."""
    kept: list[str] = []
    skip = False
    for word in argv:
        if skip:
            skip = False
        elif word in _WITH_VALUE:
            skip = True
        elif word not in _DROPPED and not (word.startswith("-o") and len(word) > 2 and not word.startswith("-ob")):
            kept.append(word)
    return tuple(kept)
