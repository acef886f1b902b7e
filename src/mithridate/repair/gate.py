"""The gate: every proposal goes through its steps in order, and each step is recorded (DESIGN.md §4, "Gate").

applies → builds → proofs → variants → tests → outputs → symptom → smallest. The first step that fails stops a proposal.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from mithridate.model.patch import GateStep, Outcome, Patch, PatchStatus, Proposal, StepRecord
from mithridate.model.project import BuildFailure
from mithridate.repair.diff import DiffError, sizes
from mithridate.repair.interface import Subject, Variant, Workbench
from mithridate.repair.steps.interface import Case, Check, Memory, Seen, failed
from mithridate.repair.steps.proofs import silent
from mithridate.repair.steps.variants import refutation

_COMPARED = frozenset({GateStep.TESTS, GateStep.OUTPUTS})
"""Steps that look whether the program still does what it did. With nothing to compare in any of them nobody knows."""

_PLAUSIBLE = frozenset({GateStep.APPLIES, GateStep.BUILDS, GateStep.PROOFS})
_SCREENED_REPLAYS = 1
_WEIGHT = {PatchStatus.APPROVED: 0, PatchStatus.VALIDATED: 0, PatchStatus.PLAUSIBLE: 1, PatchStatus.PROPOSED: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is tried for one finding: proposals looked at, proposals wanted that pass every step, wall seconds.

    `patient`: while none has passed, those that silence the proofs are judged although the time is over; else one of them is.
    `eager`: each that silences the proofs goes through at once, as whoever proposes waits to hear what is wrong with it.
    """

    proposals: int = 60
    validated: int = 3
    seconds: float = 900.0
    patient: bool = True
    eager: bool = False


class Gate:
    """Judges the proposals for one subject. `checks` are the steps from the clean build on, in the gate's order."""

    def __init__(
        self, checks: Sequence[Check], effort: Effort = Effort(), told: Callable[[Patch], None] = lambda _: None
    ) -> None:
        self._checks = checks
        self._effort = effort
        self._told = told

    def judge(self, subject: Subject, proposals: Iterable[Proposal], bench: Workbench) -> tuple[Patch, ...]:
        """Every proposal that was looked at with its record, the best first: the smallest of those that passed every step.

        Each is first looked at with a quick build. Some that silence the proofs are gathered, go through the steps in order of
        rank and size, and where not enough of them pass, more are looked at, until the proposals or the time are over.
        """
        ends = time.monotonic() + self._effort.seconds
        memory = Memory()
        screened: list[Patch] = []
        hopeful: list[Patch] = []
        done: list[Patch] = []
        known: set[str] = set()
        for proposal in proposals:
            if proposal.diff in known:
                continue
            known.add(proposal.diff)
            patch = self._screened(subject, proposal, bench, memory)
            (hopeful if patch.stopped_by is None else screened).append(patch)
            if len(hopeful) >= (1 if self._effort.eager else 2 * self._effort.validated):
                done += self._chosen(subject, hopeful, done, bench, memory, ends)
                hopeful = []
            if self._enough(done) or len(known) >= self._effort.proposals or time.monotonic() > ends:
                break
        done += self._chosen(subject, hopeful, done, bench, memory, ends)
        return _ordered([*done, *screened])

    def _enough(self, done: Sequence[Patch]) -> bool:
        return sum(patch.status is PatchStatus.VALIDATED for patch in done) >= self._effort.validated

    def _chosen(
        self, subject: Subject, hopeful: Sequence[Patch], done: Sequence[Patch], bench: Workbench, memory: Memory, ends: float
    ) -> list[Patch]:
        """The hopeful ones with their records, as far as any is wanted beside those that are done."""
        made: list[Patch] = []
        for patch in sorted(hopeful, key=lambda patch: (patch.proposal.rank, patch.added + patch.removed)):
            so_far = [*done, *made]
            passed = any(p.status is PatchStatus.VALIDATED for p in so_far)
            late = time.monotonic() > ends and (passed or (bool(so_far) and not self._effort.patient))
            made.append(patch if late or self._enough(so_far) else self._through(subject, patch, bench, memory))
        return made

    def _screened(self, subject: Subject, proposal: Proposal, bench: Workbench, memory: Memory) -> Patch:
        """Does it apply, build from the original's objects, silence the proofs once, and what was found against others?

        A cheap no, and no evidence of a yes.
        """
        record: list[StepRecord] = []
        try:
            added, removed = sizes(proposal.diff)
        except DiffError as error:
            record.append(StepRecord(step=GateStep.APPLIES, outcome=Outcome.FAILED, evidence=(str(error),), seconds=0.0))
            return self._made(subject, proposal, record, (0, 0))
        started = time.monotonic()
        built = bench.build(proposal.diff, quick=True)
        why = _unbuilt(built)
        if why is not None:
            record.append(_recorded(*why, time.monotonic() - started))
        elif isinstance(built, Variant):
            seen = silent(subject, bench, built, _SCREENED_REPLAYS, proposal.diff)
            if seen.outcome is Outcome.FAILED:
                record.append(_recorded(GateStep.PROOFS, seen, time.monotonic() - started))
            elif any(check.step is GateStep.VARIANTS for check in self._checks):
                case = Case(subject=subject, proposal=proposal, bench=bench, memory=memory, patched=built)
                if (refuted := refutation(case)) is not None:
                    record.append(_recorded(GateStep.VARIANTS, refuted, time.monotonic() - started))
        return self._made(subject, proposal, record, (added, removed))

    def _through(self, subject: Subject, patch: Patch, bench: Workbench, memory: Memory) -> Patch:
        started = time.monotonic()
        proposal = patch.proposal
        built = bench.build(proposal.diff)
        why = _unbuilt(built)
        record: list[StepRecord] = []
        if why is None:
            evidence = (f"applies without offset: {patch.added} lines added, {patch.removed} removed",)
            record.append(StepRecord(step=GateStep.APPLIES, outcome=Outcome.PASSED, evidence=evidence, seconds=0.0))
            assert isinstance(built, Variant)
            case = Case(subject=subject, proposal=proposal, bench=bench, memory=memory, patched=built)
            for check in self._checks:
                record.append(_recorded(check.step, check.check(case), time.monotonic() - started))
                started = time.monotonic()
                if record[-1].outcome is Outcome.FAILED:
                    break
        else:
            record.append(_recorded(*why, time.monotonic() - started))
        return self._made(subject, proposal, record, (patch.added, patch.removed))

    def _made(self, subject: Subject, proposal: Proposal, record: Sequence[StepRecord], size: tuple[int, int]) -> Patch:
        wanted = {GateStep.APPLIES, *(check.step for check in self._checks)}
        let_pass = {r.step for r in record if r.outcome is not Outcome.FAILED}
        compared = {r.step for r in record if r.outcome is Outcome.PASSED} & _COMPARED
        status = PatchStatus.PROPOSED
        if let_pass >= _PLAUSIBLE:
            still_works = bool(compared) or not wanted & _COMPARED
            status = PatchStatus.VALIDATED if let_pass >= wanted and still_works else PatchStatus.PLAUSIBLE
        patch = Patch(
            finding=subject.finding, proposal=proposal, status=status, gate=tuple(record), added=size[0], removed=size[1]
        )
        self._told(patch)
        return patch


def best_first(patches: Sequence[Patch]) -> tuple[Patch, ...]:
    """Patches of several judgements: validated ones before plausible ones before the rest, else as they come."""
    return tuple(sorted(patches, key=lambda p: (_WEIGHT[p.status], p.stopped_by is not None)))


def _ordered(patches: Sequence[Patch]) -> tuple[Patch, ...]:
    """The smallest validated one first, and that noted; then the other validated ones, plausible ones, and the rest.

    Of the plausible ones those come first that no step stopped: nothing was compared, and nothing speaks against them.
    """
    ordered = sorted(patches, key=lambda p: (_WEIGHT[p.status], p.stopped_by is not None, p.added + p.removed, p.proposal.rank))
    survivors = [p for p in ordered if p.status is PatchStatus.VALIDATED]
    for number, patch in enumerate(survivors):
        size = patch.added + patch.removed
        told = (
            f"{size} changed lines, the smallest of {len(survivors)} that passed every step"
            if number == 0
            else f"{size} changed lines; another that passed every step has {survivors[0].added + survivors[0].removed}"
        )
        seen = Seen(outcome=Outcome.PASSED if number == 0 else Outcome.FAILED, evidence=(told,))
        ordered[ordered.index(patch)] = replace(patch, gate=(*patch.gate, _recorded(GateStep.SMALLEST, seen, 0.0)))
    return tuple(ordered)


def _unbuilt(built: Variant | BuildFailure | None) -> tuple[GateStep, Seen] | None:
    if built is None:
        return GateStep.APPLIES, failed("the lines it changes are not there")
    if isinstance(built, BuildFailure):
        return GateStep.BUILDS, failed(f"{built.step} failed: {built.first_error}")
    return None


def _recorded(step: GateStep, seen: Seen, seconds: float) -> StepRecord:
    return StepRecord(step=step, outcome=seen.outcome, evidence=seen.evidence, seconds=round(seconds, 2))
