"""Entry points: the places where attacker-controlled data enters."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mithridate.model.project import Flavour

INPUT = "@@"
"""Placeholder in `EntryPoint.arguments` for the path of the input file."""

OUTPUT = "@out"
"""Placeholder in `EntryPoint.arguments` for a scratch path that the program may write."""


class EntryKind(StrEnum):
    """How data enters: through a fuzz target's function, a file that a program opens, or standard input; for code with an
    observer (docs/input-document.md) through requests to a web application, a function's arguments, a command line, or a fuzz
    target or property test of the project itself that is given bytes."""

    FUZZ_TARGET = "fuzz-target"
    PROGRAM_FILE = "program-file"
    PROGRAM_STDIN = "program-stdin"
    APPLICATION = "application"
    FUNCTION = "function"
    COMMAND = "command"
    HARNESS = "harness"

    @property
    def observed(self) -> bool:
        """The inputs of such a door are documents that an observer runs, not bytes for a native program."""
        return self in _OBSERVED


class Boundary(StrEnum):
    """REAL: a program, a shipped fuzz target, a route, a documented API. DERIVED: synthesised by us."""

    REAL = "real"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """An executable for one entry point. `directory` is the host directory of its build; `path` is inside the sandbox.

    `in_process`: the executable carries our harness and runs many inputs in one process; otherwise one process an input.
    """

    flavour: Flavour
    directory: Path
    path: str
    in_process: bool
    bits: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPoint:
    """One door of the target. `id` is stable across runs and readable, e.g. `libtiff/tools/tiffinfo:-D @@`.

    `arguments` follow argv[0] and hold INPUT and OUTPUT placeholders; empty for fuzz targets.
    `suffix` is the input file's extension with its dot, or "". `seeds` and `dictionary` are store blob digests.
    """

    id: str
    component: str
    language: str
    name: str
    kind: EntryKind
    boundary: Boundary
    arguments: tuple[str, ...]
    suffix: str
    binaries: tuple[Binary, ...]
    seeds: tuple[str, ...] = ()
    dictionary: str = ""

    @property
    def observed(self) -> bool:
        """Its inputs are documents that an observer runs, not bytes for a native program."""
        return self.kind.observed

    def binary(self, flavour: Flavour) -> Binary | None:
        """The executable of that flavour, or None when it could not be made."""
        return next((b for b in self.binaries if b.flavour is flavour), None)


NATIVE = frozenset({EntryKind.FUZZ_TARGET, EntryKind.PROGRAM_FILE, EntryKind.PROGRAM_STDIN})
"""Doors whose input is bytes."""

_OBSERVED = frozenset(EntryKind) - NATIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedDoor:
    """What a person needs to open a door with an observer by hand: its kind ("wsgi", "asgi", "call", "program", "target"),
    what is imported ("package.module:app", or a factory "package.module:create_app()"), and the environment that it needs."""

    kind: str
    target: str
    environment: tuple[tuple[str, str], ...] = ()
