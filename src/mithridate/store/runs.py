"""The register of runs: what was asked, under which scope, how it stands, what came out."""

import fcntl
import os
import pickle
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from json import dumps, loads
from pathlib import Path

from sqlalchemy import Engine, insert, select, update

from mithridate.model.errors import UsageError
from mithridate.model.run import RunOptions, RunReport
from mithridate.store.database import runs
from mithridate.store.home import Home


class RunState(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One line of `mithridate runs`."""

    id: str
    started: datetime
    target: str
    state: RunState
    findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What is needed to go on with a run."""

    id: str
    started: datetime
    options: RunOptions
    scope: str
    state: RunState


class Runs:
    """All runs of one home."""

    def __init__(self, engine: Engine, home: Home) -> None:
        self._engine = engine
        self._home = home

    def create(self, options: RunOptions, scope: str) -> str:
        """Register a run and make its work area; returns its id (time-ordered, unique)."""
        now = datetime.now(UTC)
        run_id = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        self._home.run(run_id).mkdir(parents=True)
        row = {
            "id": run_id,
            "started": now,
            "target": options.target,
            "options": dumps(asdict(options)),
            "scope": scope,
            "state": RunState.RUNNING,
        }
        with self._engine.begin() as connection:
            connection.execute(insert(runs).values(row))
        return run_id

    def load(self, run_id: str) -> RunRecord:
        """The record of one run; UsageError if there is none."""
        with self._engine.connect() as connection:
            row = connection.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
        if row is None:
            raise UsageError(f"there is no run {run_id!r}", hint="`mithridate runs` lists them")
        given = loads(row.options)
        options = RunOptions(**{**given, "engines": tuple(given["engines"])})
        return RunRecord(
            id=row.id, started=row.started.replace(tzinfo=UTC), options=options, scope=row.scope, state=RunState(row.state)
        )

    def latest(self, state: RunState | None = None) -> str:
        """The id of the newest run (in that state); UsageError if there is none."""
        found = next((r.id for r in self.list() if state is None or r.state is state), None)
        if found is None:
            raise UsageError("there is no such run", hint="`mithridate runs` lists them")
        return found

    def list(self) -> tuple[RunSummary, ...]:
        """All runs, the newest first. A run marked running whose process is gone is shown as interrupted."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(runs).order_by(runs.c.started.desc())).all()
        return tuple(
            RunSummary(
                id=row.id,
                started=row.started.replace(tzinfo=UTC),
                target=row.target,
                state=self._state(row.id, RunState(row.state)),
                findings=row.findings,
            )
            for row in rows
        )

    def mark(self, run_id: str, state: RunState, findings: int = 0) -> None:
        """Note how a run stands."""
        with self._engine.begin() as connection:
            connection.execute(update(runs).where(runs.c.id == run_id).values(state=state, findings=findings))

    def save_report(self, run_id: str, report: RunReport) -> None:
        """Keep the finished report (pickled: internal, in our private directory; results.json is the public form)."""
        path = self._home.run(run_id) / "report.pickle"
        temporary = path.with_suffix(".new")
        temporary.write_bytes(pickle.dumps(report))
        temporary.replace(path)
        self.mark(run_id, RunState.DONE, len(report.findings))

    def report(self, run_id: str) -> RunReport:
        """The report of a finished run; UsageError while it is unfinished."""
        self.load(run_id)
        path = self._home.run(run_id) / "report.pickle"
        if not path.exists():
            raise UsageError(f"run {run_id} is not finished", hint=f"mithridate resume {run_id}")
        report: RunReport = pickle.loads(path.read_bytes())
        return report

    @contextmanager
    def exclusively(self, run_id: str) -> Iterator[None]:
        """Hold the run; UsageError when another process works on it. The kernel lets go when this process dies."""
        descriptor = os.open(self._lock(run_id), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise UsageError(f"run {run_id} is being worked on by another process") from None
        try:
            yield
        finally:
            os.close(descriptor)

    def _lock(self, run_id: str) -> Path:
        return self._home.run(run_id) / "lock"

    def _state(self, run_id: str, state: RunState) -> RunState:
        if state is not RunState.RUNNING:
            return state
        try:
            with self.exclusively(run_id):
                return RunState.INTERRUPTED
        except UsageError:
            return RunState.RUNNING
        except OSError:
            return RunState.INTERRUPTED
