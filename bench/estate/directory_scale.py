"""A directory of many edges: from a CSV file to everything that one account controls, with all rules of the directory pack.

    python -m bench.estate.directory_scale [--edges N] [--dir DIR]

Nodes are a twentieth of the edges; five edges in eight are memberships, the others rights, administrators and sessions, all drawn
at random from a seed. Prints seconds of each stage and the peak memory.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np

from bench.machine import described
from mithridate.estate.facts import FactBase
from mithridate.estate.ground import ground
from mithridate.estate.rules.rulebase import own_pack, rulebase
from mithridate.estate.solver import Solver

KINDS = "'MemberOf', 'MemberOf', 'MemberOf', 'MemberOf', 'MemberOf', 'AdminTo', 'HasSession', 'GenericAll'"


def write(path: Path, edges: int) -> str:
    """Write the edges; the account to start from."""
    nodes = max(100, edges // 20)
    name = "'account:S-1-5-21-1000000000-1000000000-' ||"
    with duckdb.connect() as db:
        db.execute("CREATE MACRO draw(i, stream) AS hash(i + 1000000007::BIGINT * stream)")
        db.execute(
            f"COPY (SELECT [{KINDS}][1 + (draw(i, 1) % 8)::INTEGER] AS kind, {name} (draw(i, 2) % {nodes}) AS a, "
            f"{name} (draw(i, 3) % {nodes}) AS b FROM range({edges}) t(i)) TO '{path}' (HEADER)"
        )
    return "account:S-1-5-21-1000000000-1000000000-5"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", type=int, default=30_000_000)
    parser.add_argument("--dir", type=Path)
    given = parser.parse_args()
    print(described())
    with tempfile.TemporaryDirectory(dir=given.dir) as work:
        path = Path(work) / "edge.csv"
        start = write(path, given.edges)
        started = last = time.monotonic()

        def done(stage: str, more: str = "") -> None:
            nonlocal last
            now = time.monotonic()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            print(f"{stage}: {now - last:.1f} s, peak {peak:.1f} GB{more}", flush=True)
            last = now

        with FactBase(rulebase([own_pack(p) for p in ("base", "network", "directory")]), memory_bytes=10 << 30) as base:
            columns = "{'kind': 'VARCHAR', 'a': 'VARCHAR', 'b': 'VARCHAR'}"
            query = f"SELECT kind, a, b, 0 FROM read_csv('{path}', header=true, auto_detect=false, columns={columns})"
            base.load("edge", query, base.source("edge.csv"))
            base.add("account", start, source=0)
            for kind in ("MemberOf", "AdminTo", "HasSession", "GenericAll"):
                base.add("traversable", kind, source=0)
            done("read")
            base.freeze()
            done("intern")
            graph = ground(base, [start])
            done("ground", f", {graph.instances:,} rule instances")
            solver = Solver(graph)
            done("index")
            solution = solver.solve(solver.starts([start]))
            done("solve", f", {int(np.isfinite(solution.dist).sum()):,} atoms derived")
        print(f"{given.edges:,} edges: {time.monotonic() - started:.0f} s in all")


if __name__ == "__main__":
    main()
