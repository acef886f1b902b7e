"""Which part of an estate is shown."""

import math

import numpy as np

from mithridate.estate.shown import shown_part
from mithridate.estate.solver import Solver
from tests.estate.small import estate, packs

LINE = """pack line "Line"
fact edge(node A, node B, number C) "{0} leads to {1}"
derived at(node N) "the attacker is at {0}"
rule begin hidden at(N) :- start(N), edge(N, _, _).
rule go cost C says "Go from {A} to {B}." at(B) :- at(A), edge(A, B, C).
rule arrive hidden reached(N) :- at(N).
"""
HOUSE = "\n".join(
    [
        *(f"edge(n:{i}, n:{i + 1}, 2)" for i in range(30)),
        *(f"edge(n:{i + 1}, n:0, 1)" for i in range(30)),
        *(f"edge(n:0, n:side{i}, 1)" for i in range(40)),
        *(f"edge(n:side{i}, n:30, 90)" for i in range(40)),
    ]
)


def part(most: int) -> tuple[set[str], set[str], set[str]]:
    """What the shown instances give, what they need, and what holds from the start."""
    with estate(packs([], LINE), HOUSE, "n:0") as line:
        graph, solver = line.graph, Solver(line.graph)
        solution = solver.solve(solver.starts(["n:0"]))
        goals = solver.goals(["n:30"])
        chosen = shown_part(graph, solution, solver.relevant(solution, goals), goals.tolist(), most)
        assert len(chosen) == len(set(chosen))
        told = graph.described(np.flatnonzero(np.isfinite(solution.dist)))
        gives = {str(told[int(graph.heads[i])]) for i in chosen}
        needs = {str(told[n]) for i in chosen for n in graph.needs(i)}
        costs = [float(solution.dist[graph.heads[i]]) for i in chosen]
        assert costs == sorted(costs) and not math.isinf(costs[-1])
        return gives, needs, {str(told[int(a)]) for a in solution.true}


def test_the_cheapest_way_to_a_goal_is_shown_whole_however_small_the_part() -> None:
    gives, needs, true = part(most=5)
    assert "reached(n:30)" in gives
    assert {f"at(n:{i})" for i in range(31)} <= gives
    assert needs <= gives | true


def test_nothing_is_shown_without_what_gives_it_in_a_part_of_any_size() -> None:
    for most in (1, 33, 50, 70, 1000):
        gives, needs, true = part(most)
        assert needs <= gives | true
    assert {f"at(n:side{i})" for i in range(40)} <= gives
