"""What a report shows of the patches of a finding: the diff by lines, the gate's record, what became of the others."""

from collections.abc import Sequence
from dataclasses import dataclass

from mithridate.model.patch import HOLDS, GateStep, Outcome, Patch, PatchStatus
from mithridate.model.run import RunReport

STATUS = {
    PatchStatus.PROPOSED: "Proposed; the gate stopped it",
    PatchStatus.PLAUSIBLE: "Plausible; a later step of the gate stopped it",
    PatchStatus.VALIDATED: "Validated; a person has to approve it",
    PatchStatus.APPROVED: "Approved by a person",
}
STEPS = {
    GateStep.APPLIES: "It applies",
    GateStep.BUILDS: "It builds without a new warning",
    GateStep.PROOFS: "Every proof is silent",
    GateStep.VARIANTS: "Variants of the proofs are silent",
    GateStep.TESTS: "The project\u2019s tests give the same result",
    GateStep.OUTPUTS: "Outputs on harmless inputs are unchanged",
    GateStep.SYMPTOM: "It is no symptom fix",
    GateStep.SMALLEST: "It is the smallest that passed",
}
OUTCOMES = {Outcome.PASSED: "passed", Outcome.FAILED: "failed", Outcome.EMPTY: "nothing to compare"}
_KINDS = {"+": "added", "-": "removed", "@": "hunk"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """A line of the diff; `kind` is added, removed, hunk, file or same."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPatch:
    """The best patch of a finding, and in short how the others ended: (fix, outcome)."""

    patch: Patch
    status: str
    lines: tuple[DiffLine, ...]
    others: tuple[tuple[str, str], ...]


def shown_patch(report: RunReport, finding: str) -> ShownPatch | None:
    """What to show for a finding; None when nobody proposed a patch."""
    patches = report.patches.get(finding, ())
    if not patches:
        return None
    best = patches[0]
    return ShownPatch(
        patch=best,
        status=f"{STATUS[best.status]} (diff {best.proposal.sha256[:12]})" if best.status in HOLDS else STATUS[best.status],
        lines=tuple(_line(text) for text in best.proposal.diff.splitlines()),
        others=tuple(_others(patches[1:])),
    )


def _line(text: str) -> DiffLine:
    if text.startswith(("--- ", "+++ ")):
        return DiffLine(kind="file", text=text)
    return DiffLine(kind=_KINDS.get(text[:1], "same"), text=text)


def _others(patches: Sequence[Patch]) -> list[tuple[str, str]]:
    told: dict[tuple[str, str], int] = {}
    for patch in patches:
        stopped = patch.stopped_by
        named = f"; its diff is {patch.proposal.sha256[:12]} in results.json" if patch.status in HOLDS else ""
        if stopped is GateStep.SMALLEST:
            how = f"passed as well, and is larger{named}"
        elif stopped is not None:
            how = (
                f"stopped: {STEPS[stopped].lower()}? {next((e for r in patch.gate if r.step is stopped for e in r.evidence), '')}"
            )
        elif named:
            how = f"passed every step as well{named}"
        else:
            how = "not taken further"
        told[patch.proposal.fix, how] = told.get((patch.proposal.fix, how), 0) + 1
    return [(fix if count == 1 else f"{fix} ({count} forms)", how) for (fix, how), count in told.items()]
