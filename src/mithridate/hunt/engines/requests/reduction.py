"""Makes a document that fired small: steps and inputs that it does not need are left out, by running it without them."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from mithridate.hunt.engines.requests.document import Request, Slot, Steps, document
from mithridate.hunt.engines.requests.state import Find, Plan, Purpose
from mithridate.hunt.engines.requests.views import Escape

WHOLE_STEP = -1
Drops = frozenset[tuple[int, int]]
"""What to leave out: (step, position of the input), or (step, WHOLE_STEP)."""

_SINGLES = 40


def key(escape: Escape, unit: str) -> str:
    """why-place-stack, as candidates are named: equal for what tends to be one cause."""
    place = hashlib.sha256((escape.place or unit).encode("utf-8", "replace")).hexdigest()[:8]
    stack = hashlib.sha256(f"{unit if not escape.stack else ''}\0{escape.stack}".encode("utf-8", "replace")).hexdigest()[:8]
    return f"{escape.kind}-{place}-{stack}"


def first(find: Find) -> tuple[Plan, ...]:
    """The smallest conceivable form, and the document without each of its parts in turn."""
    plan = find.plan
    if plan.text:
        return ()
    singles = _singles(plan)[:_SINGLES]
    minimal = frozenset(drop for one in singles for drop in one)
    shapes = dict.fromkeys([minimal, *singles] if singles else [])
    return tuple(_without(find, drops) for drops in shapes)


def second(find: Find) -> Iterator[Plan]:
    """What is left when all parts that could be missed alone are missed together, unless the smallest form did already."""
    plan = find.plan
    singles = _singles(plan)[:_SINGLES]
    minimal = _without(find, frozenset(drop for one in singles for drop in one))
    if minimal not in find.smaller:
        missed = [drops for drops in singles if _without(find, drops) in find.smaller]
        if len(missed) > 1:
            yield _without(find, frozenset(drop for drops in missed for drop in drops))


def smallest(find: Find) -> Plan:
    """The smallest document that still showed it."""
    return min([find.plan, *find.smaller], key=lambda plan: len(plan.text) or len(document(plan.control, plan.attack)))


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
