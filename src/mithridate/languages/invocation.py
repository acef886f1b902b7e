"""Turns an entry point and an input into a command for the sandbox. The same for every replay, in the hunt and in a proof."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mithridate.languages.python.observer import ENTRANCE, INTERPRETER, OBSERVER, RUNTIME
from mithridate.languages.python.sanitized import process_environment
from mithridate.model.entry import INPUT, OUTPUT, Binary, EntryKind, EntryPoint
from mithridate.model.execution import Command, Mount

INPUT_DIRECTORY = "/in"
OUTPUT_FILE = "/tmp/out"
INSTALLED = ".installed/usr/local"
"""Below a build directory: where its data files were installed to."""
_DATA = ("share", "etc")
"""What of /usr/local the installed files stand for while its programs run; libraries and tools there stay the host's."""


def build_mounts(binary: Binary) -> tuple[Mount, ...]:
    """The read-only build directories that a binary needs at run time, and the data that its build installed."""
    built = binary.directory / "build"
    mounts = [Mount(source=binary.directory / "src", target="/src"), Mount(source=built, target="/build")]
    for name in _DATA:
        installed, target = built / INSTALLED / name, f"/usr/local/{name}"
        # A link in it could lead anywhere on the host; and bubblewrap makes no mount points in a read-only place.
        if installed.is_dir() and installed.resolve() == built.resolve() / INSTALLED / name and Path(target).is_dir():
            mounts.append(Mount(source=installed, target=target))
    return tuple(mounts)


def substitute(entry: EntryPoint, input_path: str) -> tuple[str, ...]:
    """The entry point's arguments with the placeholders replaced."""
    return tuple(a.replace(INPUT, input_path).replace(OUTPUT, OUTPUT_FILE) for a in entry.arguments)


def one_input(entry: EntryPoint, binary: Binary, data: Path, env: Mapping[str, str]) -> tuple[Command, tuple[Mount, ...]]:
    """The command that feeds the host file `data` to `entry`, and the mounts it needs.

    The input appears in a read-only place, under the suffix that the program expects.
    """
    if entry.observed:
        return observed(binary, data, env)
    inside = f"{INPUT_DIRECTORY}/input{entry.suffix}"
    mounts = (*build_mounts(binary), Mount(source=data, target=inside))
    if entry.kind is EntryKind.FUZZ_TARGET:
        return Command(argv=(binary.path, inside), env=env), mounts
    argv = (binary.path, *substitute(entry, inside))
    stdin = data if entry.kind is EntryKind.PROGRAM_STDIN else None
    return Command(argv=argv, env=env, stdin=stdin), mounts


def observed(
    binary: Binary, data: Path, env: Mapping[str, str], options: Sequence[str] = ()
) -> tuple[Command, tuple[Mount, ...]]:
    """The command that has the observer run the input document `data` through the door that `binary.path` is.

    `options` are those of "batch" (docs/input-document.md), e.g. ("--each", "5").
    """
    return _batch(binary, data, f"{INPUT_DIRECTORY}/input.json", env, options)


def many_inputs(
    entry: EntryPoint, binary: Binary, directory: Path, env: Mapping[str, str], options: Sequence[str] = ()
) -> tuple[Command, tuple[Mount, ...]]:
    """The command that has the observer run all input documents of a host directory, in order of name, in one sandbox.

    Raises ValueError for an entry point without an observer: a native program takes one input a process.
    """
    if not entry.observed:
        raise ValueError(f"{entry.id} has no observer")
    return _batch(binary, directory, INPUT_DIRECTORY, env, options)


def _batch(
    binary: Binary, data: Path, inside: str, env: Mapping[str, str], options: Sequence[str]
) -> tuple[Command, tuple[Mount, ...]]:
    mounts = (*build_mounts(binary), Mount(source=RUNTIME, target=OBSERVER), Mount(source=data, target=inside))
    argv = (INTERPRETER, ENTRANCE, "batch", binary.path, inside, *options)
    return Command(argv=argv, env={**process_environment(binary.directory), **env}), mounts


def harness_environment(entry: EntryPoint, candidates: str = "", species: str = "") -> dict[str, str]:
    """The variables that an in-process binary's harness reads: the arguments of main(), where the input belongs, where notes go.

    `candidates` is a directory and `species` a file, both inside the sandbox and both optional.
    """
    env = {"MITHRIDATE_CANDIDATES": candidates, "MITHRIDATE_SPECIES": species}
    if entry.kind is not EntryKind.FUZZ_TARGET:
        path = f"/tmp/input{entry.suffix}"
        env["MITHRIDATE_ARGUMENTS"] = "\x1f".join(substitute(entry, path))
        if entry.kind is EntryKind.PROGRAM_FILE:
            env["MITHRIDATE_INPUT"] = path
    return {name: value for name, value in env.items() if value}
