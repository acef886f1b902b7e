"""What the explorer's page knows: the shown graph with its facts, the paths in it, and which ways each action stops.

Every text of the estate is made visible and short here, so that the page's script only ever handles what a reader may see.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mithridate.model.estate import Action, Answer, AttackGraph, AttackPath, Fact, GoalAnswer, ShownInstance, Step
from mithridate.report.estate import words
from mithridate.report.estate.json_v1 import cost
from mithridate.report.json_v1 import Json
from mithridate.report.visible import shorten, visible

LONGEST = 600
"""Characters of one name or sentence on the page."""
_ZONED = "in_zone"
_REACHED = "reached"
_SOURCES = 5
"""Places cited for one fact."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """Which atoms hold, by the first way found that gives each; None for those that hold from the start."""

    by: Mapping[int, int | None]


def derive(graph: AttackGraph, allowed: Iterable[int]) -> Derivation:
    """What holds when only these ways (places in graph.instances) can be used. Atoms that no shown way gives hold at once."""
    heads = {w.head for w in graph.instances}
    by: dict[int, int | None] = {a.id: None for a in graph.atoms if a.id not in heads}
    uses: dict[int, list[int]] = {}
    missing: dict[int, int] = {}
    for at in allowed:
        needs = set(graph.instances[at].needs)
        missing[at] = len(needs)
        for need in needs:
            uses.setdefault(need, []).append(at)
    ready = [at for at, count in missing.items() if not count]
    new = list(by)
    while new or ready:
        for atom in new:
            for at in uses.get(atom, ()):
                missing[at] -= 1
                if not missing[at]:
                    ready.append(at)
        new = []
        for at in ready:
            head = graph.instances[at].head
            if head not in by:
                by[head] = at
                new.append(head)
        ready = []
    return Derivation(by)


def data(answer: Answer, shown: Sequence[tuple[GoalAnswer, AttackPath]]) -> dict[str, Json]:
    """All that the script is given; `shown` are the paths on the page, in their order. Ways, atoms, nodes and facts name one
    another by their place."""
    graph = answer.graph
    facts: dict[Fact, int] = {}
    for fact in (f for way in graph.instances for f in way.facts):
        facts.setdefault(fact, len(facts))
    for fact in (f for _, path in shown for step in path.steps for f in step.facts):
        facts.setdefault(fact, len(facts))
    atoms = {a.id: i for i, a in enumerate(graph.atoms)}
    told = _told(graph)
    nodes = {name: i for i, name in enumerate(dict.fromkeys(a.node for a in graph.atoms if a.node))}
    return {
        "nodes": _nodes(answer, nodes),
        "atoms": [
            {"text": text(a.text), "node": nodes.get(a.node, -1), "kind": text(a.kind), "cost": cost(a.cost)} for a in graph.atoms
        ],
        "ways": [_way(w, atoms, facts) for w in graph.instances],
        "facts": [_fact(f) for f in facts],
        "paths": [_path(graph, goal, path, facts, told) for goal, path in shown],
        "actions": _actions(answer, graph),
        "leftOut": graph.left_out,
    }


def text(value: str) -> str:
    """A text of the estate as a reader may see it."""
    return visible(shorten(value, LONGEST))


def actions(answer: Answer) -> tuple[Action, ...]:
    """The actions of the cut and of the best changes, each once."""
    return tuple({a.id: a for a in (*answer.cut.actions, *answer.best.actions)}.values())


def _nodes(answer: Answer, nodes: Mapping[str, int]) -> Json:
    goals = {g.node: g.state.value for g in answer.goals}
    zones = {str(f.terms[0]): str(f.terms[1]) for w in answer.graph.instances for f in w.facts if f.predicate == _ZONED}
    return [
        {
            "name": text(name.partition(":")[2] or name),
            "kind": text(name.partition(":")[0]),
            "zone": text(zones.get(name, "")),
            "goal": goals.get(name),
            "start": name in answer.starts,
        }
        for name in nodes
    ]


def _way(way: ShownInstance, atoms: Mapping[int, int], facts: Mapping[Fact, int]) -> Json:
    return {
        "text": text(way.sentence),
        "rule": text(way.rule),
        "pack": text(way.pack),
        "cost": way.cost,
        "confidence": way.confidence,
        "techniques": [text(t) for t in way.techniques],
        "hidden": way.hidden,
        "gives": atoms[way.head],
        "needs": [atoms[n] for n in dict.fromkeys(way.needs)],
        "facts": [facts[f] for f in way.facts],
    }


def _fact(fact: Fact) -> Json:
    places = [text(words.place(e)) for e in fact.evidence if e.confidence]
    more = [f"{len(places) - _SOURCES} more"] if len(places) > _SOURCES else []
    return {"text": text(str(fact)), "how": fact.confidence.word, "places": [*places[:_SOURCES], *more]}


_Told = Mapping[tuple[str, str, str], Sequence[int]]
"""(pack, rule, sentence) to the places of the ways that they tell."""


def _path(graph: AttackGraph, goal: GoalAnswer, path: AttackPath, facts: Mapping[Fact, int], told: _Told) -> Json:
    found = [_place_of(graph, step, told) for step in path.steps]
    steps: list[Json] = [
        {"way": at, "text": text(step.sentence), "facts": [facts[f] for f in step.facts]}
        for at, step in zip(found, path.steps, strict=True)
    ]
    return {"goal": text(goal.node), "steps": steps, "ways": list(_support(graph, goal.node, [f for f in found if f >= 0]))}


def _told(graph: AttackGraph) -> _Told:
    told: dict[tuple[str, str, str], list[int]] = {}
    for at, way in enumerate(graph.instances):
        told.setdefault((way.pack, way.rule, way.sentence), []).append(at)
    return told


def _place_of(graph: AttackGraph, step: Step, told: _Told) -> int:
    """The place of a step among the shown ways; -1 when it was left out."""
    stated = {str(f) for f in step.facts}
    for at in told.get((step.pack, step.rule, step.sentence), ()):
        if {str(f) for f in graph.instances[at].facts} <= stated:
            return at
    return -1


def _support(graph: AttackGraph, goal: str, steps: Sequence[int]) -> list[int]:
    """The ways of a path with the mere consequences between them, from the goal back to the start."""
    hidden = [i for i, way in enumerate(graph.instances) if way.hidden]
    by = derive(graph, (*steps, *hidden)).by
    used = set(steps)
    wanted = [a.id for a in graph.atoms if a.kind == _REACHED and a.node == goal]
    wanted += [n for at in steps for n in graph.instances[at].needs]
    seen: set[int] = set()
    while wanted:
        atom = wanted.pop()
        at = by.get(atom)
        if atom in seen or at is None:
            continue
        seen.add(atom)
        used.add(at)
        wanted += graph.instances[at].needs
    return sorted(used)


def _actions(answer: Answer, graph: AttackGraph) -> Json:
    by_predicate: dict[str, dict[Fact, list[int]]] = {}
    for at, way in enumerate(graph.instances):
        for fact in way.facts:
            by_predicate.setdefault(fact.predicate, {}).setdefault(fact, []).append(at)
    cut = {a.id for a in answer.cut.actions}
    return [
        {"text": text(a.sentence), "cost": a.cost, "cut": a.id in cut, "stops": _stopped(a, by_predicate)}
        for a in actions(answer)
    ]


def _stopped(action: Action, by_predicate: Mapping[str, Mapping[Fact, Sequence[int]]]) -> Json:
    """The ways that an action makes impossible."""
    met = {p.predicate for p in action.takes}
    used = [ways for p in sorted(met) for fact, ways in by_predicate.get(p, {}).items() if action.stops(fact)]
    return list[Json](sorted({at for ways in used for at in ways}))
