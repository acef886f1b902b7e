"""Many quick executions in one sandbox, for minimising and perturbing: about a hundred a second instead of ten.

A small shell script runs each input in a process of its own, with its own limits, and files the end of its standard error
with its exit status behind that. The processes share a sandbox, so one could leave traces for the next: nothing seen here is
evidence, what counts is replayed in fresh sandboxes (replay.py).
"""

import math
import shlex
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mithridate.languages.invocation import INPUT_DIRECTORY, build_mounts, substitute
from mithridate.model.entry import Binary, EntryKind, EntryPoint
from mithridate.model.execution import Command, Ending, Execution, Limits, Mount
from mithridate.model.violation import PROJECT_ROOTS, Violation, ViolationKind
from mithridate.prove.symbols import unnamed
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.leavings import disarm, read_plain

SCRIPT = "/batch/run.sh"
RESULTS = "/results"
REPORT_BYTES = 128 << 10
"""How much of the end of each process's standard error is kept."""

_RESULT_BYTES = 64 << 20

_SIGNALS = frozenset(map(int, signal.valid_signals()))

_RESTARTS = 8
"""How often a batch goes on after one input ended the whole sandbox (by taking its memory, say)."""

_ANYWHERE = frozenset({ViolationKind.TIMEOUT, ViolationKind.MEMORY_EXHAUSTION, ViolationKind.STACK_EXHAUSTION})

_DRIVER = """\
ulimit -c 0
run() {{
  id=$1
  shift
  (
    ulimit -S -t {soft}
    ulimit -H -t {hard}
    timeout -s KILL {wall} "$@" 2>&1 >/dev/null <"$input"
    printf '\\n%d' $?
  ) 2>/dev/null | tail -c {keep} >"{results}/$id"
  set -- /tmp/*
  [ -e "$1" ] && rm -rf /tmp/* 2>/dev/null
}}
"""

QuickSignature = tuple[str, str, tuple[tuple[str, int], ...]]


def quick_signature(violation: Violation) -> QuickSignature:
    """What can be compared without debug information: kind, direction, and where in the modules the innermost frames are.

    Stricter than `Violation.signature` (two places in one function differ), and equal across runs of one binary.
    """
    if violation.kind in _ANYWHERE:
        return violation.kind, "", ()
    return violation.kind, violation.access or "", module_places(violation)[:3]


def module_places(violation: Violation) -> tuple[tuple[str, int], ...]:
    """Module and offset of each frame in the project's modules, innermost first. Frames without a module are left out."""
    return tuple((f.module, f.offset) for f in violation.frames if f.module.startswith(PROJECT_ROOTS))


def run_batch(
    sandbox: Sandbox,
    entry: EntryPoint,
    binary: Binary,
    inputs: Sequence[bytes],
    environment: Mapping[str, str],
    limits: Limits,
    cpu_s: float,
    seconds: float,
) -> list[Execution | None]:
    """One execution for each input, in order; None for those that `seconds` (wall) did not suffice for."""
    deadline = time.monotonic() + seconds
    done: list[Execution | None] = [None] * len(inputs)
    with tempfile.TemporaryDirectory(prefix="mithridate-batch-") as folder:
        home = Path(folder)
        names = _lay_out(home, entry, inputs)
        left = list(range(len(inputs)))
        for _ in range(_RESTARTS):
            remaining = deadline - time.monotonic()
            if not left or remaining <= 0:
                break
            (home / "script" / "run.sh").write_text(_script(entry, binary, [names[i] for i in left], cpu_s, limits))
            bounds = replace(limits, wall_s=remaining, cpu_s=None, disk_bytes=_RESULT_BYTES)
            outcome = sandbox.run(_command(environment), _mounts(binary, home), bounds)
            disarm(home / "results", REPORT_BYTES, flat=True)
            for i in left:
                done[i] = _read(home / "results", names[i])
            left = [i for i in left if done[i] is None]
            if outcome.ending in (Ending.WALL_LIMIT, Ending.EXITED):
                break
            # The first without a result is the one that ended the sandbox: go on behind it.
            left = left[1:]
    return done


def _lay_out(home: Path, entry: EntryPoint, inputs: Sequence[bytes]) -> list[str]:
    """Write the inputs. Names are as long as the `input` of a true replay: a path's length can matter to a program."""
    for name in ("in", "results", "script"):
        (home / name).mkdir()
    names = [f"{i:05d}" for i in range(len(inputs))]
    for name, data in zip(names, inputs, strict=True):
        (home / "in" / f"{name}{entry.suffix}").write_bytes(data)
    return names


def _script(entry: EntryPoint, binary: Binary, names: Sequence[str], cpu_s: float, limits: Limits) -> str:
    soft = max(1, math.ceil(cpu_s))
    wall = min(limits.wall_s, 4 * cpu_s + 5)
    lines = [_DRIVER.format(soft=soft, hard=soft + 1, wall=f"{wall:.1f}", results=RESULTS, keep=REPORT_BYTES)]
    for name in names:
        path = f"{INPUT_DIRECTORY}/{name}{entry.suffix}"
        stdin = path if entry.kind is EntryKind.PROGRAM_STDIN else "/dev/null"
        words = (path,) if entry.kind is EntryKind.FUZZ_TARGET else substitute(entry, path)
        lines.append(f"input={shlex.quote(stdin)}\nrun {name} {shlex.join((binary.path, *words))}\n")
    return "".join(lines)


def _command(environment: Mapping[str, str]) -> Command:
    """The driver. Symbolising costs more than most executions, so the sanitizers are told not to."""
    return Command(argv=("/bin/sh", SCRIPT), env=unnamed(environment))


def _mounts(binary: Binary, home: Path) -> tuple[Mount, ...]:
    return (
        *build_mounts(binary),
        Mount(source=home / "in", target=INPUT_DIRECTORY),
        Mount(source=home / "script", target=str(Path(SCRIPT).parent)),
        Mount(source=home / "results", target=RESULTS, writable=True),
    )


def _read(results: Path, name: str) -> Execution | None:
    try:
        report, ended, status = read_plain(results / name, REPORT_BYTES).rpartition(b"\n")
        code = int(status)
    except (OSError, ValueError):
        return None
    ending, number = _ending(code)
    return Execution(
        ending=ending,
        exit_code=code if ending is Ending.EXITED else None,
        signal=number,
        stdout=b"",
        stderr=report,
        truncated=len(report) + len(ended) + len(status) >= REPORT_BYTES,
        wall_s=0.0,
        cpu_s=0.0,
        peak_memory_bytes=0,
    )


def _ending(code: int) -> tuple[Ending, int | None]:
    """What the shell's status means. timeout(1) kills with SIGKILL, the processor limit with SIGXCPU."""
    number = code - 128
    if number == signal.SIGXCPU:
        return Ending.CPU_LIMIT, None
    if number == signal.SIGKILL:
        return Ending.WALL_LIMIT, None
    if number in _SIGNALS:
        return Ending.SIGNALLED, number
    return Ending.EXITED, None
