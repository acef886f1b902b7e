"""paths.md: one page for the board. What can happen, how, what to do first, what we assumed, how sure we are.

Names of the estate are written so that no Markdown reader makes a link, an image, HTML or a table of them.
"""

from collections.abc import Iterator

from mithridate import __version__
from mithridate.model.estate import Action, Answer, GoalAnswer, GoalState, Step
from mithridate.report.estate import words
from mithridate.report.estate.joining import joining
from mithridate.report.markdown import code, plain
from mithridate.report.words import count

_MOST = 10
"""Goals, actions and assumptions on the page; paths.json has all."""


def render(answer: Answer) -> str:
    """The page, in CommonMark with tables."""
    return "\n".join(_page(answer)).rstrip() + "\n"


def actions_list(actions: tuple[Action, ...]) -> Iterator[str]:
    """Actions with their cost."""
    for action in actions[:_MOST]:
        yield f"- {plain(action.sentence)} (cost {words.price(action.cost)})"
    yield from more(len(actions), "action")


def more(total: int, noun: str) -> Iterator[str]:
    """A line about what does not fit on the page."""
    if total > _MOST:
        yield f"- … {count(total - _MOST, f'more {noun}')}"


def _page(answer: Answer) -> Iterator[str]:
    yield from (f"# Attack paths: {words.headline(answer)}", "")
    yield from _what(answer)
    yield from _how(answer)
    yield from _first(answer)
    yield from _assumed(answer)
    yield from _sure(answer)
    yield from ("", f"Mithridate {__version__}")


def _what(answer: Answer) -> Iterator[str]:
    starts = ", ".join(code(s) for s in answer.starts[:_MOST]) + ("…" if len(answer.starts) > _MOST else "")
    yield from ("## What can happen", "", f"An attacker who starts at {starts}:", "")
    yield from ("| Goal | State | Cost | Steps |", "|---|---|---|---|")
    for goal in words.gravest_first(answer)[:_MOST]:
        steps = len(goal.paths[0].steps) if goal.paths else ""
        yield f"| {code(goal.node)} | {words.STATES[goal.state]} | {words.price(goal.cost)} | {steps} |"
    yield ""
    if len(answer.goals) > _MOST:
        yield from (f"{count(len(answer.goals) - _MOST, 'more goal')} in paths.json.", "")
    if any(g.state is GoalState.UNREACHED for g in answer.goals):
        yield from (words.NO_PATH, "")
    for blast in answer.blasts:
        yield from (f"Whoever holds {code(blast.node)} reaches {plain(words.kinds(blast.reached))}.", "")


def _how(answer: Answer) -> Iterator[str]:
    shown = [g for g in words.gravest_first(answer) if g.paths][:_MOST]
    if shown:
        yield from ("## How", "")
    for goal in shown:
        yield from _path(goal)


def _path(goal: GoalAnswer) -> Iterator[str]:
    yield from (f"### {plain(goal.node)}", "", words.goal_sentence(goal), "")
    for number, step in enumerate(goal.paths[0].steps, start=1):
        yield f"{number}. {_step(step)}"
    yield ""


def _step(step: Step) -> str:
    techniques = f" ({', '.join(plain(t) for t in step.techniques)})" if step.techniques else ""
    cited = [words.place(e) for f in step.facts for e in f.evidence if e.confidence]
    seen = ", ".join(code(p) for p in dict.fromkeys(cited))
    return f"{plain(step.sentence)}{techniques}" + (f" Seen in {seen}." if seen else "")


def _first(answer: Answer) -> Iterator[str]:
    yield from ("## What to do first", "", f"**{words.best_title(answer.question)}:** {words.best_sentence(answer.best)}", "")
    yield from (*actions_list(answer.best.actions), "")
    yield from (f"**To cut every path:** {words.cut_sentence(answer.cut)}", "")
    if answer.cut.actions and answer.cut.actions == answer.best.actions:
        yield from ("They are the same.", "")
    else:
        yield from (*actions_list(answer.cut.actions), "")
    if answer.cut.uncut:
        yield from (f"No known action protects {', '.join(code(g) for g in answer.cut.uncut[:_MOST])}.", "")


def _assumed(answer: Answer) -> Iterator[str]:
    assumed = words.assumptions(answer)
    yield from ("## What we assumed", "")
    yield "- The attacker knows the estate as the files tell it." + ("" if assumed else " Nothing else was assumed.")
    yield from (f"- {code(fact)}: stated by no source" for fact in assumed[:_MOST])
    yield from more(len(assumed), "assumption")
    yield from (f"- Taken as done, or as not so: {code(taken)}" for taken in answer.taken[:_MOST])
    yield from (f"- {words.COSTS}", "")


def _sure(answer: Answer) -> Iterator[str]:
    yield from ("## How sure we are", "")
    for how, number in words.known(answer).items():
        yield f"- {count(number, 'fact')} of the cheapest paths {'is' if number == 1 else 'are'} {words.SURE[how]}."
    yield from (f"- {told.sentence}" for told in joining(answer.summary))
    for reading in answer.summary.readings[:_MOST]:
        over = f", {count(reading.passed_over, 'record')} passed over" if reading.passed_over else ""
        yield f"- {code(reading.source)}, read as {plain(reading.reader)}: {count(reading.facts, 'fact')}{over}."
    yield from more(len(answer.summary.readings), "file")
    yield "- What no file tells is not in the picture: a path that was not found may still exist."
