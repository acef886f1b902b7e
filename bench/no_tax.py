"""What Mithridate costs: its executions per second against the raw engine's, its own share of the CPU, its memory.

    python -m bench.no_tax            about six minutes on two quiet cores
    python -m bench.no_tax --long     all doors, more pairs, longer slices and a longer scan

Slices alternate (Mithridate, raw, Mithridate, raw, …) on one core, each pair with equal seeds, flags and seconds. They run on the
repaired twin of the bundled example: on the flawed one the engine's process dies now and then of a damaged heap, by chance more
often on one side than on the other, and speed would be luck (`--target examples/parcel` shows it). The scan is of the flawed one.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.machine import described, spread, write
from bench.sides import Sample, Slice, adopt_orphans, pinned, raw, through_mithridate
from mithridate.hunt.campaign import Pace
from mithridate.hunt.engines.registry import create, native
from mithridate.model.entry import EntryPoint
from mithridate.model.execution import Command
from mithridate.model.run import Event, Note, RunOptions
from mithridate.policy.scope import require
from mithridate.sandbox.interface import Sandbox
from mithridate.stages import construct
from mithridate.stages.session import Session, Stores

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
SCOPE = EXAMPLES / "mithridate.scope.toml"
RESULT = Path(__file__).parent / "results" / "no_tax.md"
RATIO_WANTED, SHARE_WANTED, MEMORY_WANTED = 0.95, 0.03, 300 << 20
_USUAL = {"doors": 2, "pairs": 3, "seconds": 8.0, "scan": 60.0}
_LONG = {"doors": 0, "pairs": 6, "seconds": 20.0, "scan": 600.0}
_RESAMPLES = 10_000
_STARTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """All pairs of one engine on one door."""

    door: str
    engine: str
    ours: tuple[Sample, ...]
    raw: tuple[Sample, ...]

    def ratios(self, figure: str) -> list[float]:
        """Ours over raw, pair by pair, for `per_cpu_s` or `per_wall_s`."""
        return [getattr(a, figure) / getattr(b, figure) for a, b in zip(self.ours, self.raw, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanCost:
    """What one real scan cost, by its own report, and the most memory that its own process held (bytes)."""

    budget_s: float
    wall_s: float
    cpu_s: float
    orchestration_cpu_s: float
    engines_cpu_s: float
    peak_bytes: int
    findings: int

    @property
    def share(self) -> float:
        """Of all CPU time, that of the orchestrator's own process."""
        return self.orchestration_cpu_s / self.cpu_s if self.cpu_s else 0.0


def main() -> int:
    """Measure, print and keep the table; 1 when a target was missed."""
    arguments = _arguments()
    machine = described()
    with tempfile.TemporaryDirectory(prefix="bench-home-") as folder, ExitStack() as stack:
        home = Path(folder)
        session, entries = doors(arguments.target.resolve(), home, stack)
        chosen = pick(entries, arguments.doors)
        start_s = sandbox_start_s(session.sandbox)
        adopt_orphans()
        with pinned(max(os.sched_getaffinity(0))):
            pairs = [
                measured(session, entry, engine, arguments.seconds, arguments.pairs)
                for entry in chosen
                for engine in native()
                if create(engine).accepts(entry) is None
            ]
        cost = scan_cost(home, arguments.scan)
    text, held = render(machine, pairs, cost, start_s, arguments.seconds)
    write(RESULT, text)
    return 0 if held else 1


def doors(target: Path, home: Path, stack: ExitStack) -> tuple[Session, tuple[EntryPoint, ...]]:
    """Snapshot, build and enter one of the bundled examples by the pipeline's own stages; `stack` holds the run."""
    stores = Stores.open(home)
    scope = require(target, SCOPE)
    options = RunOptions(target=str(target), out="", jobs=len(os.sched_getaffinity(0)))
    run = stack.enter_context(stores.runs.begin(options, scope.toml()))
    session = Session(stores.runs.load(run), stores, _say, threading.Event())
    project = construct.snapshot(session).project
    entries: list[EntryPoint] = []
    for component in construct.components(session, project).components:
        _say(Note(text=f"building {component.id}"))
        built = construct.build(session, project, component)
        entries += construct.entry_points(session, project, built).entries
    return session, tuple(entries)


def pick(entries: Sequence[EntryPoint], count: int) -> list[EntryPoint]:
    """`count` doors, one of each kind before a second of any; all for 0."""
    rank: dict[str, int] = {}
    ranked = []
    for position, entry in enumerate(entries):
        rank[entry.kind] = rank.get(entry.kind, -1) + 1
        ranked.append((rank[entry.kind], position, entry))
    return [entry for _, _, entry in sorted(ranked, key=lambda r: r[:2])][: count or None]


def measured(session: Session, entry: EntryPoint, engine: str, seconds: float, pairs: int) -> Pairs:
    """Ours, raw, ours, raw, …: `pairs` of each."""
    blobs, options = session.stores.blobs, session.options
    ours: list[Sample] = []
    alone: list[Sample] = []
    for number in range(1, pairs + 1):
        work = Slice(
            entry=entry,
            engine=create(engine),
            seeds=[blobs.get(digest) for digest in entry.seeds],
            dictionary=blobs.get(entry.dictionary) if entry.dictionary else b"",
            seconds=seconds,
            seed=number,
            pace=Pace(memory_bytes=options.memory_bytes, unit_timeout_s=options.unit_timeout_s),
        )
        ours.append(through_mithridate(work, session.sandbox))
        alone.append(raw(work))
        ratio = ours[-1].per_cpu_s / alone[-1].per_cpu_s
        _say(Note(text=f"{entry.id}, {engine}, pair {number} of {pairs}: {ratio:.3f}"))
    return Pairs(door=entry.id, engine=engine, ours=tuple(ours), raw=tuple(alone))


def sandbox_start_s(sandbox: Sandbox) -> float:
    """Median wall seconds of a sandbox around a program that does nothing: paid once a slice, and once a replay."""
    return statistics.median(sandbox.run(Command(argv=("true",))).wall_s for _ in range(_STARTS))


def scan_cost(home: Path, budget_s: float) -> ScanCost:
    """A real scan of the bundled example in a process of its own, watched from outside."""
    _say(Note(text=f"a scan with a budget of {budget_s:.0f} s"))
    out = home / "out"
    program = Path(sys.executable).with_name("mithridate")
    command = [
        program,
        "scan",
        EXAMPLES / "parcel",
        "--scope",
        SCOPE,
        "--home",
        home,
        "--out",
        out,
        "--budget",
        f"{budget_s:.0f}s",
    ]
    with (home / "scan.log").open("wb") as log:
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        peak = 0
        while process.poll() is None:
            peak = max(peak, _high_water_bytes(process.pid))
            time.sleep(0.2)
    if process.returncode not in (0, 10):
        raise RuntimeError(f"the scan ended with {process.returncode}: {(home / 'scan.log').read_text(errors='replace')[-500:]}")
    results = json.loads((out / "results.json").read_text())
    return ScanCost(
        budget_s=budget_s,
        engines_cpu_s=sum(tally["cpu_s"] for e in results["entry_points"] for tally in e["engines"]),
        peak_bytes=peak,
        findings=len(results["findings"]),
        **{key: results["cost"][key] for key in ("wall_s", "cpu_s", "orchestration_cpu_s")},
    )


def render(machine: str, pairs: Sequence[Pairs], cost: ScanCost, start_s: float, seconds: float) -> tuple[str, bool]:
    """The Markdown, and whether all three targets were reached."""
    by_cpu = [r for p in pairs for r in p.ratios("per_cpu_s")]
    by_wall = [r for p in pairs for r in p.ratios("per_wall_s")]
    low, high = interval(by_cpu)
    held = (statistics.median(by_cpu) >= RATIO_WANTED, cost.share < SHARE_WANTED, cost.peak_bytes < MEMORY_WANTED)
    lines = [
        "# No tax",
        "",
        f"`make bench` on {machine}.",
        "",
        "Executions per second through Mithridate (a campaign's slice in the sandbox) over those of the raw engine: same binary, "
        f"flags, seeds and {seconds:.0f} s, taken in turns on one core. CPU seconds are those of everything that ran for it, "
        "our own process included. Median (lowest to highest).",
        "",
        "| door | engine | pairs | raw, executions per CPU s | through Mithridate | ratio | ratio by wall time "
        "| our own CPU | restarts, raw / ours |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for p in pairs:
        cells = [p.door, p.engine, str(len(p.ours)), spread([s.per_cpu_s for s in p.raw], ",.0f")]
        cells += [spread([s.per_cpu_s for s in p.ours], ",.0f"), spread(p.ratios("per_cpu_s")), spread(p.ratios("per_wall_s"))]
        cells.append(f"{statistics.median(s.own_cpu_s / s.cpu_s for s in p.ours):.1%}")
        cells.append(f"{statistics.median(s.restarts for s in p.raw):.0f} / {statistics.median(s.restarts for s in p.ours):.0f}")
        lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
    rows = [
        (
            "executions per CPU second, all pairs",
            f"{spread(by_cpu)}; 95% interval of the median {low:.3f} to {high:.3f}",
            f"≥ {RATIO_WANTED}",
            held[0],
        ),
        ("executions per wall second, all pairs", spread(by_wall), "", None),
        (
            f"orchestrator's share of CPU, scan of {cost.budget_s:.0f} s",
            f"{cost.share:.1%} ({cost.orchestration_cpu_s:.1f} of {cost.cpu_s:.1f} s; engines {cost.engines_cpu_s:.1f} s; "
            f"wall {cost.wall_s:.0f} s; {cost.findings} findings)",
            f"< {SHARE_WANTED:.0%}",
            held[1],
        ),
        (
            "orchestrator's peak memory (VmHWM)",
            f"{cost.peak_bytes / (1 << 20):.0f} MiB",
            f"< {MEMORY_WANTED >> 20} MiB",
            held[2],
        ),
        ("a sandbox around nothing, wall", f"{start_s * 1000:.0f} ms, once a slice", "", None),
    ]
    lines += ["", "| what | measured | wanted | held |", "|---|---|---|---|"]
    words = {True: "yes", False: "**no**", None: ""}
    lines += [f"| {what} | {value} | {wanted} | {words[ok]} |" for what, value, wanted, ok in rows]
    return "\n".join(lines) + "\n", all(held)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95% percentile bootstrap interval of the median (B. Efron, 1979); the same for the same values."""
    draw = random.Random(1)
    medians = sorted(statistics.median(draw.choices(values, k=len(values))) for _ in range(_RESAMPLES))
    return medians[round(0.025 * _RESAMPLES)], medians[round(0.975 * _RESAMPLES) - 1]


def _high_water_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:")), 0)


def _say(event: Event) -> None:
    if isinstance(event, Note):
        print(event.text, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.no_tax", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--long", action="store_true", help="all doors, 6 pairs of 20 s, a scan of 10 minutes; over an hour")
    parser.add_argument("--target", type=Path, default=EXAMPLES / "parcel-fixed", help="the example (default: parcel-fixed)")
    parser.add_argument("--doors", type=int, help="how many entry points; 0: all (default 2)")
    parser.add_argument("--pairs", type=int, help="for each door and engine (default 3)")
    parser.add_argument("--seconds", type=float, help="of one slice (default 8)")
    parser.add_argument("--scan", type=float, help="budget of the scan in seconds (default 60)")
    given = parser.parse_args()
    for name, value in (_LONG if given.long else _USUAL).items():
        if getattr(given, name) is None:
            setattr(given, name, value)
    return given


if __name__ == "__main__":
    sys.exit(main())
