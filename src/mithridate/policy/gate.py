"""The gate: the only way to get an adapter that acts. Each execution passes it; each action is on the audit log."""

import threading
from collections.abc import Callable, Sequence
from datetime import date

from mithridate.model.errors import PolicyRefusal
from mithridate.model.execution import Command, Execution, Limits, Mount
from mithridate.policy.allowance import Allowance
from mithridate.policy.audit import AuditLog, Fact
from mithridate.policy.scope import UNSAFE_SANDBOX, Scope, current_day
from mithridate.sandbox import registry
from mithridate.sandbox.interface import Sandbox


class Gate:
    """Hands out sandboxes that refuse what the scope does not allow, and keeps the count of what they did.

    A run makes hundreds of thousands of executions, so the log has one record a stage or slice, with the number of
    executions since the record before. `allowance`, if there is one, bounds all of them together. Safe to share between threads.
    """

    def __init__(
        self,
        scope: Scope,
        audit: AuditLog,
        run: str = "",
        today: Callable[[], date] = current_day,
        allowance: Allowance | None = None,
    ) -> None:
        self._scope = scope
        self._audit = audit
        self._run = run
        self._today = today
        self.allowance = allowance
        self._lock = threading.Lock()
        self._executions = 0
        self._refused = False

    def sandbox(self, name: str) -> Sandbox:
        """The sandbox of that name, guarded. Raises PolicyRefusal when the scope has ended or does not list the name."""
        self.authorise(name)
        sandbox = registry.create(name)
        self.record("sandbox.opened", sandbox=name, confined=name != UNSAFE_SANDBOX)
        return _Guarded(sandbox, self)

    def authorise(self, sandbox: str) -> None:
        """Raise PolicyRefusal unless the scope still runs and lists this sandbox. The first refusal goes on the log."""
        try:
            self._scope.require_valid(self._today())
            self._scope.require_sandbox(sandbox)
        except PolicyRefusal as refusal:
            with self._lock:
                first, self._refused = not self._refused, True
            if first:  # every thread of a hunt runs into the same refusal
                self.record("sandbox.refused", sandbox=sandbox, why=str(refusal))
            raise

    def count(self) -> None:
        """One more execution; it is named in the next record."""
        with self._lock:
            self._executions += 1

    def record(self, action: str, **facts: Fact) -> None:
        """Put an action of this run on the log, with the number of executions since the last record if there were any."""
        with self._lock:
            executions, self._executions = self._executions, 0
        counted: dict[str, Fact] = {"executions": executions} if executions else {}
        self._audit.append(action, self._run, **{**counted, **facts})


class _Guarded:
    """A sandbox behind the gate."""

    def __init__(self, inner: Sandbox, gate: Gate) -> None:
        self.name = inner.name
        self._inner = inner
        self._gate = gate

    def check(self) -> None:
        self._inner.check()

    def run(
        self,
        command: Command,
        mounts: Sequence[Mount] = (),
        limits: Limits = Limits(),
        on_stderr: Callable[[bytes], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Execution:
        """Authorise, count, run. Raises PolicyRefusal from the day after the scope's last, in the middle of a run too.

        With an allowance also as it says. What it ended tells nothing of the target, and is not given back.
        """
        self._gate.authorise(self.name)
        allowance = self._gate.allowance
        if allowance is None:
            self._gate.count()
            return self._inner.run(command, mounts, limits, on_stderr, cancel)
        allowance.require()
        self._gate.count()
        execution = self._inner.run(command, mounts, allowance.within(limits), on_stderr, cancel or allowance.cancel)
        allowance.charge(execution.cpu_s)
        allowance.require()
        return execution
