"""Makes a document that fired small: steps and inputs that it does not need are left out, by running it without them."""

import hashlib
from dataclasses import replace

from mithridate.hunt.engines.requests.document import Request, Slot, Steps, document
from mithridate.hunt.engines.requests.state import Find, Plan, Purpose
from mithridate.hunt.engines.requests.views import Escape

WHOLE_STEP = -1
Drops = frozenset[tuple[int, int]]
"""What to leave out: (step, position of the input), or (step, WHOLE_STEP)."""

_SINGLES = 40
ROUNDS = 2
"""The number of the last round; the first is 0."""


def key(escape: Escape, unit: str) -> str:
    """why-place-stack, as candidates are named: equal for what tends to be one cause."""
    place = hashlib.sha256((escape.place or unit).encode("utf-8", "replace")).hexdigest()[:8]
    stack = hashlib.sha256(f"{unit if not escape.stack else ''}\0{escape.stack}".encode("utf-8", "replace")).hexdigest()[:8]
    return f"{escape.kind}-{place}-{stack}"


def round_of(find: Find) -> tuple[Plan, ...]:
    """What to run next, each alone in a process.

    First the document as it is, to see whether it shows it there (a fact does not depend on what ran before), and the
    smallest conceivable form; unless that did, the document without each of its parts in turn; then without all that could
    be missed.
    """
    plan = find.plan
    singles = _singles(plan)[:_SINGLES]
    minimal = frozenset(drop for one in singles for drop in one)
    if find.round == 0:
        whole: list[Drops] = [] if find.fact else [frozenset()]
        forms = dict.fromkeys([*whole, *([minimal] if singles else [])])
        return () if plan.text else tuple(_without(find, drops) for drops in forms)
    if not (find.smaller or find.fact) or _without(find, minimal) in find.smaller:
        return ()
    if find.round == 1:
        return tuple(_without(find, drops) for drops in singles) if len(singles) > 1 else ()
    missed = [drops for drops in singles if _without(find, drops) in find.smaller]
    return (_without(find, frozenset(drop for drops in missed for drop in drops)),) if len(missed) > 1 else ()


def smallest(find: Find) -> Plan:
    """The smallest document that showed it alone; the one it was found with when none was run so yet."""
    return min(find.smaller or [find.plan], key=lambda plan: len(plan.text) or len(document(plan.control, plan.attack)))


def _singles(plan: Plan) -> list[Drops]:
    needed = plan.slot or Slot(step=len(plan.attack) - 1, position=-2, part="value")
    steps = [frozenset({(s, WHOLE_STEP)}) for s in range(len(plan.attack)) if s != needed.step]
    inputs = [
        frozenset({(s, p)})
        for s, step in enumerate(plan.attack)
        for p, one in enumerate(step.inputs)
        if one.where != "path" and (s, p) != (needed.step, needed.position)
    ]
    return [*steps, *inputs]


def _without(find: Find, drops: Drops) -> Plan:
    plan = find.plan
    slot = plan.slot
    if slot is not None:
        step = slot.step - sum(1 for s, p in drops if p == WHOLE_STEP and s < slot.step)
        position = slot.position - sum(1 for s, p in drops if s == slot.step and 0 <= p < slot.position)
        slot = Slot(step=step, position=position, part=slot.part)
    return replace(
        plan,
        purpose=Purpose.REDUCE,
        control=_shorter(plan.control, drops),
        attack=_shorter(plan.attack, drops),
        slot=slot,
        about=f"{find.key}-{find.number}",
        again=0,
    )


def _shorter(steps: Steps, drops: Drops) -> Steps:
    kept: list[Request] = []
    for s, step in enumerate(steps):
        if (s, WHOLE_STEP) not in drops:
            kept.append(replace(step, inputs=tuple(one for p, one in enumerate(step.inputs) if (s, p) not in drops)))
    return tuple(kept)
