"""Processes that died of a signal, with or without last words, where no sanitizer explained it."""

import signal

from mithridate.model.execution import Ending, Execution
from mithridate.model.violation import Clean, Violation, ViolationKind
from mithridate.oracles.detector import Detector
from mithridate.oracles.options import SANITIZER_EXIT_CODE
from mithridate.oracles.report_oracle import ReportOracle, Verdict

_KINDS: dict[int, ViolationKind] = {
    signal.SIGSEGV: ViolationKind.WILD_POINTER,
    signal.SIGABRT: ViolationKind.ABORT,
    signal.SIGFPE: ViolationKind.DIVISION_BY_ZERO,
    signal.SIGILL: ViolationKind.ILLEGAL_INSTRUCTION,
    signal.SIGBUS: ViolationKind.BUS_ERROR,
    signal.SIGTRAP: ViolationKind.FATAL_SIGNAL,
}
_SHELL_SIGNAL_BASE = 128
_EXPLAINED_BY = frozenset({Detector.ADDRESS_SANITIZER, Detector.LIBFUZZER})


class ProcessSignals(ReportOracle):
    """The signals that a fault of the program raises; not those that others send (SIGTERM, SIGKILL, SIGPIPE, ...).

    A program that prints an assertion's text and goes on has violated nothing: last words count only with the death that
    they announce.
    """

    name = "process-signals"

    def judge_parsed(self, parsed: tuple[Violation, ...], execution: Execution) -> Verdict:
        """The same, given what the parser made of stderr."""
        explained = tuple(v for v in parsed if v.detector == Detector.LIBFUZZER and v.kind is ViolationKind.FATAL_SIGNAL)
        if any(v.detector in _EXPLAINED_BY for v in parsed):
            return explained or Clean()
        number = fatal_signal(execution)
        spoken = tuple(v for v in parsed if v.detector == Detector.C_LIBRARY)
        if spoken and (number == signal.SIGABRT or execution.exit_code == SANITIZER_EXIT_CODE):
            return spoken[-1:]
        if number is None:
            return Clean()
        name = signal.Signals(number).name
        return (Violation(kind=_KINDS[number], detector=Detector.KERNEL, message=f"the process died of {name}"),)


def fatal_signal(execution: Execution) -> int | None:
    """The fault signal that ended the process by itself: as the sandbox saw it, or as a shell's exit code 128+n."""
    if execution.ending is Ending.SIGNALLED:
        number = execution.signal
    elif execution.ending is Ending.EXITED and execution.exit_code is not None:
        number = execution.exit_code - _SHELL_SIGNAL_BASE
    else:
        number = None
    return number if number in _KINDS else None
