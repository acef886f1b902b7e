"""From findings to patches: a finding's bundles become a workbench, proposers are asked, the gate judges what they say."""

import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mithridate.model.document import decode
from mithridate.model.errors import SandboxUnavailable, UsageError
from mithridate.model.exchange import Role
from mithridate.model.execution import Limits
from mithridate.model.finding import Finding, FindingStatus
from mithridate.model.patch import Patch, PatchStatus, Proposal, RegressionTest
from mithridate.model.project import Project
from mithridate.model.run import Note, Observer, RunOptions, RunReport, StageStarted
from mithridate.oracles.options import OracleOptions
from mithridate.oracles.suite import Judge
from mithridate.policy.allowance import Allowance
from mithridate.policy.audit import AuditLog
from mithridate.policy.gate import Gate as PolicyGate
from mithridate.policy.scope import parse
from mithridate.prove.bundle import Bundle, read_bundle
from mithridate.prove.replay import REPLAY_LIMITS, Replayer
from mithridate.prove.source_archive import unpack
from mithridate.repair.asking import by_rank
from mithridate.repair.gate import Effort, Gate, best_first
from mithridate.repair.interface import Proposer, Subject, Variant
from mithridate.repair.merging import merged
from mithridate.repair.proposers import registry
from mithridate.repair.proposers.dependency import DependencyProposer
from mithridate.repair.python.advisories import read_advisories
from mithridate.repair.regression import regression
from mithridate.repair.steps.builds import Builds
from mithridate.repair.steps.interface import Check
from mithridate.repair.steps.outputs import Outputs
from mithridate.repair.steps.proofs import Proofs
from mithridate.repair.steps.symptom import Symptom
from mithridate.repair.steps.tests import Tests
from mithridate.repair.steps.variants import Variants
from mithridate.report.python_test import python_test
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.leavings import remove_tree
from mithridate.stages.benign import benign
from mithridate.stages.conclude import SCRATCH, read_door, with_models
from mithridate.stages.minds import Minds, minds, used
from mithridate.stages.on_top import for_snapshot, shadow_of, shown_by, with_patch
from mithridate.stages.session import Session, Stores, witnesses
from mithridate.stages.silencing import silenced, way_of
from mithridate.stages.workshop import Tools, Workshop
from mithridate.store.snapshot import take_snapshot
from mithridate.store.space import comes_of_full_disk

_SEARCH_SHARE = 0.05
_SEARCH_S = (5.0, 60.0)
_TESTS_SHARE = 0.25
_TESTS_S = (30.0, 300.0)
_FLOOR_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchOptions:
    """What the user asked for: wall seconds for one finding, cores, and how many patches are to pass the whole gate."""

    seconds: float = 600.0
    jobs: int = 2
    validated: int = 2
    test: bool = True
    """Whether the best patch gets a regression test; the project's suite is run for it several times."""
    advisories: tuple[Path, ...] = ()
    """Files in the OSV format: requirements that they name are raised."""
    given: tuple[Proposal, ...] = ()
    """Judge these, and ask nobody."""
    wanted_search_s: float = 0.0
    """How long the fresh hunt is to be; 0 for a share of `seconds`."""

    @property
    def search_s(self) -> float:
        """Seconds of the fresh hunt that each candidate has to withstand."""
        return self.wanted_search_s or min(max(_SEARCH_SHARE * self.seconds, _SEARCH_S[0]), _SEARCH_S[1])

    @property
    def tests_s(self) -> float:
        """Seconds that one run of the project's own tests may take."""
        return min(max(_TESTS_SHARE * self.seconds, _TESTS_S[0]), _TESTS_S[1])


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """What can be patched, the gravest first."""
    proved = [f for f in findings if f.status is FindingStatus.PROVED]
    return sorted(proved, key=lambda f: (-f.severity.cvss, f.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Patches, the best first; `silences` are the ids of other findings that show nothing any more with the first."""

    patches: tuple[Patch, ...]
    silences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What became of one finding while its run was at work; `seconds` of wall time.

    `silences` are the ids of the other findings that show nothing any more with the best patch, when that is validated.
    """

    patches: tuple[Patch, ...]
    seconds: float
    silences: tuple[str, ...] = ()


def in_run(session: Session, finding: Finding, findings: Sequence[Finding], left_s: float, left: int) -> Repaired:
    """Patches for a finding while its run is at work: `left` findings share the time that is left for patches."""
    started = session.elapsed_s()
    seconds = max(_FLOOR_S, left_s / max(1, left))
    asked = session.options
    options = PatchOptions(seconds=seconds, jobs=asked.jobs, validated=1, test=False, wanted_search_s=asked.patch_search_s)
    work = tools(session.stores, session.sandbox, asked, asked.jobs, session.cancel, session.area / SCRATCH)
    made = Made(patches=())
    try:
        made = of_finding(
            finding, findings, session.area, session.stores, work, options, session.tell, session.gate, session.minds
        )
    except SandboxUnavailable:
        raise
    except Exception as error:  # a patch that we fail to look for takes nothing from what is proved
        if comes_of_full_disk(error):
            raise
        session.tell(Note(text=f"{finding.id}: no patch was found, as this went wrong: {error}"))
    session.park_if_cancelled()
    return Repaired(patches=made.patches, seconds=session.elapsed_s() - started, silences=made.silences)


def after_run(
    run_id: str, wanted: str, stores: Stores, options: PatchOptions, observer: Observer, cancel: threading.Event
) -> RunReport:
    """Patches for the findings of a finished run; its report with them, which is kept."""
    report = stores.runs.report(run_id)
    chosen = [finding_of(report, wanted)] if wanted else in_order(report.findings)
    if not chosen:
        raise UsageError(f"run {run_id} proved nothing that could be patched")
    silences: dict[str, tuple[str, ...]] = {}
    home = stores.home
    record = stores.runs.load(run_id)
    with at_work(run_id, stores, options.jobs, cancel) as (work, audit):
        scope = parse(record.scope, Path(f"scope of run {run_id}"))
        asked = minds(record.options, scope, home, run_id, lambda text: observer(Note(text=text)), cancel.is_set)
        for finding in chosen:
            observer(StageStarted(stage="patch", detail=finding.id))
            made = of_finding(finding, report.findings, stores.home.run(run_id), stores, work, options, observer, audit, asked)
            silences |= {finding.id: made.silences} if made.silences else {}
            report = replace(report, patches={**report.patches, finding.id: made.patches})
            stores.runs.save_report(run_id, report)
        findings, patches = merged(report.findings, report.patches, silences)
        report = replace(report, findings=findings, patches=dict(patches))
        if asked is not None:
            report = with_models(report, used(home, run_id, scope))
        stores.runs.save_report(run_id, report)
    return report


def finding_of(report: RunReport, wanted: str) -> Finding:
    """The finding of that id. UsageError when the run has none."""
    found = next((f for f in report.findings if f.id == wanted), None)
    if found is None:
        raise UsageError(f"run {report.run} has no finding {wanted!r}", hint=f"mithridate report {report.run}")
    return found


@contextmanager
def at_work(
    run_id: str,
    stores: Stores,
    jobs: int,
    cancel: threading.Event,
    allowance: Allowance | None = None,
    sandbox_name: str = "",
) -> Iterator[tuple[Tools, PolicyGate]]:
    """What patches of a finished run are made and judged with. The run's scope must still hold; the run must be held.

    The sandbox is that of the run, unless another one is named; the scope must allow it.
    """
    record = stores.runs.load(run_id)
    scope = parse(record.scope, Path(f"scope of run {run_id}"))
    scope.require_valid()
    audit = PolicyGate(scope, AuditLog(stores.home.root), run=run_id, allowance=allowance)
    sandbox = audit.sandbox(sandbox_name or record.options.sandbox)
    sandbox.check()
    scratch = stores.home.run(run_id) / SCRATCH  # ours: the run is held
    remove_tree(scratch)
    scratch.mkdir()
    try:
        yield tools(stores, sandbox, record.options, jobs, cancel, scratch), audit
    finally:
        remove_tree(scratch)


def tools(stores: Stores, sandbox: Sandbox, options: RunOptions, jobs: int, cancel: threading.Event, scratch: Path) -> Tools:
    """What a workbench works with, under the limits of a run. Below `scratch` it keeps trees and quick builds."""
    limits = Limits(
        wall_s=REPLAY_LIMITS.wall_s,
        cpu_s=options.hang_cpu_s,
        memory_bytes=options.memory_bytes + (512 << 20),
        processes=REPLAY_LIMITS.processes,
        idle_s=REPLAY_LIMITS.idle_s,
    )
    return Tools(
        sandbox=sandbox,
        replayer=Replayer(sandbox, Judge(OracleOptions(rss_limit_mb=options.memory_bytes >> 20)), limits, jobs=jobs),
        witnesses=witnesses(sandbox, options.memory_bytes, options.hang_cpu_s, jobs),
        builds=stores.home.builds,
        scratch=scratch,
        memory_bytes=options.memory_bytes,
        jobs=jobs,
        build_s=options.build_timeout_s,
        cancel=cancel,
    )


def of_bundle(
    path: Path, stores: Stores, sandbox_name: str, options: PatchOptions, observer: Observer, cancel: threading.Event
) -> tuple[Patch, ...]:
    """Patches for what one bundle proves, wherever it was made. The scope that it carries must still hold."""
    bundle = read_bundle(path)
    provenance = bundle.manifest.provenance
    scope = parse(provenance.scope, path)
    scope.require_valid()
    audit = PolicyGate(scope, AuditLog(stores.home.root))
    sandbox = audit.sandbox(sandbox_name)
    sandbox.check()
    memory = int(provenance.limits.get("memory_bytes", 2 << 30))
    asked = RunOptions(target="", out="", memory_bytes=memory, hang_cpu_s=provenance.limits.get("cpu_s", 10.0))
    work = tools(stores, sandbox, asked, options.jobs, cancel, stores.home.root)
    return repair(bundle.manifest.finding, 0, [bundle], stores, work, options, observer, audit).patches


def of_finding(
    finding: Finding,
    others: Sequence[Finding],
    area: Path,
    stores: Stores,
    work: Tools,
    options: PatchOptions,
    observer: Observer,
    audit: PolicyGate,
    asked: Minds | None = None,
) -> Made:
    """Patches for one finding of a run, whose `area` holds the bundles; `others` are what else it found."""
    if finding.status is not FindingStatus.PROVED:
        raise UsageError(f"{finding.id} is an observed fact: nothing was proved that a patch could silence")
    bundles = [read_bundle(area / proof.bundle) for proof in finding.proofs]
    known = frozenset(p.signature for f in others for p in f.proofs) - {p.signature for p in finding.proofs}
    beside = () if finding.behind else _beside(finding, others, area, bundles[0].manifest.provenance.component.id)
    return repair(finding.id, finding.cwe, bundles, stores, work, options, observer, audit, known, beside, asked)


def _beside(finding: Finding, others: Iterable[Finding], area: Path, component: str) -> Iterator[tuple[str, list[Bundle]]]:
    """The other findings of a component, each with its bundles: read one finding at a time, for bundles are large."""
    for other in others:
        if other.id == finding.id or other.behind or other.status is not FindingStatus.PROVED:
            continue
        bundles = [read_bundle(area / proof.bundle) for proof in other.proofs if proof.shadow is None]
        if all(bundle.manifest.provenance.component.id == component for bundle in bundles):
            yield other.id, bundles


def repair(
    finding: str,
    cwe: int,
    bundles: Sequence[Bundle],
    stores: Stores,
    work: Tools,
    options: PatchOptions,
    observer: Observer,
    audit: PolicyGate,
    known: frozenset[str] = frozenset(),
    beside: Iterable[tuple[str, Sequence[Bundle]]] = (),
    asked: Minds | None = None,
) -> Made:
    """Patches that silence all `bundles` of one root cause, the best first; none when nobody proposes any.

    `asked` are models that are let have a try where no other proposer's patch was validated.

    What fires only with a shadow patch is patched on top of that, and the patch told as one of the snapshot. `beside` are other
    findings, of which it is told whether the best patch silences them too.
    Raises UsageError when the source is in no bundle or does not build here.
    """
    with tempfile.TemporaryDirectory(prefix="mithridate-patch-", dir=work.scratch) as name:
        folder = Path(name)
        component = bundles[0].manifest.provenance.component
        base = min((shadow_of(b) for b in bundles), key=len)  # none, as soon as one of them fires on the snapshot
        mine = [b for b in bundles if b.manifest.provenance.component.id == component.id and shadow_of(b) == base]
        snapshot = _project(bundles, folder)
        project = with_patch(base, snapshot, folder) if base else snapshot
        ways = {b.manifest.entry.id: way_of(b) for b in mine}
        silences: tuple[str, ...] = ()
        with Workshop(project, component, tuple(ways.values()), work, folder, own=bool(base)) as bench:
            shown = [one for b in mine if (one := shown_by(b, bench)) is not None]
            if not shown:
                raise UsageError("no proof shows its violation here")
            subject = Subject(
                finding=finding,
                cwe=cwe,
                project=project,
                component=component,
                proofs=tuple(sorted(shown, key=lambda s: len(s.data))),
                benign={
                    entry_id: benign(
                        entry_id, project.name, stores, bench, mine, shown[0].violation, folder, options.seconds, options.jobs
                    )
                    for entry_id in bench.original.entries
                },
                known=known,
            )

            def told(patch: Patch) -> None:
                if patch.status is not PatchStatus.PROPOSED or patch.stopped_by is not None:
                    how = f"stopped by the step {patch.stopped_by}" if patch.stopped_by else str(patch.status)
                    observer(Note(text=f"{finding}: {patch.proposal.fix} ({patch.proposal.proposer}): {how}"))

            checks = (Builds(), Proofs(), Variants(options.search_s), Tests(options.tests_s), Outputs(), Symptom())
            gate = Gate(checks, Effort(validated=options.validated, seconds=options.seconds), told)
            given = options.given
            made = gate.judge(subject, given or proposals(subject, bench, options.advisories, observer), bench)
            validated = bool(made) and made[0].status is PatchStatus.VALIDATED
            if not given and not validated and asked is not None and asked.works(Role.PATCH_AUTHOR):
                made = _by_author(asked, subject, bench, checks, options, told, made)
            if made and made[0].status is PatchStatus.VALIDATED and options.test:
                observer(Note(text=f"{finding}: making a regression test"))
                made = (replace(made[0], test=_test(subject, made[0], bench)), *made[1:])
            if made and made[0].status is PatchStatus.VALIDATED:
                patched = bench.build(made[0].proposal.diff)
                silences = silenced(bench, patched, beside) if isinstance(patched, Variant) else ()
        made = tuple(for_snapshot(patch, base, snapshot.tree) for patch in made) if base else made
    best = made[0] if made else None
    audit.record(
        "patched",
        finding=finding,
        proposals=len(made),
        validated=sum(p.status is PatchStatus.VALIDATED for p in made),
        status=str(best.status) if best else "none",
    )
    return Made(patches=made, silences=silences)


def _by_author(
    asked: Minds,
    subject: Subject,
    bench: Workshop,
    checks: Sequence[Check],
    options: PatchOptions,
    told: Callable[[Patch], None],
    before: tuple[Patch, ...],
) -> tuple[Patch, ...]:
    """What a model proposes, judged one by one by the same steps, with what there was before; a validated one first."""
    from mithridate.stages.author import Author

    author = Author(asked)

    def heard(patch: Patch) -> None:
        author.told(patch)
        told(patch)

    rounds = asked.models.patch_rounds
    gate = Gate(checks, Effort(proposals=rounds, validated=1, seconds=options.seconds, eager=True), heard)
    return best_first([*gate.judge(subject, author.propose(subject, bench), bench), *before])


def _test(subject: Subject, patch: Patch, bench: Workshop) -> RegressionTest | None:
    """A test for the smallest proof; for an input document the pytest file that the report shows too."""
    patched = bench.build(patch.proposal.diff)
    if not isinstance(patched, Variant):
        return None
    proof = subject.proofs[0]
    entry = bench.original.entries[proof.entry_id]
    rendered = ""
    if entry.observed:
        try:
            rendered = python_test(decode(proof.data), read_door(entry), proof.violation, "")
        except (UsageError, ValueError, RecursionError):
            return None
    test = regression(subject, patched, bench, rendered)
    if test is None:
        return None
    return RegressionTest(diff=test.diff, entered=test.entered, checked=test.checked, evidence=test.evidence)


def proposals(subject: Subject, bench: Workshop, advisories: tuple[Path, ...], observer: Observer) -> Iterator[Proposal]:
    """What all proposers say, the likeliest first; one that breaks is told and left out."""
    known = read_advisories(advisories)
    asked: list[Proposer] = [*([DependencyProposer(known)] if known else []), *registry.create()]

    def broke(name: str, error: Exception) -> None:
        observer(Note(text=f"{subject.finding}: the proposer {name} broke: {error}"))

    return by_rank(asked, subject, bench, broke)


def _project(bundles: Sequence[Bundle], folder: Path) -> Project:
    source = next((b.source for b in bundles if b.source is not None), None)
    if source is None:
        raise UsageError("the bundles hold no source to patch", hint="scan again without --no-source")
    tree = folder / "source"
    unpack(source, tree)
    (folder / "snapshot").mkdir()
    project, _ = take_snapshot(tree, folder / "snapshot")
    return replace(project, name=bundles[0].manifest.provenance.project)
