"""Two answers to the same question, before and after: what became of each goal, and of the cut."""

from rich.console import Console
from rich.text import Text

from mithridate import __version__
from mithridate.model.estate import Action, Answer, Difference, GoalAnswer, GoalChange, GoalDifference, GoalState
from mithridate.report.estate import json_v1, words
from mithridate.report.estate.markdown import actions_list
from mithridate.report.estate.terminal import action_lines, shown
from mithridate.report.json_v1 import Json, as_text
from mithridate.report.markdown import code
from mithridate.report.words import count

VERSION = 1
_STYLES = {
    GoalChange.REACHED: "bold red",
    GoalChange.ASSUMED: "yellow",
    GoalChange.CHEAPER: "yellow",
    GoalChange.NOT_REACHED: "green",
    GoalChange.NOT_ASSUMED: "green",
    GoalChange.DEARER: "green",
}
_ORDER = list(GoalChange)


def difference(before: Answer, after: Answer) -> Difference:
    """What changed, goals that became worse first. Actions are the same when they have the same id."""
    old, new = {g.node: g for g in before.goals}, {g.node: g for g in after.goals}
    goals = [_goal(node, old.get(node), new.get(node)) for node in {**old, **new}]
    was, now = _by_id(before), _by_id(after)
    return Difference(
        goals=tuple(sorted(goals, key=lambda g: (_ORDER.index(g.change), g.node))),
        dropped=tuple(a for i, a in was.items() if i not in now),
        added=tuple(a for i, a in now.items() if i not in was),
        kept=tuple(a for i, a in now.items() if i in was),
        cut_before=before.cut.cost,
        cut_after=after.cut.cost,
    )


def render_json(made: Difference) -> str:
    """The document of docs/schema/paths-difference-v1.schema.json, in pure ASCII."""
    return as_text(document(made))


def document(made: Difference) -> dict[str, Json]:
    """The difference as JSON, version 1."""
    return {
        "version": VERSION,
        "tool": {"name": "mithridate", "version": __version__},
        "goals": [
            {
                "node": g.node,
                "change": g.change.value,
                "before": g.before.value if g.before else None,
                "after": g.after.value if g.after else None,
                "cost_before": json_v1.cost(g.cost_before),
                "cost_after": json_v1.cost(g.cost_after),
            }
            for g in made.goals
        ],
        "actions": {
            "dropped": [json_v1.action(a) for a in made.dropped],
            "added": [json_v1.action(a) for a in made.added],
            "kept": [json_v1.action(a) for a in made.kept],
        },
        "cut": {"before": json_v1.cost(made.cut_before), "after": json_v1.cost(made.cut_after)},
    }


def headline(made: Difference) -> str:
    """`1 goal newly reached, 2 no longer reached`, or that nothing changed."""
    counts = [(change, sum(g.change is change for g in made.goals)) for change in _ORDER if change is not GoalChange.SAME]
    told = [f"{count(n, 'goal') if not i else n} {change.value}" for i, (change, n) in enumerate((c, n) for c, n in counts if n)]
    return ", ".join(told) or "Every goal is as before"


def render_markdown(made: Difference) -> str:
    """A page in CommonMark with tables."""
    lines = [
        f"# Attack paths compared: {headline(made)}",
        "",
        "| Goal | Change | Cost before | Cost after |",
        "|---|---|---|---|",
    ]
    for goal in made.goals:
        costs = f"{_cost(goal.before, goal.cost_before)} | {_cost(goal.after, goal.cost_after)}"
        lines.append(f"| {code(goal.node)} | {goal.change.value} | {costs} |")
    lines += ["", f"The cut costs {_cut(made)}."]
    for title, actions in _actions(made):
        lines += ["", f"## {title}", "", *actions_list(actions)]
    return "\n".join(lines) + "\n"


def print_difference(made: Difference, console: Console) -> None:
    """Print what changed; names of the estate are data, never acted on."""
    lines = [(headline(made), "bold")]
    for goal in made.goals:
        costs = f"cost {_cost(goal.before, goal.cost_before)} before, {_cost(goal.after, goal.cost_after)} after"
        lines.append((f"  {goal.change.value}: {shown(goal.node)} ({costs})", _STYLES.get(goal.change, "dim")))
    lines.append((f"the cut costs {_cut(made)}", ""))
    for title, actions in _actions(made):
        lines += [(title, "bold"), *action_lines(actions)]
    for text, style in lines:
        console.print(Text(text, style=style), soft_wrap=True)


def _goal(node: str, before: GoalAnswer | None, after: GoalAnswer | None) -> GoalDifference:
    return GoalDifference(
        node=node,
        change=_change(before, after),
        before=before.state if before else None,
        after=after.state if after else None,
        cost_before=before.cost if before else None,
        cost_after=after.cost if after else None,
    )


def _change(before: GoalAnswer | None, after: GoalAnswer | None) -> GoalChange:
    if before is None:
        return GoalChange.ASKED
    if after is None:
        return GoalChange.NOT_ASKED
    was, now = before.state, after.state
    if was is now:
        return _dearer(before.cost, after.cost)
    if now is GoalState.REACHED:
        return GoalChange.REACHED
    if was is GoalState.REACHED:
        return GoalChange.NOT_REACHED
    return GoalChange.ASSUMED if now is GoalState.ASSUMED else GoalChange.NOT_ASSUMED


def _dearer(before: float | None, after: float | None) -> GoalChange:
    if before is None or after is None or abs(before - after) <= 1e-6 * max(1.0, abs(before)):
        return GoalChange.SAME
    return GoalChange.DEARER if after > before else GoalChange.CHEAPER


def _by_id(answer: Answer) -> dict[str, Action]:
    return {a.id: a for a in answer.cut.actions}


def _actions(made: Difference) -> list[tuple[str, tuple[Action, ...]]]:
    named = (("No longer needed", made.dropped), ("Newly needed", made.added), ("Still needed", made.kept))
    return [(title, actions) for title, actions in named if actions]


def _cost(state: GoalState | None, cost: float | None) -> str:
    return "not asked" if state is None else words.price(cost)


def _cut(made: Difference) -> str:
    return f"{words.cut_price(made.cut_before)} before, {words.cut_price(made.cut_after)} after"
