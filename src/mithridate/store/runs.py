"""The register of runs: what was asked, under which scope, how it stands, what came out."""

import fcntl
import os
import pickle
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import MISSING, asdict, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from json import dumps, loads

from sqlalchemy import Engine, insert, select, update

from mithridate.model.errors import UsageError
from mithridate.model.run import RunOptions, RunReport
from mithridate.store.database import runs
from mithridate.store.home import Home

_PATIENCE_S = 1.0
"""Long enough for another process that only looks at how the run stands to be done with that."""

_POLL_S = 0.02


class RunBusy(UsageError):
    """Another process works on the run."""


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

    @contextmanager
    def begin(self, options: RunOptions, scope: str) -> Iterator[str]:
        """Register a run, make its work area and hold it; gives its id (time-ordered, unique)."""
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
        with self.exclusively(run_id):  # before it is listed: a run that nobody holds looks interrupted
            with self._engine.begin() as connection:
                connection.execute(insert(runs).values(row))
            yield run_id

    def create(self, options: RunOptions, scope: str) -> str:
        """Register a run that is worked on later; gives its id."""
        with self.begin(options, scope) as run_id:
            return run_id

    def load(self, run_id: str) -> RunRecord:
        """The record of one run; UsageError if there is none."""
        with self._engine.connect() as connection:
            row = connection.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
        if row is None:
            raise UsageError(f"there is no run {run_id!r}", hint="`mithridate runs` lists them")
        given = loads(row.options)
        options = RunOptions(**{**given, **{name: tuple(given.get(name, ())) for name in ("engines", "given")}})
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
        """Keep the report (pickled: internal, in our private directory; results.json is the public form)."""
        path = self._home.run(run_id) / "report.pickle"
        temporary = path.with_suffix(".new")
        temporary.write_bytes(pickle.dumps(report))
        temporary.replace(path)

    def report(self, run_id: str) -> RunReport:
        """The report of a finished run; UsageError while it is unfinished."""
        self.load(run_id)
        path = self._home.run(run_id) / "report.pickle"
        if not path.exists():
            raise UsageError(f"run {run_id} is not finished", hint=f"mithridate resume {run_id}")
        report: RunReport = pickle.loads(path.read_bytes())
        _complete(report)
        proofs = (proof for finding in report.findings for proof in finding.proofs)
        patches = (patch for made in report.patches.values() for patch in made)
        for kept in (report.options, *report.findings, *proofs, *patches):
            _complete(kept)
        return report

    @contextmanager
    def exclusively(self, run_id: str) -> Iterator[None]:
        """Hold the run; RunBusy when another process works on it. The kernel lets go when this process dies."""
        descriptor = self._open_lock(run_id)
        try:
            if not _lock(descriptor, fcntl.LOCK_EX, _PATIENCE_S):
                raise RunBusy(f"run {run_id} is being worked on by another process")
            yield
        finally:
            os.close(descriptor)

    def _open_lock(self, run_id: str) -> int:
        try:
            return os.open(self._home.run(run_id) / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError as error:
            self.load(run_id)  # of a run that never was nothing is gone
            raise UsageError(f"the work area of run {run_id} is gone", hint="scan again") from error

    def _state(self, run_id: str, state: RunState) -> RunState:
        if state is not RunState.RUNNING:
            return state
        try:
            descriptor = self._open_lock(run_id)
        except (UsageError, OSError):
            return RunState.INTERRUPTED
        try:
            return RunState.INTERRUPTED if _lock(descriptor, fcntl.LOCK_SH) else RunState.RUNNING
        finally:
            os.close(descriptor)


def _complete(kept: object) -> None:
    """Give what an older version pickled the members that it did not know."""
    for one in fields(kept):  # type: ignore[arg-type]
        if not hasattr(kept, one.name):
            value = one.default_factory() if one.default_factory is not MISSING else one.default
            object.__setattr__(kept, one.name, value)


def _lock(descriptor: int, kind: int, patience_s: float = 0.0) -> bool:
    """Take the lock; False when somebody else has it and keeps it for `patience_s` seconds."""
    until = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
        time.sleep(_POLL_S)
