"""How far calls got: which ways of calling a target are worth going on with, and which texts reached something new."""

import re

from mithridate.hunt.engines.calls.finds import Found
from mithridate.hunt.engines.calls.outcome import Run
from mithridate.hunt.engines.calls.state import Job, Kept, Purpose, Unit
from mithridate.hunt.engines.calls.steps import leaves, unmarked

_INPUTS = 24
_KEPT = 4
_SELECTED = 3

WRONG_ARGUMENTS = re.compile(
    r"TypeError: .*(missing \d+ required|unexpected keyword|positional argument|must be (str|bytes|int|a str)|a bytes-like object"
    r"|expected (str|bytes|string)|not supported between|has no len|object is not (iterable|callable|subscriptable|an iterator)"
    r"|object cannot be interpreted|can't concat|cannot use a (string|bytes))|AttributeError: '[\w.]+' object has"
)
"""What a call says whose arguments are of the wrong kind."""


def learn_shapes(unit: Unit, job: Job, run: Run) -> None:
    """From the first calls of a target, which of them to go on with."""
    ranked: list[tuple[tuple[int, int, int, int], Kept]] = []
    seen: set[tuple[int, str]] = set()
    total = 0
    for position, (call, answer) in enumerate(zip(job.calls, run.answers, strict=False)):
        total += answer.new_edges
        if answer.raised and answer.raised not in unit.raised and len(unit.raised) < 12:
            unit.raised.append(answer.raised[:200])
        kept = Kept(call=unmarked(call), edges=total, raised=answer.raised[:200])
        if answer.new_edges > 0 and not answer.raised and True in call.get("kwargs", {}).values():
            _select(unit, Kept(call=kept.call, edges=answer.new_edges))
        wrong = bool(WRONG_ARGUMENTS.search(answer.raised))
        key = (answer.new_edges, answer.raised[:60])
        repeat = key in seen and answer.new_edges == 0
        seen.add(key)
        later = -answer.new_edges if "files" in call else position  # most runs of a program only tell how it is used
        ranked.append(((wrong, repeat, bool(answer.raised), later), kept))
    ranked.sort(key=lambda pair: pair[0])
    usable = [kept for rank, kept in ranked if not rank[0] and leaves(kept.call)] or [k for _, k in ranked[:1] if leaves(k.call)]
    unit.kept += usable[: max(0, _KEPT - len(unit.kept))]
    for kept in unit.kept:
        kept.edges = max(kept.edges, total)
    unit.edges += total


def learn_inputs(unit: Unit, job: Job, run: Run) -> list[Found]:
    """Texts that reached something new, for the target and for the corpus."""
    found: list[Found] = []
    for call, (parts, _), answer in zip(job.calls, job.texts, run.answers, strict=False):
        unit.edges += answer.new_edges
        if answer.new_edges > 0 and job.purpose is Purpose.INPUTS and len(leaves(call)) > 1:
            _select(unit, Kept(call=call, edges=answer.new_edges, settled=list(job.place)))
        fresh = answer.new_edges > 0 or (not answer.raised and len(unit.inputs) < 3)
        if fresh and job.purpose is Purpose.INPUTS and parts[0][0]:
            text = parts[0][0]
            if len(text) <= 8000 and all(text != known for _, known in unit.inputs):
                unit.inputs.append((job.place, text))
                del unit.inputs[:-_INPUTS]
            if answer.new_edges > 0:
                found.append(Found(data=Job(target=job.target, purpose=job.purpose, calls=[call]).document))
    return found


def _select(unit: Unit, kept: Kept) -> None:
    """Keep a call in which one argument opened up what can be done with the others."""
    unit.selected = sorted([*unit.selected, kept], key=lambda one: -one.edges)[:_SELECTED]
