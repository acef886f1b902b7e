"""A project's doors outside of any run, and one input through one of them: what it violates, how it ends, what it reaches."""

import hashlib
import os
import pickle
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mithridate import __version__
from mithridate.model.document import decode
from mithridate.model.entry import EntryPoint
from mithridate.model.errors import UsageError
from mithridate.model.execution import Execution
from mithridate.model.project import Flavour, Project, Skipped, ToolFailure
from mithridate.model.run import Observer, RunOptions, StageStarted
from mithridate.model.violation import Violation
from mithridate.policy.allowance import Allowance
from mithridate.policy.scope import Scope
from mithridate.stages import construct
from mithridate.stages.coverage import Answer, Coverage, answers_of, edges_of
from mithridate.stages.session import Session, Stores
from mithridate.stages.verification import require_real_sandbox
from mithridate.store.runs import RunRecord, RunState

_ENGINES = ("libfuzzer",)
"""What the builds are for: proving, and coverage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The doors of a project at one content hash."""

    project: Project
    entries: tuple[EntryPoint, ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What one input did. `violations` are those of the first replay that fired, the gravest first; `fired` of `replays` fresh
    sandboxes showed the gravest one. One that fires is a candidate: a finding needs a proof (`mithridate scan`, `prove`).

    `execution` is that of a native program, `answers` are those of a door with an observer. `failure`: a tool of ours broke, and
    nothing is known of the target.
    """

    entry: EntryPoint
    violations: tuple[Violation, ...]
    fired: int
    replays: int
    execution: Execution | None
    answers: tuple[Answer, ...]
    coverage: Coverage | None
    failure: ToolFailure | None


class Trial:
    """Work on the project at `target` under `scope`, as far as `allowance` reaches. `jobs` counts cores.

    Its trees lie where temporary files do, for whoever ends this process to remove.
    """

    def __init__(
        self, target: Path, scope: Scope, stores: Stores, sandbox: str, jobs: int, observer: Observer, allowance: Allowance
    ) -> None:
        self._stores = stores
        self._allowance = allowance
        options = RunOptions(target=str(target.absolute()), out="", jobs=jobs, sandbox=sandbox, engines=_ENGINES)
        record = RunRecord(id="", started=datetime.now(UTC), options=options, scope=scope.toml(), state=RunState.RUNNING)
        self._area = tempfile.TemporaryDirectory(prefix="mithridate-trial-")
        try:
            self._session = Session(record, stores, observer, allowance.cancel, allowance, Path(self._area.name))
        except BaseException:
            self._area.cleanup()
            raise

    def __enter__(self) -> "Trial":
        return self

    def __exit__(self, *_: object) -> None:
        self._area.cleanup()

    def open(self) -> Opened:
        """Build the project and list its doors, with the names that a scan gives them; or those that were listed before.

        Raises NothingToAnalyse when no language knows the tree, PolicyRefusal when the scope names another content hash.
        """
        session = self._session
        session.tell(StageStarted(stage="snapshot"))
        frozen = construct.snapshot(session)
        kept = self._kept(frozen.project)
        if kept is not None:
            return kept
        session.sandbox.check()
        parts = construct.components(session, frozen.project)
        entries: list[EntryPoint] = []
        skipped = [*frozen.skipped, *parts.skipped]
        for component in parts.components:
            session.tell(StageStarted(stage="build", detail=component.id))
            built = construct.build(session, frozen.project, component)
            session.tell(StageStarted(stage="doors", detail=component.id))
            doors = construct.entry_points(session, frozen.project, built)
            entries += doors.entries
            skipped += [*built.skipped, *doors.skipped]
        opened = Opened(project=frozen.project, entries=tuple(entries), skipped=tuple(skipped))
        self._keep(opened)
        return opened

    def run(self, entry: EntryPoint, data: bytes, replays: int = 1) -> Tried:
        """Feed one input to one door, `replays` times, each in a fresh sandbox. UsageError for what the door cannot take."""
        session = self._session
        binary = entry.binary(Flavour.PLAIN)
        if binary is None:
            raise UsageError(f"{entry.id} has no build in which inputs are judged")
        require_real_sandbox(session.sandbox.name, entry)
        session.tell(StageStarted(stage="run", detail=entry.id))
        session.gate.record("input.run", entry=entry.id, sha256=hashlib.sha256(data).hexdigest(), size=len(data), replays=replays)
        if entry.observed:
            return self._document(entry, data, replays)
        first = session.replayer.observe(entry, binary, data)
        violations, fired, failure = first.violations, int(bool(first.violations)), None
        if isinstance(first.judgement, ToolFailure):
            failure = first.judgement
        elif violations and replays > 1:
            fired += session.replayer.many(entry, binary, data, replays - 1, violations[0].signature).fired
        coverage = edges_of(session.sandbox, entry, data, session.options.hang_cpu_s)
        return Tried(
            entry=entry,
            violations=violations,
            fired=fired,
            replays=replays if violations else 1,
            execution=first.execution,
            answers=(),
            coverage=coverage,
            failure=failure,
        )

    def _document(self, entry: EntryPoint, data: bytes, replays: int) -> Tried:
        decode(data)
        session = self._session
        binary = entry.binary(Flavour.PLAIN)
        assert binary is not None
        (seen,) = session.witnesses.replay(entry, binary, [data], replays)
        answered = [violations for violations in seen if violations is not None]
        violations = next((v for v in answered if v), ())
        fired = sum(any(v.signature == violations[0].signature for v in one) for one in answered) if violations else 0
        coverage, answers = answers_of(session.sandbox, entry, data, session.options.hang_cpu_s)
        broke = ToolFailure(tool="observer", why="the entry point did not open, or the run of the document was cut off")
        return Tried(
            entry=entry,
            violations=violations,
            fired=fired,
            replays=len(answered),
            execution=None,
            answers=answers,
            coverage=coverage,
            failure=None if answered else broke,
        )

    def _place(self, project: Project) -> Path:
        key = f"{__version__}\0{project.snapshot}\0{project.name}\0{self._session.sandbox.name}"
        return self._stores.home.doors / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.pickle"

    def _kept(self, project: Project) -> Opened | None:
        """What was listed for this content before, when all of its builds are still there."""
        try:
            kept: Opened = pickle.loads(self._place(project).read_bytes())  # ours, in our private directory
        except (OSError, ValueError, EOFError, AttributeError, ImportError, pickle.UnpicklingError):
            return None
        return kept if kept.entries and _complete(kept.entries) else None

    def _keep(self, opened: Opened) -> None:
        place = self._place(opened.project)
        draft = place.with_name(f".{place.name}.{os.getpid()}")
        draft.write_bytes(pickle.dumps(opened))
        draft.replace(place)


def _complete(entries: Sequence[EntryPoint]) -> bool:
    return all((b.directory / b.path.lstrip("/")).exists() for entry in entries for b in entry.binaries)
