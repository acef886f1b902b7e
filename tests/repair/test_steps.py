"""What each step of the gate makes of what a workbench says, answer by answer: of answers too that real tools seldom give."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from mithridate.model.entry import Boundary, EntryKind, EntryPoint
from mithridate.model.execution import Command, Ending, Execution, Limits
from mithridate.model.patch import Outcome, Proposal
from mithridate.model.project import BuildSystem, Component, Project, ToolFailure
from mithridate.model.violation import Frame, Region, Relation, Violation, ViolationKind
from mithridate.repair.crossing import Crossing, crossing
from mithridate.repair.diff import made
from mithridate.repair.interface import Found, Output, Shown, Subject, Variant
from mithridate.repair.steps import tests as steps
from mithridate.repair.steps.builds import Builds
from mithridate.repair.steps.interface import Case, Memory, Seen
from mithridate.repair.steps.leaks import no_new_leak
from mithridate.repair.steps.outputs import Outputs
from mithridate.repair.steps.perturbed import perturbed
from mithridate.repair.steps.proofs import Proofs
from mithridate.repair.steps.symptom import Symptom
from mithridate.repair.steps.tests import Tests
from mithridate.repair.steps.variants import Variants, refutation
from mithridate.repair.suites.baseline import Ran
from mithridate.repair.suites.interface import Plan, Result, Verdict

DOOR, OTHER = "tool:@@", "tool:-x @@"
BROKEN = ToolFailure(tool="sandbox", why="it broke")
Judged = tuple[Violation, ...] | ToolFailure


def violation(function: str, kind: ViolationKind = ViolationKind.HEAP_BUFFER_OVERFLOW) -> Violation:
    frames = (Frame(function=function, file="/src/a.c", line=7),)
    return Violation(kind=kind, detector="AddressSanitizer", message="", frames=frames)


FLAW, NEXT = violation("parse"), violation("draw")
PROOFS = (Shown(entry_id=DOOR, data=b"one", violation=FLAW), Shown(entry_id=DOOR, data=b"two", violation=FLAW))


def said(out: bytes = b"fine\n", code: int = 0, err: bytes = b"") -> Output:
    return Output(ending="exited", exit_code=code, stdout=out, stderr=err)


class Bench:
    """Says what it is told to: by input, for the unpatched program (`before`) and the patched one (`after`)."""

    def __init__(self, *doors: str) -> None:
        self.original = variant("original", *(doors or (DOOR,)))
        self.before: dict[bytes, Judged] = {}
        self.after: dict[bytes, Judged] = {}
        self.leaked_before: dict[bytes, Judged] = {}
        self.leaked_after: dict[bytes, Judged] = {}
        self.found: tuple[tuple[bytes, str, Violation], ...] = ()
        self.says_before: list[Output | None] = []
        self.says_after: list[Output | None] = []
        self.results: list[dict[str, Verdict] | Ending] = []
        self.judged: list[bytes] = []
        self.seeds: Mapping[str, Sequence[bytes]] = {}
        self.near: Mapping[str, Sequence[bytes]] = {}

    def judge(self, variant: Variant, _: str, inputs: Sequence[bytes]) -> list[Judged]:
        known = self.before if variant is self.original else self.after
        self.judged += inputs if variant is not self.original else ()
        return [known.get(data, ()) for data in inputs]

    def leaks(self, variant: Variant, _: str, inputs: Sequence[bytes]) -> list[Judged]:
        known = self.leaked_before if variant is self.original else self.leaked_after
        return [known.get(data, ()) for data in inputs]

    def outputs(self, variant: Variant, _: str, inputs: Sequence[bytes]) -> list[Output | None]:
        """The next answer for each input."""
        given = self.says_before if variant is self.original else self.says_after
        return [given.pop(0) if given else said() for _ in inputs]

    def search(self, _: Variant, __: float, seeds: Mapping[str, Sequence[bytes]], near: Mapping[str, Sequence[bytes]]) -> Found:
        self.seeds, self.near = seeds, near
        return Found(executions=1000, violations=self.found, near=sum(map(len, near.values())))

    def run(self, tree: Path, command: Command, limits: Limits) -> Execution:
        """The next results as lines of name and verdict."""
        given = self.results.pop(0)
        lines = "" if isinstance(given, Ending) else "\n".join(f"{name} {verdict}" for name, verdict in given.items())
        return Execution(
            ending=given if isinstance(given, Ending) else Ending.EXITED,
            exit_code=0,
            signal=None,
            stdout=lines.encode(),
            stderr=b"",
            truncated=False,
            wall_s=0.0,
            cpu_s=0.0,
            peak_memory_bytes=0,
        )


def variant(name: str, *doors: str, warnings: int = 2) -> Variant:
    entries = {
        door: EntryPoint(
            id=door,
            component="c:.",
            language="c",
            name="tool",
            kind=EntryKind.PROGRAM_FILE,
            boundary=Boundary.REAL,
            arguments=("@@",),
            suffix="",
            binaries=(),
        )
        for door in doors
    }
    return Variant(tree=Path("/none", name), directory=Path("/none", name), entries=entries, warnings=warnings)


def case(bench: Bench, *, crossed: Crossing | None = None, patched: Variant | None = None, **given: Any) -> Case:
    """A proposal for two proofs through one door, with one benign input."""
    subject = Subject(
        finding="F",
        cwe=787,
        project=Project(name="p", origin="", snapshot="", tree=Path("/none"), files=1, size_bytes=1),
        component=Component(id="c:.", language="c", path=".", system=BuildSystem.MAKE),
        proofs=PROOFS,
        benign={DOOR: (b"good",)},
    )
    memory = Memory()
    memory.known["crossing the diff"] = crossed or Crossing(known=False, entered={}, left={}, why="not asked")
    return Case(
        subject=replace(subject, **given),
        proposal=Proposal(proposer="test", cause="", fix="", diff="the diff"),
        bench=cast(Any, bench),
        memory=memory,
        patched=patched or variant("patched", *bench.original.entries),
    )


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(("warnings", "outcome"), [(1, Outcome.PASSED), (2, Outcome.PASSED), (3, Outcome.FAILED)])
def test_a_warning_more_is_one_too_many(warnings: int, outcome: Outcome, bench: Bench) -> None:
    assert Builds().check(case(bench, patched=variant("patched", DOOR, warnings=warnings))).outcome is outcome


def test_every_proof_is_replayed_several_times(bench: Bench) -> None:
    assert Proofs(3).check(case(bench)).outcome is Outcome.PASSED
    assert bench.judged == [b"one"] * 3 + [b"two"] * 3


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ((FLAW,), "proof 2 through tool:@@ still shows heap-buffer-overflow in parse (/src/a.c:7)"),
        ((NEXT,), "proof 2 through tool:@@ now shows heap-buffer-overflow in draw (/src/a.c:7)"),
        (BROKEN, "proof 2 through tool:@@ could not be replayed: it broke"),
    ],
)
def test_a_proof_that_is_not_silent_or_not_heard_fails_a_patch(seen: Judged, told: str, bench: Bench) -> None:
    bench.after[b"two"] = seen
    found = Proofs(3).check(case(bench))
    assert (found.outcome, found.evidence) == (Outcome.FAILED, (told,))


def test_changed_proofs_are_held_against_a_patch_unless_the_unpatched_program_shows_the_same_elsewhere(bench: Bench) -> None:
    step = Variants(0.0, perturbations=6)
    assert step.check(case(bench)).outcome is Outcome.PASSED
    changed = next(data for data in bench.judged if data not in (b"one", b"two", b"good"))
    for seen, before, outcome in (
        ((NEXT,), (), Outcome.FAILED),
        ((NEXT,), (NEXT,), Outcome.PASSED),
        ((NEXT,), BROKEN, Outcome.FAILED),
        ((FLAW,), (FLAW,), Outcome.FAILED),  # the flaw itself is never excused
        ((NEXT, FLAW), (NEXT,), Outcome.FAILED),
        (BROKEN, (), Outcome.PASSED),
    ):
        bench.after[changed], bench.before[changed] = seen, before
        assert step.check(case(bench)).outcome is outcome, (seen, before)
    bench.after[changed], bench.before[changed] = (NEXT,), ()
    assert step.check(case(bench, known=frozenset({NEXT.signature}))).outcome is Outcome.PASSED
    assert step.check(case(bench, known=frozenset({FLAW.signature}))).outcome is Outcome.FAILED
    assert step.check(case(bench, elsewhere=lambda v, diff: v == NEXT and diff == "the diff")).outcome is Outcome.PASSED


def test_what_could_not_be_judged_counts_for_nothing_and_is_said(bench: Bench) -> None:
    near = [*perturbed(b"one", 6), *perturbed(b"two", 6)]
    bench.after = dict.fromkeys((b"good", *near), BROKEN)
    seen = Variants(0.0, perturbations=6).check(case(bench))
    told = "; ".join(seen.evidence)
    assert f"0 perturbed proofs are silent; {len(near)} could not be judged" in told
    assert "0 benign inputs violate nothing; 1 could not be judged" in told


def test_where_no_door_can_be_searched_no_search_is_spoken_of(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bench, "search", lambda *_: Found(executions=0, violations=()))
    told = Variants(5.0).check(case(bench)).evidence
    assert "no fresh search: none of these doors could be searched" in told and not any("found nothing" in line for line in told)


def test_outputs_count_for_nothing_where_it_cannot_be_seen_which_inputs_run_what_is_changed(bench: Bench) -> None:
    blind = Crossing(known=False, entered={}, left={}, why="the program with marks does not build", blind=True)
    seen = Outputs().check(case(bench, crossed=blind))
    assert seen.outcome is Outcome.EMPTY and "the program with marks does not build" in seen.evidence[-1]
    assert Outputs().check(case(bench)).outcome is Outcome.PASSED, "no function is changed"


def test_where_guards_are_not_watched_that_is_said(bench: Bench) -> None:
    diff = "--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1,1 @@\n+a note\n"
    patched = case(bench)
    patched = replace(patched, proposal=replace(patched.proposal, diff=diff))
    stops = Crossing(known=True, entered={DOOR: frozenset({0})}, left={}, watched=False)
    patched.memory.known |= {"the project's numbers": {}, f"crossing {diff}": stops}
    seen = Symptom(()).check(patched)
    assert seen.outcome is Outcome.PASSED and "is not watched in this language" in seen.evidence[-1]


def test_of_code_with_an_observer_no_leak_is_spoken_of(bench: Bench) -> None:
    built = variant("patched", DOOR)
    seen = no_new_leak(
        case(bench, patched=replace(built, entries={DOOR: replace(built.entries[DOOR], kind=EntryKind.APPLICATION)}))
    )
    assert seen.outcome is Outcome.PASSED and seen.evidence == ()
    assert no_new_leak(case(bench)).evidence == ("3 inputs leak nothing that was not leaked before",)


def test_a_benign_input_that_violates_something_now_fails_a_patch(bench: Bench) -> None:
    bench.after[b"good"] = (NEXT,)
    seen = Variants(0.0).check(case(bench))
    assert seen.outcome is Outcome.FAILED and "a benign input of 4 bytes" in seen.evidence[0]


def test_what_a_search_finds_fails_a_patch_and_is_remembered(bench: Bench) -> None:
    bench.found = ((b"found", DOOR, NEXT),)
    first = case(bench)
    seen = Variants(5.0).check(first)
    assert seen.outcome is Outcome.FAILED and "a fresh search of 5 s found an input of 5 bytes" in seen.evidence[0]
    assert list(first.memory.counterexamples) == [(DOOR, b"found")]
    assert {door: set(data) for door, data in bench.seeds.items()} == {DOOR: {b"good", b"one", b"two"}}
    assert {len(data) for data in bench.near[DOOR]} == {3, 4}, "beside the two proofs and the benign input"
    assert refutation(first) is None, "on this one it is silent"
    bench.after[b"found"] = (NEXT,)
    later = refutation(first)
    assert later is not None and later.outcome is Outcome.FAILED and "found against an earlier proposal" in later.evidence[0]
    assert Variants(5.0).check(first).evidence == later.evidence
    bench.before[b"found"] = (NEXT,)
    bench.after.clear()
    assert Variants(5.0).check(case(bench)).outcome is Outcome.PASSED, "it was there before"


def test_beside_a_proof_what_lay_behind_the_flaw_is_told_and_not_held_against_a_patch(bench: Bench, tmp_path: Path) -> None:
    before = b"int parse(int n)\n{\n    return a[n];\n}\n\nint draw(int n)\n{\n    return b[n];\n}\n"
    (tmp_path / "a.c").write_bytes(before)
    diff = made({"a.c": (before, before.replace(b"a[n]", b"n < 9 ? a[n] : 0"))})
    bench.original = replace(bench.original, tree=tmp_path)

    def checked(found: Violation, *unpatched: Violation) -> Seen:
        bench.found = ((beside, DOOR, found),)
        bench.before[beside] = unpatched
        asked = case(bench)
        asked.memory.known[f"crossing {diff}"] = Crossing(known=False, entered={}, left={}, why="not asked")
        return Variants(1.0).check(replace(asked, proposal=replace(asked.proposal, diff=diff)))

    beside = b"ons"
    assert "a fresh search" in checked(NEXT, FLAW).evidence[0], "it is not beside a proof"
    beside = bench.near[DOOR][0]
    region = Region(kind="global", size=4, relation=Relation.AFTER, distance=0, name="b")
    passed = checked(replace(NEXT, region=region), FLAW)
    assert passed.outcome is Outcome.PASSED and "but for what lay behind the flaw for 1 of them" in passed.evidence[-1]
    here = violation("parse", ViolationKind.GLOBAL_BUFFER_OVERFLOW)
    for failed in (checked(replace(NEXT, region=region)), checked(NEXT, FLAW), checked(here, FLAW), checked(FLAW, FLAW)):
        assert failed.outcome is Outcome.FAILED and "a byte away from a proof or a benign input" in failed.evidence[0]


def test_a_leak_that_was_not_there_fails_a_patch_and_one_that_was_does_not(bench: Bench) -> None:
    leak = violation("keep", ViolationKind.LEAK)
    bench.leaked_after[b"good"] = (leak,)
    seen = Variants(0.0).check(case(bench))
    assert seen.outcome is Outcome.FAILED and "as never before the patch" in seen.evidence[0]
    bench.leaked_before[b"good"] = (leak,)
    assert Variants(0.0).check(case(bench)).outcome is Outcome.PASSED
    bench.leaked_before.clear()
    bench.leaked_after = dict.fromkeys((b"good", b"one", b"two"), BROKEN)
    seen = Variants(0.0).check(case(bench))
    assert seen.outcome is Outcome.PASSED and "leaks could not be looked for: it broke" in seen.evidence
    bench.leaked_after[b"two"] = (leak,)
    assert Variants(0.0).check(case(bench)).outcome is Outcome.FAILED, "one of them could be looked at"


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
