"""Looks before the hunt whether a program can be run in-process, and how much of it an argument form reaches."""

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mithridate.languages.invocation import build_mounts, harness_environment
from mithridate.model.entry import Binary, EntryPoint
from mithridate.model.execution import Command, Limits, Mount
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.leavings import disarm

_COVERED = re.compile(rb"\bcov: (\d+)")
_EXECUTED = re.compile(rb"stat::number_of_executed_units:\s*(\d+)")
_LIMITS = Limits(
    wall_s=20.0, cpu_s=15.0, memory_bytes=3 << 30, processes=64, output_bytes=64 << 10, file_bytes=64 << 20, disk_bytes=256 << 20
)
_NOTE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What the in-process binary did on some inputs: edges covered, executions, and how many it noted as violations."""

    covered: int
    executions: int
    noted: tuple[Path, ...]

    @property
    def ran(self) -> bool:
        """True when the harness got through the inputs at all."""
        return self.executions > 0


class Probe:
    """Runs in-process binaries on given inputs and nothing else."""

    def __init__(self, sandbox: Sandbox, scratch: Path) -> None:
        self._sandbox = sandbox
        self._scratch = scratch

    def reach(self, entry: EntryPoint, binary: Binary, inputs: Sequence[Path]) -> Reach:
        """Run each input once, in one process, in the order of their sizes."""
        place = Path(tempfile.mkdtemp(dir=self._scratch))
        for name in ("corpus", "notes"):
            (place / name).mkdir()
        for number, path in enumerate(inputs):
            shutil.copyfile(path, place / "corpus" / f"{number:04d}")
        mounts = [
            *build_mounts(binary),
            Mount(source=place / "corpus", target="/corpus"),
            Mount(source=place / "notes", target="/notes", writable=True),
        ]
        argv = (binary.path, "-runs=0", "-close_fd_mask=3", "-print_final_stats=1", "-timeout=5", "-rss_limit_mb=2048", "/corpus")
        env = harness_environment(entry, candidates="/notes")
        done = self._sandbox.run(Command(argv=argv, env=env), mounts, _LIMITS)
        disarm(place / "notes", _NOTE_BYTES, flat=True)
        covered = max((int(m[1]) for m in _COVERED.finditer(done.stderr)), default=0)
        executed = _EXECUTED.search(done.stderr)
        noted = tuple(sorted(p for p in (place / "notes").iterdir() if p.is_file() and not p.name.startswith(".")))
        return Reach(covered=covered, executions=int(executed[1]) if executed and done.ok else 0, noted=noted)
