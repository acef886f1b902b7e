"""What is pursued: a mark that reached a sink is followed by attacks on what the sink makes of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from mithridate.hunt.engines.calls import plans
from mithridate.hunt.engines.calls.attack_values import Asked, attacks
from mithridate.hunt.engines.calls.door import Door, Parameter
from mithridate.hunt.engines.calls.outcome import Run, Seen
from mithridate.hunt.engines.calls.state import Job, Purpose, State, Unit
from mithridate.hunt.engines.calls.steps import Call, Place, at, replaced, spliced, unmarked
from mithridate.model.observation import FACTS, Sink

WAVE = 14
_WITNESSES_A_TARGET = 10
_WAY = 3
"""Innermost frames that tell the ways to a sink apart: behind a helper lies what each of its callers makes of an input."""


@dataclass(slots=True)
class Pursuit:
    """Puts attacks into the queue of a search."""

    state: State
    door: Door

    def follow(self, unit: Unit, job: Job, run: Run) -> None:
        """Attack every sink that a mark reached, once a place."""
        if job.purpose not in (
            Purpose.SHAPES,
            Purpose.MARKS,
        ):  # elsewhere the mark stands in a text of ours, which hides where the argument goes
            return
        for seen in run.seen:
            if seen.phase != "attack" or seen.sink in FACTS or seen.sink is Sink.ERROR or seen.step >= len(job.calls):
                continue
            call = job.calls[seen.step]
            marks = dict(plans.attacked_leaf(call))
            for number, *_ in seen.marks:
                if number in marks:
                    self._pursue(unit, call, marks[number], seen, number)

    def asked(self, unit: Unit, place: Place) -> Asked:
        """What the target says of the argument at a place."""
        target = self.door.targets[unit.target]
        parameters = target.construct or () if place[0] == "construct" else target.parameters
        key = next(iter(place[2:] if place[0] == "construct" else place[1:]), "")  # standard input has no name
        name = key if isinstance(key, str) else _positional(parameters, key)
        return Asked(parameter=name, words=f"{target.function} {target.doc[:300]}")

    def _pursue(self, unit: Unit, call: Call, place: Place, seen: Seen, number: int) -> None:
        where = " ".join(f"{f.file}:{f.line}" for f in seen.frames[:_WAY]) or unit.target
        key = f"{seen.sink}|{seen.api}|{where}|{place[-1]}"
        own = f"@{unit.target}"
        if key in self.state.witnesses or self.state.witnesses.get(own, 0) >= _WITNESSES_A_TARGET:
            return
        wave = attacks(seen, number, self.asked(unit, place))[:WAVE]
        self.state.witnesses[key] = 0
        self.state.witnesses[own] = self.state.witnesses.get(own, 0) + 1
        value = at(call, place)
        plain = unmarked(call, but=place)
        for twin in wave:
            attack = replaced(plain, place, spliced(value, twin.attack))
            control = replaced(plain, place, spliced(value, twin.control))
            self.state.queue.append(
                Job(
                    target=unit.target,
                    purpose=Purpose.ATTACK,
                    calls=[attack],
                    control=[control],
                    place=list(place),
                    witness=key,
                    sink=seen.sink,
                )
            )


def _positional(parameters: Sequence[Parameter], position: int) -> str:
    """The parameter that the argument at a position is given to; "" when there is none."""
    rest = next((p.name for p in parameters[: position + 1] if p.kind == "var_positional"), None)
    return rest if rest is not None else next((p.name for p in parameters[position : position + 1]), "")
