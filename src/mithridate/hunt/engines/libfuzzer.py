"""libFuzzer (LLVM): in-process, coverage-guided search. Manual: llvm.org/docs/LibFuzzer.html."""

import re
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from mithridate.hunt.engines.in_process import (
    CANDIDATES,
    CORPUS,
    DICTIONARY,
    SLICE_DISK_BYTES,
    SPECIES_FILE,
    WORK,
    disarm_slice,
    foreign_target,
    found_candidates,
    read_species,
    slice_mounts,
    units,
)
from mithridate.hunt.engines.interface import Ticker
from mithridate.languages.invocation import build_mounts, harness_environment
from mithridate.model.entry import NATIVE, EntryPoint
from mithridate.model.execution import Command, Ending, Execution, Limits, Mount
from mithridate.model.project import Flavour, Skipped, ToolFailure
from mithridate.model.search import SearchResult, SearchSlice
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.leavings import disarm

_STATUS = re.compile(rb"^#(\d+)\t\S+\s+cov: (\d+)(?: ft: \d+)?(?: corp: (\d+)/)?", re.MULTILINE)
_EDGES = re.compile(rb"Loaded \d+ modules?\s+\((\d+) inline 8-bit counters\)")
_DONE = re.compile(rb"stat::number_of_executed_units:\s*(\d+)")
_SHORTEST_RUN_S = 1.0
_HEADROOM_BYTES = 768 << 20
_STARTUP_S = 60.0
_FATAL = "halt_on_error=1:symbolize=0:handle_segv=0:handle_abort=0"


@dataclass(slots=True)
class _Reading:
    """What the engine's log says so far; fed in chunks."""

    tick: Ticker | None
    before: int
    executions: int = 0
    covered: int = 0
    edges: int = 0
    units: int = 0
    rest: bytes = field(default=b"")

    def feed(self, chunk: bytes) -> None:
        text = self.rest + chunk
        cut = text.rfind(b"\n") + 1
        self.rest = text[cut:][-4096:]
        self.lines(text[:cut])

    def lines(self, text: bytes) -> None:
        if match := _EDGES.search(text):
            self.edges = int(match[1])
        for match in _STATUS.finditer(text):
            self.executions, self.covered = int(match[1]), max(self.covered, int(match[2]))
            self.units = int(match[3] or 0) or self.units
        if match := _DONE.search(text):
            self.executions = int(match[1])
        if self.tick:
            self.tick(self.before + self.executions, self.covered, self.edges, self.units)


class LibFuzzer:
    """Runs our harness (or a shipped fuzz target) under libFuzzer; restarts it when memory, time or a stray fault ends it."""

    name = "libfuzzer"
    kinds = NATIVE

    def accepts(self, entry: EntryPoint) -> Skipped | None:
        """Entry points with an in-process binary."""
        binary = entry.binary(Flavour.FUZZ)
        if binary is None or not binary.in_process:
            return Skipped(what=f"{entry.id} with {self.name}", reason="the program could not be run in-process")
        return None

    def search(
        self, work: SearchSlice, sandbox: Sandbox, tick: Ticker | None = None, cancel: threading.Event | None = None
    ) -> SearchResult:
        """See Engine.search. A process that dies is started again on the same corpus until the time is up."""
        started = time.monotonic()
        before = units(work.corpus)
        executions, cpu, restarts, covered, edges = 0, 0.0, -1, 0, 0
        failure: ToolFailure | None = None
        while (left := work.seconds - (time.monotonic() - started)) > _SHORTEST_RUN_S and not (cancel and cancel.is_set()):
            restarts += 1
            reading = _Reading(tick=tick, before=executions)
            execution = self._run(work, left, work.seed + restarts, sandbox, reading, cancel)
            reading.lines(execution.stderr[-4096:])
            executions += reading.executions
            cpu += execution.cpu_s
            covered, edges = max(covered, reading.covered), max(edges, reading.edges)
            if not reading.executions and execution.ending is not Ending.CANCELLED:
                failure = ToolFailure(tool=self.name, why=_last_words(execution))
                if restarts >= 2:
                    break
            elif work.given_only:
                break
        disarm_slice(work)
        self._collect_artifacts(work)
        return SearchResult(
            engine=self.name,
            executions=executions,
            wall_s=time.monotonic() - started,
            cpu_s=cpu,
            covered=covered,
            edges=edges,
            new_units=max(0, units(work.corpus) - before),
            corpus_units=units(work.corpus),
            candidates=found_candidates(work.candidates),
            species=read_species(work.work),
            restarts=max(restarts, 0),
            failure=None if executions else failure,
        )

    def minimise(self, entry: EntryPoint, data: bytes, seconds: float, sandbox: Sandbox) -> bytes | None:
        """The smallest input that libFuzzer's minimiser reached in `seconds` and that still ends the process; None if none.

        Whether it still shows the same violation is for the caller to find out.
        """
        binary = entry.binary(Flavour.FUZZ)
        if binary is None or not binary.in_process or len(data) < 2:
            return None
        with tempfile.TemporaryDirectory(prefix="mithridate-minimise-") as folder:
            place = Path(folder)
            (place / "input").write_bytes(data)
            argv = [binary.path, "-minimize_crash=1", f"-max_total_time={max(1, round(seconds))}", "-close_fd_mask=3"]
            argv += [f"-exact_artifact_path={WORK}/smaller", f"{WORK}/input"]
            env = {**harness_environment(entry), "MITHRIDATE_FATAL": "1", "ASAN_OPTIONS": _FATAL}
            mounts = (*build_mounts(binary), Mount(source=place, target=WORK, writable=True))
            limits = Limits(
                wall_s=seconds + 5, memory_bytes=3 << 30, processes=64, output_bytes=1 << 16, disk_bytes=SLICE_DISK_BYTES
            )
            sandbox.run(Command(argv=tuple(argv), env=env), mounts, limits)
            disarm(place, len(data), flat=True)
            smaller = place / "smaller"
            found = smaller.read_bytes() if smaller.is_file() else b""
        return found if 0 < len(found) < len(data) else None

    def _run(
        self,
        work: SearchSlice,
        seconds: float,
        seed: int,
        sandbox: Sandbox,
        reading: _Reading,
        cancel: threading.Event | None,
    ) -> Execution:
        binary = work.entry.binary(Flavour.FUZZ)
        if binary is None:
            raise ValueError("accepts() refused this entry point")
        # Comparison profiling costs much of the speed and gets through what plain coverage does not: every second round.
        profiled = seed // 10 % 2 == 0
        env = harness_environment(work.entry, CANDIDATES, SPECIES_FILE)
        argv = [
            binary.path,
            CORPUS,
            *(foreign_target(i) for i in range(len(work.foreign))),
            f"-max_total_time={max(1, round(seconds))}",
            f"-seed={seed}",
            f"-max_len={work.input_bytes}",
            f"-timeout={max(1, round(work.unit_timeout_s))}",
            f"-rss_limit_mb={work.memory_bytes >> 20}",
            f"-artifact_prefix={CANDIDATES}/",
            "-print_final_stats=1",
            "-close_fd_mask=3",
            "-detect_leaks=0",
            f"-use_value_profile={int(profiled)}",
        ]
        if work.given_only:
            argv.append("-runs=0")  # beyond the corpus
        if work.dictionary is not None:
            argv.append(f"-dict={DICTIONARY}")
        return sandbox.run(
            Command(argv=tuple(argv), env={**env, "MITHRIDATE_TRACE_ALL": "1"} if profiled else env),
            slice_mounts(work, binary),
            Limits(
                wall_s=seconds + _STARTUP_S,
                memory_bytes=work.memory_bytes + _HEADROOM_BYTES,
                output_bytes=1 << 16,
                processes=64,
                file_bytes=64 << 20,
                disk_bytes=SLICE_DISK_BYTES,
            ),
            reading.feed,
            cancel,
        )

    @staticmethod
    def _collect_artifacts(work: SearchSlice) -> None:
        """libFuzzer's own artifacts that are no violations: slow-unit-* files are only notes."""
        for path in work.candidates.glob("slow-unit-*"):
            path.unlink()


def _last_words(execution: Execution) -> str:
    lines = [line for line in execution.stderr.decode(errors="replace").splitlines() if line.strip()]
    return f"ended ({execution.ending}, exit {execution.exit_code}) before its first execution: {' / '.join(lines[-3:])}"
