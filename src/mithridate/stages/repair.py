"""From findings to patches: a finding's bundles become a workbench, proposers are asked, the gate judges what they say."""

import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mithridate.model.document import decode
from mithridate.model.errors import SandboxUnavailable, UsageError
from mithridate.model.execution import Limits
from mithridate.model.finding import Finding, FindingStatus
from mithridate.model.patch import Patch, PatchStatus, Proposal, RegressionTest
from mithridate.model.project import Project, ToolFailure
from mithridate.model.run import Note, Observer, RunOptions, RunReport, StageStarted
from mithridate.oracles.options import OracleOptions
from mithridate.oracles.suite import Judge
from mithridate.policy.audit import AuditLog
from mithridate.policy.gate import Gate as PolicyGate
from mithridate.policy.scope import parse
from mithridate.prove.bundle import Bundle, read_bundle
from mithridate.prove.manifest import entry_point
from mithridate.prove.replay import REPLAY_LIMITS, Replayer
from mithridate.prove.source_archive import unpack
from mithridate.repair.asking import by_rank
from mithridate.repair.gate import Effort, Gate
from mithridate.repair.interface import Proposer, Shown, Subject, Variant
from mithridate.repair.proposers import registry
from mithridate.repair.proposers.dependency import DependencyProposer
from mithridate.repair.python.advisories import read_advisories
from mithridate.repair.regression import regression
from mithridate.repair.steps.builds import Builds
from mithridate.repair.steps.outputs import Outputs
from mithridate.repair.steps.proofs import Proofs
from mithridate.repair.steps.symptom import Symptom
from mithridate.repair.steps.tests import Tests
from mithridate.repair.steps.variants import Variants
from mithridate.report.python_test import python_test
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.leavings import remove_tree
from mithridate.stages.conclude import SCRATCH, read_door
from mithridate.stages.session import Session, Stores, witnesses
from mithridate.stages.workshop import Tools, Way, Workshop
from mithridate.store.snapshot import take_snapshot
from mithridate.store.space import comes_of_full_disk

_BENIGN = 120
_BENIGN_BYTES = 64 << 10
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

    @property
    def search_s(self) -> float:
        """Seconds of the fresh hunt that each candidate has to withstand."""
        return min(max(_SEARCH_SHARE * self.seconds, _SEARCH_S[0]), _SEARCH_S[1])

    @property
    def tests_s(self) -> float:
        """Seconds that one run of the project's own tests may take."""
        return min(max(_TESTS_SHARE * self.seconds, _TESTS_S[0]), _TESTS_S[1])


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """What can be patched, the gravest first."""
    proved = [f for f in findings if f.status is FindingStatus.PROVED]
    return sorted(proved, key=lambda f: (-f.severity.cvss, f.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What became of one finding while its run was at work; `seconds` of wall time."""

    patches: tuple[Patch, ...]
    seconds: float


def in_run(session: Session, finding: Finding, findings: Sequence[Finding], before: Sequence[Repaired], of: int) -> Repaired:
    """Patches for a finding while its run is at work: those that are left share the time that is left for patches."""
    started = session.elapsed_s()
    left = session.options.patch_s - sum(one.seconds for one in before)
    seconds = max(_FLOOR_S, left / max(1, of - len(before)))
    options = PatchOptions(seconds=seconds, jobs=session.options.jobs, validated=1, test=False)
    work = tools(session.stores, session.sandbox, session.options, session.options.jobs, session.cancel, session.area / SCRATCH)
    made: tuple[Patch, ...] = ()
    try:
        made = of_finding(finding, findings, session.area, session.stores, work, options, session.tell, session.gate)
    except SandboxUnavailable:
        raise
    except Exception as error:  # a patch that we fail to look for takes nothing from what is proved
        if comes_of_full_disk(error):
            raise
        session.tell(Note(text=f"{finding.id}: no patch was found, as this went wrong: {error}"))
    session.park_if_cancelled()
    return Repaired(patches=made, seconds=session.elapsed_s() - started)


def after_run(
    run_id: str, wanted: str, stores: Stores, options: PatchOptions, observer: Observer, cancel: threading.Event
) -> RunReport:
    """Patches for the findings of a finished run; its report with them, which is kept."""
    record, report = stores.runs.load(run_id), stores.runs.report(run_id)
    scope = parse(record.scope, Path(f"scope of run {run_id}"))
    scope.require_valid()
    audit = PolicyGate(scope, AuditLog(stores.home.root), run=run_id)
    sandbox = audit.sandbox(record.options.sandbox)
    sandbox.check()
    chosen = [f for f in report.findings if f.id == wanted] if wanted else in_order(report.findings)
    if wanted and not chosen:
        raise UsageError(f"run {run_id} has no finding {wanted!r}", hint=f"mithridate report {run_id}")
    if not chosen:
        raise UsageError(f"run {run_id} proved nothing that could be patched")
    scratch = stores.home.run(run_id) / SCRATCH  # ours: the run is held
    remove_tree(scratch)
    scratch.mkdir()
    work = tools(stores, sandbox, record.options, options.jobs, cancel, scratch)
    try:
        for finding in chosen:
            observer(StageStarted(stage="patch", detail=finding.id))
            made = of_finding(finding, report.findings, stores.home.run(run_id), stores, work, options, observer, audit)
            report = replace(report, patches={**report.patches, finding.id: made})
            stores.runs.save_report(run_id, report)
    finally:
        remove_tree(scratch)
    return report


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
    return repair(bundle.manifest.finding, 0, [bundle], stores, work, options, observer, audit)


def of_finding(
    finding: Finding,
    others: Iterable[Finding],
    area: Path,
    stores: Stores,
    work: Tools,
    options: PatchOptions,
    observer: Observer,
    audit: PolicyGate,
) -> tuple[Patch, ...]:
    """Patches for one finding of a run, whose `area` holds the bundles; `others` are what else it found."""
    if finding.status is not FindingStatus.PROVED:
        raise UsageError(f"{finding.id} is an observed fact: nothing was proved that a patch could silence")
    bundles = [read_bundle(area / proof.bundle) for proof in finding.proofs]
    known = frozenset(p.signature for f in others for p in f.proofs) - {p.signature for p in finding.proofs}
    return repair(finding.id, finding.cwe, bundles, stores, work, options, observer, audit, known)


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
) -> tuple[Patch, ...]:
    """Patches that silence all `bundles` of one root cause, the best first; () when nobody proposes any.

    Raises UsageError when the source is in no bundle or does not build here.
    """
    with tempfile.TemporaryDirectory(prefix="mithridate-patch-", dir=work.scratch) as name:
        folder = Path(name)
        project = _project(bundles, folder)
        component = bundles[0].manifest.provenance.component
        mine = [b for b in bundles if b.manifest.provenance.component.id == component.id]
        ways = {b.manifest.entry.id: Way(entry=entry_point(b.manifest.entry), program=b.manifest.entry.program) for b in mine}
        with Workshop(project, component, tuple(ways.values()), work, folder) as bench:
            shown = [Shown(entry_id=b.manifest.entry.id, data=b.input, violation=b.manifest.proof.violation) for b in mine]
            subject = Subject(
                finding=finding,
                cwe=cwe,
                project=project,
                component=component,
                proofs=tuple(sorted(shown, key=lambda s: len(s.data))),
                benign={entry_id: _benign(entry_id, project, stores, bench, mine, folder) for entry_id in bench.original.entries},
                known=known,
            )

            def told(patch: Patch) -> None:
                if patch.status is not PatchStatus.PROPOSED or patch.stopped_by is not None:
                    how = f"stopped by the step {patch.stopped_by}" if patch.stopped_by else str(patch.status)
                    observer(Note(text=f"{finding}: {patch.proposal.fix} ({patch.proposal.proposer}): {how}"))

            checks = (Builds(), Proofs(), Variants(options.search_s), Tests(options.tests_s), Outputs(), Symptom())
            gate = Gate(checks, Effort(validated=options.validated, seconds=options.seconds), told)
            made = gate.judge(subject, _proposals(subject, bench, options, observer), bench)
            if made and made[0].status is PatchStatus.VALIDATED and options.test:
                observer(Note(text=f"{finding}: making a regression test"))
                made = (replace(made[0], test=_test(subject, made[0], bench)), *made[1:])
    best = made[0] if made else None
    audit.record(
        "patched",
        finding=finding,
        proposals=len(made),
        validated=sum(p.status is PatchStatus.VALIDATED for p in made),
        status=str(best.status) if best else "none",
    )
    return made


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


def _proposals(subject: Subject, bench: Workshop, options: PatchOptions, observer: Observer) -> Iterator[Proposal]:
    """What all proposers say, the likeliest first; one that breaks is told and left out."""
    known = read_advisories(options.advisories)
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


def _benign(
    entry_id: str, project: Project, stores: Stores, bench: Workshop, bundles: Sequence[Bundle], folder: Path
) -> tuple[bytes, ...]:
    """Inputs that the program took without a violation: negative controls of the proofs, and what the hunt kept."""
    kept = folder / f"kept-{len(list(folder.iterdir()))}"
    kept.mkdir()
    stores.corpora.restore(project.name, entry_id, kept)
    controls = [data for b in bundles if b.manifest.entry.id == entry_id for data in b.controls.values()]
    files = [path.read_bytes() for path in sorted(kept.iterdir(), key=lambda p: (p.stat().st_size, p.name))]
    some = [data for data in dict.fromkeys([*controls, *_spread(files)]) if len(data) <= _BENIGN_BYTES][:_BENIGN]
    seen = bench.judge(bench.original, entry_id, some)
    return tuple(data for data, judged in zip(some, seen, strict=True) if not isinstance(judged, ToolFailure) and not judged)


def _spread(files: Sequence[bytes]) -> list[bytes]:
    """Of all sizes: small ones are like each other."""
    step = max(1, len(files) // _BENIGN)
    return list(files[::step])
