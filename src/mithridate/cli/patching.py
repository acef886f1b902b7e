"""Shows what became of patches, and ends with the right exit code."""

import sys

from mithridate.cli.options import Format
from mithridate.cli.output import data, words
from mithridate.model.errors import ExitCode
from mithridate.model.finding import FindingStatus
from mithridate.model.patch import Outcome, PatchStatus
from mithridate.model.run import RunReport

_SIGNS = {Outcome.PASSED: "ok", Outcome.FAILED: "no", Outcome.EMPTY: "--"}
_HOLDS = (PatchStatus.VALIDATED, PatchStatus.APPROVED)


def present_patches(report: RunReport, wanted: str, form: Format | None, branch: str) -> ExitCode:
    """The diffs on stdout (or the report in the wanted format), the gate's records on stderr.

    PROVED when each finding asked for has a validated patch, NOTHING_PROVED otherwise.
    """
    chosen = [f for f in report.findings if f.status is FindingStatus.PROVED and (not wanted or f.id == wanted)]
    validated = 0
    for finding in chosen:
        patches = report.patches.get(finding.id, ())
        best = next(iter(patches), None)
        if best is None:
            words(f"{finding.id}: {finding.title}: nobody proposed a patch")
            continue
        validated += best.status in _HOLDS
        words(f"{finding.id}: {finding.title}: {best.status}: {best.proposal.fix} ({best.proposal.proposer})")
        for record in best.gate:
            words(f"  {_SIGNS[record.outcome]}  {record.step:<9} {'; '.join(record.evidence)}")
        words(f"  {len(patches)} proposals, {sum(p.status in _HOLDS for p in patches)} validated")
        if form is None and best.status in _HOLDS:
            sys.stdout.flush()
            data(best.proposal.diff)
    if form is not None:
        from mithridate.report.registry import writers

        data(writers()[form].render(report))
    if branch:
        words(f"on the new branch {branch}")
    words(f"{validated} of {len(chosen)} findings have a validated patch")
    return ExitCode.PROVED if chosen and validated == len(chosen) else ExitCode.NOTHING_PROVED
