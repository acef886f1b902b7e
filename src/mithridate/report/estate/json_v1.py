"""paths.json, version 1: a public interface, described by docs/schema/paths-v1.schema.json.

Every field is mapped by hand, so that renaming something inside never changes what others read.
"""

import math
from collections.abc import Iterable

from mithridate import __version__
from mithridate.model.estate import (
    Action,
    Answer,
    AttackGraph,
    AttackPath,
    BestChanges,
    Blast,
    Cut,
    EstateSummary,
    Evidence,
    Fact,
    GoalAnswer,
    Identity,
    Matching,
    Question,
    Reading,
    ShownInstance,
    Step,
)
from mithridate.report.estate import certificate
from mithridate.report.json_v1 import Json, as_text

VERSION = 1


def render(answer: Answer) -> str:
    """The document, in pure ASCII so that no terminal acts on what stands in an estate's names."""
    return as_text(document(answer))


def document(answer: Answer) -> dict[str, Json]:
    """The answer as the JSON document of version 1."""
    return {
        "version": VERSION,
        "tool": {"name": "mithridate", "version": __version__},
        "question": _question(answer.question),
        "starts": list(answer.starts),
        "taken": list(answer.taken),
        "goals": [_goal(g) for g in answer.goals],
        "reached": _counts(answer.reached, "kind"),
        "cut": _cut(answer.cut),
        "best_changes": _best(answer.best),
        "blast": [_blast(b) for b in answer.blasts],
        "graph": _graph(answer.graph),
        "summary": _summary(answer.summary),
        "seconds": [{"what": what, "seconds": round(seconds, 3)} for what, seconds in answer.seconds],
    }


def action(made: Action) -> Json:
    """One thing that a defender can do."""
    return {
        "id": made.id,
        "kind": made.kind,
        "sentence": made.sentence,
        "cost": made.cost,
        "removes": made.removes,
        "takes": [{"predicate": f.predicate, "terms": list(f.terms)} for f in made.takes],
    }


def cost(value: float | None) -> float | None:
    """A cost; None for what cannot be had at any."""
    return value if value is not None and math.isfinite(value) else None


def _question(asked: Question) -> Json:
    return {
        "starts": list(asked.starts),
        "goals": list(asked.goals),
        "paths": asked.paths,
        "changes": asked.changes,
        "budget": cost(asked.budget),
        "without": list(asked.without),
        "blast": list(asked.blast),
        "assume": asked.assume,
        "seconds": asked.seconds,
    }


def _goal(goal: GoalAnswer) -> Json:
    return {
        "node": goal.node,
        "state": goal.state.value,
        "cost": cost(goal.cost),
        "unknown_flaws": None if goal.flaws is None else [_fact(f) for f in goal.flaws],
        "unknown_flaws_at_least": goal.flaws_bound,
        "paths": [_path(p) for p in goal.paths],
    }


def _path(path: AttackPath) -> Json:
    return {
        "cost": path.cost,
        "effort": path.effort,
        "confidence": path.confidence,
        "assumed": [_fact(f) for f in path.assumed],
        "steps": [_step(s) for s in path.steps],
    }


def _step(step: Step) -> Json:
    return {
        "sentence": step.sentence,
        "rule": step.rule,
        "pack": step.pack,
        "gives": {"predicate": step.gives.predicate, "terms": list(step.gives.terms)},
        "cost": step.cost,
        "confidence": step.confidence,
        "attack": list(step.techniques),
        "needs": list(step.needs),
        "facts": [_fact(f) for f in step.facts],
    }


def _fact(fact: Fact) -> Json:
    return {
        "predicate": fact.predicate,
        "terms": list(fact.terms),
        "confidence": fact.confidence.word,
        "evidence": _evidence(fact.evidence),
    }


def _evidence(evidence: Iterable[Evidence]) -> Json:
    return [{"source": e.source, "place": e.place or None, "confidence": e.confidence.word} for e in evidence]


def _cut(cut: Cut) -> Json:
    return {
        "goals": list(cut.goals),
        "actions": [action(a) for a in cut.actions],
        "cost": cost(cut.cost),
        "lower_bound": cut.lower_bound,
        "exact": cut.exact,
        "gap": cut.gap,
        "uncut": list(cut.uncut),
        "certificate": certificate.document(cut.certificate) if cut.certificate else None,
    }


def _best(best: BestChanges) -> Json:
    return {
        "actions": [action(a) for a in best.actions],
        "cost": best.cost,
        "protected": list(best.protected),
        "goals": [{"node": node, "before": cost(before), "after": cost(after)} for node, before, after in best.costs],
        "exact": best.exact,
    }


def _blast(blast: Blast) -> Json:
    return {
        "node": blast.node,
        "reached": _counts(blast.reached, "kind"),
        "goals": list(blast.goals),
        "nearest": [{"node": node, "cost": cost(value)} for node, value in blast.nearest],
    }


def _graph(graph: AttackGraph) -> Json:
    """Facts that many ways rest on stand once, in "facts"; a way names their places there."""
    known: dict[Fact, int] = {}
    for way in graph.instances:
        for fact in way.facts:
            known.setdefault(fact, len(known))
    return {
        "atoms": [
            {"id": a.id, "text": a.text, "node": a.node or None, "kind": a.kind, "cost": cost(a.cost)} for a in graph.atoms
        ],
        "ways": [_way(w, known) for w in graph.instances],
        "facts": [_fact(f) for f in known],
        "left_out": graph.left_out,
    }


def _way(way: ShownInstance, known: dict[Fact, int]) -> Json:
    return {
        "id": way.id,
        "sentence": way.sentence,
        "rule": way.rule,
        "pack": way.pack,
        "cost": way.cost,
        "confidence": way.confidence,
        "attack": list(way.techniques),
        "hidden": way.hidden,
        "gives": way.head,
        "needs": list(way.needs),
        "facts": [known[f] for f in way.facts],
    }


def _summary(summary: EstateSummary) -> Json:
    return {
        "readings": [_reading(r) for r in summary.readings],
        "facts": _counts(summary.facts, "predicate"),
        "nodes": _counts(summary.nodes, "kind"),
        "atoms": summary.atoms,
        "instances": summary.instances,
        "packs": list(summary.packs),
        "identity": _identity(summary.identity),
        "matching": _matching(summary.matching),
    }


def _identity(identity: Identity) -> Json:
    return {
        "merged": identity.merged,
        "merges": [
            {
                "node": m.node,
                "names": list(m.names),
                "more": m.more,
                "by": [{"kind": kind, "value": value} for kind, value in m.by],
                "sentence": m.sentence,
                "evidence": _evidence(m.evidence),
            }
            for m in identity.merges
        ],
        "conflicting": identity.conflicting,
        "conflicts": [
            {
                "nodes": list(c.nodes),
                "more": c.more,
                "kind": c.kind,
                "value": c.value,
                "differ": c.differ,
                "sentence": c.sentence,
                "evidence": _evidence(c.evidence),
            }
            for c in identity.conflicts
        ],
    }


def _matching(matching: Matching) -> Json:
    return {
        "decided": matching.decided,
        "kept": matching.kept,
        "decisions": [
            {
                "vulnerability": d.vulnerability,
                "software": d.software,
                "kept": d.kept,
                "reason": d.reason,
                "hosts": d.hosts,
                "evidence": _evidence(d.evidence),
            }
            for d in matching.decisions
        ],
        "undecided": matching.undecided,
        "incomparable": list(matching.incomparable),
        "mended": list(matching.gone),
    }


def _reading(reading: Reading) -> Json:
    return {
        "source": reading.source,
        "reader": reading.reader,
        "records": reading.records,
        "facts": reading.facts,
        "passed_over": reading.passed_over,
        "broken": [{"source": b.source, "place": b.place or None, "reason": b.reason} for b in reading.broken],
    }


def _counts(pairs: Iterable[tuple[str, int]], name: str) -> Json:
    return [{name: key, "count": count} for key, count in pairs]
