"""The answer in the terminal: tables where a person watches, plain lines where a pipe or a log does."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mithridate.model.estate import Action, Answer, AttackPath, GoalAnswer, GoalState
from mithridate.report.estate import words
from mithridate.report.estate.joining import joining
from mithridate.report.visible import shorten, visible
from mithridate.report.words import count

_STYLES = {GoalState.REACHED: "bold red", GoalState.ASSUMED: "yellow", GoalState.UNREACHED: "green"}
_LONGEST = 300
_MOST = 20
"""Goals and actions shown; the report has all."""
_FEW = 5
"""Of what several files tell together."""

Line = tuple[str, str]
"""Text and its style."""


def print_answer(answer: Answer, console: Console) -> None:
    """Print the goals, the cheapest path to each, the cut, the best changes and what was passed over. Names of the estate are
    data, never acted on."""
    _line(console, words.headline(answer), "bold")
    goals = words.gravest_first(answer)[:_MOST]
    if console.is_terminal:
        console.print(_table(goals))
    for goal in () if console.is_terminal else goals:
        cost = words.price(goal.cost)
        _line(console, f"goal  {words.STATES[goal.state]}  {'cost ' * (goal.cost is not None)}{cost}  {shown(goal.node)}")
    for goal in goals:
        for text, style in _path_lines(goal):
            _line(console, text, style)
    for text, style in (*_left(len(answer.goals), "goal"), *_cut(answer), *_best(answer), *_closing(answer)):
        _line(console, text, style)


def shown(text: str) -> str:
    """A name or a sentence of the estate on one line."""
    return visible(shorten(text, _LONGEST))


def action_lines(actions: tuple[Action, ...], mark: str = "-") -> Iterator[Line]:
    """One line for each action, with its cost."""
    for action in actions[:_MOST]:
        yield f"  {mark} {shown(action.sentence)} (cost {words.price(action.cost)})", ""
    yield from _left(len(actions), "action")


def _table(goals: tuple[GoalAnswer, ...]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("State", no_wrap=True)
    table.add_column("Cost", no_wrap=True, justify="right")
    table.add_column("Goal", overflow="fold")
    for goal in goals:
        state = Text(words.STATES[goal.state], style=_STYLES[goal.state])
        table.add_row(state, words.price(goal.cost), Text(shown(goal.node)))
    return table


def _path_lines(goal: GoalAnswer) -> Iterator[Line]:
    if not goal.paths:
        return
    yield "", ""
    yield f"{shown(goal.node)}: {words.goal_sentence(goal)}", "bold"
    yield from _steps(goal.paths[0])


def _steps(path: AttackPath) -> Iterator[Line]:
    for number, step in enumerate(path.steps, start=1):
        marks = f" [{', '.join(map(shown, step.techniques))}]" if step.techniques else ""
        yield f"  {number}. {shown(step.sentence)} (cost {words.price(step.cost)}){marks}", ""
        for fact in step.facts:
            yield f"     {shown(str(fact))}: {shown(words.cited(fact))}", "dim"


def _cut(answer: Answer) -> Iterator[Line]:
    yield "", ""
    yield f"The cut: {words.cut_sentence(answer.cut)}", "bold"
    yield from action_lines(answer.cut.actions)
    for goal in answer.cut.uncut[:_MOST]:
        yield f"  ! no action protects {shown(goal)}", "yellow"


def _best(answer: Answer) -> Iterator[Line]:
    yield "", ""
    yield f"{words.best_title(answer.question)}: {words.best_sentence(answer.best)}", "bold"
    yield from action_lines(answer.best.actions)
    for node, before, after in answer.best.costs[:_MOST]:
        if before != after:
            yield f"  {shown(node)}: cost {words.price(before)} before, {words.price(after)} after", "dim"


def _closing(answer: Answer) -> Iterator[Line]:
    yield "", ""
    if answer.taken:
        yield f"taken as done or as not so: {'; '.join(map(shown, answer.taken[:_MOST]))}", "dim"
    for blast in answer.blasts:
        yield f"whoever holds {shown(blast.node)} reaches {shown(words.kinds(blast.reached))}", "dim"
    for reading in answer.summary.readings:
        if reading.passed_over:
            broken = f" ({shown(words.place(reading.broken[0]))}: {shown(reading.broken[0].reason)})" if reading.broken else ""
            yield f"{shown(reading.source)}: {count(reading.passed_over, 'record')} passed over{broken}", "yellow"
    for told in joining(answer.summary):
        yield told.sentence, "dim"
        yield from ((f"  - {shown(thing)}", "dim") for thing in told.things[:_FEW])
        if told.total > _FEW:
            yield f"  … {told.total - min(_FEW, len(told.things)):,} more, see paths.json", "dim"
    facts = sum(n for _, n in answer.summary.facts)
    files = count(len(answer.summary.readings), "file")
    yield f"{count(facts, 'fact')} from {files}, packs {', '.join(map(shown, answer.summary.packs))}", "dim"


def _left(total: int, noun: str) -> Iterator[Line]:
    if total > _MOST:
        yield f"  … {count(total - _MOST, f'more {noun}')}, see the report", "dim"


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style), soft_wrap=True)
