"""A patch from outside, such as an agent or a person writes one: through the gate, as every other."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from mithridate.model.patch import HOLDS, Patch, Proposal
from mithridate.model.run import Observer, StageStarted
from mithridate.policy.allowance import Allowance
from mithridate.stages.repair import PatchOptions, at_work, finding_of, of_finding
from mithridate.stages.session import Stores
from mithridate.store.runs import RunBusy


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A submitted patch with its gate record; `silences` are the ids of other findings that it silences too."""

    patch: Patch
    silences: tuple[str, ...]
    kept: bool


def submit(
    run_id: str,
    wanted: str,
    proposal: Proposal,
    stores: Stores,
    options: PatchOptions,
    observer: Observer,
    allowance: Allowance,
    *,
    sandbox: str,
    keep: bool = False,
) -> Judged:
    """Judge a diff against one finding of a finished run, in the sandbox that is named, whatever the run was made in.

    With `keep`, one that passes joins the run's patches, for a person to approve. UsageError for a run or finding that is not
    there; waits while another process works on the run.
    """
    finding_of(stores.runs.report(run_id), wanted)  # before anything is waited for
    with (
        _held(run_id, stores, observer, allowance),
        at_work(run_id, stores, options.jobs, allowance.cancel, allowance, sandbox) as work,
    ):
        report = stores.runs.report(run_id)
        finding = finding_of(report, wanted)
        observer(StageStarted(stage="gate", detail=finding.id))
        tools, audit = work
        given = replace(options, given=(proposal,), validated=1)
        made = of_finding(finding, report.findings, stores.home.run(run_id), stores, tools, given, observer, audit)
        allowance.require()  # an interrupted search or suite is no verdict
        (patch,) = made.patches
        known = report.patches.get(finding.id, ())
        kept = keep and patch.status in HOLDS
        if kept and not any(p.proposal.diff == proposal.diff and p.status in HOLDS for p in known):
            audit.record("patch.kept", finding=finding.id, proposer=proposal.proposer, sha256=proposal.sha256)
            patches = _behind([p for p in known if p.proposal.diff != proposal.diff], patch)
            stores.runs.save_report(run_id, replace(report, patches={**report.patches, finding.id: patches}))
    return Judged(patch=patch, silences=made.silences, kept=kept)


def _behind(known: Sequence[Patch], patch: Patch) -> tuple[Patch, ...]:
    """The patches of a finding with one more: behind those that passed the gate before, which a person may have read."""
    held = [p for p in known if p.status in HOLDS]
    return (*held, patch, *(p for p in known if p.status not in HOLDS))


@contextmanager
def _held(run_id: str, stores: Stores, observer: Observer, allowance: Allowance) -> Iterator[None]:
    with ExitStack() as stack:
        while True:
            allowance.require()
            try:
                stack.enter_context(stores.runs.exclusively(run_id))
                break
            except RunBusy:
                observer(StageStarted(stage="wait", detail=run_id))
        yield
