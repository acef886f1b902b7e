"""The project's own tests give the same result as before the patch."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mithridate.model.patch import GateStep, Outcome
from mithridate.repair import diff as diffs
from mithridate.repair.crossing import stopped
from mithridate.repair.steps.interface import Case, Seen, empty, failed, passed
from mithridate.repair.suites.baseline import Baseline, Ran, before, run, runnable, sanitized_before
from mithridate.repair.suites.interface import Suite, Verdict
from mithridate.repair.suites.registry import SUITES
from mithridate.repair.symptoms.interface import changes

SECONDS = 300.0
"""Wall seconds that one run of the unpatched project's tests may take."""

_NAMED = 5


class Tests:
    """Discovered, run in the sandbox without network, compared test by test.

    The unpatched tree's are run twice, and what differs between these runs does not count. A test that passed in both and does
    not in two runs of the patched tree's fails the patch: one that fails, times out, is skipped, or tells nothing any more.
    Once more they are run with the changed functions stopped at their beginning: where all pass all the same, none of them runs
    what was changed, and nothing was compared; nor is anything known to be where the suite then tells nothing.
    `with_sanitizer`: once more compiled with AddressSanitizer, when the suite is compiled and quick.
    """

    step = GateStep.TESTS
    __test__ = False

    def __init__(self, seconds: float = SECONDS, *, with_sanitizer: bool = True, suites: Sequence[Suite] = SUITES) -> None:
        self._seconds = seconds
        self._with_sanitizer = with_sanitizer
        self._suites = suites

    def check(self, case: Case) -> Seen:
        """EMPTY, with the reason, when no test passes without the patch, or none that does is known to run a changed function."""
        component = case.subject.component

        def find_out() -> Baseline:
            return before(case.bench, component, self._seconds, self._suites)

        plain = case.memory.once("tests before", Baseline, find_out)
        if plain.plan is None:
            return empty(f"no tests to compare: {plain.why}")
        seen = _crossed(case, plain, _compared(case, plain))
        if seen.outcome is Outcome.FAILED or not self._with_sanitizer:
            return seen
        armed = case.memory.once("tests before, sanitized", Baseline, lambda: sanitized_before(case.bench, plain, self._seconds))
        if armed.plan is None:
            return seen
        again = _compared(case, armed)
        outcome = again.outcome if again.outcome is Outcome.FAILED else seen.outcome
        return Seen(outcome=outcome, evidence=(*seen.evidence, *again.evidence))


def _compared(case: Case, known: Baseline) -> Seen:
    assert known.plan is not None and known.first is not None
    how = f"{known.plan.what}{' with AddressSanitizer' if known.with_sanitizer else ''}"
    after = _after(case, known)
    lost = _lost(known, after)
    if lost:
        once_more = _after(case, known)
        lost = {name: lost[name] for name in _lost(known, once_more) if name in lost}
    flaky = f", {len(known.flaky)} differ without any change and do not count" if known.flaky else ""
    steady = len(known.passed)
    if not steady:
        return empty(f"{how}: no test passes twice without the patch{flaky}")
    if lost:
        told = [f"{name} {why}" for name, why in list(lost.items())[:_NAMED]]
        if len(lost) > _NAMED:
            told.append(f"and {len(lost) - _NAMED} more")
        return failed(f"{how}: {len(lost)} of {steady} tests that passed before do not pass now{flaky}", *told)
    failing = len(known.steady) - steady
    fixed = sum(
        1
        for name, result in after.results.items()
        if name in known.steady and result.verdict is Verdict.PASSED and name not in known.passed
    )
    rest = f", {failing} did not pass before{f' ({fixed} do now)' if fixed else ''}" if failing else ""
    late = "; the run meets its bound of time with and without the patch" if known.first.late else ""
    return passed(f"{how}: {steady} of {steady} tests that passed before pass now{rest}{flaky}{late}")


def _crossed(case: Case, known: Baseline, seen: Seen) -> Seen:
    """What was seen of tests that passed, with how many of them run a changed function."""
    if seen.outcome is not Outcome.PASSED:
        return seen
    tree = case.bench.original.tree
    diff = stopped(case.proposal.diff, tree)
    if not diff:
        return seen
    where = [(c.path, old.name) for c in changes(case.proposal.diff, tree) for old, _ in c.functions()]
    outside = case.proposal.diff if any(not name for _, name in where) else ""  # these stop what uses what they change
    there = case.memory.once(f"tests with a stop in {sorted(where)} {outside}", Ran, lambda: _with_stops(case, known, diff))
    if not there.results and not there.late:
        return Seen(outcome=Outcome.EMPTY, evidence=(*seen.evidence, f"which run a changed function is unknown: {there.why}"))
    entered = sum(name not in there.results or there.results[name].verdict is not Verdict.PASSED for name in known.passed)
    told = f"{entered} of {len(known.passed)} tests run a changed function"
    return Seen(outcome=seen.outcome if entered else Outcome.EMPTY, evidence=(*seen.evidence, told))


def _with_stops(case: Case, known: Baseline, diff: str) -> Ran:
    assert known.plan is not None
    with tempfile.TemporaryDirectory(prefix="stops-", dir=case.built.tree.parent) as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(case.bench.original.tree, tree, symlinks=True)
        for place in (tree, *(p for p in tree.rglob("*") if p.is_dir() and not p.is_symlink())):
            place.chmod(0o755)
        diffs.apply(diff, tree)
        return run(case.bench, tree, known.plan, known.bound)


def _after(case: Case, known: Baseline) -> Ran:
    assert known.plan is not None
    tree = runnable(case.built, case.subject.component)
    return run(case.bench, tree, known.plan, known.bound, with_sanitizer=known.with_sanitizer)


def _lost(known: Baseline, after: Ran) -> dict[str, str]:
    """Tests that passed before and do not now, with how they end and their last lines."""
    lost: dict[str, str] = {}
    for name in sorted(known.passed):
        result = after.results.get(name)
        if result is None:
            ended = f"the suite did not end within {known.bound:.0f} s" if after.late else (after.why or "it is not run any more")
            lost[name] = f"tells nothing: {ended}"
        elif result.verdict is not Verdict.PASSED:
            lost[name] = f"{_WORDS[result.verdict]}{': ' + result.tail if result.tail else ''}"
    return lost


_WORDS = {Verdict.FAILED: "fails", Verdict.SKIPPED: "is skipped", Verdict.TIMED_OUT: "times out"}
