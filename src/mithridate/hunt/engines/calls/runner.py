"""Runs batches of documents in the sandbox: the one place of this engine that starts anything."""

import threading
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from mithridate.hunt.engines.requests.runner import Options, batch_command
from mithridate.model.entry import Binary, EntryPoint
from mithridate.model.execution import Execution, Limits
from mithridate.sandbox.interface import Sandbox

_OUTPUT_BYTES = 128 << 20
_HEADROOM_BYTES = 512 << 20
_GRACE_S = 3.0
_DISK_BYTES = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What an observer wrote, the CPU seconds of the batch, and its last words where it broke."""

    records: bytes
    cpu_s: float = 0.0
    words: str = ""


class Runner(Protocol):
    """Runs documents against the functions of one door."""

    def run(
        self,
        documents: Sequence[bytes],
        seconds: float,
        each_s: float,
        *,
        coverage: bool = True,
        alone: Container[int] | None = None,
    ) -> Output:
        """Run them in order with `each_s` CPU seconds each, for about `seconds` of wall time at most.

        Those numbered in `alone` have a process each, the others share some; by default those that count no coverage are alone.
        Without `coverage` nothing is counted and nothing slowed down by counting.
        """
        ...


@dataclass(slots=True)
class SandboxRunner:
    """Runs documents in the sandbox. `cancel` ends a batch early; what it got to counts."""

    entry: EntryPoint
    binary: Binary
    sandbox: Sandbox
    memory_bytes: int
    cancel: threading.Event | None = field(default=None)

    def run(
        self,
        documents: Sequence[bytes],
        seconds: float,
        each_s: float,
        *,
        coverage: bool = True,
        alone: Container[int] | None = None,
    ) -> Output:
        """See Runner.run."""
        if alone is None:  # what is measured must not depend on what ran before it
            alone = () if coverage else range(len(documents))
        with TemporaryDirectory(prefix="mithridate-calls-") as folder:
            directory = Path(folder)
            for number, data in enumerate(documents):
                wishes = ("-alone" if number in alone else "") + ("-covered" if coverage else "")
                (directory / f"{number:06d}{wishes}.json").write_bytes(data)
            options = Options(each_s=each_s, wall_s=each_s * 2 + 1, memory_bytes=self.memory_bytes)
            command, mounts = batch_command(self.entry, self.binary, directory, options)
            limits = Limits(
                wall_s=seconds + _GRACE_S,
                memory_bytes=self.memory_bytes + _HEADROOM_BYTES,
                output_bytes=_OUTPUT_BYTES,
                disk_bytes=_DISK_BYTES,
            )
            execution = self.sandbox.run(command, mounts, limits, None, self.cancel)
        return Output(records=execution.stdout, cpu_s=execution.cpu_s, words=_last_words(execution))


def _last_words(execution: Execution) -> str:
    lines = [line for line in execution.stderr.decode(errors="replace").splitlines() if line.strip()]
    return f"the observer ended ({execution.ending}, exit {execution.exit_code}): {' / '.join(lines[-3:])[:500]}"
