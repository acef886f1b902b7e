"""Memory errors, seen by AddressSanitizer."""

from mithridate.model.entry import EntryPoint
from mithridate.model.execution import Execution
from mithridate.model.project import ToolFailure
from mithridate.model.violation import Clean, Violation, ViolationKind
from mithridate.oracles.detector import Detector
from mithridate.oracles.interface import Instrumentation
from mithridate.oracles.options import SANITIZER_EXIT_CODE, joined
from mithridate.oracles.report_oracle import ReportOracle, Verdict

_LARGEST_REQUEST_PER_LIMIT = 4
"""A freed block's shadow is an eighth of it and stays resident: four limits' worth of block cost half a limit."""


class AddressSanitizer(ReportOracle):
    """Every class of AddressSanitizer's errors, and the deadly signals that it explains.

    A refused allocation gives the program NULL, as on a machine without memory: what it then does is its own. The program
    may install signal handlers of its own, which then hide a signal that it survives.
    """

    name = "address-sanitizer"

    def arm(self, entry: EntryPoint | None) -> Instrumentation:
        """Build: flags for clang 19. Process: ASAN_OPTIONS and the symbolizer's path."""
        if entry is None:
            recover = ("-fsanitize-recover=address",) if self.options.recover else ()
            return Instrumentation(
                compile_flags=("-g", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-fsanitize=address", *recover),
                link_flags=("-fsanitize=address",),
            )
        env = {"ASAN_OPTIONS": joined(self._flags(entry)), "LIBC_FATAL_STDERR_": "1"}
        if self.options.symbolize:
            env["ASAN_SYMBOLIZER_PATH"] = self.options.symbolizer_path()
        return Instrumentation(env=env)

    def _flags(self, entry: EntryPoint) -> dict[str, int | str]:
        limit = self.options.rss_limit_mb
        flags: dict[str, int | str] = {
            "abort_on_error": 0,
            "exitcode": SANITIZER_EXIT_CODE,
            "halt_on_error": 0 if self.options.recover else 1,
            "symbolize": int(self.options.symbolize),
            "fast_unwind_on_fatal": int(self.options.fast_unwind),
            "detect_leaks": 0,
            "detect_odr_violation": 0,
            "detect_stack_use_after_return": 1,
            "check_initialization_order": 0,
            "strict_string_checks": 0,
            "allocator_may_return_null": 1,
            "hard_rss_limit_mb": limit,
            "allow_user_segv_handler": 1,
            "handle_segv": 1,
            "handle_sigbus": 1,
            "handle_abort": 1,
            "handle_sigill": 1,
            "handle_sigfpe": 1,
            "handle_sigtrap": 1,
            "color": "never",
            "print_legend": 0,
        }
        if all(binary.bits == 64 for binary in entry.binaries):
            flags["max_allocation_size_mb"] = limit * _LARGEST_REQUEST_PER_LIMIT
        return flags

    def judge_parsed(self, parsed: tuple[Violation, ...], execution: Execution) -> Verdict:
        """The same, given what the parser made of stderr."""
        mine = tuple(
            v for v in parsed if v.detector == Detector.ADDRESS_SANITIZER and v.kind is not ViolationKind.MEMORY_EXHAUSTION
        )
        if not mine and not parsed and execution.exit_code == SANITIZER_EXIT_CODE:
            why = "ended the process, but its report is not in the output" + (" (which was cut)" if execution.truncated else "")
            return ToolFailure(tool=Detector.ADDRESS_SANITIZER, why=why)
        return mine or Clean()
