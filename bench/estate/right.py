"""Is the solver right? Random small estates against an independent solver.

    python -m bench.estate.right [--estates N] [--seed N] [--batch N]

For each estate: which places can be reached (clingo), the cheapest cost of each (value iteration over naively matched rules), the
cheapest cut (clingo's minimum) with and without assumed flaws, and the fewest flaws (clingo's minimum). Exits with 1 at the first
difference, and prints the seed that makes it.
"""

import argparse
import time
from dataclasses import dataclass

import numpy as np

from bench.estate import random_estates
from bench.machine import described
from mithridate.estate.actions import Actions
from mithridate.estate.core import Core
from mithridate.estate.cuts import separate
from mithridate.estate.distance import Distances
from mithridate.estate.facts import FactBase
from mithridate.estate.ground import ground
from mithridate.estate.rules.rulebase import Rulebase
from mithridate.estate.solver import Solver


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first thing in which two solvers differ."""

    seed: int
    what: str
    ours: object
    theirs: object


def compare(seeds: range, rules: Rulebase) -> tuple[list[Difference], dict[str, int]]:
    """Solve the estates of `seeds` in one fact base, and each by itself with the other solvers: differences, and what was
    compared."""
    estates = [random_estates.random_estate(i, seed) for i, seed in enumerate(seeds)]
    found: list[Difference] = []
    counts = {"places": 0, "reached": 0, "goals": 0, "cuts": 0, "flaws": 0, "uncut": 0}
    with FactBase(rules, memory_bytes=1 << 30, threads=1) as base:
        source = base.source("random")
        for estate in estates:
            for place, (name, terms) in enumerate(estate.rows):
                base.add(name, *terms, source=source, place=place)
        base.freeze()
        graph = ground(base, [e.start for e in estates])
        solver = Solver(graph)
        assuming = graph.assuming()
        for seed, estate in zip(seeds, estates, strict=True):
            true = solver.starts([estate.start])
            places = [str(terms[0]) for name, terms in estate.rows if name == "place"]
            atoms = solver.goals(places)
            everything = solver.solve(true)
            ours = {p: float(everything.dist[a]) for p, a in zip(places, atoms, strict=True) if everything.derives(int(a))}
            theirs = random_estates.cheapest(estate, rules)
            counts["places"] += len(places)
            counts["reached"] += len(ours)
            if ours != theirs:
                found.append(Difference(seed=seed, what="cheapest costs", ours=ours, theirs=theirs))
            if set(ours) != (reached := random_estates.derivable(estate, rules, flaws=True)):
                found.append(Difference(seed=seed, what="reached", ours=sorted(ours), theirs=sorted(reached)))
            goals = solver.goals(estate.goals)
            for blocked, flaws in ((np.empty(0, dtype=np.uint8), True), (assuming, False)):
                solution = solver.solve(true, blocked)
                derived = np.array([g for g in goals if solution.derives(int(g))], dtype=np.int32)
                core = Core(graph, solver.relevant(solution, derived, blocked), true, derived)
                actions = Actions(core)
                cut = separate(core, actions, 30.0)
                cost, uncut = random_estates.cheapest_cut(estate, rules, flaws=flaws)
                names = {core.own(int(a)): g for g, a in zip(estate.goals, goals, strict=True) if solution.derives(int(a))}
                counts["cuts"] += 1
                counts["uncut"] += len(uncut)
                if (round(cut.cost), {names[a] for a in cut.uncut}) != (cost, uncut) or cut.bound != cut.cost:
                    theirs_cut = (cost, sorted(uncut))
                    ours_cut = (cut.cost, cut.bound, sorted(names[a] for a in cut.uncut))
                    found.append(Difference(seed=seed, what=f"cut, flaws={flaws}", ours=ours_cut, theirs=theirs_cut))
                if not flaws:
                    continue
                distances = Distances(core)
                for goal, atom in zip(estate.goals, goals, strict=True):
                    counts["goals"] += 1
                    fewest = random_estates.fewest_flaws(estate, rules, goal)
                    assumed = distances.of(core.own(int(atom))).assumed if solution.derives(int(atom)) else None
                    counts["flaws"] += len(assumed or ())
                    if (None if assumed is None else len(assumed)) != fewest:
                        found.append(Difference(seed=seed, what=f"flaws to {goal}", ours=assumed, theirs=fewest))
    return found, counts


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--estates", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=250)
    given = parser.parse_args()
    rules = random_estates.rules()
    started = time.monotonic()
    total: dict[str, int] = {}
    machine = described()
    for first in range(given.seed, given.seed + given.estates, given.batch):
        last = min(first + given.batch, given.seed + given.estates)
        differences, counts = compare(range(first, last), rules)
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
        if differences:
            for one in differences[:5]:
                print(one)
            return 1
    compared = ", ".join(f"{count:,} {name}" for name, count in total.items())
    print(f"{given.estates:,} random estates, no difference: {compared}; {time.monotonic() - started:.0f} s\n{machine}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
