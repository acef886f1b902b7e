"""Follows witnesses: wave after wave of attacks until one escapes or there are none left."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from mithridate.hunt.engines.requests import special as parsed
from mithridate.hunt.engines.requests.breakouts import FIRST_WAVE, attacks
from mithridate.hunt.engines.requests.document import OPENING, Slot, Steps, input_at, is_marked, marked, replaced
from mithridate.hunt.engines.requests.state import Plan, Purpose, Pursuit, State, Unit, Witness
from mithridate.hunt.engines.requests.supply import named_by_mark, put
from mithridate.hunt.engines.requests.twin import Twin
from mithridate.hunt.engines.requests.variants import variants
from mithridate.hunt.engines.requests.views import Run
from mithridate.model.observation import Sink

_WAVES = (Purpose.ATTACK, Purpose.SECOND, Purpose.VARIANT)
_ATTACKS = 24
_VARIED = 3
_SPARE = "x" * 24
_SPECIAL_INPUTS = 8
_SPECIAL = 32
_IN_A_TURN = 6
"""Documents for parsers that a unit sends before all others have sent as many."""
_ADDRESSED = frozenset({Sink.REQUEST, Sink.REDIRECT})
_SHOWN_ONLY = frozenset({Sink.HTML, Sink.HEADER, Sink.LOG, Sink.XML, Sink.SESSION, Sink.COOKIE, Sink.REGEX})
"""Sinks that data may reach beside being parsed."""


def key(witness: Witness) -> str:
    """The same for witnesses that one escape settles: unit, input, sink, place."""
    where, name = input_at(witness.steps, witness.slot).slot
    return f"{witness.unit}|{where}:{name}:{witness.slot.part}|{witness.sink}|{witness.dialect}|{witness.place}"


def wave(name: str, pursuit: Pursuit) -> tuple[Plan, ...] | None:
    """The next wave's documents; None when the witness has been tried to the end."""
    if pursuit.escaped or pursuit.waves >= len(_WAVES):
        return None
    witness = pursuit.witness
    found = tuple((steps, _padded(one, witness.context.cut)) for steps, one in _attacks(witness))[:_ATTACKS]
    chosen = (found[:FIRST_WAVE], found[FIRST_WAVE:], ())[pursuit.waves]
    if pursuit.waves == 2:
        chosen = tuple((steps, changed) for steps, one in found[:_VARIED] for changed in variants(one, pursuit.arrived))
    return tuple(_attack(witness.unit, steps, witness.slot, twin, _WAVES[pursuit.waves], name) for steps, twin in chosen)


def _attacks(witness: Witness) -> Iterator[tuple[Steps, Twin]]:
    """The attacks, each with the steps that it is put into.

    Where an address stands only because it was sent whole, with the mark at its end, all of it is the attacker's to choose.
    """
    value = input_at(witness.steps, witness.slot).part(witness.slot.part)
    before = value.partition(OPENING)[0] if isinstance(value, str) else ""
    if before and witness.sink in _ADDRESSED and witness.context.before.endswith(before):
        steps = replaced(witness.steps, witness.slot, marked())
        context = replace(witness.context, before=witness.context.before.removesuffix(before))
        for twin in attacks(replace(witness, steps=steps, context=context)):
            yield steps, replace(twin, control=value)
    yield from ((witness.steps, twin) for twin in attacks(witness))


def _padded(twin: Twin, cut: str) -> Twin:
    """With something to spare at the end that the program cuts off."""
    if not cut or not isinstance(twin.control, str) or not isinstance(twin.attack, str):
        return twin
    before, after = (_SPARE, "") if cut == "start" else ("", _SPARE)
    return Twin(control=f"{before}{twin.control}{after}", attack=f"{before}{twin.attack}{after}")


def noted(state: State, plan: Plan, run: Run) -> None:
    """Settle every witness that an escape in `run` answers; note how the attack of a followed one arrived."""
    unit = state.units.get(plan.unit)
    last = f"{plan.attack[-1].method} {plan.attack[-1].path}" if plan.attack else plan.unit
    if unit is not None and plan.control:
        for escape in run.escapes:
            for name in unit.followed:
                witness = state.pursuits[name].witness
                if escape.sink is witness.sink and (escape.place or last) == witness.place:
                    state.pursuits[name].escaped |= plan.slot is None or _same_input(plan, witness)
    if followed := state.pursuits.get(plan.about):
        witness = followed.witness
        texts = [
            s.text for s in run.seen if s.phase == "attack" and s.sink is witness.sink and (s.place or last) == witness.place
        ]
        followed.arrived = texts[-1][:2000] if texts else ""


def reopened(state: State, plan: Plan) -> list[str]:
    """What a plan showed was left by others in the process that they shared: pursuits that it settled are to be gone on with."""
    unit = state.units.get(plan.unit)
    names = [
        name
        for name in (unit.followed if unit is not None else ())
        if state.pursuits[name].escaped and (name == plan.about or _same_input(plan, state.pursuits[name].witness))
    ]
    for name in names:
        state.pursuits[name].escaped = False
    return names


def special(state: State, unit: Unit, *, hinted: bool) -> Iterator[Plan]:
    """Documents for parsers, for each input that was asked for and was seen at no sink that would explain why.

    `hinted`: only for parsers that the handler speaks of.
    """
    hints = [
        *unit.route.modules,
        *unit.route.constants,
        *unit.errors,
        *(d for decoders in unit.decoded.values() for d in decoders),
    ]
    places = _unexplained(state, unit)
    plans = islice((plan for place in places for plan in _special(unit, *place, hints, hinted=hinted)), _SPECIAL)
    yield from (replace(plan, turn=number // _IN_A_TURN) for number, plan in enumerate(plans))


def _special(unit: Unit, steps: Steps, slot: Slot, hints: list[str], *, hinted: bool) -> Iterator[Plan]:
    where = input_at(steps, slot).where
    file = where == "files"
    known = parsed.hinted(hints)
    for language in known if hinted else parsed.languages(hints, file=file):
        twins = parsed.documents(language)
        few = twins if file or language in known else twins[:2]
        if where == "headers" and slot.part == "name" and language in known:
            few = (*parsed.names(language), *few)
        yield from (_attack(unit.name, steps, slot, twin, Purpose.SPECIAL, "") for twin in few)


def _unexplained(state: State, unit: Unit) -> list[tuple[Steps, Slot]]:
    """Inputs with the steps to send them in; names among them, for handlers that look at all inputs, early."""
    explained = {
        input_at(state.pursuits[name].witness.steps, state.pursuits[name].witness.slot).slot
        for name in unit.followed
        if state.pursuits[name].witness.sink not in _SHOWN_ONLY
    }
    steps = unit.widest or unit.best
    last = len(steps) - 1
    values = [
        (steps, Slot(step=last, position=p, part="value"))
        for p, one in enumerate(steps[-1].inputs)
        if is_marked(one.value) and one.slot not in explained and one.where != "path"
    ]
    named: list[tuple[Steps, Slot]] = []
    for where, alone in named_by_mark(steps[-1]):
        position = next(p for p, one in enumerate(alone.inputs) if one.where == where)
        if alone.inputs[position].slot not in explained:
            named.append(((*steps[:-1], alone), Slot(step=last, position=position, part="name")))
    return [*values[:1], *named[:1], *values[1:]][:_SPECIAL_INPUTS]


def _attack(unit: str, steps: Steps, slot: Slot, twin: Twin, purpose: Purpose, about: str) -> Plan:
    value = input_at(steps, slot).part(slot.part)
    return Plan(
        unit=unit,
        purpose=purpose,
        control=replaced(steps, slot, put(value, twin.control)),
        attack=replaced(steps, slot, put(value, twin.attack)),
        slot=slot,
        about=about,
    )


def _same_input(plan: Plan, witness: Witness) -> bool:
    if plan.slot is None:
        return False
    one, other = input_at(plan.control, plan.slot), input_at(witness.steps, witness.slot)
    return plan.slot.part == witness.slot.part and (one.where, one.name if plan.slot.part != "name" else "") == (
        other.where,
        other.name if plan.slot.part != "name" else "",
    )
