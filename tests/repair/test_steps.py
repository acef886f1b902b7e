"""What each step of the gate makes of what a workbench says, answer by answer: of answers too that real tools seldom give."""

from dataclasses import replace
from pathlib import Path

import pytest

from mithridate.model.entry import EntryKind
from mithridate.model.patch import Outcome
from mithridate.model.violation import Region, Relation, Violation, ViolationKind
from mithridate.repair.crossing import Crossing
from mithridate.repair.diff import made
from mithridate.repair.interface import Found
from mithridate.repair.steps.builds import Builds
from mithridate.repair.steps.interface import Seen
from mithridate.repair.steps.leaks import no_new_leak
from mithridate.repair.steps.outputs import Outputs
from mithridate.repair.steps.perturbed import perturbed
from mithridate.repair.steps.proofs import Proofs
from mithridate.repair.steps.symptom import Symptom
from mithridate.repair.steps.variants import Variants, refutation

from .told_bench import BROKEN, DOOR, FLAW, NEXT, Bench, Judged, case, variant, violation


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
    assert bench.enough == [True], "the search may end there"
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
    assert bench.enough == [False]


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
    assert bench.enough == [False]
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
