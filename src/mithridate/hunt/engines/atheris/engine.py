"""Slices of search with the real Atheris; what it finds is proved by the observer, without it (decision 014)."""

import hashlib
import json
import re
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from mithridate.hunt.engines.harness import as_document, harnesses, kept
from mithridate.hunt.engines.in_process import SLICE_DISK_BYTES, found_candidates, units
from mithridate.hunt.engines.interface import Ticker
from mithridate.hunt.engines.octets.inputs import project_samples, words
from mithridate.languages.invocation import build_mounts
from mithridate.languages.python.engines import available
from mithridate.languages.python.observer import ENTRANCE, INTERPRETER, OBSERVER, RUNTIME
from mithridate.languages.python.sanitized import process_environment, sanitized_modules
from mithridate.model.entry import Binary, EntryKind, EntryPoint
from mithridate.model.execution import Command, Ending, Execution, Limits, Mount
from mithridate.model.project import Flavour, Skipped, ToolFailure
from mithridate.model.search import SearchResult, SearchSlice
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.leavings import disarm, read_plain

STATE_FILE = "atheris.json"
_UNITS, _FINDS, _SEEDS, _WORDS = "/units", "/finds", "/seeds", "/words/words"
_LARGEST = 64 << 10
_HEADROOM_BYTES = 1 << 30
_STARTUP_S = 20.0
_SHORTEST_S = 3.0
_TARGET_S = 15.0
"""So long is one target searched before the next, where a door has several."""
_FAILURES = 2
_STATUS = re.compile(rb"#(\d+)\s+\w+\s+cov: (\d+)")
_DONE = re.compile(rb"stat::number_of_executed_units:\s+(\d+)")


@dataclass(slots=True)
class _Reading:
    """libFuzzer's status lines as they come."""

    tick: Ticker | None
    before: int
    units: int
    executions: int = 0
    covered: int = 0
    _rest: bytes = b""

    def feed(self, chunk: bytes) -> None:
        """More of its standard error."""
        *lines, self._rest = (self._rest + chunk)[-65536:].split(b"\n")
        self.lines(b"\n".join(lines))

    def lines(self, text: bytes) -> None:
        """Whole lines."""
        for match in _STATUS.finditer(text):
            self.executions, self.covered = max(self.executions, int(match[1])), max(self.covered, int(match[2]))
        if done := _DONE.search(text):
            self.executions = max(self.executions, int(done[1]))
        if self.tick:
            self.tick(self.before + self.executions, self.covered, self.covered, self.units)


class AtherisEngine:
    """Runs Atheris on the fuzz targets of a project, where the package index has it for this interpreter."""

    name = "atheris"
    kinds = frozenset({EntryKind.HARNESS})

    def accepts(self, entry: EntryPoint) -> Skipped | None:
        """Targets of a build that has Atheris, and whose native code has no sanitizer of its own (octets searches that)."""
        binary = entry.binary(Flavour.PLAIN)
        what = f"{entry.id} with {self.name}"
        if binary is None or not harnesses(binary).names:
            return Skipped(what=what, reason="its door could not be prepared")
        if not available(binary.directory, self.name):
            return Skipped(what=what, reason="the package index has no Atheris for this interpreter; octets searches it")
        if sanitized_modules(binary.directory):
            return Skipped(what=what, reason="its native code has a sanitizer, which the engine octets searches with")
        return None

    def search(
        self, work: SearchSlice, sandbox: Sandbox, tick: Ticker | None = None, cancel: threading.Event | None = None
    ) -> SearchResult:
        """See Engine.search. A process that ends early is started again; several targets are searched in turn."""
        binary = work.entry.binary(Flavour.PLAIN)
        if binary is None:
            raise ValueError("accepts() refused this entry point")
        return _Slice(work, sandbox, binary, tick, cancel).search(self.name)


@dataclass(slots=True)
class _Slice:
    work: SearchSlice
    sandbox: Sandbox
    binary: Binary
    tick: Ticker | None
    cancel: threading.Event | None
    executions: int = 0
    covered: int = 0
    cpu_s: float = 0.0
    runs: int = 0
    failed: str = ""
    finds: set[str] = field(default_factory=set)

    def search(self, engine: str) -> SearchResult:
        started = time.monotonic()
        before = units(self.work.corpus)
        names = harnesses(self.binary).names
        self._prepare()
        turn, failures = self._turn(), 0
        while (left := self.work.seconds - (time.monotonic() - started)) > _SHORTEST_S and not (
            self.cancel and self.cancel.is_set()
        ):
            target = names[turn % len(names)]
            done = self._run(target, left if len(names) == 1 else min(left, _TARGET_S))
            turn += 1
            failures = 0 if done else failures + 1
            if failures > _FAILURES + len(names):
                break
        (self.work.work / STATE_FILE).write_text(json.dumps({"turn": turn}), "ascii")
        return SearchResult(
            engine=engine,
            executions=self.executions,
            wall_s=time.monotonic() - started,
            cpu_s=self.cpu_s,
            covered=self.covered,
            edges=self.covered,
            new_units=max(0, units(self.work.corpus) - before),
            corpus_units=units(self.work.corpus),
            candidates=found_candidates(self.work.candidates),
            restarts=max(0, self.runs - 1),
            failure=ToolFailure(tool=engine, why=self.failed) if self.failed and not self.executions else None,
        )

    def _prepare(self) -> None:
        """Samples and words of the project for libFuzzer, once an entry point."""
        tree = self.binary.directory / "src"
        seeds, listed = self.work.work / "seeds", self.work.work / "words"
        if listed.exists():
            return
        for directory in (seeds, listed):
            directory.mkdir(exist_ok=True)
        for sample in project_samples(tree):
            (seeds / hashlib.sha1(sample, usedforsecurity=False).hexdigest()).write_bytes(sample)
        lines = ['"' + "".join(f"\\x{byte:02x}" for byte in word[:64]) + '"\n' for word in words(self.binary)]
        (listed / "words").write_text("".join(lines), "ascii")

    def _turn(self) -> int:
        try:
            return int(json.loads((self.work.work / STATE_FILE).read_bytes())["turn"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def _run(self, target: str, seconds: float) -> bool:
        """Search one target for a while; whether it ran at all."""
        place = self.work.work / hashlib.sha1(target.encode(), usedforsecurity=False).hexdigest()[:12]
        inputs, finds = place / "units", place / "finds"
        for directory in (place, inputs, finds):
            directory.mkdir(exist_ok=True)
        for data in kept((self.work.corpus, *self.work.foreign), target):
            (inputs / hashlib.sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)
        reading = _Reading(self.tick, self.executions, units(self.work.corpus))
        execution = self.sandbox.run(
            self._command(target, seconds), self._mounts(inputs, finds), self._limits(seconds), reading.feed, self.cancel
        )
        reading.lines(execution.stderr[-4096:])
        self.runs += 1
        self.executions += reading.executions
        self.covered = max(self.covered, reading.covered)
        self.cpu_s += execution.cpu_s
        if not reading.executions and execution.ending is not Ending.CANCELLED:
            self.failed = _last_words(execution)
        for directory in (inputs, finds):
            disarm(directory, _LARGEST, flat=True)
        self._take(target, inputs, finds)
        return reading.executions > 0

    def _take(self, target: str, inputs: Path, finds: Path) -> None:
        """Inputs and finds as documents: the observer tells which of the finds violate anything."""
        for path in sorted(inputs.iterdir()):
            made = as_document(target, read_plain(path, _LARGEST))
            (self.work.corpus / hashlib.sha1(made, usedforsecurity=False).hexdigest()).write_bytes(made)
        for path in sorted(finds.iterdir()):
            kind = path.name.partition("-")[0]
            if kind in ("raised", "crash", "timeout", "oom"):
                made = as_document(target, read_plain(path, _LARGEST))
                digest = hashlib.sha1(made, usedforsecurity=False).hexdigest()[:12]
                (self.work.candidates / f"atheris-{kind}-{digest}-1").write_bytes(made)
            path.unlink()

    def _command(self, target: str, seconds: float) -> Command:
        options = (
            f"-max_total_time={max(1, round(seconds))}",
            f"-seed={(self.work.seed + self.runs) % (1 << 31) or 1}",
            f"-max_len={min(_LARGEST, max(4096, self.work.input_bytes))}",
            f"-timeout={max(1, round(self.work.unit_timeout_s))}",
            f"-rss_limit_mb={self.work.memory_bytes >> 20}",
            f"-artifact_prefix={_FINDS}/",
            f"-dict={_WORDS}",
            "-print_final_stats=1",
            "-close_fd_mask=1",
            "-use_value_profile=1",
        )
        argv = (INTERPRETER, ENTRANCE, "fuzz", self.binary.path, target, _FINDS, "--", *options, _UNITS, _SEEDS)
        return Command(argv=argv, env=process_environment(self.binary.directory))

    def _mounts(self, inputs: Path, finds: Path) -> tuple[Mount, ...]:
        return (
            *build_mounts(self.binary),
            Mount(source=RUNTIME, target=OBSERVER),
            Mount(source=self.work.work / "seeds", target=_SEEDS),
            Mount(source=self.work.work / "words", target=_WORDS.rpartition("/")[0]),
            Mount(source=inputs, target=_UNITS, writable=True),
            Mount(source=finds, target=_FINDS, writable=True),
        )

    def _limits(self, seconds: float) -> Limits:
        return Limits(
            wall_s=seconds + _STARTUP_S,
            memory_bytes=self.work.memory_bytes + _HEADROOM_BYTES,
            output_bytes=1 << 20,
            processes=64,
            file_bytes=64 << 20,
            disk_bytes=SLICE_DISK_BYTES,
        )


def _last_words(execution: Execution) -> str:
    lines = [line for line in execution.stderr.decode(errors="replace").splitlines() if line.strip()]
    told = "".join(c if c.isprintable() else " " for c in " / ".join(lines[-3:]))[:500]
    return f"ended ({execution.ending}, exit {execution.exit_code}) before its first execution: {told}"
