"""What observation costs a plain web application: requests per second with sinks and accessors and without; documents per second.

    python -m bench.injection.overhead [--blocks N] [--requests N] [--documents N] [--out FILE]    about four minutes

The same small application in Flask, Django and FastAPI (bench/injection/plain_apps.py), each in an environment that the product
makes from the owner's package index, driven in one process in the sandbox without a server: bare, observed (sinks and accessors
installed, a run in progress, marks in the requests), and with line coverage too, which exploring runs have. Blocks of requests
alternate between the three (bench/injection/overhead_inside.py); each round gives a ratio. Then documents with one request each
go through the observer's batch, a process each, as a hunt runs them.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.injection import overhead_inside
from bench.injection.plain_apps import APPS, PlainApp
from bench.machine import described, write
from bench.no_tax import interval
from mithridate.languages.invocation import many_inputs
from mithridate.languages.python.language import PythonLanguage
from mithridate.languages.python.observer import ENVIRONMENT, INTERPRETER, OBSERVER, RUNTIME
from mithridate.model.entry import EntryPoint
from mithridate.model.execution import Command, Execution, Limits, Mount
from mithridate.model.project import Build, Flavour
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.registry import create
from mithridate.store.snapshot import take_snapshot

RESULT = Path(__file__).parents[1] / "results" / "overhead.md"
LIMITS = Limits(wall_s=600.0, memory_bytes=3 << 30, processes=256, output_bytes=64 << 20, scratch_bytes=1 << 30)
_INSIDE = "/opt/mithridate-bench/inside.py"
_MARKED = "\ue000\ue100amber\ue001\ue100"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of requests in one mode; CPU and wall seconds of its process."""

    mode: str
    block: int
    requests: int
    cpu_s: float
    wall_s: float

    @property
    def per_cpu_s(self) -> float:
        """Requests per CPU second."""
        return self.requests / self.cpu_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """Documents that were run in a process each: how many to their end, seconds without the door's opening, CPU seconds of the
    documents' processes."""

    done: int
    wall_s: float
    cpu_s: float


class Failed(Exception):
    """An application could not be measured; the message says why."""


def main() -> int:
    """Measure, print and keep the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--blocks", type=int, default=20, help="of requests for each mode (default 20)")
    parser.add_argument("--requests", type=int, default=200, help="in a block (default 200)")
    parser.add_argument("--documents", type=int, default=200, help="run in a process each (default 200)")
    parser.add_argument("--out", type=Path, default=RESULT, help="the file to keep the table in")
    given = parser.parse_args()
    machine = described()
    rows: list[str] = []
    for app in APPS:
        print(f"measuring {app.name}", file=sys.stderr)
        try:
            rows.append(measured(app, given.blocks, given.requests, given.documents))
        except Failed as problem:
            rows.append(f"| {app.name} | not measured: {problem} | | | | | |")
    write(given.out, render(machine, rows, given.blocks, given.requests, given.documents))
    return 0


def measured(app: PlainApp, blocks: int, requests: int, documents: int) -> str:
    """The row of one application. Raises Failed."""
    sandbox = create("bubblewrap")
    with tempfile.TemporaryDirectory(prefix="bench-overhead-") as folder:
        build, entry = prepared(app, Path(folder), sandbox)
        found = in_process(app, build, sandbox, blocks, requests)
        ran = in_processes(app, entry, sandbox, Path(folder), documents)
    return row(app.name, found, ran)


def prepared(app: PlainApp, folder: Path, sandbox: Sandbox) -> tuple[Build, EntryPoint]:
    """The application's environment and its door, made as a scan makes them. Raises Failed."""
    tree = folder / "app"
    for name, content in app.files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(content)
    for name in ("snapshot", "cache", "work"):
        (folder / name).mkdir()
    project, _ = take_snapshot(tree, folder / "snapshot")
    language = PythonLanguage()
    (component,), _ = language.detect(project)
    built = language.build(project, component, Flavour.PLAIN, sandbox, folder / "cache")
    if not isinstance(built, Build):
        raise Failed(built.first_error)
    entries, skipped = language.entry_points(project, [built], sandbox, folder / "work")
    entry = next((e for e in entries if e.name == app.imported), None)
    if entry is None:
        raise Failed("; ".join(s.reason for s in (*built.incomplete, *skipped)) or "no door was found")
    return built, entry


def in_process(app: PlainApp, build: Build, sandbox: Sandbox, blocks: int, requests: int) -> tuple[Block, ...]:
    """Blocks of each mode by turns. Raises Failed."""
    mounts = (
        Mount(source=build.directory / "src", target="/src"),
        Mount(source=build.directory / "build", target="/build"),
        Mount(source=RUNTIME, target=OBSERVER),
        Mount(source=Path(overhead_inside.__file__), target=_INSIDE),
    )
    numbers = (str(blocks), str(requests))
    argv = (INTERPRETER, _INSIDE, OBSERVER, "/src", app.kind, app.imported, app.body, *numbers)
    done = sandbox.run(Command(argv=argv, env=dict(ENVIRONMENT)), mounts, LIMITS)
    found = tuple(Block(**json.loads(line)) for line in done.stdout.splitlines())
    if not done.ok or not found:
        raise Failed(_why(done))
    return found


def in_processes(app: PlainApp, entry: EntryPoint, sandbox: Sandbox, folder: Path, count: int) -> Documents:
    """Documents of one request each through the observer's batch. Raises Failed."""
    inputs = folder / "documents"
    inputs.mkdir()
    for number in range(count):
        request = _requests(app)[number % 4]
        document = {"version": 1, "control": [], "attack": [{"request": request}]}
        (inputs / f"{number:06}.json").write_text(json.dumps(document))
    binary = entry.binary(Flavour.PLAIN)
    assert binary is not None
    command, mounts = many_inputs(entry, binary, inputs, {})
    started = time.monotonic()
    done = sandbox.run(command, mounts, LIMITS)
    wall_s = time.monotonic() - started
    records = [json.loads(line) for line in done.stdout.splitlines()]
    ended = [record for record in records if record.get("ended") == "done"]
    answered = sum("answer" in record and record["answer"]["status"] < 400 for record in records)
    if not done.ok or len(ended) < count or answered < count:
        raise Failed(f"{len(ended)} of {count} documents ended and {answered} were answered: {_why(done)}")
    ready_s = next(record["ready"]["seconds"] for record in records if "ready" in record)
    return Documents(done=len(ended), wall_s=wall_s - ready_s, cpu_s=sum(record["cpu_s"] for record in ended))


def row(name: str, blocks: Sequence[Block], documents: Documents) -> str:
    """One line of the table."""
    rates = {mode: statistics.median(b.per_cpu_s for b in blocks if b.mode == mode) for mode in overhead_inside.MODES}
    cells = [f"{rates['bare']:.0f}"]
    for mode in ("observed", "covered"):
        cells += [f"{rates[mode]:.0f}", _with_interval(ratios(blocks, mode))]
    per_wall, per_cpu = documents.done / documents.wall_s, documents.done / documents.cpu_s
    return f"| {name} | {' | '.join(cells)} | {per_wall:.0f} ({per_cpu:.0f} per CPU second of theirs) |"


def ratios(blocks: Sequence[Block], mode: str) -> list[float]:
    """Requests per CPU second in `mode` over those of the bare application, round by round."""
    by_round: dict[int, dict[str, Block]] = {}
    for block in blocks:
        by_round.setdefault(block.block, {})[block.mode] = block
    return [modes[mode].per_cpu_s / modes["bare"].per_cpu_s for modes in by_round.values()]


def render(machine: str, rows: Sequence[str], blocks: int, requests: int, documents: int) -> str:
    """The Markdown."""
    lines = [
        "# Overhead of the observer",
        "",
        machine,
        "",
        f"{blocks} rounds of {requests} requests in each mode, by turns in one run in the sandbox, one process a mode.",
        "Requests per CPU second are medians, ratios medians of the rounds with their 95% bootstrap intervals. Observed: sinks",
        "and accessors installed, marks in the requests. Covered: with line coverage too. Then",
        f"{documents} documents of one request, a process each; opening the door is left out.",
        "",
        "| application | bare, requests/s | observed | observed / bare | covered | covered / bare | documents/s |",
        "|---|---|---|---|---|---|---|",
        *rows,
    ]
    return "\n".join(lines) + "\n"


def _with_interval(values: Sequence[float]) -> str:
    low, high = interval(values)
    return f"{statistics.median(values):.2f} ({low:.2f} to {high:.2f})"


def _requests(app: PlainApp) -> list[Mapping[str, object]]:
    item = {"name": _MARKED, "note": "as new"}
    return [
        {"method": "GET", "path": "/", "query": [["name", _MARKED]]},
        {"method": "POST", "path": "/item", app.body: item if app.body == "json" else [list(pair) for pair in item.items()]},
        {"method": "GET", "path": "/search", "query": [["q", _MARKED]]},
        {"method": "GET", "path": "/api", "query": [["q", "item"]]},
    ]


def _why(done: Execution) -> str:
    last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
    return f"{done.ending}, exit code {done.exit_code}: {''.join(last)[:300]}"


if __name__ == "__main__":
    sys.exit(main())
