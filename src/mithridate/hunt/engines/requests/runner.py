"""Runs batches of documents in the sandbox: the one place of this engine that starts anything."""

import threading
import time
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from mithridate.hunt.engines.requests.records import Oracle, batch
from mithridate.hunt.engines.requests.views import Batch
from mithridate.languages.invocation import many_inputs
from mithridate.model.entry import Binary, EntryPoint
from mithridate.model.execution import Command, Ending, Execution, Limits, Mount
from mithridate.sandbox.interface import Sandbox

_OUTPUT_BYTES = 256 << 20
_HEADROOM_BYTES = 512 << 20
_GRACE_S = 3.0
_STARTUP_S = 20.0
_DISK_BYTES = 1 << 30
_TOGETHER = 64
"""Documents that one process carries out in turn; what they leave behind for each other comes out when one is run alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Bounds on one run: seconds of CPU and of wall time, bytes of memory."""

    each_s: float = 5.0
    wall_s: float = 10.0
    memory_bytes: int = 1 << 30


def batch_command(entry: EntryPoint, binary: Binary, directory: Path, options: Options) -> tuple[Command, tuple[Mount, ...]]:
    """The command that runs all documents of the host directory in order of name, and the mounts it needs.

    The documents are read-only inside; nothing that the target can write is shared with the host.
    """
    bounds = ("--each", f"{options.each_s:g}", "--wall", f"{options.wall_s:g}", "--memory", str(options.memory_bytes >> 20))
    return many_inputs(entry, binary, directory, {}, (*bounds, "--together", str(_TOGETHER)))


@dataclass(slots=True)
class SandboxRunner:
    """Runs documents against one entry point. `cancel` ends a batch early; what it got to counts."""

    entry: EntryPoint
    binary: Binary
    sandbox: Sandbox
    options: Options
    oracle: Oracle
    cancel: threading.Event | None = None

    def run(
        self, documents: Sequence[bytes], seconds: float, *, exploring: Container[int] = (), alone: Container[int] = ()
    ) -> Batch:
        """See Runner.run."""
        with TemporaryDirectory(prefix="mithridate-requests-") as folder:
            directory = Path(folder)
            for number, data in enumerate(documents):
                wishes = ("-alone" if number in alone else "") + ("-heard-covered" if number in exploring else "")
                (directory / f"{number:06d}{wishes}.json").write_bytes(data)
            options = replace(self.options, wall_s=min(self.options.wall_s, max(1.0, seconds)))
            command, mounts = batch_command(self.entry, self.binary, directory, options)
            limits = Limits(
                wall_s=seconds + _GRACE_S if documents else _STARTUP_S + seconds,
                memory_bytes=self.options.memory_bytes + _HEADROOM_BYTES,
                output_bytes=_OUTPUT_BYTES,
                disk_bytes=_DISK_BYTES,
            )
            started = time.monotonic()
            execution = self.sandbox.run(command, mounts, limits, None, self.cancel)
            told = batch(execution.stdout, documents, self.oracle)
        failed = told.failed
        if not failed and not told.ready_s and not any(told.runs):
            failed = _last_words(execution, time.monotonic() - started)
        cut = execution.ending in (Ending.WALL_LIMIT, Ending.CANCELLED)
        return replace(told, failed=failed, cut=cut, cpu_s=execution.cpu_s)


def _last_words(execution: Execution, seconds: float) -> str:
    lines = [line for line in execution.stderr.decode(errors="replace").splitlines() if line.strip()]
    words = " / ".join(lines[-3:])[:600]
    return f"the observer ended ({execution.ending}, exit {execution.exit_code}) after {seconds:.1f} s without a record: {words}"
