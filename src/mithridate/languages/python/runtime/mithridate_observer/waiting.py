"""The parent's side of a run: passes its records on, keeps the time, and tells how the process ended."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from dataclasses import dataclass, field
from typing import Any

from .child import PRIVATE
from .records import MAX_LINE, Records

_GRACE_S = 0.3
_POLL_S = 0.05
MAX_RECORDS_BYTES = 64 * 1024 * 1024


@dataclass
class Outcome:
    """How a run ended, in the words of the `ended` record; `told` is the process's own last word, if it came to that."""

    ended: str
    cpu_s: float
    told: dict[str, Any] = field(default_factory=dict)


class Waiting:
    """Waits for one process, reading its records from a pipe; whole lines are passed on, a torn last one is dropped."""

    def __init__(self, pid: int, pipe: int, records: Records, wall_s: float, entering_s: float = 0.0) -> None:
        self._pid, self._pipe, self._records = pid, pipe, records
        self.wall_s = wall_s
        self._entering_s = entering_s
        self._deadline = 0.0
        self._spent = 0.0
        self._rest = b""
        self._passed = 0
        self._told: dict[str, Any] = {}
        self._late = False

    def outcome(self) -> Outcome:
        """Wait until the process is done with a document or the time for it is over.

        When it goes on to another document, `told["more"]` is true: call this again. Else no process of its group is left.
        """
        self._deadline = time.monotonic() + self.wall_s + self._entering_s
        self._told, self._passed = {}, 0
        os.set_blocking(self._pipe, False)
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        while True:
            left = self._deadline - time.monotonic()
            if left <= 0:
                return self._stopped()
            poll.poll(min(left, _POLL_S) * 1000)
            open_ = self._read()
            if self._told.get("more") is True and open_:
                cpu_s = float(self._told.get("cpu_s") or 0.0)
                self._spent += cpu_s
                return Outcome(str(self._told.get("ended", "done")), cpu_s, self._told)
            if self._told or not open_:
                return self._reaped(self._wait(time.monotonic() + _GRACE_S if self._told else self._deadline))
            pid, status, usage = os.wait4(self._pid, os.WNOHANG)
            if pid:
                self._read()
                return self._reaped((status, usage.ru_utime + usage.ru_stime))

    def _read(self) -> bool:
        """Read what there is; False when the pipe is closed."""
        while True:
            try:
                data = os.read(self._pipe, 1 << 16)
            except BlockingIOError:
                return True
            if not data:
                return False
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._take(line)

    def _take(self, line: bytes) -> None:
        if line.startswith(PRIVATE):
            with contextlib.suppress(ValueError):
                told = json.loads(line[len(PRIVATE) :])
                if told.get("entered") is True:
                    if self._entering_s:  # once: who says it again gets no more time for it
                        self._entering_s, self._deadline = 0.0, time.monotonic() + self.wall_s
                else:
                    self._told = told
        elif len(line) < MAX_LINE and self._passed < MAX_RECORDS_BYTES:
            self._passed += len(line)
            self._records.write_line(line + b"\n")

    def _stopped(self) -> Outcome:
        """The time is over: let the process write its stack (SIGPROF, see child.confine), then end it."""
        self._late = True
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGPROF)
        found = self._wait(time.monotonic() + _GRACE_S)
        self._read()
        self._told.pop("more", None)
        return self._reaped(found)

    def _wait(self, until: float) -> tuple[int, float] | None:
        pause = 0.0005
        while True:
            pid, status, usage = os.wait4(self._pid, os.WNOHANG)
            if pid:
                return status, usage.ru_utime + usage.ru_stime
            if time.monotonic() > until:
                return None
            time.sleep(pause)
            pause = min(pause * 2, _POLL_S)

    def _reaped(self, found: tuple[int, float] | None) -> Outcome:
        self._kill_group()
        if found is None:
            _, status, usage = os.wait4(self._pid, 0)
            found = status, usage.ru_utime + usage.ru_stime
            self._late = self._late or not self._told
        status, cpu_s = found[0], max(0.0, found[1] - self._spent)
        if self._told:
            return Outcome(str(self._told.get("ended", "done")), cpu_s, self._told)
        if self._late or (os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGXCPU)):
            return Outcome("timeout", cpu_s)
        if os.WIFSIGNALED(status):
            return Outcome(f"signal {os.WTERMSIG(status)}", cpu_s)
        return Outcome(f"exit {os.WEXITSTATUS(status)}", cpu_s)

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL) if self._told else None
