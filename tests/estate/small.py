"""Small estates for tests: facts written as text, and what an attacker derives from them."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np

from mithridate.estate.asking import Estate
from mithridate.estate.facts import FactBase
from mithridate.estate.ground import ground
from mithridate.estate.rules.parser import parse
from mithridate.estate.rules.rulebase import Rulebase, own_pack, rulebase
from mithridate.estate.solver import Solver

_FACT = re.compile(r"\s*([a-z][A-Za-z0-9_-]*)\((.*)\)\s*\Z")


def packs(names: Iterable[str], *texts: str) -> Rulebase:
    """Own packs by name (always with "base"), and packs as text."""
    own = [own_pack(n) for n in dict.fromkeys(("base", *names))]
    return rulebase([*own, *(parse(t, f"text {i}") for i, t in enumerate(texts))])


@contextmanager
def facts(rules: Rulebase, text: str) -> Iterator[FactBase]:
    """A frozen fact base with one fact a line, `in_zone(host:a, zone:b)`; the line is its place."""
    with FactBase(rules, memory_bytes=256 << 20, threads=1) as base:
        source = base.source("facts")
        for place, line in enumerate(text.splitlines(), start=1):
            if line.strip() and not line.strip().startswith("#"):
                found = _FACT.match(line)
                assert found, line
                types = rules.predicates[found[1]].types
                terms = [t.strip() for t in found[2].split(",")]
                typed = [int(t) if kind == "number" else t for t, kind in zip(terms, types, strict=True)]
                base.add(found[1], *typed, source=source, place=place)
        base.freeze()
        yield base


@contextmanager
def estate(rules: Rulebase, text: str, *starts: str) -> Iterator[Estate]:
    """An estate to ask."""
    with facts(rules, text) as base:
        yield Estate(base, starts=starts)


def derived(rules: Rulebase, text: str, *starts: str) -> set[str]:
    """Every atom that an attacker derives from these starting nodes, as text; projections left out."""
    with facts(rules, text) as base:
        graph = ground(base, starts)
        solver = Solver(graph)
        solution = solver.solve(solver.starts(starts))
        told = graph.described(np.flatnonzero(np.isfinite(solution.dist)))
        whole = {a.predicate.name: a.predicate.arity for a in graph.atoms if not a.projected}
        return {str(f) for f in told.values() if whole.get(f.predicate) == len(f.terms) and f.predicate != "start"}


def fired(rules: Rulebase, text: str, *starts: str) -> set[str]:
    """The names of the rules that an attacker can apply."""
    with facts(rules, text) as base:
        graph = ground(base, starts)
        solver = Solver(graph)
        solution = solver.solve(solver.starts(starts))
        names = set()
        for at, block in enumerate(graph.blocks):
            for row in range(len(block.heads)):
                instance = int(graph.first[at]) + row
                if all(solution.derives(p) for p in graph.needs(instance)):
                    names.add(block.rule.name)
        return names
