"""Shows what became of patches, and ends with the right exit code."""

import sys
from collections.abc import Sequence
from pathlib import Path

from mithridate.cli.options import Format
from mithridate.cli.output import data, words
from mithridate.model.errors import ExitCode, UsageError
from mithridate.model.finding import FindingStatus
from mithridate.model.patch import HOLDS, Outcome, Patch
from mithridate.model.run import RunReport

_DOORS_SHOWN = 12
_SIGNS = {Outcome.PASSED: "ok", Outcome.FAILED: "no", Outcome.EMPTY: "--"}


def show(patches: Sequence[Patch], form: Format | None) -> ExitCode:
    """The same for the patches of one bundle: the best one, or all as JSON."""
    best = next(iter(patches), None)
    if form is Format.JSON:
        from mithridate.report.json_v1 import as_text, patch_document

        data(as_text(patch_document(patches)))
    elif form is not None:
        raise UsageError("the patches of a bundle are no report", hint="leave out --format, or ask for json")
    if best is None:
        words("nobody proposed a patch")
        return ExitCode.NOTHING_PROVED
    _told("", best, len(patches), sum(p.status in HOLDS for p in patches))
    if form is None and best.status in HOLDS:
        sys.stdout.flush()
        data(best.proposal.diff)
    return ExitCode.PROVED if best.status in HOLDS else ExitCode.NOTHING_PROVED


def _told(title: str, best: Patch, proposals: int, validated: int) -> None:
    words(f"{title}{best.status}: {best.proposal.fix} ({best.proposal.proposer})")
    for record in best.gate:
        words(f"  {_SIGNS[record.outcome]}  {record.step:<9} {'; '.join(record.evidence)}")
    words(f"  {proposals} proposals, {validated} validated; this diff is {best.proposal.sha256[:12]}")


def _fired_nowhere(report: RunReport, given: Path) -> None:
    doors = [entry.id for entry in report.entry_points]
    words(f"{given} violates nothing through {len(doors)} entry points{':' if doors else ''}")
    for door in doors[:_DOORS_SHOWN]:
        words(f"  {door}")
    if len(doors) > _DOORS_SHOWN:
        words(f"  and {len(doors) - _DOORS_SHOWN} more")
    for flaky in report.flaky[:_DOORS_SHOWN]:
        words(f"  not every time: {flaky.violation.kind}, {flaky.fired} of {flaky.replays} times")
    for skipped in report.skipped[:_DOORS_SHOWN]:
        words(f"  left out: {skipped.what}: {skipped.reason}")
    if not report.options.command:
        words("say how the program is called, if it is another way: --command 'NAME -option @@'")


def present_patches(report: RunReport, wanted: str, form: Format | None, branch: str, given: Path | None = None) -> ExitCode:
    """The diffs on stdout (or the report in the wanted format), the gate's records on stderr.

    PROVED when each finding asked for has a validated patch, NOTHING_PROVED otherwise. `given` is the input that was to fire,
    where there was one: when it does not, it is said through which doors it went.
    """
    chosen = [f for f in report.findings if f.status is FindingStatus.PROVED and (not wanted or f.id == wanted)]
    validated = 0
    for finding in chosen:
        patches = report.patches.get(finding.id, ())
        best = next(iter(patches), None)
        if best is None:
            words(f"{finding.id}: {finding.title}: nobody proposed a patch")
            continue
        validated += best.status in HOLDS
        _told(f"{finding.id}: {finding.title}: ", best, len(patches), sum(p.status in HOLDS for p in patches))
        if form is None and best.status in HOLDS:
            sys.stdout.flush()
            data(best.proposal.diff)
    if form is not None:
        from mithridate.report.registry import writers

        data(writers()[form].render(report))
    if given is not None and not chosen:
        _fired_nowhere(report, given)
        return ExitCode.NOTHING_PROVED
    if branch:
        words(f"on the new branch {branch}")
    words(f"{validated} of {len(chosen)} findings have a validated patch")
    return ExitCode.PROVED if chosen and validated == len(chosen) else ExitCode.NOTHING_PROVED
