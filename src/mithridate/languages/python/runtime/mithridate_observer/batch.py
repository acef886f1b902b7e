"""`run.py batch`: opens the door once, then forks a process for each input document, or for some of them, and waits for it."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import random
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Iterable
from typing import Any

from . import many, recording, sanitizer, sinks
from .accessors.install import install as install_accessors
from .asked import book
from .child import ENTERING_S, Run, Turn, address_space, carry_out
from .command_line import Options
from .coverage import Coverage
from .documents import read
from .doors.asgi import AsgiDoor
from .doors.call import CallDoor
from .doors.interface import Context, Door
from .doors.program import ProgramDoor
from .doors.target import TargetDoor
from .doors.wsgi import WsgiDoor
from .invalid import Invalid
from .last import Last
from .native_edges import NativeEdges
from .observed import error_text
from .places import Places
from .preloading import Preloading
from .records import Records, take_standard_output
from .standing import Standing
from .tree import Tree
from .waiting import Outcome, Waiting

DOORS: dict[str, Any] = {"wsgi": WsgiDoor, "asgi": AsgiDoor, "call": CallDoor, "target": TargetDoor, "program": ProgramDoor}
_HIGH_DESCRIPTOR = 200
ALONE, HEARD, COVERED = "alone", "heard", "covered"
"""Words after hyphens in an input's name: a process of its own in spite of --together; as with --heard; as with --coverage."""


def run(options: Options) -> int:
    """Write the records of all inputs; 0 when the door could be opened, else 1."""
    records = Records(options.records if options.records is not None else take_standard_output())
    tree = Tree(options.root, options.door.writable)
    try:
        return _Batch(options, records, tree).run()
    finally:
        tree.remove()


class _Batch:
    def __init__(self, options: Options, records: Records, tree: Tree) -> None:
        self._options, self._records, self._tree = options, records, tree
        self._places = Places(tree)
        self._run = Run(records)
        self._standing = Standing(self._places, *options.at, self._run.write) if options.at is not None else None
        covered = self._standing is None and (options.coverage or any(COVERED in path.name for path in options.inputs))
        self._coverage = Coverage(self._places, NativeEdges() if sanitizer.is_loaded() else None) if covered else None
        self._dump = _stack_file()
        self._report = sanitizer.Report() if sanitizer.is_loaded() else None
        self._last = Last()
        self._held = 0

    def run(self) -> int:
        started = time.perf_counter()
        self._environment()
        recorder = recording.Recorder(self._run.emit, self._tree.roots)
        recording.active = recorder
        context = Context(self._options.door, self._tree, self._places, recorder)
        book.heard = self._options.heard or any(HEARD in path.name for path in self._options.inputs)
        door: Door = DOORS[self._options.door.kind](context)
        sinks.install(recorder)  # before the accessors: its hooks on loading take the place of earlier ones on the same module
        install_accessors(self._places)
        if not self._options.reopened:
            try:
                door.open()
                part, parts = self._options.door.share
                routes = [r for r in door.routes() if zlib.crc32(str(r.get("path")).encode()) % parts == part]
            except BaseException as error:  # noqa: BLE001 (SystemExit too: the project's code may do anything when imported)
                self._records.write({"failed": {"why": error_text(error), "frames": self._places.of_error(error)}})
                return 1
            threads = threading.active_count() - 1
            ready = {"python": sys.version.split()[0], "seconds": round(time.perf_counter() - started, 3), "routes": routes}
            if threads > 0:
                ready["threads"] = threads
            self._write_ready(ready)
            for chunk in _chunks(book.patterns()):
                self._records.write({"compiled": chunk})
            if threads > 0:
                self._start_again()
        self._tree.remember()
        self._held = address_space()
        gc.collect()
        gc.freeze()
        gc.disable()
        self._preloading = Preloading(self._places)
        turns: list[Turn] = []
        for number, path in enumerate(self._options.inputs):
            try:
                wishes = path.name.partition(".")[0].split("-")[1:]
                heard = self._options.heard or HEARD in wishes
                covered = self._options.coverage or COVERED in wishes
                turn = Turn(number, read(path), self._drawing(number), heard, covered)
            except Invalid as error:
                self._ended(number, {"ended": "invalid", "why": str(error)[:500], "cpu_s": 0.0, "frames": []})
                continue
            alone = ALONE in wishes
            if turns and (alone or len(turns) >= self._options.together):
                self._all(turns, door, context)
                turns = []
            turns.append(turn)
            if alone:
                self._all(turns, door, context)
                turns = []
        self._all(turns, door, context)
        return 0

    def _drawing(self, number: int) -> random.Random:
        seed = self._options.seed
        return random.Random(f"{seed}:{number}" if seed is not None else os.urandom(16))

    def _all(self, turns: list[Turn], door: Door, context: Context) -> None:
        """Carry out documents in as few processes as they allow: what ends the process leaves the others to a new one."""
        while turns:
            turns = turns[self._some(turns, door, context) :]

    def _some(self, turns: list[Turn], door: Door, context: Context) -> int:
        """Fork a process for documents and wait for it; how many it was done with. The tree is put back after each."""
        reading, writing = os.pipe()
        waiting, going_on = os.pipe()
        self._dump.seek(0)
        self._dump.truncate()
        if self._report is not None:
            self._report.forget()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            os.close(going_on)
            self._run.redirect(_high(writing))
            try:
                carry_out(
                    turns,
                    door,
                    context,
                    self._run,
                    limits=self._options.limits,
                    coverage=self._coverage,
                    preloading=self._preloading,
                    dump=self._dump,
                    report=self._report,
                    last=self._last,
                    held=self._held,
                    reopen=self._options.reopened,
                    going_on=_high(waiting),
                    standing=self._standing,
                )
            finally:
                os._exit(1)  # never on into the parent's part, whose end takes the tree away
        os.close(writing)
        os.close(waiting)
        process = Waiting(pid, reading, self._records, self._options.limits.wall_s, ENTERING_S)
        done = 0
        modules: list[str] = []
        try:
            while True:
                began = time.monotonic()
                outcome = process.outcome()
                if self._concluded(turns[done], outcome, time.monotonic() - began):
                    self._tree.put_back()
                    return done
                modules = outcome.told.get("modules", modules)
                done += 1
                self._tree.put_back()
                if done == len(turns) or outcome.told.get("more") is not True:
                    break
                with contextlib.suppress(BrokenPipeError):
                    os.write(going_on, b"!")
        finally:
            os.close(reading)
            os.close(going_on)
        if not self._options.reopened:
            self._preloading.learn(modules)
        return done

    def _concluded(self, turn: Turn, outcome: Outcome, wall_s: float) -> bool:
        """Write how a document's process ended, after so many wall seconds; True when the document goes on in another one."""
        if self._coverage is not None:
            self._coverage.learn(outcome.told.get("covered", []))
        record: dict[str, Any] = {"ended": outcome.ended, "cpu_s": round(outcome.cpu_s, 4)}
        record["frames"] = outcome.told.get("frames") or self._dumped(outcome.ended)
        if "why" in outcome.told:
            record["why"] = outcome.told["why"]
        goes_on = False
        if outcome.ended != "done" and (call := self._last.packed()):
            record["last"] = call
            spent_s = max(outcome.cpu_s, wall_s) if outcome.ended == "timeout" else outcome.cpu_s  # what waits uses no CPU time
            goes_on = many.go_on(turn.document.steps["attack"], self._last.call(), spent_s)
        self._last.forget()
        if self._report is not None and (said := self._report.text()):
            record["report"] = said
            self._report.forget()  # the next document of this process may end before a phase of it begins
        if goes_on:
            record["died"] = record.pop("ended")
            self._records.write({"run": turn.number, **record})
        else:
            self._ended(turn.number, record)
        return goes_on

    def _dumped(self, ended: str) -> list[dict[str, Any]]:
        if ended in ("done", "invalid", "memory"):
            return []
        self._dump.seek(0)
        return self._places.of_dump(self._dump.read(1 << 20).decode("utf-8", "replace"))

    def _ended(self, number: int, record: dict[str, Any]) -> None:
        self._records.write({"run": number, **record})

    def _write_ready(self, ready: dict[str, Any]) -> None:
        """The ready record; more routes than a line holds come in further ones, in which only routes are told."""
        routes: Iterable[list[dict[str, Any]]] = _chunks(ready["routes"]) or [[]]
        for index, chunk in enumerate(routes):
            self._records.write({"ready": {**ready, "routes": chunk, **({"more": True} if index else {})}})

    def _environment(self) -> None:
        """Path, working directory and environment as the door says."""
        door, tree = self._options.door, self._tree
        tree.settle()
        for name, value in door.environment.items():
            os.environ[name] = tree.place_of(value)
        paths = [tree.place_of(path) for path in door.paths] or [str(tree.place)]
        sys.path[:0] = paths
        sys.dont_write_bytecode = True
        os.chdir(paths[0] if os.path.isdir(paths[0]) else tree.place)  # noqa: PTH112
        sys.argv = [self._options.door.imported or "python"]

    def _start_again(self) -> None:
        """Begin anew without opening the door, as the threads that it started would not live on in a forked process."""
        self._tree.remove()
        descriptor = self._records.descriptor
        os.set_inheritable(descriptor, True)
        os.chdir("/")
        main = sys.modules["__main__"].__file__ or ""
        command = [sys.executable, *_flags(), main, "batch", *_again(), "--reopened", "--records", str(descriptor)]
        os.environ.clear()
        os.environ.update(_ENVIRONMENT)
        os.chdir(_DIRECTORY)
        os.execv(sys.executable, command)


_ENVIRONMENT = dict(os.environ)
_DIRECTORY = os.getcwd()  # noqa: PTH109
_ARGUMENTS = sys.argv[2:]


def _again() -> list[str]:
    return _ARGUMENTS


def _flags() -> list[str]:
    flags = {"-I": sys.flags.isolated, "-s": sys.flags.no_user_site, "-S": sys.flags.no_site}
    return [flag for flag, given in flags.items() if given]


def _chunks(routes: list[Any]) -> list[list[Any]]:
    """Routes, or other things to tell, in lists that a record's line holds."""
    chunks: list[list[Any]] = []
    size = 0
    for route in routes:
        length = len(repr(route)) * 2
        if not chunks or size + length > 200_000:
            chunks.append([])
            size = 0
        chunks[-1].append(route)
        size += length
    return chunks


def _high(descriptor: int) -> int:
    """The same under a high number, out of the way of what programs expect low ones to be."""
    high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH_DESCRIPTOR)
    os.close(descriptor)
    return high


def _stack_file() -> Any:
    """An unnamed file on a high descriptor, for the stack of a process that dies."""
    descriptor, name = tempfile.mkstemp(prefix="mithridate-stack-")
    os.unlink(name)  # noqa: PTH108
    return os.fdopen(_high(descriptor), "r+b", buffering=0)
