"""From confirmed input documents of one door to proofs, all of them at once: a door opens slowly and then runs hundreds quickly.

1. settle     every document n times in n fresh sandboxes; what does not fire its violation every time is flaky
2. reduce     all documents made smaller together, one batch a round (shrink_document.py)
3. contrast   the reduced forms n times, and the negative controls once (contrast_document.py), in one go
4. measure    the control tier, from the texts at the sink in two of those runs (influence_document.py)
5. assemble   a proof from the smallest form that fired every time while its harmless twin stayed silent

An observed fact (a weak hash, say) happens whatever is sent: it is replayed, but neither reduced nor contrasted.
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
from mithridate.prove.shrink_document import shrink
from mithridate.prove.told_document import carried, request
from mithridate.prove.witness import Witnessed, Witnesses

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
    """One claim on its way. `seen` are the runs of `data` that all fired."""

    claim: Claim
    data: bytes
    seen: list[Witnessed] = field(default_factory=list)
    controls: tuple[NegativeControl, ...] = ()

    @property
    def signature(self) -> str:
        return self.claim.violation.signature

    @property
    def contrasted(self) -> bool:
        return self.claim.violation.kind not in OBSERVED_FACTS


class DocumentProver:
    """The steps for many documents of one entry point. `put` stores bytes and gives their digest (the blob store's)."""

    def __init__(self, witnesses: Witnesses, put: Callable[[bytes], str], options: DocumentOptions | None = None) -> None:
        self._witnesses = witnesses
        self._put = put
        self._options = options or DocumentOptions()

    def prove_all(self, entry: EntryPoint, claims: Sequence[Claim]) -> list[Proof | Flaky]:
        """What became of each claim, in order. All documents must enter through `entry`."""
        outcomes: dict[int, Proof | Flaky] = {}
        works = [_Work(claim=c, data=c.data) for c in claims]
        self._settle(entry, works, outcomes)
        open_ = [i for i in range(len(works)) if i not in outcomes]
        smaller = self._reduce(entry, [works[i] for i in open_])
        self._contrast(entry, [works[i] for i in open_], smaller)
        for i in open_:
            outcomes[i] = self._conclude(entry, works[i])
        return [outcomes[i] for i in range(len(claims))]

    def _settle(self, entry: EntryPoint, works: Sequence[_Work], outcomes: dict[int, Proof | Flaky]) -> None:
        """Step 1."""
        seen = self._witness(entry, [w.data for w in works], self._options.replays)
        for i, work in enumerate(works):
            runs = seen[work.data]
            if self._all_fired(work, runs):
                work.seen = [w for w in runs if w is not None]
            else:
                outcomes[i] = self._flaky(entry, work, runs)

    def _reduce(self, entry: EntryPoint, works: Sequence[_Work]) -> list[bytes]:
        """Step 2. The smallest form found of each; the document itself where none was looked for."""
        chosen = [w for w in works if w.contrasted and w.claim.violation.kind not in _SLOW]

        def keeps(asked: Mapping[int, Sequence[bytes]]) -> Mapping[int, Sequence[bool]]:
            seen = self._witness(entry, [variant for variants in asked.values() for variant in variants], 1)
            return {i: [_fired(chosen[i].signature, seen[v][0]) for v in variants] for i, variants in asked.items()}

        small = iter(shrink([w.data for w in chosen], keeps, self._options.rounds, self._options.minimise_s))
        return [next(small) if w in chosen else w.data for w in works]

    def _contrast(self, entry: EntryPoint, works: Sequence[_Work], smaller: Sequence[bytes]) -> None:
        """Step 3. Take the smaller form where it fires every time and its twin does not; else stay with what was settled."""
        forms = [tuple(dict.fromkeys((small, w.data))) for w, small in zip(works, smaller, strict=True)]
        many = self._witness(entry, [small for small, *settled in forms if settled], self._options.replays)
        made = {form: contrasts(decode(form)) for w, given in zip(works, forms, strict=True) if w.contrasted for form in given}
        once = self._witness(entry, [data for named in made.values() for data in named.values()], 1)
        for work, given in zip(works, forms, strict=True):
            settled = work.data
            for form in given if work.contrasted else ():
                runs = work.seen if form == settled else many[form]
                controls = self._controls(work, made[form], once)
                if form == settled or (self._all_fired(work, runs) and not _fired_on_twin(controls)):
                    work.data, work.controls = form, controls
                    work.seen = [w for w in runs if w is not None]
                    break

    def _controls(
        self, work: _Work, made: Mapping[str, bytes], once: Mapping[bytes, Sequence[Witnessed | None]]
    ) -> tuple[NegativeControl, ...]:
        """The controls that were run. A near miss that fires is none: it missed nothing."""
        told = []
        for name, data in made.items():
            (run,) = once[data]
            fired = _fired(work.signature, run)
            if run is not None and not (fired and name == NEAR_MISS):
                told.append(NegativeControl(name=name, blob=self._put(data), size=len(data), fired=fired))
        return tuple(told)

    def _conclude(self, entry: EntryPoint, work: _Work) -> Proof | Flaky:
        """Steps 4 and 5."""
        if _fired_on_twin(work.controls):
            return self._flaky(
                entry, work, work.seen, "It fires on harmless inputs too, so it does not depend on what an attacker sends."
            )
        first = work.seen[0]
        violation = first.with_signature(work.signature) or work.claim.violation
        document = decode(work.data)
        return Proof(
            entry_id=entry.id,
            signature=work.signature,
            violation=violation,
            blob=self._put(work.data),
            size=len(work.data),
            original_size=len(work.claim.data),
            replays=self._options.replays,
            fired=len(work.seen),
            controls=work.controls,
            control=control(violation, work.seen),
            engine=work.claim.candidate.engine,
            found_s=work.claim.candidate.found_s,
            report=first.records,
            through=request(document),
            carriers=carried(document),
        )

    def _flaky(self, entry: EntryPoint, work: _Work, runs: Sequence[Witnessed | None], why: str = "") -> Flaky:
        fired = sum(_fired(work.signature, run) for run in runs)
        silent = sum(run is None for run in runs)
        return Flaky(
            entry_id=entry.id,
            signature=work.signature,
            violation=work.claim.violation,
            blob=self._put(work.data),
            replays=self._options.replays,
            fired=fired,
            why=why or _why(work, runs, silent),
        )

    def _witness(self, entry: EntryPoint, documents: Sequence[bytes], n: int) -> dict[bytes, list[Witnessed | None]]:
        """The runs of each distinct document."""
        distinct = list(dict.fromkeys(documents))
        if not distinct:
            return {}
        return dict(zip(distinct, self._witnesses.witness(entry, plain(entry), distinct, n), strict=True))

    def _all_fired(self, work: _Work, runs: Sequence[Witnessed | None]) -> bool:
        return len(runs) == self._options.replays and all(_fired(work.signature, run) for run in runs)


def _fired(signature: str, run: Witnessed | None) -> bool:
    return run is not None and run.with_signature(signature) is not None


def _fired_on_twin(controls: Sequence[NegativeControl]) -> bool:
    return any(c.fired and c.name == TWIN for c in controls)


def _why(work: _Work, runs: Sequence[Witnessed | None], silent: int) -> str:
    if silent:
        return f"The observer gave no answer in {silent} of {len(runs)} replays."
    others = {v.signature for run in runs if run for v in run.violations} - {work.signature}
    if others:
        return "Other violations fired in its place in some replays."
    return "It did not fire in every replay."
