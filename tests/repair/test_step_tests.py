"""Which of a project's tests count for a patch."""

from dataclasses import replace
from pathlib import Path

import pytest

from mithridate.model.execution import Ending, Execution
from mithridate.model.patch import Outcome
from mithridate.model.project import Component
from mithridate.repair.diff import made
from mithridate.repair.steps import tests as steps
from mithridate.repair.steps.tests import Tests
from mithridate.repair.suites.baseline import Ran
from mithridate.repair.suites.interface import Plan, Result, Verdict

from .told_bench import DOOR, Bench, case, variant


@pytest.fixture
def bench() -> Bench:
    return Bench()


class Suite:
    """One whose results are lines."""

    name = "lines"
    languages = frozenset({"c"})

    def plan(self, tree: Path, component: Component) -> Plan | None:
        return Plan(kind="lines", what="the tests", script="", read=self.read)

    def read(self, execution: Execution) -> dict[str, Result]:
        told = [line.partition(" ") for line in execution.stdout.decode().splitlines()]
        return {name: Result(Verdict(verdict)) for name, _, verdict in told}


P, F, S, T = Verdict.PASSED, Verdict.FAILED, Verdict.SKIPPED, Verdict.TIMED_OUT
Results = list[dict[str, Verdict] | Ending]


@pytest.mark.parametrize(
    ("runs", "outcome", "told"),
    [
        ([{"a": P}, {"a": P}, {"a": P}], Outcome.PASSED, "1 of 1 tests that passed before pass now"),
        ([{"a": P}, {"a": P}, {"a": F}, {"a": F}], Outcome.FAILED, "a fails"),
        ([{"a": P}, {"a": P}, {"a": S}, {"a": S}], Outcome.FAILED, "a is skipped"),
        ([{"a": P}, {"a": P}, {"a": T}, {"a": T}], Outcome.FAILED, "a times out"),
        ([{"a": P, "b": P}, {"a": P, "b": P}, {"b": P}, {"b": P}], Outcome.FAILED, "it is not run any more"),
        ([{"a": P}, {"a": P}, Ending.WALL_LIMIT, Ending.WALL_LIMIT], Outcome.FAILED, "did not end within"),
        ([{"a": P}, {"a": P}, {"a": F}, {"a": P}], Outcome.PASSED, "1 of 1"),  # twice or not at all
        ([{"a": P, "b": P}, {"a": P, "b": P}, {"a": F, "b": P}, {"a": P, "b": F}], Outcome.PASSED, "2 of 2"),
        ([{"a": P, "b": F}, {"a": P, "b": F}, {"a": P, "b": P}], Outcome.PASSED, "1 did not pass before (1 do now)"),
        ([{"a": P, "b": P}, {"a": P, "b": F}, {"a": P, "b": F}], Outcome.PASSED, "1 differ without any change"),
        ([{"a": P, "b": P}, {"a": P}, {"a": P}], Outcome.PASSED, "1 differ without any change"),
        ([{"a": F}], Outcome.EMPTY, "none of 1 tests passes"),
        (
            [{"a": P, "b": F}, {"a": F, "b": P}, {"a": P, "b": P}],
            Outcome.EMPTY,
            "no test passes twice without the patch, 2 differ",
        ),
        ([Ending.WALL_LIMIT], Outcome.EMPTY, "told nothing"),
    ],
)
def test_tests_that_passed_twice_have_to_pass_again(runs: Results, outcome: Outcome, told: str, bench: Bench) -> None:
    bench.results = list(runs)
    seen = Tests(30.0, suites=(Suite(),)).check(case(bench))
    assert seen.outcome is outcome and any(told in line for line in seen.evidence), seen.evidence
    assert not bench.results, "it was run more or less often"


@pytest.mark.parametrize(
    ("there", "outcome", "told"),
    [
        ({"a": F, "b": P}, Outcome.PASSED, "1 of 2 tests run a changed function"),
        ({"b": P}, Outcome.PASSED, "1 of 2 tests run a changed function"),  # the end of one that took its results along
        ({"a": P, "b": P}, Outcome.EMPTY, "0 of 2 tests run a changed function"),
        (Ending.WALL_LIMIT, Outcome.PASSED, "2 of 2 tests run a changed function"),
        ({}, Outcome.EMPTY, "which run a changed function is unknown"),
    ],
)
def test_tests_count_where_one_of_them_is_known_to_run_what_was_changed(
    there: dict[str, Verdict] | Ending, outcome: Outcome, told: str, bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bench.original = replace(bench.original, tree=tmp_path / "tree")
    bench.original.tree.mkdir()
    monkeypatch.setattr(steps, "stopped", lambda *_: "with stops")
    monkeypatch.setattr(steps, "changes", lambda *_: [])
    monkeypatch.setattr(steps.diffs, "apply", lambda *_: None)
    both = {"a": P, "b": P}
    bench.results = [both, both, both, there]
    seen = Tests(30.0, with_sanitizer=False, suites=(Suite(),)).check(
        case(bench, patched=replace(variant("patched", DOOR), tree=tmp_path / "patched"))
    )
    assert seen.outcome is outcome and told in seen.evidence[-1], seen.evidence
    assert not bench.results


def test_what_runs_one_change_outside_of_functions_says_nothing_of_another(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = b"A = 1\nB = 2\n\n\ndef f():\n    return A\n\n\ndef g():\n    return B\n"
    bench.original = replace(bench.original, tree=tmp_path / "tree")
    bench.original.tree.mkdir()
    (bench.original.tree / "app.py").write_bytes(source)
    first = case(bench, patched=replace(variant("patched", DOOR), tree=tmp_path / "patched"))
    seen = []
    monkeypatch.setattr(
        steps, "_with_stops", lambda _, __, diff: seen.append(diff) or Ran(results={}, seconds=0.0, late=False, why="not asked")
    )
    for before, after in ((b"A = 1", b"A = 3"), (b"B = 2", b"B = 3"), (b"B = 2", b"B = 3")):
        diff = made({"app.py": (source, source.replace(before, after))})
        bench.results = [{"a": P}] * 3
        Tests(30.0, with_sanitizer=False, suites=(Suite(),)).check(replace(first, proposal=replace(first.proposal, diff=diff)))
    assert len(seen) == 2 and seen[0] != seen[1]


def test_tests_that_never_pass_twice_are_not_run_with_stops(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "stopped", lambda *_: "with stops")
    monkeypatch.setattr(steps, "_with_stops", lambda *_: pytest.fail("there is nothing to find out"))
    monkeypatch.setattr(steps, "changes", lambda *_: [])
    bench.results = [{"a": P}, {"a": F}, {"a": P}]
    assert Tests(30.0, with_sanitizer=False, suites=(Suite(),)).check(case(bench)).outcome is Outcome.EMPTY


def test_a_project_without_tests_has_nothing_to_compare(bench: Bench) -> None:
    assert Tests(30.0, suites=()).check(case(bench)).outcome is Outcome.EMPTY
