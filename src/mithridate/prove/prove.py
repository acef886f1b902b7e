"""From a candidate to proofs, in steps that a caller can make durable one by one.

1. look       what the candidate does: its distinct violations, the gravest first
2. settle     n of n replays with one signature; else the search for a stable form; else it stays flaky, with its rate
3. reduce     the smallest form that keeps the signature, replayed n of n again
4. measure    the control tier, by perturbing the bytes
5. contrast   the negative controls
6. prove      all of these in a row

Every step takes and gives plain values; the only things touched are the sandbox (through the replayer) and the blob store.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mithridate.model.entry import Binary, EntryPoint
from mithridate.model.errors import UsageError
from mithridate.model.finding import Control, Flaky, NegativeControl, Proof
from mithridate.model.project import Flavour, ToolFailure
from mithridate.model.search import Candidate
from mithridate.model.violation import Violation, ViolationKind
from mithridate.prove.batch import QuickSignature, quick_signature
from mithridate.prove.control import Measurement, measure
from mithridate.prove.dedup import same_root
from mithridate.prove.minimise import Trial, minimise
from mithridate.prove.replay import Observation, Replayer, Replays

EngineMinimiser = Callable[[EntryPoint, bytes, float], bytes | None]
"""An engine's own minimiser: entry point, input and seconds (wall) to a smaller input that still crashes, or None."""

EMPTY = "empty input"
BENIGN = "benign input"
NEAR_MISS = "near miss"

STEADY = 4
"""How often in a row a variant of a flaky candidate must fire to be taken for a stable form (which then faces all replays)."""

_SMALL_BYTES = 64
"""An engine's minimiser, which always takes all its time, is asked for help with more bytes than this."""

_SLOW = frozenset({ViolationKind.TIMEOUT, ViolationKind.MEMORY_EXHAUSTION})
"""One execution takes seconds: too slow to search for smaller forms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProveOptions:
    """`replays` is the n of "n of n"; times are wall seconds; `distinct` is how many violations of one candidate are pursued."""

    replays: int = 10
    minimise_s: float = 20.0
    control_s: float = 15.0
    settle_s: float = 20.0
    distinct: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Bytes that fired `replays` of `replays` times, the violation, and the report of one such execution."""

    data: bytes
    violation: Violation
    report: str
    replays: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a candidate. All empty: it did nothing on the PLAIN build."""

    proofs: tuple[Proof, ...] = ()
    flaky: tuple[Flaky, ...] = ()
    failure: ToolFailure | None = None


class Prover:
    """The steps for one entry point at a time. `put` stores bytes and gives their digest (the blob store's)."""

    def __init__(
        self,
        replayer: Replayer,
        put: Callable[[bytes], str],
        options: ProveOptions | None = None,
        engine_minimiser: EngineMinimiser | None = None,
    ) -> None:
        self._replayer = replayer
        self._put = put
        self._options = options or ProveOptions()
        self._engine_minimiser = engine_minimiser

    def prove(self, entry: EntryPoint, candidate: Candidate, data: bytes, benign: Sequence[bytes] = ()) -> Outcome:
        """All steps for one candidate. `benign` are inputs that should not fire, the best first (at most a few are tried)."""
        seen = self.look(entry, data)
        if isinstance(seen, ToolFailure):
            return Outcome(failure=seen)
        proofs: list[Proof] = []
        flaky: list[Flaky] = []
        for violation in seen:
            if any(same_root(violation, proof.violation) for proof in proofs):
                continue
            made = self.pursue(entry, candidate, data, violation, benign)
            if isinstance(made, Proof):
                proofs.append(made)
            else:
                flaky.append(made)
        return Outcome(proofs=tuple(proofs), flaky=tuple(flaky))

    def pursue(
        self,
        entry: EntryPoint,
        candidate: Candidate,
        data: bytes,
        violation: Violation,
        benign: Sequence[bytes] = (),
        *,
        fired_always: bool = False,
    ) -> Proof | Flaky:
        """Steps 2 to 5 for one violation of a candidate; `fired_always`: it has already fired n of n times, as step 2 asks."""
        steady = self._settled(entry, data, violation.signature) if fired_always else None
        settled = steady or self.settle(entry, data, violation)
        if isinstance(settled, Flaky):
            return settled
        small = self.reduce(entry, settled)
        measurement = self.measure(entry, small)
        near_miss = measurement.near_miss.data if measurement.near_miss else None
        contrasts = self.contrast(entry, small, benign, near_miss)
        if any(c.fired and c.name == BENIGN for c in contrasts):
            return Flaky(
                entry_id=entry.id,
                signature=small.violation.signature,
                violation=small.violation,
                blob=self._put(small.data),
                replays=small.replays,
                fired=small.replays,
                why="It fires on harmless inputs too, so it does not depend on what an attacker sends.",
            )
        return self.assemble(entry, candidate, len(data), small, measurement.control, contrasts)

    def look(self, entry: EntryPoint, data: bytes) -> tuple[Violation, ...] | ToolFailure:
        """Step 1. Distinct violations of one execution, the gravest first, at most `distinct`; empty when nothing fired."""
        observation = self._replayer.observe(entry, plain(entry), data)
        if isinstance(observation.judgement, ToolFailure):
            return observation.judgement
        distinct: list[Violation] = []
        for violation in observation.violations:
            if not any(same_root(violation, other) for other in distinct):
                distinct.append(violation)
        return tuple(distinct[: self._options.distinct])

    def settle(self, entry: EntryPoint, data: bytes, violation: Violation) -> Settled | Flaky:
        """Step 2. The candidate itself if it is stable, else a stable form of it, else Flaky with the rate of the candidate."""
        binary = plain(entry)
        replays = self._replayer.many(entry, binary, data, self._options.replays, violation.signature)
        if replays.stable:
            settled = self._settled(entry, data, violation.signature)
            if settled is not None:
                return settled
        if replays.fired and violation.kind not in _SLOW:
            stable = self._stable_form(entry, data, violation)
            if stable is not None:
                return stable
        return Flaky(
            entry_id=entry.id,
            signature=violation.signature,
            violation=violation,
            blob=self._put(data),
            replays=replays.replays,
            fired=replays.fired,
            why=_why(replays),
        )

    def reduce(self, entry: EntryPoint, settled: Settled) -> Settled:
        """Step 3. A form no larger than the given one, replayed n of n; the given one when no smaller form is stable.

        Where delta debugging does not end in half of its time, the engine's minimiser, many times faster and less sure, goes on
        from there, and delta debugging from what that made.
        """
        if settled.violation.kind in _SLOW:
            return settled
        keeps = self._keeps(entry, settled.data, settled.violation)
        if keeps is None:
            return settled
        helped = (
            self._engine_minimiser is not None and entry.binary(Flavour.FUZZ) is not None and len(settled.data) > _SMALL_BYTES
        )
        seconds = self._options.minimise_s / 2 if helped else self._options.minimise_s
        until = time.monotonic() + seconds
        first = form = small = minimise(settled.data, keeps, seconds)
        if helped and time.monotonic() >= until:
            form = self._engines_form(entry, first, keeps, seconds)
            small = minimise(form, keeps, seconds)
        for data in dict.fromkeys((small, form, first)):
            if data != settled.data and self._fires_always(entry, data, settled.violation.signature):
                found = self._settled(entry, data, settled.violation.signature)
                if found is not None:
                    return found
        return settled

    def measure(self, entry: EntryPoint, settled: Settled) -> Measurement:
        """Step 4. The control tier with evidence, and a near miss if one was met."""
        return measure(self._replayer, entry, plain(entry), settled.data, settled.violation, self._options.control_s)

    def contrast(
        self, entry: EntryPoint, settled: Settled, benign: Sequence[bytes], near_miss: bytes | None
    ) -> tuple[NegativeControl, ...]:
        """Step 5. The negative controls, each run once in a fresh sandbox. Of the benign inputs the first silent one counts."""
        made: list[NegativeControl] = []
        if settled.data:
            made.append(self._control(entry, EMPTY, b"", settled))
        tried: list[NegativeControl] = []
        for data in benign:
            tried.append(self._control(entry, BENIGN, data, settled))
            if not tried[-1].fired:
                break
        made += tried[-1:]
        if near_miss is not None:
            close = self._control(entry, NEAR_MISS, near_miss, settled)
            if not close.fired:
                made.append(close)
        return tuple(made)

    def assemble(
        self,
        entry: EntryPoint,
        candidate: Candidate,
        original_size: int,
        settled: Settled,
        control: Control,
        contrasts: tuple[NegativeControl, ...],
    ) -> Proof:
        """The proof that the steps before support; its bundle is written later."""
        return Proof(
            entry_id=entry.id,
            signature=settled.violation.signature,
            violation=settled.violation,
            blob=self._put(settled.data),
            size=len(settled.data),
            original_size=original_size,
            replays=settled.replays,
            fired=settled.replays,
            controls=contrasts,
            control=control,
            engine=candidate.engine,
            found_s=candidate.found_s,
            report=settled.report,
        )

    def _control(self, entry: EntryPoint, name: str, data: bytes, settled: Settled) -> NegativeControl:
        observation = self._replayer.observe(entry, plain(entry), data)
        fired = observation.with_signature(settled.violation.signature) is not None
        return NegativeControl(name=name, blob=self._put(data), size=len(data), fired=fired)

    def _settled(self, entry: EntryPoint, data: bytes, signature: str) -> Settled | None:
        """The record of a stable form, from one more execution; None in the rare case that this one did not fire."""
        observation: Observation = self._replayer.observe(entry, plain(entry), data)
        violation = observation.with_signature(signature)
        if violation is None:
            return None
        return Settled(data=data, violation=violation, report=observation.report, replays=self._options.replays)

    def _fires_always(self, entry: EntryPoint, data: bytes, signature: str) -> bool:
        return self._replayer.many(entry, plain(entry), data, self._options.replays, signature).stable

    def _stable_form(self, entry: EntryPoint, data: bytes, violation: Violation) -> Settled | None:
        """A smaller variant that fires every time: what made the candidate flaky may be among what can be removed."""
        keeps = self._keeps(entry, data, violation)
        if keeps is None:
            return None

        def keeps_steadily(variants: Sequence[bytes], seconds: float) -> Sequence[bool]:
            kept = keeps([v for v in variants for _ in range(STEADY)], seconds)
            return [all(kept[i : i + STEADY]) for i in range(0, len(kept), STEADY)]

        found = minimise(data, keeps_steadily, self._options.settle_s)
        if found == data or not self._fires_always(entry, found, violation.signature):
            return None
        return self._settled(entry, found, violation.signature)

    def _keeps(self, entry: EntryPoint, data: bytes, violation: Violation) -> Trial | None:
        """The quick question "does this variant fire the same?"; None when the violation cannot be recognised without symbols."""
        binary = plain(entry)
        wanted = self._quick_forms(entry, binary, data, violation)
        if not wanted:
            return None

        def keeps(variants: Sequence[bytes], seconds: float) -> Sequence[bool]:
            judged = self._replayer.batch(entry, binary, variants, seconds)
            return [isinstance(j, tuple) and any(quick_signature(v) in wanted for v in j) for j in judged]

        return keeps

    def _quick_forms(self, entry: EntryPoint, binary: Binary, data: bytes, violation: Violation) -> set[QuickSignature]:
        seen = self._replayer.batch(entry, binary, [data] * STEADY, self._options.minimise_s)
        alike = [v for j in seen if isinstance(j, tuple) for v in j if (v.kind, v.access) == (violation.kind, violation.access)]
        exact = [v for v in alike if v.size == violation.size] or alike
        return {quick_signature(v) for v in exact}

    def _engines_form(self, entry: EntryPoint, data: bytes, keeps: Trial, seconds: float) -> bytes:
        """What the engine's own minimiser makes of it, if that keeps the violation and is smaller."""
        if self._engine_minimiser is None or len(data) <= _SMALL_BYTES:
            return data
        smaller = self._engine_minimiser(entry, data, seconds)
        if smaller is None or len(smaller) >= len(data) or not keeps([smaller], seconds)[0]:
            return data
        return smaller


def plain(entry: EntryPoint) -> Binary:
    """The binary that proofs are replayed on. Raises UsageError when the entry point has none."""
    binary = entry.binary(Flavour.PLAIN)
    if binary is None:
        raise UsageError(f"The entry point {entry.id} has no plain build, so nothing can be proved through it.")
    return binary


def _why(replays: Replays) -> str:
    if replays.failures:
        first = replays.failures[0]
        return f"{first.tool} failed in {len(replays.failures)} of {replays.replays} replays: {first.why}"
    if replays.others:
        return "Other violations fired in its place in some replays."
    return "It did not fire in every replay, and no stable form was found."
