"""Memory that is never freed, seen by LeakSanitizer.

Not among the default oracles: a short-lived program may leave freeing to its exit.
"""

from mithridate.model.entry import EntryPoint
from mithridate.model.execution import Execution
from mithridate.model.project import ToolFailure
from mithridate.model.violation import Clean, Violation
from mithridate.oracles.detector import Detector
from mithridate.oracles.interface import Instrumentation
from mithridate.oracles.report_oracle import ReportOracle, Verdict


class Leaks(ReportOracle):
    """Leaks of AddressSanitizer's allocator. LeakSanitizer stops threads with ptrace, which a sandbox must permit."""

    name = "leaks"

    def arm(self, entry: EntryPoint | None) -> Instrumentation:
        """Nothing for the build (the runtime comes with AddressSanitizer); detection switched on for the process."""
        return Instrumentation() if entry is None else Instrumentation(env={"ASAN_OPTIONS": "detect_leaks=1"})

    def judge_parsed(self, parsed: tuple[Violation, ...], execution: Execution) -> Verdict:
        """The same, given what the parser made of stderr."""
        if b"LeakSanitizer has encountered a fatal error" in execution.stderr:
            return ToolFailure(
                tool=Detector.LEAK_SANITIZER, why="could not stop the process to look for leaks (no ptrace in the sandbox?)"
            )
        return tuple(v for v in parsed if v.detector == Detector.LEAK_SANITIZER) or Clean()
