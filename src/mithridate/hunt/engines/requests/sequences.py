"""Documents of several units' steps: what opens a locked unit, what one stores and another shows; and random changes of one."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mithridate.hunt.engines.requests.document import (
    HARMLESS,
    Input,
    Request,
    Slot,
    Steps,
    Value,
    is_marked,
    marked,
    replaced,
    text_of,
)
from mithridate.hunt.engines.requests.state import Plan, Purpose, Unit
from mithridate.hunt.engines.requests.supply import put
from mithridate.hunt.engines.requests.views import Answer

_PAIRS = 200
_READERS = 10
"""How many readers follow a writer in one document."""
_LOCKED = 40
_OPENERS = 6
_OPENINGS = 36
_FAULTS = (400, 404, 409, 415, 422)
_PROBES = 3
"""How many locked units each way to open them is tried at."""
_CONSTANTS = 6
_GIVEN = ("form", "json", "query")
_PASSWORD = re.compile(r"pass(?:word|wd|phrase|code)?\d?$|pwd|passwort|\bpin$", re.I)
_WHO = ("username", "user", "login", "email", "user_name", "mail", "name")
"""What those who log in call themselves."""
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


def unheard(answer: Answer) -> bool:
    """A framework refused it for want of a declared body, before the handler was asked."""
    return answer.status in (400, 415, 422) and any(asked.where in ("json", "form", "files") for asked in answer.asked)


def opened(answer: Answer) -> bool:
    """The steps before it have opened it: what refused who sent it finds fault with what was sent, if with anything."""
    return 200 <= answer.status < 300 or answer.status in _FAULTS


def openers(units: Sequence[Unit]) -> Iterator[Plan]:
    """For a few locked units: every unit that takes input first, alone and after another (to register, then to log in).

    Those that take a password come first, though they refuse who is not known, too. What opens one unit is tried at the others.
    """
    takers = [unit for unit in units if unit.method == "POST" and _taking(unit)[-1].inputs]
    takers = [unit for unit in takers if not unit.locked or _takes_password(unit)]
    takers = sorted(takers, key=lambda unit: not _takes_password(unit))[:_OPENERS]
    alone = [(one,) for one in takers]
    both = [(one, other) for one in takers for other in takers if one is not other]
    for chain in [*alone, *both][:_OPENINGS]:
        steps: Steps = ()
        for taker in chain:
            steps += _as_before(steps, plain(_taking(taker)))
        yield from _before_locked(_probes(units), steps, chain)


def deeper(units: Sequence[Unit]) -> Iterator[Plan]:
    """For a few units that are locked for those who are let in elsewhere: what these may change first, with each value that
    it was compared with (a role, perhaps)."""
    changers = [unit for unit in units if unit.prelude and not unit.locked and unit.method != "GET" and _taking(unit)[-1].inputs]
    for changer in changers[:_OPENERS]:
        request = _as_before(changer.prelude, plain(_taking(changer)[-1:]))[0]
        for changed in (request, *_with_constants(request, changer)):
            yield from _before_locked(_probes(units), (*changer.prelude, changed), (changer,))


def likewise(units: Sequence[Unit], prelude: Steps) -> Iterator[Plan]:
    """The other locked units, after what has opened one; those that are known to take input first."""
    taking = {unit.name for unit in units if any(asked.where in (*_GIVEN, "files") for asked in unit.asked)}
    yield from _before_locked(sorted(units, key=lambda unit: unit.name not in taking), prelude, (), _LOCKED)


def _probes(units: Sequence[Unit]) -> list[Unit]:
    """Units that show whether a lock is open: what only reads first."""
    return sorted(units, key=lambda unit: unit.method != "GET")


def _before_locked(units: Sequence[Unit], steps: Steps, chain: Sequence[Unit], most: int = _PROBES) -> Iterator[Plan]:
    shut = [unit for unit in units if unit.locked and unit not in chain]
    shut = [unit for unit in shut if not _takes_password(unit)] or shut
    for unit in shut[:most]:
        yield Plan(unit=unit.name, purpose=Purpose.OPEN, attack=(*steps, *unit.best[-1:]))


def _takes_password(unit: Unit) -> bool:
    return any(_PASSWORD.search(text_of(one.name)) for one in _taking(unit)[-1].inputs if one.where in _GIVEN)


def _taking(unit: Unit) -> Steps:
    """Its best request; where that gives it nothing (it refused them all alike), the one that gives it most."""
    return unit.best if unit.best[-1].inputs or not unit.widest else unit.widest


def _as_before(before: Steps, steps: Steps) -> Steps:
    """Inputs of one name have the values that they had before; who is called by a name or an address is called by that one."""
    known = {_called(one.name): one.value for step in before for one in step.inputs if one.where in _GIVEN}
    named = next((known[name] for name in _WHO if name in known), None)

    def again(one: Input) -> Input:
        name = _called(one.name)
        if one.where not in _GIVEN or (name not in known and (name not in _WHO or named is None)):
            return one
        return replace(one, value=known.get(name, named or ""))

    return tuple(replace(step, inputs=tuple(map(again, step.inputs))) for step in steps)


def _called(name: Value) -> str:
    """The last part of an input's name."""
    return re.split(r"[.\[\]]+", text_of(name).lower().rstrip("]"))[-1]


def _with_constants(request: Request, unit: Unit) -> Iterator[Request]:
    positions = [p for p, one in enumerate(request.inputs) if one.where in _GIVEN and _called(one.name) not in _WHO]
    for constant in [one for one in unit.compared if one != HARMLESS][:_CONSTANTS]:
        yield from (request.with_input(p, replace(request.inputs[p], value=constant)) for p in positions[:_CONSTANTS])


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
