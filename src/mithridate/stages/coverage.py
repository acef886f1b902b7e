"""What one input reaches: the edges of a native program, or the lines and files of a Python one. For people, and no evidence."""

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mithridate.languages.invocation import build_mounts, harness_environment, many_inputs
from mithridate.model.entry import EntryPoint
from mithridate.model.execution import Command, Limits, Mount
from mithridate.model.project import Flavour
from mithridate.sandbox.interface import Sandbox

_WORK = "/work"
_EDGES = re.compile(rb"Loaded \d+ modules?\s+\((\d+) inline 8-bit counters\)")
_COVERED = re.compile(rb"^#\d+\s+(?:INITED|DONE)\s+cov: (\d+)", re.MULTILINE)
_MEMORY = 3 << 30
_RECORD_BYTES = 8 << 20
_ANSWERED = ("status", "headers", "body", "returned", "raised")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What was executed: `covered` of `edges` in a native program (the harness's own not among them); lines of project code and
    the `files` entered in a Python one, where `edges` is 0: nobody counted how many there are."""

    covered: int
    edges: int
    unit: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a door with an observer answered to one step of an input document."""

    phase: str
    step: int
    said: Mapping[str, object]


def edges_of(sandbox: Sandbox, entry: EntryPoint, data: bytes, seconds: float) -> Coverage | None:
    """The edges that one input covers in the searching build of a native door; None where it has no such build."""
    binary = entry.binary(Flavour.FUZZ)
    if binary is None or not binary.in_process:
        return None
    with tempfile.TemporaryDirectory(prefix="mithridate-coverage-") as folder:
        Path(folder, "input").write_bytes(data)
        argv = (binary.path, f"{_WORK}/", "-runs=0", "-close_fd_mask=3", "-detect_leaks=0", f"-max_len={max(1, len(data))}")
        mounts = (*build_mounts(binary), Mount(source=Path(folder), target=_WORK))
        limits = Limits(wall_s=seconds, cpu_s=seconds, memory_bytes=_MEMORY, processes=64, output_bytes=1 << 16)
        seen = sandbox.run(Command(argv=argv, env=harness_environment(entry)), mounts, limits).stderr
    edges, covered = _EDGES.search(seen), _COVERED.findall(seen)
    return Coverage(covered=int(covered[-1]), edges=int(edges[1]), unit="edges") if edges and covered else None


def answers_of(sandbox: Sandbox, entry: EntryPoint, data: bytes, seconds: float) -> tuple[Coverage | None, tuple[Answer, ...]]:
    """One run of an input document with coverage: what it executed, and what each step was answered."""
    binary = entry.binary(Flavour.PLAIN)
    if binary is None:
        return None, ()
    with tempfile.TemporaryDirectory(prefix="mithridate-coverage-") as folder:
        Path(folder, "input.json").write_bytes(data)
        options = ("--each", f"{seconds:g}", "--wall", f"{2 * seconds:g}", "--memory", str(_MEMORY >> 20), "--coverage")
        command, mounts = many_inputs(entry, binary, Path(folder), {}, options)
        limits = Limits(wall_s=60 + 2 * seconds, memory_bytes=2 * _MEMORY, output_bytes=_RECORD_BYTES)
        said = tuple(_answers(sandbox.run(command, mounts, limits).stdout))
    if not said:
        return None, ()
    lines = max(int(n) for a in said if isinstance(n := a.said.get("edges", 0), int))
    files = sorted({str(f) for a in said if isinstance(named := a.said.get("files"), list) for f in named})
    shown = tuple(
        Answer(phase=a.phase, step=a.step, said={name: a.said[name] for name in _ANSWERED if a.said.get(name)}) for a in said
    )
    return Coverage(covered=lines, edges=0, unit="lines", files=tuple(files)), shown


def _answers(records: bytes) -> Iterator[Answer]:
    for line in records.splitlines():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict) and isinstance(answer := record.get("answer"), dict):
            step = record.get("step")
            yield Answer(phase=str(record.get("phase", "")), step=step if isinstance(step, int) else 0, said=answer)
