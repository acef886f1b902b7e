"""A project's tests before the patch: the first suite that tells results, run twice to know which of them hold."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mithridate.model.execution import Ending, Execution, Limits
from mithridate.model.project import BuildSystem, Component
from mithridate.repair.interface import Variant, Workbench
from mithridate.repair.suites.compiling import SANITIZED, sanitized
from mithridate.repair.suites.interface import SECONDS, Plan, Result, Results, Suite, Verdict, tail
from mithridate.repair.suites.registry import SUITES

LIMITS = Limits(
    processes=1024, memory_bytes=6 << 30, output_bytes=24 << 20, scratch_bytes=1 << 30, disk_bytes=6 << 30, file_bytes=2 << 30
)
_OF_SYSTEM = {
    BuildSystem.CMAKE: "ctest",
    BuildSystem.MESON: "meson",
    BuildSystem.AUTOTOOLS: "make check",
    BuildSystem.MAKE: "make test",
}
_SLACK = 2.0
"""How much longer than an unpatched run a patched one may take, beyond the bound of one run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One run of a suite. `why` is what it said when there are no results; `late` when it met its bound."""

    results: Results
    seconds: float
    late: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Two runs on the unpatched tree. `plan` is None when no suite told anything, and `why` says so."""

    plan: Plan | None
    first: Ran | None = None
    second: Ran | None = None
    with_sanitizer: bool = False
    why: str = ""

    @property
    def steady(self) -> Results:
        """Results that were the same in both runs."""
        if self.first is None or self.second is None:
            return {}
        twice = self.second.results
        return {n: r for n, r in self.first.results.items() if n in twice and twice[n].verdict is r.verdict}

    @property
    def flaky(self) -> frozenset[str]:
        """Tests that differ between the two, or come in one only."""
        if self.first is None or self.second is None:
            return frozenset()
        return frozenset({*self.first.results, *self.second.results} - self.steady.keys())

    @property
    def passed(self) -> frozenset[str]:
        """Tests that passed in both."""
        return frozenset(name for name, result in self.steady.items() if result.verdict is Verdict.PASSED)

    @property
    def bound(self) -> float:
        """Wall seconds that a run on a patched tree may take."""
        took = max(run.seconds for run in (self.first, self.second) if run) if self.first else 0.0
        return 60.0 + _SLACK * took


def before(bench: Workbench, component: Component, seconds: float, suites: Sequence[Suite] = SUITES) -> Baseline:
    """The project's tests without the patch; one run takes `seconds` of wall time at most."""
    tree = runnable(bench.original, component)
    whys: list[str] = []
    for plan in plans(tree, component, suites):
        first = run(bench, tree, plan, seconds)
        if not any(result.verdict is Verdict.PASSED for result in first.results.values()):
            told = f"none of {len(first.results)} tests passes" if first.results else first.why
            whys.append(f"{plan.what}: {told}")
            continue
        return Baseline(plan=plan, first=first, second=run(bench, tree, plan, seconds))
    return Baseline(plan=None, why="; ".join(whys) or "the project has no tests of a kind that is known")


def sanitized_before(bench: Workbench, plain: Baseline, seconds: float) -> Baseline:
    """The same suite built with AddressSanitizer, when that is cheap: it is compiled, and took a quarter of the bound."""
    if plain.plan is None or plain.first is None or not sanitized(plain.plan) or plain.first.seconds * 4 > seconds:
        return Baseline(plan=None, why="not run with AddressSanitizer")
    tree = bench.original.tree  # what is compiled is no more than the sources
    first = run(bench, tree, plain.plan, seconds, with_sanitizer=True)
    if not any(result.verdict is Verdict.PASSED for result in first.results.values()):
        return Baseline(plan=None, why="does not pass with AddressSanitizer")
    second = run(bench, tree, plain.plan, seconds, with_sanitizer=True)
    return Baseline(plan=plain.plan, first=first, second=second, with_sanitizer=True)


def runnable(variant: Variant, component: Component) -> Path:
    """The tree to run tests in: for Python with what its build put beside the sources, else as the owner has it."""
    built = variant.directory / "src"
    return built if component.language == "python" and built.is_dir() else variant.tree


def plans(tree: Path, component: Component, suites: Sequence[Suite] = SUITES) -> list[Plan]:
    """What there is to run: the kind of the component's build system first; one at the project's root when it has none itself."""
    own = _OF_SYSTEM.get(component.system, "")
    fitting = sorted((s for s in suites if component.language in s.languages), key=lambda s: s.name != own)
    for place in dict.fromkeys((component.path, ".")):
        there = Component(
            id=component.id, language=component.language, path=place, system=component.system, options=component.options
        )
        found = [plan for suite in fitting if (plan := suite.plan(tree, there)) is not None]
        if found:
            return found
    return []


def run(bench: Workbench, tree: Path, plan: Plan, seconds: float, *, with_sanitizer: bool = False) -> Ran:
    """One run on one tree."""
    started = time.monotonic()
    limits = Limits(
        wall_s=seconds,
        processes=LIMITS.processes,
        memory_bytes=LIMITS.memory_bytes,
        output_bytes=LIMITS.output_bytes,
        scratch_bytes=LIMITS.scratch_bytes,
        file_bytes=LIMITS.file_bytes,
        disk_bytes=LIMITS.disk_bytes,
    )
    execution = bench.run(
        tree, plan.command({SECONDS: str(max(1, int(seconds))), **(SANITIZED if with_sanitizer else {})}), limits
    )
    results: dict[str, Result] = plan.read(execution)
    late = execution.ending in (Ending.WALL_LIMIT, Ending.CPU_LIMIT)
    return Ran(results=results, seconds=time.monotonic() - started, late=late, why="" if results else _why(execution, seconds))


def _why(execution: Execution, seconds: float) -> str:
    if execution.ending is not Ending.EXITED:
        return f"was ended ({execution.ending}) within {seconds:.0f} s and told nothing"
    said = tail((execution.stderr or execution.stdout).decode("utf-8", "replace")).splitlines()
    return f"told nothing, exit code {execution.exit_code}{': ' + said[-1] if said else ''}"
