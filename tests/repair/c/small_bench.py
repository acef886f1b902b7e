"""Compiles one file in the sandbox with the oracles' flags, and runs it there."""

from dataclasses import dataclass
from pathlib import Path

from mithridate.model.entry import Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.execution import Command, Ending, Limits, Mount
from mithridate.model.project import Flavour, ToolFailure
from mithridate.model.violation import Violation
from mithridate.oracles.suite import Judge
from mithridate.sandbox.bubblewrap import Bubblewrap

_ENTRY = EntryPoint(
    id="small",
    component="small",
    language="c",
    name="small",
    kind=EntryKind.PROGRAM_FILE,
    boundary=Boundary.REAL,
    arguments=("@@",),
    suffix="",
    binaries=(Binary(flavour=Flavour.PLAIN, directory=Path("/nowhere"), path="/build/main", in_process=False, bits=64),),
)


@dataclass(frozen=True)
class Small:
    """One program, built. `warnings` counts what the compiler warned of."""

    directory: Path
    warnings: int

    def run(self, data: bytes) -> tuple[tuple[Violation, ...], bytes]:
        """What an input violates, and what the program says."""
        given = self.directory / "input"
        given.write_bytes(data)
        mounts = [Mount(source=self.directory, target="/build")]
        done = Bubblewrap().run(
            Command(argv=("/build/main", "/build/input"), env=Judge().arm(_ENTRY).env), mounts, Limits(wall_s=60)
        )
        judged = Judge().judge(done)
        assert not isinstance(judged, ToolFailure), judged
        return (judged if isinstance(judged, tuple) else ()), done.stdout


def build(source: str, directory: Path) -> Small | None:
    """The program in `directory` (main.c, main); None when it does not compile."""
    tree = directory / "tree"
    tree.mkdir(parents=True)
    (tree / "main.c").write_text(source)
    flags = Judge().arm(None)
    argv = ("clang-19", "-O0", "-Wall", "-Wextra", "-Wno-unused", *flags.compile_flags, "-o", "/build/main", "/src/main.c")
    mounts = [Mount(source=tree, target="/src"), Mount(source=directory, target="/build", writable=True)]
    done = Bubblewrap().run(Command(argv=argv), mounts, Limits(wall_s=60))
    if done.ending is not Ending.EXITED or done.exit_code != 0:
        return None
    return Small(directory, done.stderr.count(b"warning:"))
