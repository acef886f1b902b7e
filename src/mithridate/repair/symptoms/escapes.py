"""Ways out that are no repair: ending the process, catching its signals, and telling the instruments to look away."""

import re
from collections.abc import Iterator

from mithridate.repair.symptoms.interface import Change, Patched, Symptom

_ENDS = frozenset({"exit", "_exit", "_Exit", "quick_exit", "sys.exit", "quit"})
"""Allowed where the same file does it already: a program's own error path may be this."""

_NEVER = frozenset(
    {
        *(
            "abort",
            "assert",
            "std::abort",
            "std::terminate",
            "std::exit",
            "__builtin_trap",
            "__builtin_unreachable",
            "raise",
            "kill",
        ),
        *("signal", "sigaction", "sigsetjmp", "setjmp", "_setjmp", "siglongjmp", "longjmp", "sigaltstack", "std::signal"),
        *("signal.signal", "os._exit", "os.abort", "os.kill", "faulthandler.disable", "sys.setrecursionlimit"),
        *("resource.setrlimit", "setrlimit", "prctl", "mallopt", "warnings.filterwarnings", "warnings.simplefilter"),
    }
)
_NEVER_IN_PYTHON = frozenset(name for name in _NEVER if "." in name)
"""Only what modules of the standard library offer: abort() is how a web framework refuses a request."""

_INSTRUMENTS = re.compile(
    r"no_sanitize|no_address_safety|__SANITIZE_|address_sanitizer|undefined_behavior_sanitizer|memory_sanitizer|"
    r"\b__(?:asan|lsan|ubsan|msan|sanitizer)_|\b(?:ASAN|UBSAN|LSAN|MSAN)_OPTIONS|FUZZING_BUILD_MODE|LIBFUZZER|__AFL|"
    r"mithridate|-fno-sanitize|fno-stack-protector",
    re.IGNORECASE,
)
_SILENCED = re.compile(
    r"#\s*pragma\s+(?:GCC|clang)\s+diagnostic|_Pragma\s*\(|__attribute__\s*\(\(\s*optimi[sz]e|\bNOLINT\b|#\s*nosec\b|#\s*noqa\b|"
    r"#\s*type:\s*ignore|\bcoverity\[|-Wno-|#\s*pragma\s+(?:warning|optimize)|\bassert\s+False\b"
)


class Escapes:
    """Calls are looked up in what was read; instruments in all added lines, comments included."""

    name = "way out"

    def look(self, patched: Patched) -> Iterator[Symptom]:
        """Calls that are new, then words."""
        for change in patched.changes:
            yield from self._called(change)
            for number, line in change.added:
                if found := _INSTRUMENTS.search(line):
                    yield Symptom(self.name, f"{change.place(number)}: the code tells when it is watched, or how ({found[0]})")
                elif found := _SILENCED.search(line):
                    yield Symptom(self.name, f"{change.place(number)}: a warning is silenced ({found[0].strip()})")

    def _called(self, change: Change) -> Iterator[Symptom]:
        if change.old is None or change.new is None:
            return
        never = _NEVER_IN_PYTHON if change.path.endswith((".py", ".pyw")) else _NEVER
        known = {call for function in change.old.functions.values() for call in function.calls}
        for old, new in change.functions():
            for statement in new.statements:
                for call in statement.calls:
                    fresh = new.calls.count(call) > old.calls.count(call)
                    if fresh and (call in never or (call in _ENDS and call not in known)):
                        yield Symptom(self.name, f"{change.place(statement.line)}: calls {call}()")
