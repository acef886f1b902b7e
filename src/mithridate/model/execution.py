"""What goes into a sandbox and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A host path made visible inside the sandbox, read-only unless `writable`."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds on one execution. Sizes in bytes, times in seconds; `None` means no bound of this kind.

    `memory_bytes` bounds the resident memory of the whole process tree (address space stays free, which sanitizers need).
    `output_bytes` bounds what is kept of each of stdout and stderr; a command that writes past
    `output_bytes * 16` in total is ended with `Ending.OUTPUT_LIMIT`.
    `scratch_bytes` sizes the tmpfs at /tmp; `file_bytes` is the largest single file that may be written anywhere;
    `disk_bytes` bounds growth of all writable mounts together. `idle_s` ends, as `wall_s` does, what has used no processor
    for so long: it waits for something that will not come.
    `traces` lets processes of the sandbox stop and read each other (ptrace), as LeakSanitizer does; never processes outside.
    """

    wall_s: float = 60.0
    cpu_s: float | None = None
    memory_bytes: int | None = 4 << 30
    processes: int = 256
    output_bytes: int = 1 << 20
    scratch_bytes: int = 256 << 20
    file_bytes: int = 1 << 30
    disk_bytes: int | None = None
    idle_s: float | None = None
    traces: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program to run inside the sandbox; `argv[0]` is looked up on the sandbox's PATH.

    `stdin` is bytes, or a host file opened read-only (its consumed offset comes back in `Execution.stdin_consumed`), or nothing.
    `env` is added to the sandbox's own small environment; nothing else of the caller's environment enters.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/tmp"
    stdin: bytes | Path | None = None


class Ending(StrEnum):
    """Why an execution ended."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    WALL_LIMIT = "wall-limit"
    CPU_LIMIT = "cpu-limit"
    MEMORY_LIMIT = "memory-limit"
    PROCESS_LIMIT = "process-limit"
    OUTPUT_LIMIT = "output-limit"
    DISK_LIMIT = "disk-limit"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """The outcome of one command. A command that failed is still an Execution; only a sandbox that failed raises."""

    ending: Ending
    exit_code: int | None
    signal: int | None
    stdout: bytes
    stderr: bytes
    truncated: bool
    wall_s: float
    cpu_s: float
    peak_memory_bytes: int
    stdin_consumed: int = 0

    @property
    def ok(self) -> bool:
        """True when the command ended by itself with exit code 0."""
        return self.ending is Ending.EXITED and self.exit_code == 0
