"""What work may cost: wall and CPU seconds, and whether anybody still wants it. The gate asks before each execution."""

import threading
import time
from dataclasses import replace

from mithridate.model.errors import BudgetSpent, Interrupted
from mithridate.model.execution import Limits

_SHORTEST_S = 0.05


class Allowance:
    """Counts down from the moment it is made. `cancel` is set by whoever no longer wants the work, and by us when it is spent:
    what runs then is ended. Safe to share between threads.

    Several sandboxes at once may each use what is left of the CPU time.
    """

    def __init__(self, wall_s: float, cpu_s: float, cancel: threading.Event) -> None:
        self.cancel = cancel
        self._wall_s, self._cpu_s = wall_s, cpu_s
        self._ends = time.monotonic() + wall_s
        self._lock = threading.Lock()
        self._used_s = 0.0
        self._own_s = time.process_time()
        self._spent = ""

    @property
    def left_s(self) -> float:
        """Wall seconds that are left, 0 when none are."""
        return max(0.0, self._ends - time.monotonic())

    @property
    def cpu_used_s(self) -> float:
        """CPU seconds so far: those of the executions that ended, and our own."""
        return self._used_s + time.process_time() - self._own_s

    def look(self) -> None:
        """End what runs when the time is over. To be called now and then while the work goes on."""
        if not self._spent and not self.cancel.is_set():
            if not self.left_s:
                self._spent = f"the {self._wall_s:g} seconds of time that a call may take are over"
            elif self.cpu_used_s > self._cpu_s:
                self._spent = f"the {self._cpu_s:g} seconds of CPU time that a call may take are used up"
            if self._spent:
                self.cancel.set()

    def require(self) -> None:
        """Raise BudgetSpent when the time is over, Interrupted when nobody wants the work any more."""
        self.look()
        if self._spent:
            raise BudgetSpent(self._spent, hint="ask for less, or have the server started with a larger budget")
        if self.cancel.is_set():
            raise Interrupted("the call was cancelled")

    def within(self, limits: Limits) -> Limits:
        """The limits of one execution, no further than what is left."""
        wall_s = max(_SHORTEST_S, min(limits.wall_s, self.left_s))
        cpu_left = max(_SHORTEST_S, self._cpu_s - self.cpu_used_s)
        return replace(limits, wall_s=wall_s, cpu_s=min(limits.cpu_s or cpu_left, cpu_left))

    def charge(self, cpu_s: float) -> None:
        """Count an execution that has ended."""
        with self._lock:
            self._used_s += cpu_s
