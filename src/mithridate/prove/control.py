"""How much of a violation the attacker steers (DESIGN.md §4, "Control tiers"), measured by perturbing the proof's bytes.

1. Run the proof several times unchanged: what differs between these runs is noise and shows nothing.
2. Change its bytes one by one (in batches), and see which changes move the address, the size or the jump target
   of the violation at the same place in the program.
3. Repeat the telling changes in fresh sandboxes with full reports. Only what moves there, the same way each time, is evidence.
The tiers are lower bounds: what a write stores is not observed, and what was not seen to move within the time may still.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from mithridate.model.entry import Binary, EntryPoint
from mithridate.model.finding import Control, ControlTier
from mithridate.model.violation import Access, Clean, Violation, ViolationKind
from mithridate.prove.batch import quick_signature
from mithridate.prove.influence import ADDRESS_KINDS, Noise, Part, description, follows, moved, noise, same_place, same_site
from mithridate.prove.perturbation import Perturbation, perturbations
from mithridate.prove.replay import Judgement, Replayer

REPEATS = 6
SHARE = 64
ENOUGH = 3
"""Changes at so many positions that move the same part are enough; each is then confirmed."""

CONFIRMATIONS = 2

_K = ViolationKind
_UNSTEERED = frozenset({_K.TIMEOUT, _K.MEMORY_EXHAUSTION, _K.STACK_EXHAUSTION})
_CORRUPTION = frozenset(
    {
        _K.DOUBLE_FREE,
        _K.BAD_FREE,
        _K.HEAP_CORRUPTION,
        _K.STACK_SMASHING,
        _K.NEGATIVE_SIZE_PARAM,
        _K.PARAM_OVERLAP,
        _K.WILD_JUMP,
        _K.ARRAY_INDEX,
    }
)
"""Memory is misused, but the report does not say that it was read or written out of bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The control tier with its evidence, and the first change after which nothing fired at all, if one was met."""

    control: Control
    near_miss: Perturbation | None = None


@dataclass(slots=True)
class _Watch:
    """What the perturbations have shown so far."""

    reference: Violation
    floor: Noise
    tried: int = 0
    silent: Perturbation | None = None
    telling: dict[Part, list[Perturbation]] = field(default_factory=dict)

    def see(self, original: bytes, change: Perturbation, judgement: Judgement | None) -> None:
        if judgement is None:
            return
        self.tried += 1
        if isinstance(judgement, Clean):
            self.silent = self.silent or change
        if not isinstance(judgement, tuple):
            return
        after = next((v for v in judgement if same_site(self.reference, v)), None)
        for part in moved(self.reference, after, self.floor) if after else ():
            if part is Part.TARGET and not follows(self.reference, after or self.reference, original, change.data):
                continue
            known = self.telling.setdefault(part, [])
            if all(change.position != other.position for other in known):
                known.append(change)

    @property
    def satisfied(self) -> bool:
        return any(len(changes) >= ENOUGH for changes in self.telling.values()) and self.silent is not None


def measure(
    replayer: Replayer, entry: EntryPoint, binary: Binary, data: bytes, violation: Violation, seconds: float
) -> Measurement:
    """Measure the control that `data` gives over `violation`, in about `seconds` (wall).

    `violation` is the symbolised one of a fresh replay of `data`. Never raises for what the target does.
    """
    if violation.kind in _UNSTEERED:
        return Measurement(control=Control(tier=ControlTier.STOPS_PROGRAM, evidence=(stopped(violation),), perturbations=0))
    deadline = time.monotonic() + seconds
    watch = _perturb(replayer, entry, binary, data, violation, deadline)
    if watch is None:
        floor = untouched(violation)
        unseen = "The violation did not repeat in quick succession, so its control could not be measured."
        return Measurement(control=Control(tier=floor, evidence=(unseen,), perturbations=0))
    confirmed = _confirm(replayer, entry, binary, data, violation, watch, deadline)
    return Measurement(control=_judge(violation, confirmed, watch.tried), near_miss=watch.silent)


def _perturb(
    replayer: Replayer, entry: EntryPoint, binary: Binary, data: bytes, violation: Violation, deadline: float
) -> _Watch | None:
    began = time.monotonic()
    repeats = [_counterpart(j, violation) for j in replayer.batch(entry, binary, [data] * REPEATS, deadline - began)]
    each_s = (time.monotonic() - began) / REPEATS
    seen = [v for v in repeats if v is not None]
    if not seen or len({quick_signature(v)[:2] for v in seen}) > 1:
        return None
    watch = _Watch(reference=seen[0], floor=noise(seen))
    changes = perturbations(data)
    share = max(4, min(SHARE, int((deadline - time.monotonic()) / 4 / max(each_s, 1e-3))))
    # The last third of the time belongs to the confirmation.
    until = began + (deadline - began) * 2 / 3
    while not watch.satisfied and (left := until - time.monotonic()) > 0:
        batch = list(islice(changes, share))
        if not batch:
            break
        for change, judgement in zip(batch, replayer.batch(entry, binary, [c.data for c in batch], left), strict=True):
            watch.see(data, change, judgement)
    return watch


def _counterpart(judgement: Judgement | None, violation: Violation) -> Violation | None:
    """The unsymbolised twin of `violation` in a quick judgement."""
    if not isinstance(judgement, tuple):
        return None
    alike = [v for v in judgement if v.kind is violation.kind and v.access is violation.access]
    return next((v for v in alike if v.size == violation.size), alike[0] if alike else None)


@dataclass(frozen=True, slots=True)
class _Confirmed:
    part: Part
    change: Perturbation
    after: Violation


def _confirm(
    replayer: Replayer, entry: EntryPoint, binary: Binary, data: bytes, violation: Violation, watch: _Watch, deadline: float
) -> list[_Confirmed]:
    """Repeat the telling changes in fresh sandboxes; keep those that move the same part to the same place each time."""
    confirmed: list[_Confirmed] = []
    for part in (Part.TARGET, Part.ADDRESS, Part.SIZE):
        for change in watch.telling.get(part, ())[:ENOUGH]:
            if confirmed and time.monotonic() > deadline:
                return confirmed
            runs = [replayer.observe(entry, binary, change.data).violations for _ in range(CONFIRMATIONS)]
            after = [next((v for v in run if same_place(violation, v)), None) for run in runs]
            if all(v is not None and part in moved(violation, v, watch.floor) for v in after):
                first = after[0]
                assert first is not None
                if len({_relative(v, part) for v in after if v is not None}) == 1 and (
                    part is not Part.TARGET or follows(violation, first, data, change.data)
                ):
                    confirmed.append(_Confirmed(part, change, first))
    return confirmed


def _relative(violation: Violation, part: Part) -> object:
    """The moved value without what randomisation adds to it."""
    if part is Part.SIZE:
        return violation.size
    if part is Part.ADDRESS and violation.region is not None:
        return violation.region
    if part is Part.TARGET:
        return violation.address
    return violation.kind


def _judge(violation: Violation, confirmed: Sequence[_Confirmed], tried: int) -> Control:
    parts = {c.part for c in confirmed}
    tier = untouched(violation)
    if Part.TARGET in parts:
        tier = ControlTier.CONTROLLED_EXECUTION
    elif parts and _leaves_null_page(violation, confirmed):
        raised = {Access.WRITE: ControlTier.CONTROLLED_WRITE, Access.READ: ControlTier.CONTROLLED_READ}
        tier = raised.get(violation.access, tier) if violation.access else tier
    evidence = tuple(_sentence(violation, c) for c in confirmed) or (_nothing_moved(violation, tried),)
    return Control(tier=tier, evidence=evidence, perturbations=tried)


def untouched(violation: Violation) -> ControlTier:
    """The tier of a violation without any observed influence."""
    if violation.kind in _CORRUPTION:
        return ControlTier.UNCONTROLLED_READ
    if violation.kind in ADDRESS_KINDS and violation.kind is not _K.NULL_DEREFERENCE:
        return ControlTier.UNCONTROLLED_READ
    return ControlTier.STOPS_PROGRAM


def _leaves_null_page(violation: Violation, confirmed: Sequence[_Confirmed]) -> bool:
    """A null pointer whose offset moves is steered only when it can reach memory that exists."""
    return violation.kind is not _K.NULL_DEREFERENCE or any(c.after.kind is not _K.NULL_DEREFERENCE for c in confirmed)


_THING: dict[Access | None, str] = {Access.READ: "the read", Access.WRITE: "the write", None: "the access"}


def _sentence(violation: Violation, confirmed: _Confirmed) -> str:
    part = confirmed.part
    thing = _THING[violation.access]
    subject = {Part.ADDRESS: thing, Part.SIZE: f"the size of {thing}", Part.TARGET: "the target of the jump"}[part]
    verb = "changed" if part is Part.SIZE else "moved"
    words = confirmed.change.words
    before, after = description(violation, part), description(confirmed.after, part)
    return f"{words[0].upper()}{words[1:]} {verb} {subject} from {before} to {after}."


def _nothing_moved(violation: Violation, tried: int) -> str:
    if violation.kind in _CORRUPTION or violation.kind in ADDRESS_KINDS:
        where = {Access.WRITE: "written", Access.READ: "read"}.get(violation.access, "touched") if violation.access else "touched"
        unobserved = " (the value written is not observed)" if violation.access is Access.WRITE else ""
        return f"None of {tried} changes to the input moved where or how much is {where}{unobserved}."
    return stopped(violation)


def stopped(violation: Violation) -> str:
    """What a violation shows that only stops or stalls the program, as one sentence."""
    if violation.kind is _K.TIMEOUT:
        return "The input keeps the program busy past its time limit."
    if violation.kind is _K.MEMORY_EXHAUSTION:
        return "The input makes the program use up its memory limit."
    if violation.kind is _K.STACK_EXHAUSTION:
        return "The input makes the program use up its stack, which ends it."
    if violation.access is None:
        return "The violation touches no memory outside an object; what it shows is that the program stops or computes wrongly."
    return "The input ends the program."
