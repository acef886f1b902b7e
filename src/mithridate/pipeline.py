"""The story of a run, as one durable workflow:

    snapshot → components → builds → entry points → leads → (engine × entry point, watched by oracles) → candidates
             → shadow patches → candidates behind them → proofs → findings → patches → report

Every line of `Scan.story` that goes through `self._step` is a durable step: its result is in the run's own database before
the next one starts. Kill the process at any moment; `resume` goes on behind the last finished step.
"""

import gc
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from dbos import DBOS, DBOSConfig, DBOSConfiguredInstance, SetWorkflowID, WorkflowHandle, WorkflowStatusString

from mithridate.model.entry import EntryPoint
from mithridate.model.errors import Interrupted
from mithridate.model.exchange import Role
from mithridate.model.finding import Finding, Flaky
from mithridate.model.patch import Patch
from mithridate.model.project import Skipped
from mithridate.model.run import Observer, RunOptions, RunReport
from mithridate.policy.allowance import Allowance
from mithridate.policy.scope import Scope
from mithridate.prove.bundle import read_bundle
from mithridate.prove.verify import Verdict
from mithridate.repair.merging import merged
from mithridate.stages import approval, conclude, construct, documents, evidence, leads, shadow, verification
from mithridate.stages import repair as repairs
from mithridate.stages.judging import Confirmed
from mithridate.stages.leads import Led
from mithridate.stages.minds import require_record
from mithridate.stages.search import Hunt
from mithridate.stages.session import Session, Stores, call_of
from mithridate.store.runs import RunState, RunSummary
from mithridate.store.space import comes_of_full_disk, require_space, told_when_full

_T = TypeVar("_T")
_DATABASE = "workflow.sqlite"
_VERSION = "1"
_WORKFLOW = "scan"
_RESUMPTIONS = 100_000
_POLL_S = 0.1
_NAMED = 4
"""Doors whose names a step has; of more, their number."""


@DBOS.dbos_class()
class Scan(DBOSConfiguredInstance):
    """The workflow of one run."""

    def __init__(self, session: Session) -> None:
        self._session = session
        super().__init__(config_name=session.record.id)

    @DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=_RESUMPTIONS)
    def story(self) -> RunReport:
        """One run from target to report."""
        session = self._session
        frozen = self._step("snapshot", lambda: construct.snapshot(session))
        project = frozen.project
        parts = self._step("components", lambda: construct.components(session, project))
        skipped: list[Skipped] = [*frozen.skipped, *parts.skipped]

        built = [self._step(f"build {c.id}", partial(construct.build, session, project, c)) for c in parts.components]
        doors = [self._step(f"doors {b.component.id}", partial(construct.entry_points, session, project, b)) for b in built]
        entries = [entry for d in doors for entry in d.entries]
        skipped += [s for b in built for s in b.skipped] + [s for d in doors for s in d.skipped]

        hunt = Hunt(session, entries, project.name)
        hunt.plant()
        hunt.take(self._step("seeds", hunt.examine_seeds))
        if session.options.given:
            hunt.take(self._step("given", hunt.examine_given))
        led = Led()
        if session.minds is not None and session.minds.works(Role.HUNTER) and not session.options.given:
            led = self._step("leads", partial(leads.hunt_for_leads, session, session.minds, project, entries))
            hunt.follow(led)
            hunt.take(self._step("judge leads", partial(hunt.examine_leads, led)))
            skipped += led.skipped
        while assignments := hunt.next():
            hunt.take(self._step(f"hunt {len(hunt.rounds)}", partial(hunt.run, assignments)))
            if hunt.held_up:
                layer = len(hunt.layers) + 1
                deeper = self._step(f"shadow {layer}", partial(shadow.deepen, session, project, built, hunt))
                hunt.deepen(deeper)
                if deeper.shadows:
                    hunt.take(self._step(f"behind {layer}", partial(hunt.examine_behind, deeper)))
        hunt.take(self._step("judge late", hunt.examine_late))

        confirmed = hunt.confirmed
        doors_of = {entry.id: entry for entry in hunt.entries}
        native = [c for c in confirmed if not doors_of[c.candidate.entry_id].observed]
        made = [self._step(_proving(c, hunt), partial(self._prove, c, hunt, len(native))) for c in native]
        observed = documents.together([(e, _behind(e, confirmed)) for e in hunt.entries if e.observed])
        while observed:  # all documents of a door at once, as it opens slowly, and as many doors as there are cores
            some, observed = observed[: session.options.jobs], observed[session.options.jobs :]
            made += self._step(f"prove {_named([e for e, _ in some])}", partial(evidence.prove_documents, session, some))
        proofs = [e.proof for e in made if e.proof]
        flaky: list[Flaky] = [*(f for r in hunt.rounds for f in r.flaky), *(e.flaky for e in made if e.flaky)]

        findings = self._step("triage", lambda: evidence.conclude(session, project, parts.components, hunt.entries, proofs))
        patches: Mapping[str, tuple[Patch, ...]] = {}
        if session.options.patch_s and findings:
            findings, patches, unpatched = self._patched(findings, hunt)
            skipped += unpatched
        shown = {c.candidate.blob: c.signature for c in confirmed}
        known = leads.settled(led.leads, findings, shown, led.inputs)
        prose: Mapping[str, str] = {}
        if session.minds is not None:
            if known and session.minds.works(Role.REFUTER):
                known = self._step("refute", partial(leads.refuted, session, session.minds, project, entries, known))
            if findings and session.minds.works(Role.EXPLAINER):
                prose = self._step("explain", partial(leads.explained, session, session.minds, findings))
        said = conclude.Said(leads=tuple(known), prose=prose)
        return self._step(
            "report",
            lambda: self._report(conclude.report(session, project, hunt, findings, tuple(flaky), skipped, patches, said), hunt),
        )

    def _patched(
        self, findings: tuple[Finding, ...], hunt: Hunt
    ) -> tuple[tuple[Finding, ...], Mapping[str, tuple[Patch, ...]], list[Skipped]]:
        """The gravest first, as long as there is time for patches; what that did not reach is said.

        What the patch of another silences needs none, and is one finding with it.
        """
        self._step("keep corpora", hunt.keep_corpora)
        waiting = repairs.in_order(findings)
        left_s = self._session.options.patch_s - sum(layer.seconds for layer in hunt.layers)
        done: dict[str, repairs.Repaired] = {}
        while waiting and left_s > 0:
            finding = waiting.pop(0)
            each = partial(repairs.in_run, self._session, finding, findings, left_s, len(waiting) + 1)
            done[finding.id] = self._step(f"patch {finding.id}", each)
            left_s -= done[finding.id].seconds
            waiting = [one for one in waiting if one.id not in done[finding.id].silences]
        why = f"the time for patches was used up; mithridate patch {self._session.record.id} goes on"
        named = Skipped(what=f"patches of {len(waiting)} findings", reason=why)
        silences = {one: repaired.silences for one, repaired in done.items() if repaired.silences}
        made = {one: repaired.patches for one, repaired in done.items()}
        return *merged(findings, made, silences), [named] * bool(waiting)

    def _prove(self, confirmed: Confirmed, hunt: Hunt, of: int) -> evidence.Evidence:
        entry = next(e for e in hunt.entries if e.id == confirmed.candidate.entry_id)
        behind = hunt.shadows.get(entry.id)
        return evidence.prove(self._session, entry, confirmed, of, behind.patch if behind is not None else None)

    def _report(self, report: RunReport, hunt: Hunt) -> RunReport:
        """Hand over what the run leaves behind. It is done only when that lies where it was asked for."""
        runs, area = self._session.stores.runs, self._session.area
        hunt.keep_corpora()
        runs.save_report(report.run, report)
        if report.options.out:
            conclude.write(report, area, Path(report.options.out))
        runs.mark(report.run, RunState.DONE, len(report.findings))
        conclude.discard(area)
        return report

    def _step(self, name: str, work: Callable[[], _T]) -> _T:
        def announced() -> _T:
            stage, _, detail = name.partition(" ")
            evidence.announce(self._session, stage, detail)
            try:
                require_space(self._session.area)
                result = work()
                require_space(self._session.area)  # else the step may have gone wrong for want of it, unseen
                return result
            finally:  # what a step makes of an interruption, be it a result or an error, is not to be remembered
                self._session.park_if_cancelled()

        return DBOS.run_step({"name": name}, announced)


def _behind(entry: EntryPoint, confirmed: Sequence[Confirmed]) -> list[Confirmed]:
    return [c for c in confirmed if c.candidate.entry_id == entry.id]


def _proving(confirmed: Confirmed, hunt: Hunt) -> str:
    return f"prove {confirmed.signature}{' behind' if confirmed.candidate.entry_id in hunt.shadows else ''}"


def _named(entries: Sequence[EntryPoint]) -> str:
    rest = len(entries) - _NAMED
    return ", ".join([*(e.id for e in entries[:_NAMED]), *([f"{rest} more"] if rest > 0 else [])])


def scan(options: RunOptions, scope: Scope, home: Path, observer: Observer, cancel: threading.Event) -> RunReport:
    """Start a run and see it through. Raises Interrupted (with the run's id in the hint) when `cancel` is set."""
    stores = Stores.open(home)
    if options.models_replayed:
        stores.runs.load(options.models_replayed)
        require_record(stores.home, options.models_replayed)
    if options.out:
        conclude.require_writable(Path(options.out))
    with told_when_full("mithridate scan", home), stores.runs.begin(options, scope.toml()) as run_id:
        return _work(run_id, stores, observer, cancel, fresh=True)


def resume(run_id: str, home: Path, observer: Observer, cancel: threading.Event) -> RunReport:
    """Go on with an interrupted run ("" is the latest such), or with one that failed, at the step that failed.

    A finished run's report is given back as it is. UsageError when another process works on the run.
    """
    stores = Stores.open(home)
    run_id = run_id or stores.runs.latest(RunState.INTERRUPTED)
    stores.runs.load(run_id)
    with stores.runs.exclusively(run_id):
        if stores.runs.load(run_id).state is RunState.DONE:  # looked at only now: another process may have been at it
            conclude.discard(stores.home.run(run_id))
            return stores.runs.report(run_id)
        return _work(run_id, stores, observer, cancel, fresh=False)


def runs(home: Path) -> tuple[RunSummary, ...]:
    """All runs, the newest first."""
    return Stores.open(home).runs.list()


def report(run_id: str, home: Path, out: Path | None = None) -> RunReport:
    """The report of a finished run ("" is the latest), written below `out` if that is given."""
    stores = Stores.open(home)
    run_id = run_id or stores.runs.latest(RunState.DONE)
    done = stores.runs.report(run_id)
    if out is not None:
        conclude.write(done, stores.home.run(run_id), out)
    return done


def patch(
    run_id: str, finding: str, home: Path, options: repairs.PatchOptions, observer: Observer, cancel: threading.Event
) -> RunReport:
    """Patches for one finding of a finished run ("" is all that were proved); the report that now holds them."""
    stores = Stores.open(home)
    run_id = run_id or stores.runs.latest(RunState.DONE)
    with stores.runs.exclusively(run_id):
        return repairs.after_run(run_id, finding, stores, options, observer, cancel)


def patch_bundle(
    bundle: Path, home: Path, sandbox: str, options: repairs.PatchOptions, observer: Observer, cancel: threading.Event
) -> tuple[Patch, ...]:
    """Patches for what a bundle proves, the best first."""
    return repairs.of_bundle(bundle, Stores.open(home), sandbox, options, observer, cancel)


def patch_with(
    tree: Path,
    proof: Path,
    scope: Scope,
    home: Path,
    options: repairs.PatchOptions,
    observer: Observer,
    cancel: threading.Event,
    command: str = "",
) -> RunReport:
    """Patches for what an input that the user brings violates in a source tree, through every door or as `command` says.

    The scan's own report when it violates nothing.
    """
    given = (str(proof.absolute()),)
    asked = RunOptions(target=str(tree.absolute()), out="", jobs=options.jobs, given=given, command=command)
    call_of(asked)  # what is mistyped is said at once
    seen = scan(asked, scope, home, observer, cancel)
    return patch(seen.run, "", home, options, observer, cancel) if seen.proved else seen


def approve(run_id: str, finding: str, home: Path, who: str, which: str = "") -> RunReport:
    """A person approves the validated patch of a finding, which is its first one then; it goes on the audit log. `which` is a
    number or the beginning of a hash, and needed where there are several."""
    return approval.approve(run_id, finding, Stores.open(home), who, which)


def apply_patches(report: RunReport, finding: str) -> str:
    """Put the validated patches on a new branch of the project's git repository; its name."""
    return approval.on_a_branch(report, finding)


def prove(
    bundle: Path,
    home: Path,
    source: Path | None,
    sandbox: str,
    replays: int,
    observer: Observer,
    allowance: Allowance | None = None,
) -> Verdict:
    """Rebuild a bundle's program and replay it: does it still fire?"""
    return verification.verify(read_bundle(bundle), bundle, Stores.open(home), source, sandbox, replays, observer, allowance)


def _work(run_id: str, stores: Stores, observer: Observer, cancel: threading.Event, *, fresh: bool) -> RunReport:
    """Start or go on with a run that this process holds, and note how it stands at the end."""
    gc.freeze()  # what is loaded by now stays until the end: no collection need look through it again
    out = stores.runs.load(run_id).options.out
    with told_when_full(f"mithridate resume {run_id}", stores.home.root, *([Path(out)] if out else [])):
        return _carry_through(run_id, stores, observer, cancel, fresh=fresh)


def _carry_through(run_id: str, stores: Stores, observer: Observer, cancel: threading.Event, *, fresh: bool) -> RunReport:
    stores.runs.mark(run_id, RunState.RUNNING)
    session = Session(stores.runs.load(run_id), stores, observer, cancel)
    session.gate.record("scan.started" if fresh else "scan.resumed", target=session.options.target)
    before = _temporary_files_in(session.area / conclude.SCRATCH)
    interrupted = False
    try:
        outcome = _see_through(run_id, session)
        interrupted = outcome is None
    finally:
        if not interrupted:  # else the step still works, until the process ends
            tempfile.tempdir = before
    match outcome:
        case None:
            stores.runs.mark(run_id, RunState.INTERRUPTED)
            session.gate.record("scan.interrupted")
            raise Interrupted(f"run {run_id} was interrupted; everything done so far is kept", hint=f"mithridate resume {run_id}")
        case BaseException():
            try:
                full = comes_of_full_disk(outcome)
                stores.runs.mark(run_id, RunState.INTERRUPTED if full else RunState.FAILED)
                session.gate.record("scan.failed", why=str(outcome)[:200])
            except Exception as error:
                if not comes_of_full_disk(error):  # then there is no room for this either; the lock shows how the run stands
                    raise
            raise outcome
    session.gate.record("scan.finished", findings=len(outcome.findings))
    return outcome


def _see_through(run_id: str, session: Session) -> RunReport | BaseException | None:
    """What became of the run's workflow; None when the user interrupted it.

    Then DBOS is left as it is: the interrupted step waits in one of its threads, and only the process's end ends that.
    """
    config: DBOSConfig = {
        "name": "mithridate",
        "system_database_url": f"sqlite:///{session.area / _DATABASE}",
        "executor_id": run_id,
        "application_version": _VERSION,
        "log_level": "CRITICAL",
        "console_log_level": "CRITICAL",
        "enable_otlp": False,
        "max_executor_threads": 4,
    }
    DBOS(config=config)
    workflow = Scan(session)
    outcome: list[RunReport | BaseException] = []

    def wait() -> None:
        try:
            DBOS.launch()
            outcome.append(_handle(run_id, workflow).get_result())
        except BaseException as error:  # noqa: BLE001  # handed to the caller's thread below
            outcome.append(error)

    waiter = threading.Thread(target=wait, daemon=True)
    waiter.start()
    while waiter.is_alive() and not session.cancel.is_set():
        waiter.join(_POLL_S)
    if not outcome:
        return None
    DBOS.destroy()
    return outcome[0]


def _temporary_files_in(directory: Path) -> str | None:
    """Have this process make its temporary files in `directory`, so that a killed run leaves them in its own area only.

    What `tempfile.tempdir` was before.
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    before, tempfile.tempdir = tempfile.tempdir, str(directory)
    return before


def _handle(run_id: str, workflow: Scan) -> WorkflowHandle[RunReport]:
    """The run's workflow: started now, taken up where it was when its process died, or gone on with at the step that failed."""
    known = DBOS.list_workflows(name=_WORKFLOW, sort_desc=True, limit=1, load_input=False, load_output=False)
    if not known:  # a fresh run, or one that died before it got that far
        with SetWorkflowID(run_id):
            return DBOS.start_workflow(workflow.story)
    last = known[0]
    if last.status != WorkflowStatusString.ERROR.value:
        return DBOS.retrieve_workflow(last.workflow_id)
    steps = DBOS.list_workflow_steps(last.workflow_id)
    return DBOS.fork_workflow(last.workflow_id, next((s["function_id"] for s in steps if s["error"]), len(steps) + 1))
