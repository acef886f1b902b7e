"""How long an estate takes from files on disk to the cheapest paths to all goals, and in how much memory.

    python -m bench.estate.scale [--hosts N ...] [--dir DIR] [--threads N] [--plot FILE.svg]

Each size runs in a process of its own. Prints a table: seconds of each stage, peak memory, rule instances.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.estate import large, plot
from bench.machine import described
from mithridate.estate.facts import FactBase
from mithridate.estate.ground import ground
from mithridate.estate.rules.rulebase import own_pack, rulebase
from mithridate.estate.solver import Solver

PACKS = ("base", "network")


def measure(directory: Path, threads: int) -> dict[str, float]:
    """Read the CSV files of `directory`, ground, solve, and list what every goal costs."""
    stages: dict[str, float] = {}
    started = last = time.monotonic()

    def done(stage: str) -> None:
        nonlocal last
        stages[stage] = time.monotonic() - last
        last = time.monotonic()

    with FactBase(rulebase([own_pack(p) for p in PACKS]), threads=threads) as base:
        for path in sorted(directory.glob("*.csv")):
            arity = base.rules.predicates[path.stem].arity
            names = [f"column{i}" for i in range(arity)]
            columns = ", ".join(names)
            types = base.rules.predicates[path.stem].types
            given = ", ".join(f"'{n}': '{'BIGINT' if t == 'number' else 'VARCHAR'}'" for n, t in zip(names, types, strict=True))
            query = f"SELECT {columns}, 0 FROM read_csv('{path}', header=true, auto_detect=false, columns={{{given}}})"
            base.load(path.stem, query, base.source(str(path)))
        done("read")
        base.freeze()
        done("intern")
        graph = ground(base, ["zone:internet"])
        done("ground")
        solver = Solver(graph)
        done("index")
        solution = solver.solve(solver.starts(["zone:internet"]))
        done("solve")
        atoms = graph.atoms_of("reached")
        rows = base.db.execute(
            f'SELECT t.id FROM {atoms.table if atoms else ""} t JOIN "fact tag" g ON g.a0 = t.a0'
        ).fetchnumpy()["id"]
        reached = int(np.isfinite(solution.dist[rows]).sum())
        done("goals")
        stages |= {
            "total": time.monotonic() - started,
            "goals": len(rows),
            "reached": reached,
            "instances": graph.instances,
            "atoms": graph.size,
            "peak GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        }
    return stages


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, nargs="+", default=[1_000, 10_000, 50_000, 100_000, 1_000_000])
    parser.add_argument("--dir", type=Path)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--plot", type=Path, help="write a plot of seconds and memory over size")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure, given.threads)))
        return
    rows = []
    with tempfile.TemporaryDirectory(dir=given.dir) as work:
        print(described())
        for hosts in given.hosts:
            directory = Path(work) / str(hosts)
            large.write(directory, hosts)
            words = (sys.executable, "-m", "bench.estate.scale", "--measure", directory, "--threads", str(given.threads))
            answer = subprocess.run(words, capture_output=True, text=True, check=True)
            rows.append((hosts, json.loads(answer.stdout)))
            print(hosts, {k: round(v, 2) for k, v in rows[-1][1].items()}, flush=True)
    stages = ("read", "intern", "ground", "index", "solve", "total", "peak GB", "instances", "reached")
    print("| hosts | " + " | ".join(stages) + " |\n|" + "---|" * (len(stages) + 1))
    if given.plot:
        lines = [
            ("seconds, from files to all goals", [(float(hosts), told["total"]) for hosts, told in rows]),
            ("seconds of grounding and solving", [(float(hosts), told["ground"] + told["solve"]) for hosts, told in rows]),
            ("peak memory, GB", [(float(hosts), told["peak GB"]) for hosts, told in rows]),
        ]
        drawn = plot.log_log("From files to the cheapest paths to all goals", "hosts", "seconds, GB", lines)
        given.plot.write_text(drawn, "utf-8")
    for hosts, told in rows:
        shown = (f"{told[s]:,.0f}" if s in ("instances", "reached") else f"{told[s]:.1f}" for s in stages)
        print(f"| {hosts:,} | {' | '.join(shown)} |")


if __name__ == "__main__":
    main()
