"""Whether an input comes by a line, how often, and how things stand there when it first does: a debugger's look, in the sandbox.

For search and for people: what is seen here is no evidence.
"""

import json
import re
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mithridate.languages.invocation import INPUT_DIRECTORY, observed, one_input
from mithridate.model.entry import Binary, EntryPoint
from mithridate.model.execution import Execution, Limits, Mount
from mithridate.model.project import ToolFailure
from mithridate.sandbox.interface import Sandbox

SOURCE = "/src/"
"""Where a project lies in the sandbox."""

_MOST_TIMES = 1_000
_FRAMES = 16
_LONGEST = 4000
_BEGIN = "mithridate: here"
_HIT = re.compile(r"breakpoint already hit ([0-9]+) time")
_PLACED = re.compile(r"^Breakpoint 1 at [^\n]*?[,:] ?(?:line )?(?P<line>[0-9]+)\.", re.MULTILINE)
_STOPPED = re.compile(r"^(?:Thread [^\n]* hit )?Breakpoint 1(?:\.[0-9]+)?, ", re.MULTILINE)
_ENDED = re.compile(
    r"^\[Inferior 1 [^\n]* exited |^(?:Thread [^\n]*|Program) received signal |^Program terminated with signal ", re.MULTILINE
)
_ADDRESS = re.compile(r"0x[0-9a-f]+")
_SETTINGS = (
    "auto-load no",
    "pagination off",
    "confirm off",
    "style enabled off",
    "debuginfod enabled off",
    "breakpoint pending off",
    "print elements 64",
    "print repeats 8",
    "max-value-size 65536",
)
_OPTIONS = {"ASAN_OPTIONS": "detect_leaks=0:symbolize=0", "UBSAN_OPTIONS": "symbolize=0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """`times` an input came by the line (at most 1,000 are counted); `stack` and `values`, the local variables, of the first.

    `line` is where it was looked: the first one with code from the one that was asked for on.
    """

    line: int
    times: int
    stack: str = ""
    values: str = ""


def stood(
    sandbox: Sandbox, entry: EntryPoint, binary: Binary, data: bytes, at: tuple[str, int], limits: Limits
) -> Stood | ToolFailure:
    """Run `data` once with an eye on `at`: a file of the project (relative to its root) and a line (from 1).

    ToolFailure when it could not be looked: no code there, no debugger, or the entry point did not open.
    """
    with tempfile.TemporaryDirectory(prefix="mithridate-debugger-") as folder:
        file = Path(folder, "input")
        file.write_bytes(data)
        look = _python if entry.observed else _native
        return look(sandbox, entry, binary, file, at, limits)


def _python(
    sandbox: Sandbox, _: EntryPoint, binary: Binary, file: Path, at: tuple[str, int], limits: Limits
) -> Stood | ToolFailure:
    bounds = ("--each", f"{limits.cpu_s or limits.wall_s:g}", "--wall", f"{limits.wall_s / 2:g}")
    command, mounts = observed(binary, file, {}, (*bounds, "--at", f"{SOURCE}{at[0]}:{at[1]}"))
    execution = sandbox.run(command, mounts, replace(limits, cpu_s=None, idle_s=None))
    first: dict[str, object] = {}
    times, ended = 0, False
    for line in execution.stdout.split(b"\n"):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(record, dict):
            continue
        ended = ended or "ended" in record
        told = record.get("at")
        if isinstance(told, dict):
            first = first or ({**told} if "frames" in told else {})
            times = told["times"] if isinstance(told.get("times"), int) else times
    if not ended:
        return _failure("observer", execution)
    frames, values = first.get("frames"), first.get("locals")
    return Stood(
        line=at[1],
        times=max(times, 1 if first else 0),
        stack="\n".join(_frame(f) for f in frames[:_FRAMES] if isinstance(f, dict)) if isinstance(frames, list) else "",
        values="\n".join(f"{name} = {text}" for name, text in values.items())[:_LONGEST] if isinstance(values, dict) else "",
    )


def _frame(frame: Mapping[str, object]) -> str:
    return f"{frame.get('function')} {str(frame.get('file')).removeprefix(SOURCE)}:{frame.get('line')}"


def _native(
    sandbox: Sandbox, entry: EntryPoint, binary: Binary, file: Path, at: tuple[str, int], limits: Limits
) -> Stood | ToolFailure:
    command, mounts = one_input(entry, binary, file, _OPTIONS)
    fed = f"{INPUT_DIRECTORY}/standard" if command.stdin is not None else "/dev/null"
    more = (Mount(source=file, target=fed),) if command.stdin is not None else ()
    argv = _debugger(command.argv, f"{SOURCE}{at[0]}:{at[1]}", fed)
    bounds = replace(limits, traces=True, cpu_s=None, idle_s=None)
    execution = sandbox.run(replace(command, argv=argv, stdin=None), (*mounts, *more), bounds)
    before, _, rest = execution.stdout.decode("utf-8", "replace").partition(_BEGIN)
    placed = _PLACED.search(before)
    if placed is None:
        return _failure("debugger", execution)
    line = int(placed["line"])
    if not _STOPPED.search(before):
        ended = _ENDED.search(before)
        return Stood(line=line, times=0) if ended else _failure("debugger", execution)
    stack, _, rest = rest.partition(_BEGIN)
    values, _, after = rest.partition(_BEGIN)
    times = min(_MOST_TIMES, max([1, *map(int, _HIT.findall(after))]))
    return Stood(line=line, times=times, stack=_bare(stack), values=_bare(values))


def _debugger(program: Sequence[str], place: str, fed: str) -> tuple[str, ...]:
    """gdb's command line: what the program says goes nowhere, so that it cannot be taken for gdb's own words."""
    steps = (
        f"break {place}",
        f"run {shlex.join(program[1:])} < {fed} > /dev/null 2>&1",  # a shell starts it
        f"echo {_BEGIN}",
        f"backtrace {_FRAMES}",
        f"echo {_BEGIN}",
        "info locals",
        f"echo {_BEGIN}",
        f"ignore 1 {_MOST_TIMES}",
        "continue",
        "info breakpoints",
    )
    settings = [word for setting in _SETTINGS for word in ("-iex", f"set {setting}")]
    return ("gdb", "-nx", "-nh", "-batch", *settings, *(word for step in steps for word in ("-ex", step)), program[0])


def _bare(text: str) -> str:
    """What gdb said, without addresses: they differ from run to run."""
    return _ADDRESS.sub("0x…", text.replace(SOURCE, "")).strip()[:_LONGEST]


def _failure(tool: str, execution: Execution) -> ToolFailure:
    said = execution.stderr.decode("utf-8", "replace").strip().split("\n")
    told = next((line for line in said if line.startswith(("No line", "No source file", "No symbol table"))), said[-1])
    return ToolFailure(tool=tool, why=told[:200] or f"it ended with {execution.ending} {execution.exit_code}")
