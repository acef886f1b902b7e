"""A process that does one call after another: whatever goes wrong in it, or takes too long, ends with it.

Its argument is a directory for temporary files. Reads lines of JSON on standard input: the settings, then {"call": N,
"tool": NAME, "arguments": {…}}; the end of its input cancels what it does and ends it. Writes {"ready": true} once, {"call": N,
"stage": WORD} now and then, and at a call's end {"call": N, "answer": TEXT, …} or {"call": N, "error": {…}, …}. What anybody else
here writes to standard output goes to standard error.
"""

import json
import os
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from mithridate.mcp.abilities import registry
from mithridate.mcp.answering import packed
from mithridate.mcp.catalogue import TOOLS
from mithridate.mcp.settings import Settings
from mithridate.mcp.shapes import Json
from mithridate.mcp.work import Work
from mithridate.model.errors import BudgetSpent, ExitCode, Interrupted, MithridateError
from mithridate.model.run import Event, StageStarted
from mithridate.policy.allowance import Allowance
from mithridate.sandbox.leavings import remove_tree

GRACE_S = 10.0
"""From the moment when a call was cancelled, or its time was over, until its process is ended with it."""

_LOOK_S = 0.25

_KINDS = {
    ExitCode.USAGE: "unusable",
    ExitCode.NOTHING_TO_ANALYSE: "nothing-to-analyse",
    ExitCode.REFUSED: "refused",
    ExitCode.MISSING_REQUIREMENT: "missing-requirement",
    ExitCode.INTERRUPTED: "cancelled",
}


class Worker:
    """Answers calls in the order in which they come."""

    def __init__(self, settings: Settings, out: BinaryIO) -> None:
        self._settings = settings
        self._out = out
        self._lock = threading.Lock()
        self._calls: SimpleQueue[dict[str, Json] | None] = SimpleQueue()
        self._cancel = threading.Event()
        self._ended = False
        self._current: Json = None

    def listen(self, lines: BinaryIO) -> None:
        """Take in what is asked, until the end."""
        for line in lines:
            self._calls.put(json.loads(line))
        with self._lock:
            self._ended = True
            self._cancel.set()
        self._calls.put(None)

    def work(self) -> None:
        """Do what is asked, until the end."""
        self._say({"ready": True})
        while (call := self._calls.get()) is not None:
            self._current = call["call"]
            with self._lock:
                self._cancel = threading.Event()
                if self._ended:
                    self._cancel.set()
            allowance = Allowance(self._settings.wall_s, self._settings.cpu_s, self._cancel)
            over = threading.Event()
            threading.Thread(target=self._watch, args=(allowance, over), daemon=True).start()
            try:
                self._say({"call": self._current, **self._done(call, allowance), "cpu_s": round(allowance.cpu_used_s, 3)})
            finally:
                over.set()
                self._current = None

    def _done(self, call: dict[str, Json], allowance: Allowance) -> dict[str, Json]:
        name = str(call["tool"])
        try:
            asked = TOOLS[name].arguments.model_validate(call["arguments"])
            work = Work(self._settings, self._told, allowance, TOOLS[name].gives)
            made = packed(registry.ability(name)(asked, work), self._settings.answer_bytes)
            allowance.require()
            return {"answer": made.text, "shortened": made.shortened}
        except Interrupted as error:
            try:
                allowance.require()
            except MithridateError as ended:  # it knows whether anybody asked for that, or the time was over
                return _told_of(ended)
            return _told_of(error)
        except MithridateError as error:
            return _told_of(error)
        except Exception as error:  # noqa: BLE001  # reported, with all there is to know, where the server's words go
            traceback.print_exc()
            try:
                allowance.require()
            except MithridateError as ended:  # what an interruption made of somebody's work
                return _told_of(ended)
            return {"error": {"kind": "our-fault", "message": f"this is our fault: {type(error).__name__}", "hint": ""}}

    def _told(self, event: Event) -> None:
        if isinstance(event, StageStarted):
            self._say({"call": self._current, "stage": event.stage})

    def _say(self, said: dict[str, Json]) -> None:
        with self._lock:
            self._out.write(json.dumps(said).encode() + b"\n")
            self._out.flush()

    def _watch(self, allowance: Allowance, over: threading.Event) -> None:
        while not over.wait(_LOOK_S):
            allowance.look()
            if allowance.cancel.is_set():
                if not over.wait(GRACE_S):
                    self._give_up(allowance)
                return

    def _give_up(self, allowance: Allowance) -> None:
        """End this process, work that does not end included; say before why."""
        try:
            allowance.require()
        except MithridateError as error:
            self._say({"call": self._current, **_told_of(error), "cpu_s": round(allowance.cpu_used_s, 3)})
        finally:
            os._exit(ExitCode.INTERRUPTED)


def _told_of(error: MithridateError) -> dict[str, Json]:
    kind = "budget" if isinstance(error, BudgetSpent) else _KINDS.get(error.exit_code, "our-fault")
    return {"error": {"kind": kind, "message": str(error), "hint": error.hint}}


def main() -> None:
    """Work until standard input ends."""
    lines, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)  # what is started from here reads nothing of ours, and says nothing in our name
    os.dup2(2, 1)
    os.close(nowhere)
    settings = Settings.decode(lines.readline().decode())
    scratch = tempfile.tempdir = sys.argv[1]
    worker = Worker(settings, out)
    threading.Thread(target=worker.listen, args=(lines,), daemon=True).start()
    try:
        worker.work()
    finally:
        remove_tree(Path(scratch))


if __name__ == "__main__":
    main()
