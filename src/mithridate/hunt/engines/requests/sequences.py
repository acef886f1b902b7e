"""Documents of several units' steps: what opens a locked unit, what one stores and another shows; and random changes of one."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mithridate.hunt.engines.requests.document import Request, Slot, Steps, Value, is_marked, marked, replaced
from mithridate.hunt.engines.requests.state import Plan, Purpose, Unit
from mithridate.hunt.engines.requests.supply import put
from mithridate.hunt.engines.requests.views import Answer

_PAIRS = 200
_READERS = 10
"""How many readers follow a writer in one document."""
_LOCKED = 40
_OPENERS = 6
_OPENINGS = 12
_ODD: tuple[Value, ...] = (
    "",
    "0",
    "-1",
    "9" * 30,
    "true",
    "null",
    "[]",
    marked("a b"),
    marked("\u00e9\u4e2d"),
    marked("%25"),
    {"make": "repeat", "of": "a", "times": 5000},
    {"make": "base64", "of": marked()},
)


def plain(steps: Steps) -> Steps:
    """The same steps with values that no mark is in: equal values stay equal from step to step."""
    return tuple(
        replace(
            step,
            inputs=tuple(
                replace(one, value=_bare(one.value), filename=_bare(one.filename))
                for one in step.inputs
                if not is_marked(one.name)
            ),
        )
        for step in steps
    )


def locked(unit: Unit, answer: Answer) -> bool:
    """It sends whoever is not known elsewhere, and has shown nothing else yet."""
    refused = answer.status in (401, 403) or (300 <= answer.status < 400 and unit.method == "GET")
    return refused and not any(code.startswith("2") for code in unit.statuses)


def opened(answer: Answer) -> bool:
    """The steps before it have opened it."""
    return 200 <= answer.status < 300


def openers(units: Sequence[Unit]) -> Iterator[Plan]:
    """For each locked unit: every unit that takes input first, alone and after another (to register, then to log in)."""
    takers = [unit for unit in units if unit.method == "POST" and unit.best[-1].inputs and not unit.locked][:_OPENERS]
    alone = [(one,) for one in takers]
    both = [(one, other) for one in takers for other in takers if one is not other]
    for unit in [unit for unit in units if unit.locked][:_LOCKED]:
        for chain in [*alone, *both][:_OPENINGS]:
            steps = tuple(step for taker in chain for step in plain(taker.best))
            yield Plan(unit=unit.name, purpose=Purpose.OPEN, attack=(*steps, *unit.best[-1:]))


def pairs(units: Sequence[Unit]) -> Iterator[Plan]:
    """After each unit that may store something, those that may show it; the ones of the same part of the site first."""
    writers = [unit for unit in units if unit.method != "GET" and any(is_marked(one.value) for one in unit.best[-1].inputs)]
    readers = [unit for unit in units if unit.method == "GET"]
    budget = _PAIRS
    for depth in range(0, len(readers), _READERS):
        for writer in writers:
            if budget <= 0:
                return
            nearest = sorted(readers, key=lambda reader: (-_shared(writer.route.path, reader.route.path), reader.name))
            shown = [plain(reader.best[-1:])[0] for reader in nearest[depth : depth + _READERS]]
            budget -= 1
            yield Plan(unit=writer.name, purpose=Purpose.STORED, attack=(*writer.best, *shown))


def wander(unit: Unit, chance: random.Random, count: int) -> Iterator[Plan]:
    """Random changes of the unit's best request: one input's value, or one input less."""
    steps = unit.best
    request: Request = steps[-1]
    positions = [p for p, one in enumerate(request.inputs) if not is_marked(one.name)]
    for _ in range(count if positions else 0):
        position = chance.choice(positions)
        if chance.random() < 0.15 and request.inputs[position].where != "path":
            yield Plan(unit=unit.name, purpose=Purpose.WANDER, attack=(*steps[:-1], request.without(position)))
            continue
        value = chance.choice([*_ODD, *unit.compared, *unit.route.constants[:24], *unit.examples.get("", ())])
        slot = Slot(step=len(steps) - 1, position=position, part="value")
        old = request.inputs[position].value
        new = put(old, value) if is_marked(old) and chance.random() < 0.5 else value
        yield Plan(unit=unit.name, purpose=Purpose.WANDER, attack=replaced(steps, slot, new))


def _bare(value: Value) -> Value:
    return put(value, "amber") if is_marked(value) else value


def _shared(one: str, other: str) -> int:
    """How many leading parts two paths share."""
    count = 0
    for a, b in zip(one.strip("/").split("/"), other.strip("/").split("/"), strict=False):
        if a != b:
            break
        count += 1
    return count
