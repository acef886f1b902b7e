"""Undefined behaviour that matters to security, seen by UndefinedBehaviorSanitizer."""

from mithridate.model.entry import EntryPoint
from mithridate.model.execution import Execution
from mithridate.model.violation import Clean, Violation
from mithridate.oracles.detector import Detector
from mithridate.oracles.interface import Instrumentation
from mithridate.oracles.options import SANITIZER_EXIT_CODE, joined
from mithridate.oracles.report_oracle import ReportOracle, Verdict

CHECKS = (
    "array-bounds",
    "integer-divide-by-zero",
    "vla-bound",
    "return",
    "unreachable",
    "builtin",
    "signed-integer-overflow",
    "shift-exponent",
    "float-cast-overflow",
)
"""Not `bounds`: it adds local-bounds, which traps without a word where AddressSanitizer would explain.
Not `null`: where memory is really touched AddressSanitizer sees it, and `&absent->member` alone harms nobody."""


class UndefinedBehaviour(ReportOracle):
    """Runtime errors of the security-relevant checks. The program goes on after each, so that one execution may show several."""

    name = "undefined-behaviour"

    def arm(self, entry: EntryPoint | None) -> Instrumentation:
        """Build: the checks, recovering. Process: UBSAN_OPTIONS with a stack for each error."""
        if entry is None:
            checks = "-fsanitize=" + ",".join(CHECKS)
            return Instrumentation(compile_flags=("-g", checks, "-fsanitize-recover=undefined"), link_flags=(checks,))
        flags: dict[str, int | str] = {
            "print_stacktrace": 1,
            "symbolize": int(self.options.symbolize),
            "halt_on_error": 0,
            "exitcode": SANITIZER_EXIT_CODE,
            "color": "never",
        }
        return Instrumentation(env={"UBSAN_OPTIONS": joined(flags)})

    def judge_parsed(self, parsed: tuple[Violation, ...], execution: Execution) -> Verdict:  # noqa: ARG002 - the seam's
        """The same, given what the parser made of stderr."""
        return tuple(v for v in parsed if v.detector == Detector.UNDEFINED_BEHAVIOUR_SANITIZER) or Clean()
