"""Starts a command, reads what it says, watches what it uses, ends it when it goes too far, and tells what happened.

The one place that deals with time-outs, output size and signals of untrusted processes. Looking at them takes a fixed
small share of one core: small trees are seen often, large ones less so, and more often when a limit could be reached at
the fastest credible rate.
"""

import os
import resource
import select
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from mithridate.model.errors import SandboxUnavailable
from mithridate.model.execution import Ending, Limits
from mithridate.sandbox import procfs
from mithridate.sandbox.capture import Capture
from mithridate.sandbox.disk import DiskWatch
from mithridate.sandbox.memory import host_shared_bytes
from mithridate.sandbox.orphans import OWNER, owner
from mithridate.sandbox.process_tree import ProcessTree, Usage

OUTPUT_FACTOR = 16
"""A command may write this many times what is kept of one stream."""

CANCEL_GRACE_S = 3.0
"""Between SIGTERM and SIGKILL when an execution is cancelled."""

_FIRST_LOOK_S = 0.01
_SHORTEST_LOOK_S = 0.02
_LONGEST_LOOK_S = 0.25
_YOUNG_S = 2.0
_SHARE_WHILE_YOUNG = 0.004
_USUAL_SHARE = 0.0015
_LARGEST_SHARE = 0.05
"""Of one core, for looking: in an execution's first seconds, later, and when a limit is near."""

_CANCEL_LOOK_S = 0.25
_GATHER_AFTER_S, _GATHER_S, _DRIBBLE = 1.0, 0.1, 8192
_IDLE_CPU_S = 0.02
"""Less than this is what a look itself or a timer costs, and no work."""

_EXACT_EVERY_S = 10.0
_FASTEST_GROWTH = 4 << 30
"""Bytes per second that all cores together can newly touch; measured values are 1 to 2 GiB/s a core with small pages."""

_CORES = os.cpu_count() or 1
_OOM_SCORE = "500"
_READ_SIZE = 1 << 16
_REAP_GRACE_S = 10.0
_DRAIN_S = 1.0

TreeFinder = Callable[[int], ProcessTree | None]
"""Given the pid of the started process: its tree, or None while that cannot be known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a supervised process. `ending` is the limit that ended it, or None if it ended by itself.

    `code` is the process's own exit code (128 + n if signal n killed it).
    """

    ending: Ending | None
    code: int
    stdout: bytes
    stderr: bytes
    truncated: bool
    wall_s: float
    cpu_s: float
    peak_memory_bytes: int


def supervise(
    argv: Sequence[str],
    *,
    pass_fds: Sequence[int],
    stdin: int,
    limits: Limits,
    find_tree: TreeFinder,
    writable: Sequence[Path] = (),
    when_readable: tuple[int, Callable[[], bool]] | None = None,
    refused: Callable[[], bool] | None = None,
    on_stderr: Callable[[bytes], None] | None = None,
    cancel: threading.Event | None = None,
) -> Outcome:
    """Run `argv` until it ends or a limit ends it; no process of its tree is left when this returns.

    Its environment holds nothing but the name of its owner, see `orphans`.

    `stdin` and `pass_fds` are descriptors that it inherits; the caller closes them. `when_readable` is a descriptor and what to
    do when something can be read from it, until that answers True; `refused` tells whether the kernel has refused a process.
    Safe to call from several threads.
    Raises SandboxUnavailable when `argv` cannot be started.
    """
    with ExitStack() as stack:
        supervision = _Supervision(stack, limits, find_tree, writable, refused, on_stderr, cancel)
        supervision.start(argv, pass_fds, stdin)
        if when_readable is not None:
            supervision.listen(*when_readable)
        return supervision.watch()


class _Supervision:
    """One execution in flight."""

    def __init__(
        self,
        stack: ExitStack,
        limits: Limits,
        find_tree: TreeFinder,
        writable: Sequence[Path],
        refused: Callable[[], bool] | None,
        on_stderr: Callable[[bytes], None] | None,
        cancel: threading.Event | None,
    ) -> None:
        self._stack = stack
        self._refused = refused
        self._limits = limits
        self._find_tree = find_tree
        self._on_stderr = on_stderr
        self._cancel = cancel
        self._stdout = Capture(limits.output_bytes)
        self._stderr = Capture(limits.output_bytes)
        self._disk = DiskWatch(writable, limits.disk_bytes) if writable and limits.disk_bytes is not None else None
        self._selector = stack.enter_context(selectors.DefaultSelector())
        self._tree: ProcessTree | None = None
        self._ending: Ending | None = None
        self._peak_memory = 0
        self._peak_cpu_s = 0.0
        self._host_shared = host_shared_bytes()
        self._excess = 0
        self._dribbles = False
        self._cpu_when_busy = 0.0
        self._busy_at = time.monotonic()
        self._next_exact = time.monotonic() + _EXACT_EVERY_S

    def start(self, argv: Sequence[str], pass_fds: Sequence[int], stdin: int) -> None:
        """Start the process in a session of its own: a Ctrl-C on our terminal is ours to answer."""
        reads = []
        writes = []
        for _ in range(2):
            read, write = os.pipe2(os.O_CLOEXEC)
            self._stack.callback(os.close, read)
            reads.append(read)
            writes.append(write)
        self._own_peak = _peak_bytes(resource.getrusage(resource.RUSAGE_SELF))
        self._began = time.monotonic()
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=stdin,
                stdout=writes[0],
                stderr=writes[1],
                pass_fds=pass_fds,
                env={OWNER: owner()},
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxUnavailable(f"{argv[0]} cannot be started: {error.strerror}") from error
        finally:
            for write in writes:
                os.close(write)
        self._pidfd = os.pidfd_open(self._process.pid)
        # Should the machine run out of memory, the kernel is to choose the target and not us: proc_pid_oom_score_adj(5).
        with suppress(OSError):
            procfs.write(f"/proc/{self._process.pid}/oom_score_adj", _OOM_SCORE)
        self._stack.callback(os.close, self._pidfd)
        for read, capture in zip(reads, (self._stdout, self._stderr), strict=True):
            os.set_blocking(read, False)
            self._selector.register(read, selectors.EVENT_READ, capture)
        self._selector.register(self._pidfd, selectors.EVENT_READ, None)

    def listen(self, descriptor: int, answer: Callable[[], bool]) -> None:
        """Call `answer` whenever `descriptor` can be read, until it returns True."""
        self._selector.register(descriptor, selectors.EVENT_READ, answer)

    def watch(self) -> Outcome:
        """Serve the process to its end; on any error of ours kill it before the error goes on."""
        try:
            self._serve()
        except BaseException:
            self._kill()
            self._reap()
            raise
        if (tree := self._found_tree()) is not None:
            tree.kill()
        code, used = self._reap()
        self._drain()
        reaped = used.ru_utime + used.ru_stime
        grown = _peak_bytes(used)
        return Outcome(
            ending=self._ending,
            code=code,
            stdout=self._stdout.value(),
            stderr=self._stderr.value(),
            truncated=self._stdout.truncated or self._stderr.truncated,
            wall_s=time.monotonic() - self._began,
            cpu_s=max(reaped, self._peak_cpu_s),
            # A child's first peak is that of its parent at the fork, so a value up to our own says nothing about it.
            peak_memory_bytes=max(self._peak_memory, grown if grown > self._own_peak else 0),
        )

    def _serve(self) -> None:
        deadline, ending_then = self._began + self._limits.wall_s, Ending.WALL_LIMIT
        next_look = self._began + _FIRST_LOOK_S
        cancelled = False
        while self._ending is None:
            now = time.monotonic()
            if self._cancel is not None and not cancelled and self._cancel.is_set():
                cancelled = True
                grace = CANCEL_GRACE_S if self._ask_to_leave() else 0.0
                deadline, ending_then = min(deadline, now + grace), Ending.CANCELLED
            if now >= deadline:
                self._end(ending_then)
                return
            if now >= next_look:
                next_look = now + self._look()
            if self._stdout.total + self._stderr.total > self._limits.output_bytes * OUTPUT_FACTOR:
                self._end(Ending.OUTPUT_LIMIT)
            pause = min(deadline, next_look) - now
            if self._cancel is not None and not cancelled:
                pause = min(pause, _CANCEL_LOOK_S)
            if self._ending is None and self._wait(max(0.0, pause)):
                refused = self._refused is not None and self._refused()  # a bomb may have ended between two looks
                self._ending = Ending.CANCELLED if cancelled else Ending.PROCESS_LIMIT if refused else None
                return

    def _ask_to_leave(self) -> bool:
        """SIGTERM to the target; False when nothing of it runs yet."""
        tree = self._found_tree()
        if tree is None or not tree.usage(0).processes:
            return False
        tree.signal(signal.SIGTERM)
        return True

    def _wait(self, pause: float) -> bool:
        """Read what comes within `pause` seconds; True when the process has ended.

        What an old process says in dribs and drabs is let gather for a moment: each wake-up costs us, each word nothing.
        """
        ended = False
        if self._dribbles and time.monotonic() - self._began > _GATHER_AFTER_S:
            self._wait_for_end(min(pause, _GATHER_S))
        for key, _ in self._selector.select(pause):
            if key.data is None:
                ended = True
            elif isinstance(key.data, Capture):
                self._read(key.fd, key.data)
            elif key.data():
                self._selector.unregister(key.fd)
        return ended

    def _read(self, descriptor: int, capture: Capture) -> None:
        try:
            chunk = os.read(descriptor, _READ_SIZE)
        except BlockingIOError:
            return
        if not chunk:
            self._selector.unregister(descriptor)
            return
        self._dribbles = len(chunk) < _DRIBBLE
        capture.add(chunk)
        if capture is self._stderr and self._on_stderr is not None:
            self._on_stderr(chunk)

    def _look(self) -> float:
        """Compare what the tree uses with the limits; how many seconds may pass until the next look."""
        tree = self._found_tree()
        if tree is None:
            return _FIRST_LOOK_S
        began = time.monotonic()
        limits, usage = self._limits, tree.usage(self._limits.processes)
        pause = _LONGEST_LOOK_S
        # A bomb may be over before a look sees it, with what it left behind asleep.
        if usage.processes > limits.processes or (self._refused is not None and self._refused()):
            self._end(Ending.PROCESS_LIMIT)
        if limits.cpu_s is not None:
            if usage.cpu_s >= limits.cpu_s:
                self._end(Ending.CPU_LIMIT)
            pause = min(pause, (limits.cpu_s - usage.cpu_s) / _CORES)
        if limits.idle_s is not None and self._idle_for(usage.cpu_s) >= limits.idle_s:
            self._end(Ending.WALL_LIMIT)
        if self._disk is not None and self._disk.exceeded(tree.deleted_bytes):
            self._end(Ending.DISK_LIMIT)
        bound, known = self._memory_bytes(tree, usage)
        if limits.memory_bytes is not None:
            if bound > limits.memory_bytes:
                self._end(Ending.MEMORY_LIMIT)
            pause = min(pause, (limits.memory_bytes - bound) / _FASTEST_GROWTH)
        self._peak_memory = max(self._peak_memory, known)
        self._peak_cpu_s = max(self._peak_cpu_s, usage.cpu_s)
        cost = time.monotonic() - began
        share = _SHARE_WHILE_YOUNG if began - self._began < _YOUNG_S else _USUAL_SHARE
        return max(_SHORTEST_LOOK_S, cost / _LARGEST_SHARE, min(pause, cost / share))

    def _idle_for(self, cpu_s: float) -> float:
        """Seconds since the tree was last seen to have used its processor time."""
        now = time.monotonic()
        if abs(cpu_s - self._cpu_when_busy) > _IDLE_CPU_S:  # less than before, too: a process that ended is no longer counted
            self._cpu_when_busy, self._busy_at = cpu_s, now
        return now - self._busy_at

    def _memory_bytes(self, tree: ProcessTree, usage: Usage) -> tuple[int, int]:
        """The most that the tree can hold, and what it is known to; measured exactly only near the limit, and now and then.

        By how much the upper bound was too high at the last exact measurement is taken off later ones, so that these are rare.
        """
        bound = usage.memory_bytes + max(0, host_shared_bytes() - self._host_shared)
        now, limit = time.monotonic(), self._limits.memory_bytes
        if limit is None or (bound - self._excess <= limit and now < self._next_exact):
            return max(0, bound - self._excess), min(usage.memory_bytes, max(0, bound - self._excess))
        exact = tree.memory_bytes()
        self._excess = bound - exact
        self._next_exact = now + _EXACT_EVERY_S
        return exact, exact

    def _found_tree(self) -> ProcessTree | None:
        if self._tree is None:
            self._tree = self._find_tree(self._process.pid)
            if self._tree is not None:
                self._stack.callback(self._tree.close)
        return self._tree

    def _end(self, ending: Ending) -> None:
        if self._ending is None:
            self._ending = ending
            self._kill()

    def _kill(self) -> None:
        """Kill the tree; the process that we started then ends by itself, having reaped (and accounted for) it."""
        until = time.monotonic() + _REAP_GRACE_S
        while (tree := self._found_tree()) is None and not self._wait_for_end(0.01) and time.monotonic() < until:
            continue
        if tree is None:
            self._process.kill()
            return
        tree.kill()
        while not self._wait_for_end(0.05) and time.monotonic() < until:
            tree.kill()
        if not self._wait_for_end(0.0):
            self._process.kill()

    def _wait_for_end(self, pause: float) -> bool:
        return bool(select.select([self._pidfd], [], [], pause)[0])

    def _reap(self) -> tuple[int, resource.struct_rusage]:
        _, status, used = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        code = self._process.returncode
        return (128 - code if code < 0 else code), used

    def _drain(self) -> None:
        """Read what is left in the pipes; all writers are gone, unless a tree without a pid namespace let one escape."""
        until = time.monotonic() + _DRAIN_S
        for key in list(self._selector.get_map().values()):
            if not isinstance(key.data, Capture):
                self._selector.unregister(key.fd)
        while self._selector.get_map() and time.monotonic() < until:
            self._wait(_CANCEL_LOOK_S)


def _peak_bytes(used: resource.struct_rusage) -> int:
    return used.ru_maxrss << 10
