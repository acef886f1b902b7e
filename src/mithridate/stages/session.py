"""What all stages of one run work with: its record, its places, and the adapters that policy handed out."""

import shlex
import threading
import time
from dataclasses import dataclass
from pathlib import Path, PurePath

from mithridate.languages.c.doors import Call
from mithridate.languages.c.language import CLanguage
from mithridate.languages.interface import Language
from mithridate.languages.invocation import many_inputs
from mithridate.languages.python.language import PythonLanguage
from mithridate.model.entry import INPUT, Binary, EntryPoint
from mithridate.model.errors import UsageError
from mithridate.model.execution import Command, Limits, Mount
from mithridate.model.run import Event, Note, Observer, RunOptions
from mithridate.oracles.documents import judged
from mithridate.oracles.options import OracleOptions
from mithridate.oracles.suite import Judge
from mithridate.policy.allowance import Allowance
from mithridate.policy.audit import AuditLog
from mithridate.policy.gate import Gate
from mithridate.policy.scope import Scope, parse
from mithridate.prove.replay import REPLAY_LIMITS, Replayer
from mithridate.prove.witness import Witnesses
from mithridate.sandbox.interface import Sandbox
from mithridate.stages.minds import Minds, minds
from mithridate.store.blobs import Blobs
from mithridate.store.corpora import Corpora
from mithridate.store.database import open_database
from mithridate.store.home import Home
from mithridate.store.runs import RunRecord, Runs

_ENTRY_SHARE = 0.15
_ENTRY_CEILING_S = 180.0
_ENTRY_FLOOR_S = 20.0
_DOCUMENTS_S = 300.0
"""Wall seconds of one sandbox that runs many documents."""
_OBSERVER_BYTES = 1 << 30
_OBSERVER_PROCESSES = 256


@dataclass(frozen=True, slots=True)
class Stores:
    """The persistent side: register of runs, blobs and corpora of one home."""

    home: Home
    runs: Runs
    blobs: Blobs
    corpora: Corpora

    @classmethod
    def open(cls, root: Path) -> "Stores":
        """Open (or create) everything below the data directory `root`."""
        home = Home(root).prepare()
        database, blobs = open_database(home.database_url), Blobs(home.blobs_url)
        return cls(home=home, runs=Runs(database, home), blobs=blobs, corpora=Corpora(database, blobs))


def witnesses(sandbox: Sandbox, memory_bytes: int, cpu_s: float, jobs: int) -> Witnesses:
    """What replays input documents. One run of a document may take `cpu_s` seconds of CPU and `memory_bytes`."""
    options = ("--each", f"{cpu_s:g}", "--wall", f"{2 * cpu_s:g}", "--memory", str(memory_bytes >> 20))

    def command(entry: EntryPoint, binary: Binary, directory: Path) -> tuple[Command, tuple[Mount, ...]]:
        return many_inputs(entry, binary, directory, {}, options)

    limits = Limits(wall_s=_DOCUMENTS_S, memory_bytes=memory_bytes + _OBSERVER_BYTES, processes=_OBSERVER_PROCESSES)
    return Witnesses(sandbox, limits, jobs, command, judged)


def call_of(options: RunOptions) -> Call | None:
    """How the user says that the program is called, None where nothing is said. `< @@` at the end is standard input.

    UsageError where no shell would take it, and where it asks a shell for more than to call one program.
    """
    try:
        words = shlex.split(options.command)
    except ValueError as error:
        raise UsageError(f"--command {options.command!r}: {error}") from error
    if not words:
        return None
    if words[-1:] == [f"<{INPUT}"] or words[-2:] == ["<", INPUT]:
        words = words[: -1 if words[-1] != INPUT else -2]
    shell = [w for w in words if w[:1] in "<>|;&" or w.startswith("2>")] + [w for w in words[:1] if "=" in w]
    if shell or not words:
        raise UsageError(f"--command takes the call of one program, not {shell[0] if shell else 'none'!r}")
    suffix = PurePath(options.given[0]).suffix if options.given else ""
    return Call(program=words[0], form=tuple(words[1:]), suffix=suffix)


class Session:
    """One run at work in this process; or, with an `allowance` and an `area` of its own, work on a project outside of any run."""

    def __init__(
        self,
        record: RunRecord,
        stores: Stores,
        observer: Observer,
        cancel: threading.Event,
        allowance: Allowance | None = None,
        area: Path | None = None,
    ) -> None:
        self.record = record
        self.options = record.options
        self.stores = stores
        self.cancel = cancel
        self.scope: Scope = parse(record.scope, Path(f"scope of run {record.id}"))
        self.gate = Gate(self.scope, AuditLog(stores.home.root), run=record.id, allowance=allowance)
        self.sandbox: Sandbox = self.gate.sandbox(self.options.sandbox)
        self.area = area or stores.home.run(record.id)
        self.judge = Judge(OracleOptions(rss_limit_mb=self.options.memory_bytes >> 20))
        self.replayer = Replayer(
            self.sandbox,
            self.judge,
            Limits(
                wall_s=REPLAY_LIMITS.wall_s,
                cpu_s=self.options.hang_cpu_s,
                memory_bytes=self.options.memory_bytes + (512 << 20),
                processes=REPLAY_LIMITS.processes,
                idle_s=REPLAY_LIMITS.idle_s,
            ),
            jobs=self.options.jobs,
        )
        self.witnesses = witnesses(self.sandbox, self.options.memory_bytes, self.options.hang_cpu_s, self.options.jobs)
        self._observer = observer
        self._watched = True
        self.minds: Minds | None = minds(
            self.options,
            self.scope,
            stores.home,
            record.id,
            lambda text: self.tell(Note(text=text)),
            cancel.is_set,
        )
        call = call_of(self.options)
        native = CLanguage(
            put=stores.blobs.put,
            jobs=self.options.jobs,
            seconds=max(_ENTRY_FLOOR_S, min(_ENTRY_CEILING_S, _ENTRY_SHARE * self.options.budget_s)),
            build_s=self.options.build_timeout_s,
            call=call,
        )
        python = PythonLanguage(build_s=self.options.build_timeout_s)
        self.languages: tuple[Language, ...] = (native,) if call is not None else (native, python)  # programs are called by name

    def tell(self, event: Event) -> None:
        """Pass an event to whoever watches. Nobody watches any more once that fails (a closed pipe): the run goes on."""
        if self._watched:
            try:
                self._observer(event)
            except OSError:
                self._watched = False

    def park_if_cancelled(self) -> None:
        """Stop here for good when the user interrupted.

        The step is not finished, so it must not return: what it would return would be recorded as its result. The main
        thread ends the process; a resumed run does this step again.
        """
        if self.cancel.is_set():
            threading.Event().wait()

    def elapsed_s(self) -> float:
        """Wall seconds since the run was registered (a pause between interruption and resumption counts)."""
        return time.time() - self.record.started.timestamp()
