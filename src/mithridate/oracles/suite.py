"""All oracles together: what arms every build and every process, and what judges every execution."""

from collections.abc import Iterable, Mapping, Sequence

from mithridate.model.entry import EntryPoint
from mithridate.model.errors import UsageError
from mithridate.model.execution import Execution
from mithridate.model.project import ToolFailure
from mithridate.model.violation import Clean, Violation
from mithridate.oracles.gravity import gravity
from mithridate.oracles.interface import Instrumentation
from mithridate.oracles.options import OracleOptions
from mithridate.oracles.registry import DEFAULT_ORACLES, ORACLES
from mithridate.oracles.report_oracle import Verdict
from mithridate.oracles.report_parser import parse_report
from mithridate.oracles.tool_failures import find_tool_failure


class Judge:
    """The oracles of the given names as one. Itself an oracle; holds no state between executions."""

    name = "suite"

    def __init__(self, options: OracleOptions | None = None, oracles: Sequence[str] = DEFAULT_ORACLES) -> None:
        unknown = [name for name in oracles if name not in ORACLES]
        if unknown:
            raise UsageError(f"There is no oracle named {unknown[0]}.", hint=f"Known oracles: {', '.join(ORACLES)}")
        self._options = options or OracleOptions()
        self._oracles = tuple(ORACLES[name](self._options) for name in oracles)

    def arm(self, entry: EntryPoint | None) -> Instrumentation:
        """What all oracles add to the build (entry is None) or to the process of `entry`, each flag once."""
        parts = [oracle.arm(entry) for oracle in self._oracles]
        return Instrumentation(
            compile_flags=_once(flag for part in parts for flag in part.compile_flags),
            link_flags=_once(flag for part in parts for flag in part.link_flags),
            env=_merged(part.env for part in parts),
        )

    def judge(self, execution: Execution) -> Verdict:
        """All violations of one execution, the gravest first and each signature once; or Clean; or ToolFailure.

        An oracle whose tool failed does not silence what another one saw.
        """
        parsed = parse_report(execution.stderr)
        broken = find_tool_failure(execution, parsed, symbolized=self._options.symbolize)
        if broken is not None:
            return broken
        found: list[Violation] = []
        failures: list[ToolFailure] = []
        for oracle in self._oracles:
            verdict = oracle.judge_parsed(parsed, execution)
            if isinstance(verdict, ToolFailure):
                failures.append(verdict)
            elif not isinstance(verdict, Clean):
                found += verdict
        if found:
            return _gravest_first(found)
        return failures[0] if failures else Clean()


def _gravest_first(found: Iterable[Violation]) -> tuple[Violation, ...]:
    """Each signature once: a division by zero that UBSan saw kills the process a moment later, and both would tell."""
    unique: dict[str, Violation] = {}
    for violation in sorted(found, key=gravity):
        unique.setdefault(violation.signature, violation)
    return tuple(unique.values())


def _once(flags: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(flags))


def _merged(environments: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Later oracles win; the options of a sanitizer add up, and its runtime lets the last of two equal names win."""
    merged: dict[str, str] = {}
    for env in environments:
        for name, value in env.items():
            both = name.endswith("_OPTIONS") and name in merged
            merged[name] = f"{merged[name]}:{value}" if both else value
    return merged
