"""Derivations as people read them: steps with a sentence, what each builds on, and the facts behind it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from mithridate.estate.hypergraph import Hypergraph
from mithridate.estate.rules.terms import Variable
from mithridate.estate.shown import shown_part
from mithridate.estate.solver import Solution
from mithridate.model.estate import AttackGraph, AttackPath, Fact, Proof, ProofStep, ShownAtom, ShownInstance, Step, Term

_BRACES = re.compile(r"\{([^{}]*)\}")


def attack_path(
    graph: Hypergraph, goal: str, cost: float, instances: Sequence[int], telling: "Telling | None" = None
) -> AttackPath:
    """A derivation (instances in order, as Solver.derivation gives) as a path to the node `goal`.

    Hidden steps are left out; what they rest on goes to the steps that need them. `telling` knows the instances of many paths.
    """
    telling = telling or Telling(graph, instances)
    steps: list[Step] = []
    shown: dict[int, int] = {}
    behind: dict[int, tuple[frozenset[int], dict[str, Fact]]] = {}
    confidence = effort = 0.0
    for instance in instances:
        block, _ = graph.block_of(instance)
        needs: set[int] = set()
        facts: dict[str, Fact] = {}
        for premise in graph.needs(instance):
            if premise in shown:
                needs.add(shown[premise])
            elif premise in behind:
                needs |= behind[premise][0]
                facts |= behind[premise][1]
        facts |= {str(f): f for f in telling.facts(instance)}
        head = int(graph.heads[instance])
        effort += float(graph.costs[instance])
        if block.rule.hidden:
            behind[head] = frozenset(needs), facts
            continue
        shown[head] = len(steps)
        steps.append(
            Step(
                rule=block.rule.name,
                pack=block.rule.pack,
                sentence=telling.sentence(instance),
                gives=telling.atom(head),
                cost=float(graph.costs[instance]),
                confidence=block.rule.confidence,
                techniques=block.rule.techniques,
                needs=tuple(sorted(needs)),
                facts=tuple(facts.values()),
            )
        )
    confidence = 1.0
    for step in steps:
        confidence *= step.confidence
    return AttackPath(goal=goal, cost=cost, effort=effort, confidence=confidence, steps=tuple(steps))


def proof(graph: Hypergraph, goal: str, instances: Sequence[int], actions: Sequence[str], telling: "Telling") -> Proof:
    """A derivation as a certificate has it: every step, hidden or not, with all that it needs."""
    steps = []
    for instance in instances:
        block, _ = graph.block_of(instance)
        steps.append(
            ProofStep(
                rule=block.rule.name,
                pack=block.rule.pack,
                gives=telling.atom(int(graph.heads[instance])),
                needs=tuple(telling.atom(p) for p in graph.needs(instance)),
                facts=tuple(replace(f, evidence=()) for f in telling.facts(instance)),
            )
        )
    return Proof(goal=goal, steps=tuple(steps), actions=tuple(sorted(actions)))


def shown_graph(
    graph: Hypergraph, solution: Solution, instances: npt.NDArray[np.int64], goals: Iterable[int], most: int
) -> AttackGraph:
    """The instances that lead to the goals (atoms), the cheapest first, about `most` of them."""
    chosen = shown_part(graph, solution, instances, goals, most)
    telling = Telling(graph, chosen)
    atoms = {a for i in chosen for a in (int(graph.heads[i]), *graph.needs(i))}
    shown = []
    for atom in sorted(atoms):
        fact = telling.atom(atom)
        node = next((str(t) for t in fact.terms if isinstance(t, str) and ":" in t), "")
        cost = float(solution.dist[atom])
        shown.append(ShownAtom(id=atom, text=telling.told(atom), node=node, kind=fact.predicate, cost=cost))
    return AttackGraph(
        atoms=tuple(shown),
        instances=tuple(
            ShownInstance(
                id=i,
                rule=block.rule.name,
                pack=block.rule.pack,
                sentence=telling.sentence(i),
                cost=float(graph.costs[i]),
                confidence=block.rule.confidence,
                techniques=block.rule.techniques,
                hidden=block.rule.hidden,
                head=int(graph.heads[i]),
                needs=tuple(graph.needs(i)),
                facts=tuple(telling.facts(i)),
            )
            for i, block in ((i, graph.block_of(i)[0]) for i in chosen)
        ),
        left_out=len(instances) - len(chosen),
    )


class Telling:
    """Looks up in a few queries what many instances are about."""

    def __init__(self, graph: Hypergraph, instances: Iterable[int]) -> None:
        self._graph = graph
        wanted: dict[str, set[int]] = {}
        atoms: set[int] = set()
        for instance in instances:
            block, row = graph.block_of(instance)
            for predicate, rid in zip(block.stated, block.facts[row], strict=True):
                wanted.setdefault(predicate, set()).add(int(rid))
            atoms.add(int(graph.heads[instance]))
            atoms.update(graph.needs(instance))
        self._facts = {name: graph.base.rows(name, sorted(rows)) for name, rows in wanted.items()}
        self._atoms = graph.described(atoms)

    def atom(self, number: int) -> Fact:
        """An atom as a fact."""
        return self._atoms[number]

    def told(self, number: int) -> str:
        """The sentence of an atom."""
        fact = self._atoms[number]
        declared = self._graph.base.rules.predicates[fact.predicate]
        if len(fact.terms) != declared.arity or not declared.sentence:
            return str(fact)
        return _BRACES.sub(lambda found: str(fact.terms[int(found[1])]), declared.sentence)

    def facts(self, instance: int) -> list[Fact]:
        """The stated facts that an instance uses."""
        block, row = self._graph.block_of(instance)
        return [self._facts[name][int(rid)] for name, rid in zip(block.stated, block.facts[row], strict=True)]

    def sentence(self, instance: int) -> str:
        """What an instance does."""
        block, _ = self._graph.block_of(instance)
        bound = self._variables(instance)
        return _BRACES.sub(lambda found: str(bound.get(found[1], found[0])), block.rule.sentence)

    def _variables(self, instance: int) -> Mapping[str, Term]:
        block, _ = self._graph.block_of(instance)
        terms = [f.terms for f in self.facts(instance)]
        terms += [self._atoms[p].terms for p in self._graph.needs(instance)]
        bound: dict[str, Term] = {}
        for atom, row in zip(block.body, terms, strict=True):
            bound |= {a.name: t for a, t in zip(atom.arguments, row, strict=True) if isinstance(a, Variable)}
        return bound
