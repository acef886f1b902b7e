"""Errors that a person reads: one sentence, one hint, one exit code (DESIGN.md, "Exit codes")."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process answers to its caller; a public interface."""

    NOTHING_PROVED = 0
    OUR_FAULT = 1
    USAGE = 2
    NOTHING_TO_ANALYSE = 3
    REFUSED = 4
    MISSING_REQUIREMENT = 5
    PROVED = 10
    INTERRUPTED = 130


class MithridateError(Exception):
    """Root of all errors raised on purpose. `str(error)` is one sentence; `hint` says what to do about it."""

    exit_code: ExitCode = ExitCode.OUR_FAULT

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(MithridateError):
    """The caller gave something that cannot be used: a wrong path, a broken file, an impossible option."""

    exit_code = ExitCode.USAGE


class NothingToAnalyse(MithridateError):
    """The input is well-formed but holds nothing that any language can build or run."""

    exit_code = ExitCode.NOTHING_TO_ANALYSE


class PolicyRefusal(MithridateError):
    """The scope, or the lack of one, forbids the action."""

    exit_code = ExitCode.REFUSED


class BudgetSpent(PolicyRefusal):
    """The work has used up the time that it was given."""


class MissingRequirement(MithridateError):
    """A tool or a kernel feature that the work needs is not on this machine."""

    exit_code = ExitCode.MISSING_REQUIREMENT


class SandboxUnavailable(MissingRequirement):
    """No sandbox can be made here; distinct from a command that failed inside one."""


class ToolchainMissing(MissingRequirement):
    """A compiler, linker, symbolizer or fuzzer is not installed."""


class OutOfSpace(MithridateError):
    """A disk that the work needs is full; everything done so far is kept, and the run can be resumed."""

    exit_code = ExitCode.INTERRUPTED


class Interrupted(MithridateError):
    """The user pressed Ctrl-C (or sent SIGTERM); everything done so far is kept."""

    exit_code = ExitCode.INTERRUPTED
