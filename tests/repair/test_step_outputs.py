"""What the step "outputs" compares, and what is no evidence."""

from dataclasses import replace
from pathlib import Path

import pytest

from mithridate.model.patch import Outcome
from mithridate.repair.crossing import Crossing, crossing
from mithridate.repair.diff import made
from mithridate.repair.interface import Output
from mithridate.repair.steps.outputs import Outputs
from mithridate.repair.steps.symptom import Symptom

from .told_bench import DOOR, OTHER, Bench, case, said, variant


@pytest.fixture
def bench() -> Bench:
    return Bench()


FIRST = {DOOR: frozenset({0})}
ENTERED = Crossing(known=True, entered=FIRST, left={DOOR: frozenset()}, working=FIRST)


@pytest.mark.parametrize(
    ("before", "after", "outcome", "told"),
    [
        ([said(), said()], [said()], Outcome.PASSED, "the outputs of 1 benign inputs are unchanged"),
        ([said(), said()], [said(code=1), said(code=1)], Outcome.FAILED, "its exit code was 0, is 1"),
        ([said(), said()], [said(b"x"), said(b"x")], Outcome.FAILED, "its standard output was 'fine\\n', is 'x'"),
        ([said(), said()], [said(err=b"x"), said(err=b"x")], Outcome.FAILED, "its standard error was '', is 'x'"),
        ([said(), said()], [None, None], Outcome.FAILED, "it violates something now, or cannot be run"),
        ([said(), said()], [said(b"x"), said()], Outcome.PASSED, "unchanged"),  # a difference is there twice or is none
        ([said(b"1"), said(b"2")], [said(b"3")], Outcome.PASSED, "unchanged"),  # what varies by itself is not compared
        ([said(b"1"), said(b"2")], [said(b"3", 1), said(b"3", 1)], Outcome.FAILED, "its exit code was 0, is 1"),
        ([said(b"at 0x7ffe1234"), said(b"at 0x7ffe9999")], [said(b"at 0x1234abcd")], Outcome.PASSED, "unchanged"),
        ([said(b"at 0x7ffe1234")] * 2, [said(b"to 0x7ffe1234")] * 2, Outcome.FAILED, "its standard output was"),
        ([None, None], [], Outcome.EMPTY, "no benign input whose output is the same twice"),
        ([said(), None], [], Outcome.EMPTY, "no benign input whose output is the same twice"),
        ([said(b""), said(b"")], [said(b"")], Outcome.PASSED, "for 1 of them the program writes nothing"),
    ],
)
def test_outputs_are_compared_where_they_are_the_same_twice(
    before: list[Output | None], after: list[Output | None], outcome: Outcome, told: str, bench: Bench
) -> None:
    bench.says_before, bench.says_after = list(before), list(after)
    seen = Outputs().check(case(bench, crossed=ENTERED))
    assert seen.outcome is outcome and any(told in line for line in seen.evidence), seen.evidence


def test_outputs_of_inputs_that_run_nothing_of_the_change_compare_nothing(bench: Bench) -> None:
    aside = replace(ENTERED, entered={DOOR: frozenset()})
    assert Outputs().check(case(bench, crossed=aside)).outcome is Outcome.EMPTY
    failing = Outputs().check(case(bench, crossed=replace(ENTERED, working={DOOR: frozenset()})))
    assert failing.outcome is Outcome.EMPTY and "ends there in an error" in failing.evidence[0]
    unknown = Outputs().check(case(bench))
    assert unknown.outcome is Outcome.PASSED and "is unknown: not asked" in unknown.evidence[1]
    assert Outputs().check(case(bench, benign={DOOR: ()})).outcome is Outcome.EMPTY
    assert Outputs().check(case(bench, benign={"gone": (b"x",)})).outcome is Outcome.EMPTY


FINE, RAISES, STOPS = (f"control: {how}".encode() for how in ("None", "None ValueError", "None SystemExit"))


@pytest.mark.parametrize(
    ("before", "stopped", "entered", "working"),
    [
        ((b"[1]", FINE), (b"[null]", STOPS), True, True),
        ((b"[null]", FINE), (b"[null]", STOPS), True, True),
        ((b"[null]", RAISES), (b"[null]", STOPS), True, False),
        ((b"[1, null]", FINE + b"\n" + RAISES), (b"[1, null]", FINE + b"\n" + STOPS), True, False),
        ((b"[1, null]", FINE + b"\n" + RAISES), (b"[2, null]", FINE + b"\n" + STOPS), True, True),
        ((b"[1]", FINE), (b"[1]", FINE), False, False),
    ],
)
def test_an_error_that_becomes_another_one_tells_nothing_of_what_works(
    before: tuple[bytes, bytes], stopped: tuple[bytes, bytes], entered: bool, working: bool, bench: Bench, tmp_path: Path
) -> None:
    source = b"def run(text):\n    return text\n"
    (tmp_path / "app.py").write_bytes(source)
    bench.original = replace(bench.original, tree=tmp_path)
    bench.build = lambda *_, **__: variant("stops", DOOR)  # type: ignore[attr-defined]
    bench.says_before = [said(before[0], err=before[1])] * 2
    bench.says_after = [said(stopped[0], err=stopped[1])]
    diff = made({"app.py": (source, source.replace(b"return text", b"return text.strip()"))})
    asked = case(bench)
    seen = crossing(replace(asked, proposal=replace(asked.proposal, diff=diff)))
    assert seen.known and (bool(seen.entered[DOOR]), bool(seen.working[DOOR])) == (entered, working)


def test_a_door_that_a_patch_takes_away_is_a_lost_feature() -> None:
    bench = Bench(DOOR, OTHER)
    seen = Outputs().check(case(bench, benign={DOOR: (b"x",), OTHER: (b"y",)}, patched=variant("patched", DOOR)))
    assert seen.outcome is Outcome.FAILED and f"has no {OTHER} any more" in seen.evidence[0]


@pytest.mark.parametrize(
    ("output", "tolerated", "outcome"),
    [
        (said(b""), 0.0, Outcome.FAILED),  # the step for outputs cannot tell that it was turned away
        (said(b""), 1.0, Outcome.PASSED),
        (said(b"", 1), 0.0, Outcome.PASSED),  # it was refused before as well
        (said(), 0.0, Outcome.PASSED),
        (None, 0.0, Outcome.FAILED),
    ],
)
def test_an_input_that_leaves_by_a_new_guard_without_a_word_is_a_lost_feature(
    output: Output | None, tolerated: float, outcome: Outcome, bench: Bench
) -> None:
    bench.says_before = [output, output]
    left = Crossing(known=True, entered={DOOR: frozenset({0})}, left={DOOR: frozenset({0})}, guards=("a.c:7: if (n > 16)",))
    patched = case(bench, crossed=left)
    diff = "--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1,1 @@\n+a note\n"
    patched = replace(patched, proposal=replace(patched.proposal, diff=diff))
    patched.memory.known |= {"the project's numbers": {}, f"crossing {diff}": left}
    seen = Symptom((), tolerated).check(patched)
    assert seen.outcome is outcome and "if (n > 16)" in seen.evidence[-1], seen.evidence
