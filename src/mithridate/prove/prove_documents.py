"""From input documents of one door that fired while hunting to proofs, all of them at once.

A door opens slowly and then runs hundreds of documents quickly, so every step is one batch for all documents:

1. choose     of documents that show one root cause a few, the smallest first (representatives.py)
2. reduce     all made smaller together, one batch a round (shrink_document.py)
3. confirm    the reduced forms n times in n fresh sandboxes, their negative controls once (contrast_document.py)
4. fall back  where a reduced form did not fire every time, or its harmless twin fired too: the same with the document itself, and
              where that does not hold either, with the next document of that root cause
5. assemble   a proof, with the control tier from the texts at the sink in two of the runs (influence_document.py)

What fires neither way is flaky. An observed fact (a weak hash, say) happens whatever is sent: it is seen in FACT_REPLAYS fresh
sandboxes, and neither reduced nor contrasted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mithridate.model.document import decode
from mithridate.model.entry import EntryPoint
from mithridate.model.finding import Flaky, NegativeControl, Proof
from mithridate.model.search import Candidate
from mithridate.model.violation import OBSERVED_FACTS, Violation, ViolationKind
from mithridate.prove.contrast_document import NEAR_MISS, TWIN, contrasts
from mithridate.prove.influence_document import control
from mithridate.prove.prove import plain
from mithridate.prove.representatives import Representatives
from mithridate.prove.shrink_document import shrink
from mithridate.prove.told_document import carried, request
from mithridate.prove.witness import Witnessed, Witnesses

FACT_REPLAYS = 2
"""Fresh sandboxes that have to see an observed fact: in the second, other documents go before it."""

_SLOW = frozenset({ViolationKind.TIMEOUT, ViolationKind.MEMORY_EXHAUSTION, ViolationKind.SUPERLINEAR_TIME})
"""One run takes seconds: too slow to search for smaller forms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentOptions:
    """`replays` is the n of "n of n"; `rounds` and `minimise_s` (wall seconds) bound the reduction of all documents together."""

    replays: int = 10
    rounds: int = 24
    minimise_s: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A document that fired `violation` while hunting."""

    candidate: Candidate
    data: bytes
    violation: Violation


@dataclass(slots=True, eq=False)
class _Work:
    """One claim on its way. `data` is the form that is being confirmed, `seen` are its runs, `controls` those of its controls."""

    claim: Claim
    replays: int
    data: bytes = field(init=False)
    seen: list[Witnessed | None] = field(init=False, default_factory=list)
    controls: tuple[NegativeControl, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        self.data = self.claim.data

    @property
    def signature(self) -> str:
        return self.claim.violation.signature

    @property
    def contrasted(self) -> bool:
        return self.claim.violation.kind not in OBSERVED_FACTS

    @property
    def reducible(self) -> bool:
        return self.contrasted and self.claim.violation.kind not in _SLOW

    @property
    def reduced(self) -> bool:
        return self.data != self.claim.data

    @property
    def fired(self) -> int:
        return sum(_fired(self.signature, run) for run in self.seen)

    @property
    def holds(self) -> bool:
        """Fired in every replay, and not on the harmless twin."""
        return len(self.seen) == self.fired == self.replays and not _fired_on_twin(self.controls)


class DocumentProver:
    """The steps for many documents of one entry point. `put` stores bytes and gives their digest (the blob store's)."""

    def __init__(self, witnesses: Witnesses, put: Callable[[bytes], str], options: DocumentOptions | None = None) -> None:
        self._witnesses = witnesses
        self._put = put
        self._options = options or DocumentOptions()

    def prove_all(self, entry: EntryPoint, claims: Sequence[Claim]) -> list[Proof | Flaky]:
        """What became of the claims, in their order. All documents must enter through `entry`, or through a door like it.

        A claim whose root cause was proved with others is left out.
        """
        works = [_Work(claim=claim, replays=self._replays(claim.violation)) for claim in claims]
        chosen = Representatives([(w.claim.violation, len(w.data)) for w in works])
        tried: set[int] = set()
        waiting = sorted(chosen.first())
        self._reduce(entry, [works[i] for i in waiting])
        while waiting:
            self._confirm(entry, [works[i] for i in waiting])
            tried |= set(waiting)
            failed = [i for i in waiting if not works[i].holds]
            again = [i for i in failed if works[i].reduced]
            for i in again:
                works[i].data = works[i].claim.data
            waiting, others = [], sorted({*again, *chosen.instead(set(failed) - set(again))})
            while others:
                tried |= set(others)
                fire = self._fire(entry, [works[i] for i in others])
                waiting += [i for i, fires in zip(others, fire, strict=True) if fires]
                others = chosen.instead(i for i, fires in zip(others, fire, strict=True) if not fires)
        return [self._conclude(works[i]) for i in sorted(tried)]

    def _replays(self, violation: Violation) -> int:
        return min(self._options.replays, FACT_REPLAYS) if violation.kind in OBSERVED_FACTS else self._options.replays

    def _reduce(self, entry: EntryPoint, works: Sequence[_Work]) -> None:
        """Step 2. Gives each the smallest form found."""
        chosen = [w for w in works if w.reducible]

        def keeps(asked: Mapping[int, Sequence[bytes]]) -> Mapping[int, Sequence[bool]]:
            seen = self._witness(entry, {variant: 1 for variants in asked.values() for variant in variants})
            return {i: [_fired(chosen[i].signature, seen[v][0]) for v in variants] for i, variants in asked.items()}

        kinds = [w.claim.violation.kind for w in chosen]
        small = shrink([w.data for w in chosen], keeps, self._options.rounds, self._options.minimise_s, kinds)
        for work, form in zip(chosen, small, strict=True):
            work.data = form

    def _fire(self, entry: EntryPoint, works: Sequence[_Work]) -> list[bool]:
        """Which of a few documents fire at all in one sandbox: the others are not worth opening the door n times."""
        seen = self._witness(entry, dict.fromkeys((work.data for work in works), 1))
        for work in works:
            work.seen, work.controls = seen[work.data], ()
        return [work.fired > 0 for work in works]

    def _confirm(self, entry: EntryPoint, works: Sequence[_Work]) -> None:
        """Step 3: everything that a proof needs, in one go."""
        made = {w.data: contrasts(decode(w.data)) for w in works if w.contrasted}
        wanted = {data: 1 for named in made.values() for data in named.values()}
        for work in works:
            wanted[work.data] = max(wanted.get(work.data, 0), work.replays)
        seen = self._witness(entry, wanted)
        for work in works:
            work.seen = seen[work.data][: work.replays]
            work.controls = self._controls(work, made[work.data], seen) if work.contrasted else ()

    def _controls(
        self, work: _Work, made: Mapping[str, bytes], seen: Mapping[bytes, Sequence[Witnessed | None]]
    ) -> tuple[NegativeControl, ...]:
        """The controls that were run. A near miss that fires is none: it missed nothing."""
        told = []
        for name, data in made.items():
            run = seen[data][0]
            fired = _fired(work.signature, run)
            if run is not None and not (fired and name == NEAR_MISS):
                told.append(NegativeControl(name=name, blob=self._put(data), size=len(data), fired=fired))
        return tuple(told)

    def _conclude(self, work: _Work) -> Proof | Flaky:
        """Step 5."""
        if not work.holds:
            return self._flaky(work)
        runs = [run for run in work.seen if run is not None]
        violation = runs[0].with_signature(work.signature) or work.claim.violation
        document = decode(work.data)
        return Proof(
            entry_id=work.claim.candidate.entry_id,
            signature=work.signature,
            violation=violation,
            blob=self._put(work.data),
            size=len(work.data),
            original_size=len(work.claim.data),
            replays=work.replays,
            fired=len(runs),
            controls=work.controls,
            control=control(violation, runs),
            engine=work.claim.candidate.engine,
            found_s=work.claim.candidate.found_s,
            report=runs[0].records,
            through=request(document),
            carriers=carried(document),
        )

    def _flaky(self, work: _Work) -> Flaky:
        return Flaky(
            entry_id=work.claim.candidate.entry_id,
            signature=work.signature,
            violation=work.claim.violation,
            blob=self._put(work.data),
            replays=len(work.seen),
            fired=work.fired,
            why=_why(work),
        )

    def _witness(self, entry: EntryPoint, wanted: Mapping[bytes, int]) -> dict[bytes, list[Witnessed | None]]:
        """The runs of each document, so many as wanted."""
        if not wanted:
            return {}
        seen = self._witnesses.witness(entry, plain(entry), list(wanted), list(wanted.values()))
        return dict(zip(wanted, seen, strict=True))


def _fired(signature: str, run: Witnessed | None) -> bool:
    return run is not None and run.with_signature(signature) is not None


def _fired_on_twin(controls: Sequence[NegativeControl]) -> bool:
    return any(c.fired and c.name == TWIN for c in controls)


def _why(work: _Work) -> str:
    if silent := sum(run is None for run in work.seen):
        return f"The observer gave no answer in {silent} of {len(work.seen)} replays."
    if work.fired == len(work.seen):
        return "It fires on harmless inputs too, so it does not depend on what an attacker sends."
    if {v.signature for run in work.seen if run for v in run.violations} - {work.signature}:
        return "Other violations fired in its place in some replays."
    return "It did not fire in every replay."
