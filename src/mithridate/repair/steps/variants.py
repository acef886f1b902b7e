"""Variants of the proofs are silent: proofs that are a little different, benign inputs, and what a fresh search finds.

Under LeakSanitizer too, where the patched program may not leak what the unpatched one did not.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from mithridate.model.patch import GateStep, Outcome
from mithridate.model.project import ToolFailure
from mithridate.model.violation import Violation
from mithridate.repair.behind import elsewhere
from mithridate.repair.crossing import crossing
from mithridate.repair.steps.interface import Case, Memory, Seen, failed, passed, unjudged
from mithridate.repair.steps.leaks import corpus_silent, no_new_leak
from mithridate.repair.steps.perturbed import neighbours, perturbed, spread
from mithridate.repair.steps.perturbed_documents import perturbed_document

PERTURBED = 48
"""Changed forms of each proof."""
NEIGHBOURS = 4096
"""Inputs of a door that lie beside proofs and benign ones."""
_BESIDE = 12


class Variants:
    """Perturbed proofs, the corpus, leaks, what lies beside all these, then a search of `seconds` of wall time.

    The unpatched program is asked as well: what violates something there at another place was there before, and is no fault of
    the patch; everything else is.
    """

    step = GateStep.VARIANTS

    def __init__(self, seconds: float, perturbations: int = PERTURBED, neighbours: int = NEIGHBOURS) -> None:
        self._seconds = seconds
        self._perturbations = perturbations
        self._neighbours = neighbours

    def check(self, case: Case) -> Seen:
        """Fails at the first variant that violates something that the unpatched program does not show elsewhere."""
        if (refuted := refutation(case)) is not None:
            return refuted
        tried = unanswered = 0
        for entry_id, inputs in self._near(case):
            for data, judged in zip(inputs, case.bench.judge(case.built, entry_id, inputs), strict=True):
                if isinstance(judged, ToolFailure):
                    unanswered += 1
                    continue
                tried += 1
                if why := _held(case, entry_id, data, judged):
                    return failed(f"a perturbed proof of {len(data)} bytes through {entry_id} {why}")
        others = [look(case) for look in (corpus_silent, no_new_leak)]
        for seen in others:
            if seen.outcome is Outcome.FAILED:
                return seen
        seeds = {
            entry_id: [*case.subject.benign.get(entry_id, ()), *(p.data for p in case.subject.proofs if p.entry_id == entry_id)]
            for entry_id in case.built.entries
        }
        near = self._beside(case)
        lying_near = {entry_id: frozenset(inputs) for entry_id, inputs in near.items()}
        hidden: dict[tuple[str, bytes], bool] = {}

        def held(data: bytes, entry_id: str, violation: Violation) -> str:
            why = _held(case, entry_id, data, (violation,))
            if not why or data not in lying_near.get(entry_id, ()):
                return why
            if (entry_id, data) not in hidden:
                hidden[entry_id, data] = _behind(case, entry_id, data, violation)
            return "" if hidden[entry_id, data] else why

        found = case.bench.search(case.built, self._seconds, seeds, near, lambda *one: bool(held(*one)))
        for data, entry_id, violation in found.violations:
            if why := held(data, entry_id, violation):
                beside = data in lying_near.get(entry_id, ())
                case.memory.counterexamples[entry_id, data] = None
                how = (
                    "a byte away from a proof or a benign input is"
                    if beside
                    else f"a fresh search of {self._seconds:.0f} s found"
                )
                return failed(f"{how} an input of {len(data)} bytes that {why}")
        how = f"a fresh search of {self._seconds:.0f} s ({found.executions:,} executions) from the proofs and the corpus"
        searched = f"{how} found nothing" if found.executions else "no fresh search: none of these doors could be searched"
        told = [line for seen in others for line in seen.evidence]
        if found.near:
            behind = sum(hidden.values())
            shown = f", but for what lay behind the flaw for {behind} of them" if behind else ""
            told.append(f"{found.near:,} inputs a byte away from proofs and benign ones show nothing new{shown}")
        return passed(f"{tried} perturbed proofs are silent", *unjudged(unanswered), searched, *told)

    def _beside(self, case: Case) -> dict[str, list[bytes]]:
        """Of each door, what lies beside proofs, and beside benign inputs that get to a changed function by other ways.

        A bound that a proof keeps to and another input does not may be one byte away from either. The inputs take turns, so that
        a part of them all says something of each.
        """
        seen = crossing(case)
        beside: dict[str, list[bytes]] = {}
        for entry_id, inputs in case.subject.benign.items():
            if entry_id not in case.built.entries or case.built.entries[entry_id].observed:
                continue
            there = [data for n, data in enumerate(inputs) if not seen.known or n in seen.entered.get(entry_id, ())]
            some = spread(there, _BESIDE)
            proofs = list(dict.fromkeys(p.data for p in case.subject.proofs if p.entry_id == entry_id))[:_BESIDE]
            each = self._neighbours // max(1, bool(some) + bool(proofs))
            parts = ([neighbours(data, each // len(part)) for data in part] for part in (proofs, some) if part)
            beside[entry_id] = _turns([_turns(rows) for rows in parts])
        return beside

    def _near(self, case: Case) -> Iterator[tuple[str, list[bytes]]]:
        for entry_id in dict.fromkeys(proof.entry_id for proof in case.subject.proofs):
            proofs = [proof for proof in case.subject.proofs if proof.entry_id == entry_id]
            if case.built.entries[entry_id].observed:
                near = [perturbed_document(p.data, p.violation.kind, self._perturbations) for p in proofs]
            else:
                near = [perturbed(proof.data, self._perturbations) for proof in proofs]
            yield entry_id, [data for some in near for data in some]


def refutation(case: Case) -> Seen | None:
    """The failure, when what a search found against an earlier proposal is held against this one, too; None when nothing is."""
    for entry_id in dict.fromkeys(entry_id for entry_id, _ in case.memory.counterexamples):
        inputs = [data for known, data in case.memory.counterexamples if known == entry_id]
        for data, judged in zip(inputs, case.bench.judge(case.built, entry_id, inputs), strict=True):
            if not isinstance(judged, ToolFailure) and (why := _held(case, entry_id, data, judged)):
                return failed(f"an input of {len(data)} bytes, found against an earlier proposal, {why}")
    return None


def _held(case: Case, entry_id: str, data: bytes, seen: Sequence[Violation]) -> str:
    """What is held against the patch, "" for nothing: a violation that the unpatched program shows too, elsewhere, is not."""
    if not seen:
        return ""
    roots = {proof.violation.signature for proof in case.subject.proofs}
    before = _before(case.memory, case, entry_id, data)
    known = ({violation.signature for violation in before} | case.subject.known) - roots
    for violation in seen:
        if violation.signature not in known and not case.subject.elsewhere(violation, case.proposal.diff):
            place = violation.place
            where = f" in {place.function} ({place.file}:{place.line})" if place else ""
            return f"shows {violation.kind}{where}"
    return ""


def _behind(case: Case, entry_id: str, data: bytes, violation: Violation) -> bool:
    """The unpatched program ends in the flaw before it gets that far, and it misses an object that is known, and another one."""
    if not violation.allocation and (violation.region is None or not violation.region.name):
        return False
    flaws = [proof.violation for proof in case.subject.proofs]
    ended = {flaw.signature for flaw in flaws} & {seen.signature for seen in _before(case.memory, case, entry_id, data)}
    return bool(ended) and elsewhere(flaws, case.bench.original.tree)(violation, case.proposal.diff)


def _turns(rows: Sequence[Sequence[bytes]]) -> list[bytes]:
    return [data for turn in zip_longest(*rows) for data in turn if data is not None]


def _before(memory: Memory, case: Case, entry_id: str, data: bytes) -> tuple[Violation, ...]:
    def ask() -> tuple[Violation, ...]:
        (seen,) = case.bench.judge(case.bench.original, entry_id, [data])
        return () if isinstance(seen, ToolFailure) else seen

    return memory.once(f"before {entry_id} {data!r}", tuple, ask)
