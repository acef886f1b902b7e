"""Time and memory without bound, triggered by an input."""

from mithridate.model.execution import Ending, Execution
from mithridate.model.violation import Clean, Violation, ViolationKind
from mithridate.oracles.detector import Detector
from mithridate.oracles.report_oracle import ReportOracle, Verdict

BUSY_SHARE = 0.5
"""Share of wall time spent on the CPU from which a process that ran into the wall limit counts as busy.

Below it the process was waiting: for a terminal, a socket or a child that the input has no part in, which is no violation.
On a machine with more work than cores a busy process may fall below it too; therefore the CPU limit, which load does not
change, is the one to set for proofs.
"""

_KINDS = frozenset({ViolationKind.TIMEOUT, ViolationKind.MEMORY_EXHAUSTION})


class Resources(ReportOracle):
    """TIMEOUT when the CPU limit was used up, MEMORY_EXHAUSTION when the memory limit was; by the sandbox or a sanitizer."""

    name = "resources"

    def judge_parsed(self, parsed: tuple[Violation, ...], execution: Execution) -> Verdict:
        """The same, given what the parser made of stderr."""
        found = {v.kind: v for v in reversed(parsed) if v.kind in _KINDS}
        for violation in (_timeout(execution), _exhaustion(execution)):
            if violation is not None:
                found.setdefault(violation.kind, violation)
        return tuple(found.values()) or Clean()


def _timeout(execution: Execution) -> Violation | None:
    busy = execution.ending is Ending.WALL_LIMIT and execution.cpu_s > BUSY_SHARE * execution.wall_s
    if not busy and execution.ending is not Ending.CPU_LIMIT:
        return None
    message = f"still running after {execution.cpu_s:.1f} s of CPU time"
    return Violation(kind=ViolationKind.TIMEOUT, detector=Detector.RESOURCE_LIMIT, message=message)


def _exhaustion(execution: Execution) -> Violation | None:
    if execution.ending is not Ending.MEMORY_LIMIT:
        return None
    message = f"ended at the memory limit, with {execution.peak_memory_bytes >> 20} MiB resident"
    return Violation(kind=ViolationKind.MEMORY_EXHAUSTION, detector=Detector.RESOURCE_LIMIT, message=message)
