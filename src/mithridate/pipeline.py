"""The story of a run, as one durable workflow:

    snapshot → components → builds → entry points → (engine × entry point, watched by oracles) → candidates
             → proofs → findings → report

Every line of `Scan.story` that goes through `self._step` is a durable step: its result is in the run's own database before
the next one starts. Kill the process at any moment; `resume` goes on behind the last finished step.
"""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from dbos import DBOS, DBOSConfig, DBOSConfiguredInstance, SetWorkflowID

from mithridate.model.errors import Interrupted
from mithridate.model.finding import Flaky
from mithridate.model.project import Skipped
from mithridate.model.run import Observer, RunOptions, RunReport
from mithridate.policy.scope import Scope
from mithridate.prove.verify import Verdict
from mithridate.stages import conclude, construct, evidence, verification
from mithridate.stages.search import Confirmed, Hunt
from mithridate.stages.session import Session, Stores
from mithridate.store.runs import RunState, RunSummary

_T = TypeVar("_T")
_DATABASE = "workflow.sqlite"
_VERSION = "1"
_POLL_S = 0.1


@DBOS.dbos_class()
class Scan(DBOSConfiguredInstance):
    """The workflow of one run."""

    def __init__(self, session: Session) -> None:
        self._session = session
        super().__init__(config_name=session.record.id)

    @DBOS.workflow(name="scan")
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
        while assignments := hunt.next():
            hunt.take(self._step(f"hunt {len(hunt.rounds)}", partial(hunt.run, assignments)))

        confirmed = [c for r in hunt.rounds for c in r.confirmed]
        made = [self._step(f"prove {c.signature}", partial(self._prove, c, hunt, len(confirmed))) for c in confirmed]
        proofs = [e.proof for e in made if e.proof]
        flaky: list[Flaky] = [*(f for r in hunt.rounds for f in r.flaky), *(e.flaky for e in made if e.flaky)]

        findings = self._step("triage", lambda: evidence.conclude(session, project, parts.components, entries, proofs))
        return self._step(
            "report", lambda: self._report(conclude.report(session, project, hunt, findings, tuple(flaky), skipped), hunt)
        )

    def _prove(self, confirmed: Confirmed, hunt: Hunt, of: int) -> evidence.Evidence:
        entry = next(e for e in hunt.entries if e.id == confirmed.candidate.entry_id)
        return evidence.prove(self._session, entry, confirmed, of)

    def _report(self, report: RunReport, hunt: Hunt) -> RunReport:
        hunt.keep_corpora()
        self._session.stores.runs.save_report(report.run, report)
        if report.options.out:
            conclude.write(report, self._session.area, Path(report.options.out))
        return report

    def _step(self, name: str, work: Callable[[], _T]) -> _T:
        def announced() -> _T:
            stage, _, detail = name.partition(" ")
            evidence.announce(self._session, stage, detail)
            result = work()
            self._session.park_if_cancelled()
            return result

        return DBOS.run_step({"name": name}, announced)


def scan(options: RunOptions, scope: Scope, home: Path, observer: Observer, cancel: threading.Event) -> RunReport:
    """Start a run and see it through. Raises Interrupted (with the run's id in the hint) when `cancel` is set."""
    stores = Stores.open(home)
    run_id = stores.runs.create(options, scope.toml())
    return _work(run_id, stores, observer, cancel, fresh=True)


def resume(run_id: str, home: Path, observer: Observer, cancel: threading.Event) -> RunReport:
    """Go on with an interrupted run ("" is the latest such). A finished run's report is given back as it is."""
    stores = Stores.open(home)
    run_id = run_id or stores.runs.latest(RunState.INTERRUPTED)
    if stores.runs.load(run_id).state is RunState.DONE:
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


def prove(bundle: Path, home: Path, source: Path | None, sandbox: str, replays: int, observer: Observer) -> Verdict:
    """Rebuild a bundle's program and replay it: does it still fire?"""
    return verification.verify(bundle, Stores.open(home), source, sandbox, replays, observer)


def _work(run_id: str, stores: Stores, observer: Observer, cancel: threading.Event, *, fresh: bool) -> RunReport:
    with stores.runs.exclusively(run_id):
        stores.runs.mark(run_id, RunState.RUNNING)
        session = Session(stores.runs.load(run_id), stores, observer, cancel)
        session.gate.record("scan.started" if fresh else "scan.resumed", target=session.options.target)
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
        DBOS.launch()
        try:
            return _see_through(run_id, workflow, session, started=_known(run_id))
        finally:
            if not cancel.is_set():
                DBOS.destroy()


def _known(run_id: str) -> bool:
    """True when the run's database already holds its workflow (it may have died before it got that far)."""
    return DBOS.get_workflow_status(run_id) is not None


def _see_through(run_id: str, workflow: Scan, session: Session, *, started: bool) -> RunReport:
    outcome: list[RunReport | BaseException] = []

    def wait() -> None:
        try:
            if started:
                outcome.append(DBOS.retrieve_workflow(run_id).get_result())
            else:
                with SetWorkflowID(run_id):
                    outcome.append(DBOS.start_workflow(workflow.story).get_result())
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread below
            outcome.append(error)

    waiter = threading.Thread(target=wait, daemon=True)
    waiter.start()
    while waiter.is_alive() and not session.cancel.is_set():
        waiter.join(_POLL_S)
    if not outcome:
        session.stores.runs.mark(run_id, RunState.INTERRUPTED)
        session.gate.record("scan.interrupted")
        raise Interrupted(f"run {run_id} was interrupted; everything done so far is kept", hint=f"mithridate resume {run_id}")
    if isinstance(outcome[0], BaseException):
        session.stores.runs.mark(run_id, RunState.FAILED)
        session.gate.record("scan.failed", why=str(outcome[0])[:200])
        raise outcome[0]
    session.gate.record("scan.finished", findings=len(outcome[0].findings))
    return outcome[0]
