"""AFL++: coverage-guided search with comparison logging (CmpLog). Documentation: aflplus.plus/docs.

The target carries clang's own trace-pc-guard and trace-cmp instrumentation, which AFL++'s runtime understands,
so the same compiler serves both engines.
"""

import hashlib
import shutil
import threading
import time
from pathlib import Path

from mithridate.hunt.engines.in_process import (
    CANDIDATES,
    DICTIONARY,
    SLICE_DISK_BYTES,
    SPECIES_FILE,
    WORK,
    disarm_slice,
    found_candidates,
    kept_elsewhere,
    slice_mounts,
    units,
)
from mithridate.hunt.engines.interface import Ticker
from mithridate.languages.invocation import harness_environment, substitute
from mithridate.model.entry import NATIVE, EntryKind, EntryPoint
from mithridate.model.execution import Command, Execution, Limits
from mithridate.model.project import Flavour, Skipped, ToolFailure
from mithridate.model.search import SearchResult, SearchSlice
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.leavings import read_plain

_ENVIRONMENT = {
    "AFL_NO_UI": "1",
    "AFL_SKIP_CPUFREQ": "1",
    "AFL_NO_AFFINITY": "1",
    "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
    "AFL_FAST_CAL": "1",
    "AFL_IGNORE_SEED_PROBLEMS": "1",
    "AFL_IGNORE_PROBLEMS": "1",
    "AFL_FORKSRV_INIT_TMOUT": "20000",
    "AFL_IMPORT_FIRST": "1",
    "AFL_NO_WARN_INSTABILITY": "1",
}
_FORKED_SANITIZERS = (
    "abort_on_error=1:symbolize=0:detect_leaks=0:allocator_may_return_null=1:max_allocation_size_mb=2048:"
    "handle_abort=0:handle_segv=0:handle_sigfpe=0:handle_sigill=0:handle_sigbus=0:malloc_context_size=0:"
    "detect_stack_use_after_return=0"
)
_STARTUP_S = 60.0
_OURS = "afl"
_STATS_BYTES = 64 << 10
_OTHERS = "other"


class AflPlusPlus:
    """Runs afl-fuzz on our harness in persistent mode, or on the plain program with a fork server."""

    name = "afl++"
    kinds = NATIVE

    def accepts(self, entry: EntryPoint) -> Skipped | None:
        """Entry points that were also built with AFL++'s coverage."""
        if entry.binary(Flavour.AFL) is None:
            return Skipped(what=f"{entry.id} with {self.name}", reason="no build with AFL++ coverage (32-bit, or it failed)")
        return None

    def search(
        self, work: SearchSlice, sandbox: Sandbox, tick: Ticker | None = None, cancel: threading.Event | None = None
    ) -> SearchResult:
        """See Engine.search. afl-fuzz goes on after crashes by itself; its queue is copied to `work.corpus` at the end."""
        started = time.monotonic()
        before = units(work.corpus)
        self._offer_inputs(work)
        watcher = _Watcher(work.work / "out" / _OURS / "fuzzer_stats", tick)
        execution = self._run(work, sandbox, cancel, watcher)
        disarm_slice(work)
        stats = watcher.read()
        self._publish(work)
        executions = int(stats.get("execs_done", 0))
        return SearchResult(
            engine=self.name,
            executions=executions,
            wall_s=time.monotonic() - started,
            cpu_s=execution.cpu_s,
            covered=int(stats.get("edges_found", 0)),
            edges=int(stats.get("total_edges", 0)),
            new_units=max(0, units(work.corpus) - before),
            corpus_units=units(work.corpus),
            candidates=found_candidates(work.candidates),
            failure=None if executions else ToolFailure(tool=self.name, why=_last_words(execution)),
        )

    def _offer_inputs(self, work: SearchSlice) -> None:
        """Seeds become the input directory; other engines' inputs become a sibling queue, as afl-fuzz expects them."""
        seeds = work.work / "in"
        if not seeds.exists():
            seeds.mkdir()
            for path in work.corpus.iterdir():
                if path.stat().st_size:
                    shutil.copyfile(path, seeds / path.name)
            if not any(seeds.iterdir()):
                (seeds / "empty").write_bytes(b"\n")
        queue = work.work / "out" / _OTHERS / "queue"
        queue.mkdir(parents=True, exist_ok=True)
        have = {p.name.partition(",")[2] for p in queue.iterdir()}
        number = len(have)
        for directory in work.foreign:
            for name, data in kept_elsewhere(directory, work.input_bytes):
                if name not in have and data:
                    (queue / f"id:{number:06d},{name}").write_bytes(data)
                    have.add(name)
                    number += 1

    def _run(self, work: SearchSlice, sandbox: Sandbox, cancel: threading.Event | None, watcher: "_Watcher") -> Execution:
        binary = work.entry.binary(Flavour.AFL)
        if binary is None:
            raise ValueError("accepts() refused this entry point")
        resumes = (work.work / "out" / _OURS / "fuzzer_stats").exists()
        argv = ["afl-fuzz", "-S", _OURS, "-V", str(max(1, round(work.seconds))), "-s", str(work.seed), "-m", "none"]
        argv += ["-i", "-" if resumes else f"{WORK}/in", "-o", f"{WORK}/out", "-t", f"{round(work.unit_timeout_s * 1000)}+"]
        argv += ["-G", str(work.input_bytes), "-c", "0", "-l", "2"]
        if work.dictionary is not None:
            argv += ["-x", DICTIONARY]
        env = {
            **_ENVIRONMENT,
            **({"AFL_CMPLOG_ONLY_NEW": "1"} if resumes else {}),
            **harness_environment(work.entry, CANDIDATES, SPECIES_FILE),
        }
        target = [binary.path]
        if not binary.in_process:
            env |= {"ASAN_OPTIONS": _FORKED_SANITIZERS, "UBSAN_OPTIONS": "halt_on_error=0:print_stacktrace=0"}
            env.pop("MITHRIDATE_CANDIDATES")
            if work.entry.kind is EntryKind.PROGRAM_FILE:
                argv += ["-f", f"/tmp/input{work.entry.suffix}"]
            target += substitute(work.entry, f"/tmp/input{work.entry.suffix}")
        return sandbox.run(
            Command(argv=(*argv, "--", *target), env=env),
            slice_mounts(work, binary),
            Limits(
                wall_s=work.seconds + _STARTUP_S,
                memory_bytes=work.memory_bytes,
                output_bytes=1 << 16,
                processes=64,
                file_bytes=64 << 20,
                disk_bytes=SLICE_DISK_BYTES,
            ),
            watcher.on_output,
            cancel,
        )

    def _publish(self, work: SearchSlice) -> None:
        """Queue to corpus under content names; crashes and hangs to candidates."""
        ours = work.work / "out" / _OURS
        for path in ours.glob("queue/id:*"):
            _copy_by_content(path, work.corpus)
        for kind, prefix in (("crashes", ""), ("hangs", "hang-")):
            for path in ours.glob(f"{kind}/id:*"):
                _copy_by_content(path, work.candidates, prefix)


class _Watcher:
    """Reads afl-fuzz's statistics file whenever the engine says something."""

    def __init__(self, stats: Path, tick: Ticker | None) -> None:
        self._stats = stats
        self._tick = tick
        self._last = 0.0

    def on_output(self, _chunk: bytes) -> None:
        now = time.monotonic()
        if self._tick is None or now - self._last < 2.0:
            return
        self._last = now
        stats = self.read()
        self._tick(*(int(stats.get(name, 0)) for name in ("execs_done", "edges_found", "total_edges", "corpus_count")))

    def read(self) -> dict[str, str]:
        """The file's fields, or nothing while it is not there."""
        try:
            lines = read_plain(self._stats, _STATS_BYTES).decode("utf-8", "replace").splitlines()
        except OSError:
            return {}
        return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _copy_by_content(path: Path, directory: Path, prefix: str = "") -> None:
    data = path.read_bytes()
    final = directory / f"{prefix}{hashlib.sha1(data, usedforsecurity=False).hexdigest()}"
    if not final.exists():
        temporary = directory / f".{final.name}"
        temporary.write_bytes(data)
        temporary.rename(final)


def _last_words(execution: Execution) -> str:
    text = (execution.stdout + execution.stderr).decode(errors="replace")
    lines = [line for line in text.splitlines() if "PROGRAM ABORT" in line or "Location" in line or "[-]" in line]
    return f"ended ({execution.ending}, exit {execution.exit_code}): {' / '.join(lines[-3:]) or 'no words'}"
