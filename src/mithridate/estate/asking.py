"""A question to an estate, from facts to the answer."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from mithridate.estate.actions import Actions
from mithridate.estate.alternatives import Alternatives, to_graph
from mithridate.estate.budget import best_set
from mithridate.estate.core import Core
from mithridate.estate.cuts import Separation, separate
from mithridate.estate.distance import Distance, Distances
from mithridate.estate.facts import FactBase
from mithridate.estate.ground import ground
from mithridate.estate.hypergraph import Hypergraph, Ints
from mithridate.estate.paths import Telling, attack_path, proof, shown_graph
from mithridate.estate.removal import Removal
from mithridate.estate.solver import REACHED, Mask, Solution, Solver
from mithridate.model.errors import UsageError
from mithridate.model.estate import (
    Action,
    Answer,
    BestChanges,
    Blast,
    Certificate,
    Cut,
    EstateSummary,
    GoalAnswer,
    GoalState,
    Identity,
    Matching,
    Question,
    Reading,
)

TAG = "tag:"
_SHOWN = 3000
"""Instances of the shown graph."""
_NEAREST = 100
_MOST_PROOFS = 2000
_LIST = "mithridate paths FILES, with neither --from nor --to, lists kinds and tags"


@dataclass(frozen=True, slots=True)
class _View:
    """A solution and the part of the graph that leads to the goals."""

    solution: Solution
    core: Core
    blocked: Mask


class _Told:
    """Actions as people read them, each looked up once."""

    def __init__(self, actions: Actions) -> None:
        self.actions = actions
        self._known: dict[int, Action] = {}

    def one(self, number: int) -> Action:
        if number not in self._known:
            self._known[number] = self.actions.told(number)
        return self._known[number]

    def sorted(self, numbers: Iterable[int]) -> tuple[Action, ...]:
        return tuple(sorted((self.one(n) for n in numbers), key=lambda a: (a.kind, a.sentence)))


class _Clock:
    """How long each stage took."""

    def __init__(self) -> None:
        self.seconds: list[tuple[str, float]] = []

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.seconds.append((what, time.monotonic() - started))


class Estate:
    """Frozen facts and what rules make of them; answers questions. Grounding is done once, whatever is asked."""

    def __init__(
        self,
        base: FactBase,
        readings: Sequence[Reading] = (),
        starts: Sequence[str] = (),
        *,
        identity: Identity | None = None,
        matching: Matching | None = None,
    ) -> None:
        self.base = base
        self.readings = tuple(readings)
        self._identity = replace(identity or Identity(), same={})
        self._matching = matching or Matching()
        clock = _Clock()
        with clock.timed("ground"):
            self.graph: Hypergraph = ground(base, [n for start in starts for n in self.nodes(start)])
        with clock.timed("index"):
            self.solver = Solver(self.graph)
        self._once = tuple(clock.seconds)

    def nodes(self, name: str) -> list[str]:
        """The nodes that a word of a question means: itself, or all that carry a tag, in order."""
        if not name.startswith(TAG):
            return [name]
        number = self.base.symbol(name.removeprefix(TAG))
        predicate = self.base.rules.predicates["tag"]
        rows = self.base.db.execute(f"SELECT a0 FROM {self.base.table(predicate)} WHERE a1 = {number}").fetchall()
        return sorted(self.base.names(int(row[0]) for row in rows).values())

    def tags(self) -> list[tuple[str, int]]:
        """Every tag, and how many nodes carry it."""
        predicate = self.base.rules.predicates["tag"]
        rows = self.base.db.execute(f"SELECT a1, count(*) FROM {self.base.table(predicate)} GROUP BY a1").fetchall()
        names = self.base.names(int(row[0]) for row in rows)
        return sorted((names[int(row[0])], int(row[1])) for row in rows)

    def ask(self, question: Question) -> Answer:
        """UsageError for a start or a goal that the estate does not know, or an action that is none."""
        starts = self._known(question.starts, "start")
        goals = self._known(question.goals, "goal")
        clock = _Clock()
        removal = Removal(self.graph, question.without)
        atoms = self.solver.goals(goals)
        with clock.timed("solve"):
            stated, everything = self._views(self.solver.starts(starts), atoms, removal.blocked)
        view = everything if question.assume else stated
        core = view.core
        with clock.timed("actions"):
            actions = Actions(core)
        with clock.timed("paths"):
            answers = self._answers(question, goals, atoms, stated, everything)
        with clock.timed("cut"):
            cut = self._cut(question, starts, goals, atoms, core, actions)
        with clock.timed("changes"):
            best = self._best(question, goals, atoms, core, actions)
        with clock.timed("blast"):
            blasts = tuple(self._blast(node, goals, view.blocked) for node in question.blast)
        with clock.timed("graph"):
            shown = everything if everything.core.instances <= _SHOWN else view
            graph = shown_graph(self.graph, shown.solution, shown.core.original, atoms.tolist(), _SHOWN)
        return Answer(
            question=question,
            summary=self.summary(),
            starts=tuple(starts),
            goals=answers,
            reached=self._reached(view.solution),
            cut=cut,
            best=best,
            blasts=blasts,
            graph=graph,
            taken=removal.told,
            seconds=(*self._once, *clock.seconds),
        )

    def summary(self) -> EstateSummary:
        """What was read, and how large it became."""
        stated = [(p.name, self.base.facts(p.name)) for p in self.base.rules.predicates.values() if p.stated]
        return EstateSummary(
            readings=self.readings,
            facts=tuple((name, count) for name, count in stated if count),
            nodes=self.base.nodes(),
            atoms=self.graph.size,
            instances=self.graph.instances,
            packs=tuple(p.name for p in self.base.rules.packs),
            identity=self._identity,
            matching=self._matching,
        )

    def _known(self, names: Sequence[str], what: str) -> list[str]:
        found = sorted({node for name in names for node in self.nodes(name)})
        if not found:
            raise UsageError(f"the estate has no {what} {' or '.join(names)}", hint=_LIST)
        if unknown := [node for node in found if self.base.symbol(node) < 0]:
            raise UsageError(f"the estate knows no node {unknown[0]}", hint=_LIST)
        return found

    def _views(self, true: Ints, goals: Ints, blocked: Mask) -> tuple[_View, _View]:
        """The estate as it is stated, and with every flaw that may be assumed."""
        assumed = self.graph.assuming()
        without = np.maximum(blocked, assumed) if len(blocked) else assumed
        return self._view(true, goals, without), self._view(true, goals, blocked)

    def _view(self, true: Ints, goals: Ints, blocked: Mask) -> _View:
        solution = self.solver.solve(true, blocked)
        derived = np.array([g for g in goals if solution.derives(int(g))], dtype=np.int32)
        core = Core(self.graph, self.solver.relevant(solution, derived, blocked), true, derived)
        return _View(solution, core, blocked)

    def _answers(
        self, question: Question, goals: Sequence[str], atoms: Ints, stated: _View, everything: _View
    ) -> tuple[GoalAnswer, ...]:
        known, all_ways = Alternatives(stated.core), Alternatives(everything.core)
        distances = Distances(everything.core)
        share = question.seconds / 2 / max(1, len(everything.core.goals))
        found: dict[int, list[tuple[float, list[int]]]] = {}
        for number in atoms:
            atom = int(number)
            if everything.solution.derives(atom):
                view, alternatives = (stated, known) if stated.solution.derives(atom) else (everything, all_ways)
                ways = alternatives.of(view.core.own(atom), question.paths, share)
                found[atom] = [(cost, to_graph(view.core, derivation)) for cost, derivation in ways]
        telling = Telling(self.graph, {i for ways in found.values() for _, way in ways for i in way})
        answers = []
        for node, number in zip(goals, atoms, strict=True):
            atom = int(number)
            if atom not in found:
                state = GoalState.UNREACHED
                answers.append(GoalAnswer(node=node, state=state, cost=None, paths=(), flaws=None, flaws_bound=0))
                continue
            reached = stated.solution.derives(atom)
            distance = Distance((), 0) if reached else distances.of(everything.core.own(atom), share)
            answers.append(
                GoalAnswer(
                    node=node,
                    state=GoalState.REACHED if reached else GoalState.ASSUMED,
                    cost=found[atom][0][0],
                    paths=tuple(attack_path(self.graph, node, cost, way, telling) for cost, way in found[atom]),
                    flaws=distance.assumed,
                    flaws_bound=distance.bound,
                )
            )
        return tuple(answers)

    def _cut(
        self, question: Question, starts: Sequence[str], goals: Sequence[str], atoms: Ints, core: Core, actions: Actions
    ) -> Cut:
        found = separate(core, actions, question.seconds)
        told = _Told(actions)
        names = {core.own(int(a)): node for node, a in zip(goals, atoms, strict=True) if core.has(int(a))}
        return Cut(
            goals=tuple(n for a, n in names.items() if a not in found.uncut) if found.found else (),
            actions=told.sorted(found.chosen),
            cost=found.cost,
            lower_bound=found.bound,
            uncut=tuple(names[a] for a in found.uncut),
            certificate=self._certificate(question, starts, names, core, told, found),
        )

    def _certificate(
        self, question: Question, starts: Sequence[str], names: dict[int, str], core: Core, told: _Told, found: Separation
    ) -> Certificate | None:
        """None when there is no cut, or when there are more proofs than anybody would check."""
        if not found.found or len(found.proofs) > _MOST_PROOFS:
            return None
        met = [(p, sorted(told.actions.of_all(p))) for p in found.proofs]
        derivations = [to_graph(core, p) for p, _ in met]
        telling = Telling(self.graph, {i for derivation in derivations for i in derivation})
        proofs = [
            proof(self.graph, names[int(core.heads[p[-1]])], derivation, [told.one(a).key for a in those], telling)
            for derivation, (p, those) in zip(derivations, met, strict=True)
        ]
        named = sorted({a for _, those in met for a in those})
        return Certificate(
            starts=tuple(starts),
            goals=tuple(n for a, n in names.items() if a not in found.uncut),
            actions=told.sorted(found.chosen),
            lower_bound=found.bound,
            without=question.without,
            assume=question.assume,
            proofs=tuple(proofs),
            prices=tuple((told.one(a).key, told.one(a).cost) for a in named),
        )

    def _best(self, question: Question, goals: Sequence[str], atoms: Ints, core: Core, actions: Actions) -> BestChanges:
        found = best_set(core, actions, most=question.changes, budget=question.budget, seconds=question.seconds)
        nothing = np.empty(0, dtype=np.uint8)
        before, after = core.solve(nothing).dist, core.solve(actions.blocked(found.chosen)).dist
        named = [(node, core.own(int(a))) for node, a in zip(goals, atoms, strict=True) if core.has(int(a))]
        names = {a: node for node, a in named}
        return BestChanges(
            actions=_Told(actions).sorted(found.chosen),
            cost=found.cost,
            protected=tuple(names[a] for a in found.protected),
            costs=tuple((node, _finite(before[a]), _finite(after[a])) for node, a in named),
            exact=found.exact,
        )

    def _blast(self, node: str, goals: Sequence[str], blocked: Mask) -> Blast:
        (name,) = self._known([node], "node")
        solution = self.solver.solve(self.solver.starts([name]), blocked)
        near = self._nodes_reached(solution, _NEAREST)
        hit = [g for g, a in zip(goals, self.solver.goals(goals), strict=True) if solution.derives(int(a))]
        return Blast(node=name, reached=self._reached(solution), goals=tuple(hit), nearest=tuple(near))

    def _reached(self, solution: Solution) -> tuple[tuple[str, int], ...]:
        """How many nodes of each kind are reached."""
        atoms = self.graph.atoms_of(REACHED)
        if atoms is None:
            return ()
        reached = np.flatnonzero(np.isfinite(solution.dist[atoms.first : atoms.first + atoms.size])) + atoms.first
        return self.graph.kinds(atoms, reached)

    def _nodes_reached(self, solution: Solution, most: int) -> list[tuple[str, float]]:
        atoms = self.graph.atoms_of(REACHED)
        if atoms is None:
            return []
        dist = solution.dist[atoms.first : atoms.first + atoms.size]
        order = np.argsort(dist, kind="stable")[:most]
        near = [int(i) + atoms.first for i in order if np.isfinite(dist[i])]
        facts = self.graph.described(near)
        return [(str(facts[a].terms[0]), float(solution.dist[a])) for a in near]


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
