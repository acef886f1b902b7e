"""An answer in sentences, the same in every format that people read."""

import math
from collections import Counter
from collections.abc import Iterable

from mithridate.model.estate import (
    Answer,
    AttackPath,
    BestChanges,
    BrokenRecord,
    Confidence,
    Cut,
    Evidence,
    Fact,
    GoalAnswer,
    GoalState,
    Question,
    Reading,
)
from mithridate.report.words import count, percent

STATES = {
    GoalState.REACHED: "can be reached",
    GoalState.ASSUMED: "only by unknown flaws",
    GoalState.UNREACHED: "not reached",
}
"""What is known of a goal, in few words."""

SURE = {
    Confidence.OBSERVED: "observed by a source",
    Confidence.INFERRED: "inferred from what sources say",
    Confidence.ASSUMED: "assumed, stated by no source",
}
"""How well facts are known."""

COSTS = (
    "Costs are effort: 0 is normal use, 1 trivial with public tools, 3 a published exploit, 6 a known flaw without one, "
    "10 hard, 40 a flaw that nobody knows. They rank paths; they are no probabilities."
)

NO_PATH = "Not reached means that the files and the rules give no path; it does not mean that the goal is safe."


def headline(answer: Answer) -> str:
    """`2 of 3 goals can be reached, 1 more only by unknown flaws`."""
    states = Counter(g.state for g in answer.goals)
    reached, assumed = states[GoalState.REACHED], states[GoalState.ASSUMED]
    of = f"{reached or 'None'} of {count(len(answer.goals), 'goal')} can be reached"
    more = " more" if reached else ""
    return of + (f", {assumed}{more} only by unknown flaws" if assumed else "")


def gravest_first(answer: Answer) -> tuple[GoalAnswer, ...]:
    """The goals, reached ones first, the cheapest first among them."""
    order = list(STATES)
    return tuple(sorted(answer.goals, key=lambda g: (order.index(g.state), math.inf if g.cost is None else g.cost, g.node)))


def price(value: float | None) -> str:
    """`5`, `2.5`, `no path` for what cannot be reached."""
    if value is None or not math.isfinite(value):
        return "no path"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def cut_price(value: float) -> str:
    """What a cut costs: `5`, or that none was found in time."""
    return price(value) if math.isfinite(value) else "an unknown amount (none was found in time)"


def goal_sentence(goal: GoalAnswer) -> str:
    """The state of a goal, with what the cheapest path to it takes."""
    if goal.state is GoalState.UNREACHED or not goal.paths:
        return NO_PATH if goal.state is GoalState.UNREACHED else f"{STATES[goal.state].capitalize()}."
    path = goal.paths[0]
    told = f"Cheapest path: {count(len(path.steps), 'step')}, effort {price(path.effort)}, {sureness(path)}"
    return f"{told}. {flaws_sentence(goal)}".strip() if goal.state is GoalState.ASSUMED else f"{told}."


def flaws_sentence(goal: GoalAnswer) -> str:
    """How many unknown flaws it takes."""
    if not goal.flaws:
        return ""
    exact = len(goal.flaws) <= goal.flaws_bound
    least = "fewer are not enough" if exact else f"at least {goal.flaws_bound} are needed"
    return f"It takes {count(len(goal.flaws), 'unknown flaw')}; {least}."


def sureness(path: AttackPath) -> str:
    """`confidence 81.0%`: the product of what the rules claim for themselves."""
    return f"confidence {percent(path.confidence)}"


def cut_sentence(cut: Cut) -> str:
    """What a cut does, costs, and how near to the cheapest it is."""
    if not cut.found:
        least = f"; none costs less than {price(cut.lower_bound)}" if cut.lower_bound > 0 else ""
        return f"No cut was found in the time that was given{least}."
    if not cut.goals and not cut.uncut:
        return "Nothing is reached, so there is nothing to cut."
    if not cut.actions:
        return "No known action protects these goals." if cut.uncut else "There is nothing to cut."
    they = ("protects" if len(cut.actions) == 1 else "protect", "it" if len(cut.goals) == 1 else "them")
    done = f"{count(len(cut.actions), 'action')}, cost {price(cut.cost)}, {they[0]} {goals_word(cut.goals)}:"
    done += f" no path leads to {they[1]} any more."
    if cut.exact:
        return f"{done} No cheaper set exists."
    return f"{done} No set costs less than {price(cut.lower_bound)}; this one may be {percent(cut.gap)} dearer than need be."


def best_title(question: Question) -> str:
    """What the best changes are called: they are few, or within a budget."""
    return f"The best changes for at most {price(question.budget)}" if math.isfinite(question.budget) else "The best few changes"


def best_sentence(best: BestChanges) -> str:
    """What the best few actions give."""
    if not best.actions:
        return "No such actions change what is reached."
    sure = "" if best.exact else " A better set may exist; the search ended at its time."
    done = f"{count(len(best.actions), 'action')}, cost {price(best.cost)}"
    if best.protected:
        return f"{done}: {goals_word(best.protected)} {'is' if len(best.protected) == 1 else 'are'} no longer reached.{sure}"
    return f"{done}: every goal stays within reach, but at a higher cost.{sure}"


def goals_word(goals: tuple[str, ...]) -> str:
    """`1 goal`, `3 goals`."""
    return count(len(goals), "goal")


def place(evidence: Evidence | BrokenRecord) -> str:
    """`scan.xml:12`, or the file alone."""
    return f"{evidence.source}:{evidence.place}" if evidence.place else evidence.source


def cited(fact: Fact) -> str:
    """A fact's confidence and every place that states it: `observed in scan.xml:12, hosts.csv:3`."""
    if fact.confidence is Confidence.ASSUMED:
        return "assumed"
    return f"{fact.confidence.word} in {', '.join(place(e) for e in fact.evidence) or 'no file'}"


def assumptions(answer: Answer) -> tuple[str, ...]:
    """The assumed facts of all shown paths and flaws, each once."""
    paths = [f for g in answer.goals for p in g.paths for f in p.assumed]
    flaws = [f for g in answer.goals for f in g.flaws or ()]
    return tuple(dict.fromkeys(str(f) for f in (*paths, *flaws)))


def known(answer: Answer) -> dict[Confidence, int]:
    """How many different facts of the cheapest paths are known how well, the best first."""
    facts = {str(f): f.confidence for g in answer.goals for p in g.paths[:1] for s in p.steps for f in s.facts}
    counted = Counter(facts.values())
    return {how: counted[how] for how in sorted(Confidence, reverse=True) if counted[how]}


def kinds(reached: Iterable[tuple[str, int]]) -> str:
    """`2 host nodes, 1 data node`."""
    return ", ".join(count(n, f"{kind} node") for kind, n in reached) or "nothing"


def passed_over(readings: Iterable[Reading]) -> int:
    """How many records were not understood."""
    return sum(r.passed_over for r in readings)
