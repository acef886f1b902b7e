"""Decides which documents to run next, and learns from what they showed. Pure: it starts nothing and reads no clock."""

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from mithridate.hunt.engines.requests import pursuit, reading, reduction, sequences, supply
from mithridate.hunt.engines.requests.document import Steps, document, is_marked
from mithridate.hunt.engines.requests.state import Find, Plan, Purpose, Pursuit, State, Unit, Witness
from mithridate.hunt.engines.requests.views import Answer, Route, Run
from mithridate.model.observation import Sink

ROUNDS = 4
"""How often a unit's supply is thought over."""
KEPT_OF_ONE_KEY = 1

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ORDER = {purpose: i for i, purpose in enumerate(Purpose)}
_EXPLORING = frozenset({Purpose.KNOCK, Purpose.SUPPLY, Purpose.CONSTANT, Purpose.WANDER, Purpose.OPEN})
_ROUTES = 5000
_WITNESSES_OF_A_UNIT = 64
_WANDERS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A document to keep: as a candidate of that name, or in the corpus when the name is ""."""

    name: str
    data: bytes


@dataclass(slots=True)
class Planner:
    """The search of one application. `state` may come from an earlier slice; `seed` decides only where it wanders."""

    state: State
    seed: int = 0
    _paths: reading.Paths = field(init=False)

    def __post_init__(self) -> None:
        self._paths = reading.Paths(self.state.units)

    def open(self, routes: Sequence[Route]) -> None:
        """Take over the routes; each new one is knocked at."""
        new = False
        for route in routes[:_ROUTES]:
            for method in _METHODS:
                unit = Unit(route=route, method=method)
                if method in route.methods and unit.name not in self.state.units:
                    self.state.units[unit.name] = unit
                    self._plan(Plan(unit=unit.name, purpose=Purpose.KNOCK, attack=(supply.knock(unit),)))
                    new = True
        if new:
            self._paths = reading.Paths(self.state.units)

    def replay(self, documents: Sequence[bytes]) -> None:
        """Whole documents of earlier runs or other engines, to be run as they are."""
        for data in documents:
            self._plan(Plan(unit="", purpose=Purpose.REPLAY, text=data.decode("utf-8", "replace")))

    def next(self, most: int) -> list[Plan]:
        """Up to `most` documents to run now.

        They are out of the queue: hand each to `learn` or to `put_back`. None when the search is through.
        """
        while True:
            self._open_early()
            if not self.state.queue:
                self._go_on()
            if not self.state.queue:
                return []
            if chosen := self._chosen(most):  # else all that was waiting has become moot
                return chosen

    def _chosen(self, most: int) -> list[Plan]:
        self.state.queue.sort(key=lambda plan: (_ORDER[plan.purpose], plan.turn))
        chosen: list[Plan] = []
        rest: list[Plan] = []
        for plan in self.state.queue:
            if self._moot(plan):
                self._settle(plan)
            elif len(chosen) < most:
                chosen.append(plan)
            else:
                rest.append(plan)
        self.state.queue = rest
        return chosen

    def put_back(self, plan: Plan, *, blamed: bool) -> list[Kept]:
        """The batch ended before this document did. When it is to blame for that it gets one more chance, else another turn."""
        if blamed and plan.again:
            self._strike(plan)
            return self._settle(plan)
        self.state.queue.append(replace(plan, again=plan.again + blamed))
        return []

    def learn(self, plan: Plan, run: Run) -> list[Kept]:
        """Take over what a document showed; what is to be kept of it comes back."""
        if run.ended not in ("done", ""):
            self._strike(plan)
        kept: list[Kept] = []
        if plan.purpose is Purpose.REDUCE:
            if (find := self.state.finds.get(plan.about)) and find.key in _keys(run, plan.unit):
                find.smaller.append(replace(plan, again=0))
        else:
            kept += self._read(plan, run)
            kept += self._judged(plan, run)
            pursuit.noted(self.state, plan, run)
        return kept + self._settle(plan)

    def close(self) -> list[Kept]:
        """The slice ends: finds that are still being made smaller are kept as they are."""
        self.state.queue = [plan for plan in self.state.queue if plan.purpose is not Purpose.REDUCE]
        kept = [_candidate(find) for find in self.state.finds.values()]
        self.state.finds.clear()
        return kept

    def wander_again(self) -> None:
        """Let the last stage be gone through once more, with other random choices."""
        self.state.stage = min(self.state.stage, len(self._stages) - 1)

    def _read(self, plan: Plan, run: Run) -> list[Kept]:
        """Inputs, constants, forms, coverage and witnesses; the document itself when it showed something new."""
        news = False
        answers = run.attacked()
        if plan.purpose in _EXPLORING and answers and (unit := self.state.units.get(plan.unit)):
            news = self._explored(unit, plan, answers[-1])
            self._pages(plan, answers[-1])
        if plan.purpose in _EXPLORING or plan.purpose is Purpose.STORED:
            news |= self._witnessed(reading.witnesses(plan.unit, plan.attack, run))
        elif plan.purpose is Purpose.SPECIAL:
            news |= self._witnessed(reading.witnesses(plan.unit, plan.control, run, "control"))
        return [Kept(name="", data=data_of(plan))] if news else []

    def _witnessed(self, witnesses: Iterator[Witness]) -> bool:
        news = False
        for witness in witnesses:
            unit, key = self.state.units.get(witness.unit), pursuit.key(witness)
            if unit is None or key in self.state.pursuits or len(unit.followed) >= _WITNESSES_OF_A_UNIT:
                continue
            if witness.sink not in unit.sinks:
                unit.sinks.append(witness.sink)
            unit.followed.append(key)
            self.state.pursuits[key] = Pursuit(witness=witness)
            if _site(witness.sink, witness.place) in self.state.broken:
                self.state.later.append(key)
            else:
                self._follow(key)
            news = True
        return news

    def _follow(self, key: str) -> None:
        """Send the next wave of attacks that has anything new in it."""
        followed = self.state.pursuits[key]
        while not followed.open and (plans := pursuit.wave(key, followed)) is not None:
            followed.waves += 1
            followed.open = self._plans(plans)

    def _explored(self, unit: Unit, plan: Plan, last: Answer) -> bool:
        learned = reading.learn(unit, last)
        learned |= reading.learn_decoders(unit, plan.attack, last)
        bad = bool(last.raised) or last.status >= 400
        if plan.purpose is Purpose.SUPPLY and bad and not any(code.startswith("2") for code in unit.statuses):
            unit.failing = True
        unit.locked = not unit.prelude and sequences.locked(unit, last)
        self.state.ground_edges = max(self.state.ground_edges, last.edges - last.new_edges)
        better = last.new_edges > unit.best_edges and not (bad and unit.welcomed)
        if not bad and not unit.welcomed:  # the first that is no error is better than all errors, whatever they covered
            unit.welcomed, better = True, True
        if _marked(plan.attack) > _marked(unit.widest):
            unit.widest = plan.attack
        fuller = last.new_edges == unit.best_edges and not bad and _marked(plan.attack) > _marked(unit.best)
        if plan.purpose is Purpose.KNOCK and last.edges and not last.new_edges:
            unit.echo = self.state.stage == 0 and not unit.fields and not unit.prelude and not sequences.unheard(last)
        if better or fuller or not unit.best:
            if plan.purpose in (Purpose.SUPPLY, Purpose.CONSTANT) and better and unit.best:
                supply.settle(unit, plan.attack[-1])
            unit.best, unit.best_edges = plan.attack, max(unit.best_edges, last.new_edges)
        if plan.purpose is Purpose.OPEN and sequences.opened(last):
            unit.prelude, unit.locked, unit.echo = plan.attack[:-1], False, False
            learned = True
            self._first(sequences.likewise(self._living(), unit.prelude))
        if (learned or better) and not unit.waiting:
            self._supply(unit)
        return learned or better

    def _pages(self, plan: Plan, answer: Answer) -> None:
        """Forms and links of the answer belong to the units that they lead to."""
        found = reading.page(answer)
        hidden = any(form.hidden for form in found.forms)
        for name in dict.fromkeys(reading.offer(self.state.units, self._paths, plan.attack[-1].path, found)):
            target = self.state.units[name]
            target.echo = False  # there is more to send to it than what it was knocked at with
            if hidden and target.method == "POST" and not target.prelude:
                target.prelude = plan.attack
            if not target.waiting:
                self._supply(target)

    def _supply(self, unit: Unit) -> None:
        if unit.rounds >= ROUNDS or unit.given_up:
            return
        if unit.echo:
            if unit.name not in self.state.echoes:
                self.state.echoes.append(unit.name)
            return
        before = len(self.state.queue)
        for request in supply.requests(unit):
            self._plan(Plan(unit=unit.name, purpose=Purpose.SUPPLY, attack=(*unit.prelude, request)))
        unit.waiting = len(self.state.queue) - before
        for request in supply.constants(unit):
            self._plan(Plan(unit=unit.name, purpose=Purpose.CONSTANT, attack=(*unit.prelude, request)))
        unit.rounds += len(self.state.queue) > before

    def _judged(self, plan: Plan, run: Run) -> list[Kept]:
        """Start making smaller what the oracle holds against the run, unless enough of its kind is kept already."""
        kept: list[Kept] = []
        unit = self.state.units.get(plan.unit)
        for escape in run.escapes:
            if not escape.fact and (site := _site(escape.sink, escape.place)) not in self.state.broken:
                self.state.broken.append(site)
            if unit is not None and escape.kind not in unit.held and (escape.fact or plan.control):
                unit.held.append(escape.kind)
            key = reduction.key(escape, plan.unit)
            number = self.state.kept.get(key, 0)
            enough = number >= (1 if escape.fact else KEPT_OF_ONE_KEY)
            if enough or not (escape.fact or plan.control or plan.text):
                continue
            self.state.kept[key] = number + 1
            find = Find(key=key, number=number, plan=plan, fact=escape.fact)
            self.state.finds[f"{key}-{number}"] = find
            kept += [Kept(name="", data=data_of(plan)), *self._finished(find)]
        return kept

    def _finished(self, find: Find) -> list[Kept]:
        """The candidate, when no smaller form of it is waiting to be run; none when no process of its own showed it."""
        while not find.open and find.round <= reduction.ROUNDS:
            find.open = self._plans(reduction.round_of(find))
            find.round += 1
        if find.open > 0:
            return []
        del self.state.finds[f"{find.key}-{find.number}"]
        if not find.smaller and not find.plan.text and not find.fact:
            self.state.kept[find.key] -= 1
            for name in pursuit.reopened(self.state, find.plan):
                self._follow(name)
            return []
        return [_candidate(find)]

    def _settle(self, plan: Plan) -> list[Kept]:
        """One document of a round, a wave or a reduction is done with; the last one brings what comes next."""
        unit, find = self.state.units.get(plan.unit), self.state.finds.get(plan.about)
        if plan.purpose is Purpose.REDUCE:
            if find is None:
                return []
            find.open -= 1
            return self._finished(find)
        if plan.purpose is Purpose.SUPPLY and unit is not None:
            unit.waiting -= 1
            if not unit.waiting:
                self._supply(unit)
            if not unit.waiting and not unit.echo:
                self._plans(pursuit.special(self.state, unit, hinted=True))
        if followed := self.state.pursuits.get(plan.about):
            followed.open -= 1
            self._follow(plan.about)
        return []

    @property
    def _stages(self) -> tuple[Callable[[], Iterator[Plan]], ...]:
        return (
            self._open_locked,
            self._open_deeper,
            self._stored,
            self._special,
            self._echoes,
            self._special,
            self._constants,
            self._wander,
        )

    def _open_early(self) -> None:
        """Nothing is waiting but second tries: the first stage, as what is behind a lock is more than those may bring."""
        queue = self.state.queue
        if queue and self.state.stage == 0 and all(_ORDER[plan.purpose] > _ORDER[Purpose.OPEN] for plan in queue):
            self.state.stage = 1
            self._plans(list(self._open_locked()))

    def _go_on(self) -> None:
        """Nothing is waiting: the next stage, in which each unit is looked at once more."""
        while not self.state.queue and self.state.stage < len(self._stages):
            self.state.stage += 1
            self._plans(list(self._stages[self.state.stage - 1]()))

    def _open_locked(self) -> Iterator[Plan]:
        yield from sequences.openers(self._living())

    def _open_deeper(self) -> Iterator[Plan]:
        yield from sequences.deeper(self._living())

    def _stored(self) -> Iterator[Plan]:
        yield from sequences.pairs(self._living())

    def _special(self) -> Iterator[Plan]:
        for unit in self._living():
            if not unit.echo:
                yield from pursuit.special(self.state, unit, hinted=False)

    def _echoes(self) -> Iterator[Plan]:
        """What was left for later: units that ran no line of their own, and ways to places that have been broken out of."""
        for name in self.state.echoes:
            self.state.units[name].echo = False
            self._supply(self.state.units[name])
        for key in self.state.later:
            self._follow(key)
        self.state.echoes, self.state.later = [], []
        yield from ()

    def _constants(self) -> Iterator[Plan]:
        for unit in self._living():
            for request in supply.single_constants(unit):
                yield Plan(unit=unit.name, purpose=Purpose.CONSTANT, attack=(*unit.prelude, request))

    def _wander(self) -> Iterator[Plan]:
        chance = random.Random(self.seed)
        for unit in self._living():
            yield from sequences.wander(unit, chance, _WANDERS)

    def _living(self) -> list[Unit]:
        return [unit for unit in self.state.units.values() if unit.best and not unit.given_up]

    def _moot(self, plan: Plan) -> bool:
        """Its unit was given up or opened, or its witness has escaped already."""
        if plan.purpose is Purpose.REDUCE:
            return plan.about not in self.state.finds
        followed = self.state.pursuits.get(plan.about)
        unit = self.state.units.get(plan.unit)
        if plan.purpose is Purpose.OPEN and unit is not None and not unit.locked:
            return True
        return bool((followed and followed.escaped) or (unit and unit.given_up))

    def _strike(self, plan: Plan) -> None:
        if unit := self.state.units.get(plan.unit):
            unit.strikes += 1

    def _plans(self, plans: Iterator[Plan] | Sequence[Plan]) -> int:
        return sum(self._plan(plan) for plan in plans)

    def _first(self, plans: Iterator[Plan]) -> None:
        """Queue them before all others of their purpose."""
        waiting, self.state.queue = self.state.queue, []
        self._plans(plans)
        self.state.queue += waiting

    def _plan(self, plan: Plan) -> bool:
        """Queue it, unless the same document was planned before (for another find's sake it may be run again)."""
        try:
            data = data_of(plan)
        except (ValueError, RecursionError):
            return False
        about = plan.about if plan.purpose is Purpose.REDUCE else ""
        if plan.purpose is Purpose.REPLAY:  # an earlier run's first knock is no reason not to knock
            about = Purpose.REPLAY
        digest = hashlib.sha256(about.encode("utf-8", "replace") + b"\0" + data).hexdigest()[:16]
        if digest in self.state.tried:
            return False
        self.state.tried.add(digest)
        self.state.queue.append(plan)
        return True


def data_of(plan: Plan) -> bytes:
    """The input document of a plan."""
    return plan.text.encode() if plan.text else document(plan.control, plan.attack)


def explores(plan: Plan) -> bool:
    """True for a document that is run to learn what a program asks for and compares with."""
    return plan.purpose in _EXPLORING


def _site(sink: Sink | None, place: str) -> str:
    """A place that can be broken out of; more than one unit may lead to it."""
    return f"{sink}|{place}"


def _marked(steps: Steps) -> int:
    """How many inputs of the last step can be attacked."""
    return sum(is_marked(one.value) for one in steps[-1].inputs) if steps else 0


def _candidate(find: Find) -> Kept:
    return Kept(name=f"{find.key}-{find.number}", data=data_of(reduction.smallest(find)))


def _keys(run: Run, unit: str) -> set[str]:
    return {reduction.key(escape, unit) for escape in run.escapes}
