"""Drives the installed program as its users do: as a process, through its arguments, signals, output and exit codes."""

import json
import os
import re
import signal
import sqlite3
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import loaded

from mithridate import pipeline
from mithridate.policy.audit import AUDIT_FILE, Record, records, verify
from mithridate.store.runs import RunSummary

PROGRAM = Path(sys.executable).with_name("mithridate")
PATIENCE_S = 300.0
"""Far more than anything here takes; the machine may be busy."""

QUICK = ("--budget", "2s", "--jobs", "1", "--replays", "3", "--engine", "libfuzzer")
Results = dict[str, Any]
Place = tuple[str, str, int]


@dataclass
class Process:
    """The program at work; its words are read as they come."""

    started: loaded.Run
    stdout: Path
    _lines: list[str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _reader: threading.Thread = field(init=False)
    _over: bool = False
    _deaf: bool = False

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def words(self) -> str:
        """What it said on stderr so far."""
        with self._changed:
            return "".join(self._lines)

    def wait_for(self, stage: str) -> bool:
        """Wait for the line that announces a stage; False when the program ended without it."""
        announced = re.compile(rf"^\[[0-9:]+\] {re.escape(stage)}(:|$)", re.MULTILINE)
        until = time.monotonic() + PATIENCE_S
        with self._changed:
            while not (found := any(announced.search(line) for line in self._lines)) and not self._over:
                assert self._changed.wait(until - time.monotonic()), f"no {stage!r} after {PATIENCE_S:.0f} s: {self._lines}"
        return found

    def end(self) -> int:
        """Wait for its end and give its exit code."""
        code = self.started.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return code

    def kill(self) -> int:
        """kill -9."""
        self.started.kill()
        return self.end()

    def signal(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end."""
        self.started.send_signal(number)
        return self.end()

    def stop_listening(self) -> None:
        """Close our end of its stderr after its next line."""
        self._deaf = True

    def results(self) -> Results:
        """The JSON document on its stdout, which holds nothing else."""
        found: Results = json.loads(self.stdout.read_text())
        return found

    def _read(self) -> None:
        for line in self.started.stderr:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
            if self._deaf:
                break
        self.started.stderr.close()
        with self._changed:
            self._over = True
            self._changed.notify_all()


@dataclass(frozen=True)
class Mithridate:
    """The program with a data directory of its own. `place` is the test's directory."""

    place: Path

    @property
    def home(self) -> Path:
        """MITHRIDATE_HOME."""
        return self.place / "home"

    @property
    def out(self) -> Path:
        """Where `scan` below writes its results."""
        return self.place / "out"

    def start(self, *arguments: str | Path) -> Process:
        """Start the program; a scan looks for patches only when it is told to."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MITHRIDATE_")}
        scratch = self.place / "tmp"
        scratch.mkdir(parents=True, exist_ok=True)
        number = len(list(self.place.glob("stdout-*")))
        stdout = self.place / f"stdout-{number}"
        with stdout.open("x") as stream:
            started = loaded.Run(
                [*map(str, arguments)],
                env={
                    **kept,
                    "MITHRIDATE_PATCH": "0",
                    "MITHRIDATE_HOME": str(self.home),
                    "TMPDIR": str(scratch),
                    "TERM": "dumb",
                    "COLUMNS": "100",
                },
                stdout=stream,
            )
        return Process(started, stdout)

    def run(self, *arguments: str | Path) -> tuple[int, Process]:
        """Run the program to its end; its exit code and the process."""
        process = self.start(*arguments)
        return process.end(), process

    def authorise(self, target: Path) -> Path:
        """Write a scope for the target."""
        code, process = self.run("scope", "init", target, "--owner", "the tests", "--until", "30d", "--attest")
        assert code == 0, process.words
        return target

    def scan(self, target: Path, *options: str | Path) -> Process:
        """Start a quick scan that writes to `out` and prints JSON."""
        return self.start("scan", target, "--out", self.out, "--format", "json", *QUICK, *options)

    def resume(self, run: str = "") -> Process:
        """Start `resume`."""
        return self.start("resume", *([run] if run else []), "--format", "json")

    def runs(self) -> tuple[RunSummary, ...]:
        """What `mithridate runs` lists, the newest first."""
        return pipeline.runs(self.home)

    def actions(self, run: str) -> list[str]:
        """The actions of one run on the audit log, each with the component it names; checks that the log holds."""
        return [f"{r.action} {r.facts.get('component', '')}".strip() for r in self.records(run)]

    def records(self, run: str) -> list[Record]:
        """One run's records on the audit log; checks that the log holds."""
        log = self.home / AUDIT_FILE
        assert verify(log).ok
        return list(records(log, run))

    def steps(self, run: str, of: str = "") -> dict[str, tuple[int, int]]:
        """The finished steps of one run and when each began and ended; only those of one of its workflows if that is given."""
        database = self.home / "runs" / run / "workflow.sqlite"
        if not database.exists():
            return {}
        # To be written, too: what a killed process was in the midst of writing is taken back by whoever opens it next.
        with sqlite3.connect(f"file:{database}?mode=rw", uri=True) as connection:
            query = (
                "select function_name, started_at_epoch_ms, completed_at_epoch_ms from operation_outputs "
                "where error is null and workflow_uuid like ?"
            )
            rows = connection.execute(query, [of or "%"]).fetchall() if _has_steps(connection) else []
        names = [name for name, _, _ in rows]
        assert len(names) == len(set(names)), f"a step was done twice: {names}"
        return {name: (began, ended) for name, began, ended in rows}

    def processes(self) -> dict[int, str]:
        """Live processes on this machine that have to do with the data directory: by command line, environment or mounts."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and int(entry.name) != os.getpid():
                known = b"".join(_content(entry / name) for name in ("cmdline", "environ", "mountinfo"))
                if os.fsencode(self.home) in known:
                    found[int(entry.name)] = _content(entry / "cmdline").replace(b"\0", b" ").decode(errors="replace")
        return found


def left_behind(mithridate: Mithridate) -> dict[int, str]:
    """Processes that are still there some time after the program was killed."""
    until = time.monotonic() + 20
    while (found := mithridate.processes()) and time.monotonic() < until:
        time.sleep(0.1)
    return found


def places(results: Results) -> list[Place]:
    """(file, function, CWE) of every finding, sorted; one that is there twice is listed twice."""
    return sorted((f["location"]["file"], f["location"]["function"], f["cwe"]) for f in results["findings"])


def check_whole(out: Path) -> Results:
    """The results below `out`, having checked that no proof is missing, none is there twice, and none is left over."""
    results: Results = json.loads((out / "results.json").read_text())
    ids = [f["id"] for f in results["findings"]]
    assert len(ids) == len(set(ids))
    proofs = [p for f in results["findings"] for p in f["proofs"]]
    assert all(f["proofs"] for f in results["findings"])
    assert all(p["fired"] == p["replays"] for p in proofs)
    named = [p["bundle"] for p in proofs]
    assert len(named) == len(set(named))
    assert sorted(named) == sorted(f"proofs/{p.name}" for p in (out / "proofs").iterdir())
    assert {p.name for p in out.iterdir()} - {"patches"} == {
        "results.json",
        "results.sarif",
        "report.html",
        "report.md",
        "proofs",
    }
    return results


def _has_steps(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("select 1 from sqlite_master where name = 'operation_outputs'").fetchone())


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
