"""What all oracles share that read the report a process leaves on stderr."""

from abc import ABC, abstractmethod

from mithridate.model.entry import EntryPoint
from mithridate.model.execution import Execution
from mithridate.model.project import ToolFailure
from mithridate.model.violation import Clean, Violation
from mithridate.oracles.interface import Instrumentation
from mithridate.oracles.options import OracleOptions
from mithridate.oracles.report_parser import parse_report

Verdict = tuple[Violation, ...] | Clean | ToolFailure


class ReportOracle(ABC):
    """An oracle that picks its own from the parsed report, so that several share one parsing."""

    name: str

    def __init__(self, options: OracleOptions | None = None) -> None:
        self.options = options or OracleOptions()

    def arm(self, entry: EntryPoint | None) -> Instrumentation:  # noqa: ARG002 - most oracles need nothing
        """What to add to the build (entry is None) or to the process of `entry`; nothing, unless the oracle says more."""
        return Instrumentation()

    def judge(self, execution: Execution) -> Verdict:
        """All violations of this oracle in one execution; or Clean; or ToolFailure."""
        return self.judge_parsed(parse_report(execution.stderr), execution)

    @abstractmethod
    def judge_parsed(self, parsed: tuple[Violation, ...], execution: Execution) -> Verdict:
        """Like `judge`, given all violations that stderr reports."""
