"""The gate: each wrong patch is stopped by the step that is there for it, and by no other; the right one passes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mithridate.hunt.engines.libfuzzer import LibFuzzer
from mithridate.model.entry import INPUT
from mithridate.model.patch import GateStep, Outcome, Patch, PatchStatus, Proposal
from mithridate.model.project import Flavour, Skipped
from mithridate.model.violation import Violation
from mithridate.repair.gate import Effort, Gate
from mithridate.repair.interface import Found, Variant
from mithridate.repair.steps.builds import Builds
from mithridate.repair.steps.outputs import Outputs
from mithridate.repair.steps.proofs import Proofs, silent
from mithridate.repair.steps.tests import Tests
from mithridate.repair.steps.variants import Variants
from mithridate.sandbox.bubblewrap import Bubblewrap
from mithridate.stages.workshop import Way, Workshop
from tests.repair import notebook
from tests.repair.conftest import Bench
from tests.repair.workbench import tools


def proposal(diff: str, rank: float = 1.0) -> Proposal:
    return Proposal(proposer="test", cause="The length is not looked at.", fix="Refuse it.", diff=diff, rank=rank)


def judged(bench: Bench, *diffs: str, search_s: float = 0.0) -> tuple[Patch, ...]:
    gate = Gate((Builds(), Proofs(), Variants(search_s)), Effort(validated=len(diffs)))
    return gate.judge(bench.subject, [proposal(diff) for diff in diffs], bench.workshop)


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("DOES_NOT_APPLY", GateStep.APPLIES),
        ("DOES_NOT_BUILD", GateStep.BUILDS),
        ("WARNS", GateStep.BUILDS),
        ("TOO_LATE", GateStep.PROOFS),
        ("OFF_BY_ONE", GateStep.VARIANTS),
        ("SIBLING", GateStep.VARIANTS),
    ],
)
def test_a_wrong_patch_is_stopped_by_the_step_that_is_there_for_it(bench: Bench, name: str, step: GateStep) -> None:
    (patch,) = judged(bench, getattr(notebook, name), search_s=8.0 if step is GateStep.VARIANTS else 0.0)
    assert patch.stopped_by is step, [(r.step, r.outcome, r.evidence) for r in patch.gate]
    assert patch.status is (PatchStatus.PLAUSIBLE if step is GateStep.VARIANTS else PatchStatus.PROPOSED)
    assert all(r.outcome is not Outcome.FAILED for r in patch.gate[:-1])


def test_what_a_search_finds_against_one_proposal_is_held_against_the_next_without_a_search(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches = []
    search = bench.workshop.search

    def counted(variant: Variant, *asked: Any) -> Found:
        searches.append(variant)
        return search(variant, *asked)

    monkeypatch.setattr(bench.workshop, "search", counted)
    same, again = (notebook.SIBLING.replace("+            return 3;", f"+            return {n};") for n in (4, 5))
    assert len({same, again, notebook.SIBLING}) == 3
    gate = Gate((Builds(), Proofs(), Variants(8.0)), Effort(validated=1, proposals=4))
    given = [proposal(diff, rank) for rank, diff in enumerate((notebook.SIBLING, same, again, notebook.RIGHT), start=1)]
    right, *wrong = gate.judge(bench.subject, given, bench.workshop)
    assert right.status is PatchStatus.VALIDATED and right.proposal.diff == notebook.RIGHT
    assert [p.stopped_by for p in wrong] == [GateStep.VARIANTS] * 3
    told = {p.proposal.diff: p.gate for p in wrong}
    assert "a fresh search" in told[notebook.SIBLING][-1].evidence[0]
    assert "found against an earlier proposal" in told[same][-1].evidence[0]
    # When the third is looked at, the way is known: it is not even built from nothing.
    assert [r.step for r in told[again]] == [GateStep.VARIANTS]
    assert len(searches) == 2


@pytest.mark.parametrize("in_one_process", [True, False])
def test_what_lies_near_is_run_before_a_search(bench: Bench, monkeypatch: pytest.MonkeyPatch, in_one_process: bool) -> None:
    if not in_one_process:
        monkeypatch.setattr(LibFuzzer, "accepts", lambda *_: Skipped(what="it", reason="not here"))
    (entry_id,) = bench.workshop.original.entries
    quiet = [b"n\x01" + bytes([n]) for n in range(40)]
    near = {entry_id: [*quiet, notebook.NOTE]}
    found = bench.workshop.search(bench.workshop.original, 4.0, {}, near, lambda *_: False)
    assert found.near == 41
    ((data, door, violation), *_) = found.violations
    assert (data, door) == (notebook.NOTE, entry_id)
    assert violation.signature == bench.subject.violation.signature


def test_the_right_patch_passes_and_every_step_says_what_it_saw(bench: Bench) -> None:
    (patch,) = judged(bench, notebook.RIGHT, search_s=2.0)
    assert patch.status is PatchStatus.VALIDATED
    assert [r.step for r in patch.gate] == [
        GateStep.APPLIES,
        GateStep.BUILDS,
        GateStep.PROOFS,
        GateStep.VARIANTS,
        GateStep.SMALLEST,
    ]
    assert all(record.evidence for record in patch.gate)
    assert "1 of 1 proofs" in patch.gate[2].evidence[0]
    executions = int(patch.gate[3].evidence[1].split("(")[1].split()[0].replace(",", ""))
    assert executions > 100


def test_the_smallest_of_the_survivors_comes_first(bench: Bench) -> None:
    longer = notebook.RIGHT.replace("+            return 3;\n", "+            /* too long */\n+            return 3;\n").replace(
        ",8 @@", ",9 @@", 1
    )
    first, second = judged(bench, longer, notebook.RIGHT)
    assert first.proposal.diff == notebook.RIGHT and second.proposal.diff == longer
    assert first.status is second.status is PatchStatus.VALIDATED
    assert (first.gate[-1].step, first.gate[-1].outcome) == (GateStep.SMALLEST, Outcome.PASSED)
    assert (second.gate[-1].step, second.gate[-1].outcome) == (GateStep.SMALLEST, Outcome.FAILED)


def test_where_the_likeliest_fail_the_gate_looks_further(bench: Bench) -> None:
    forms = (notebook.WARNS.replace("length > 16", form) for form in ("length > 16", "length >= 17", "16 < length"))
    weak = [proposal(diff, 0.5 + 0.1 * number) for number, diff in enumerate(forms)]
    gate = Gate((Builds(), Proofs()), Effort(validated=1))
    first, *others = gate.judge(bench.subject, [*weak, proposal(notebook.RIGHT, 1.0)], bench.workshop)
    assert first.status is PatchStatus.VALIDATED and first.proposal.diff == notebook.RIGHT
    assert [p.stopped_by for p in others] == [GateStep.BUILDS] * 3


def test_a_quick_build_knows_what_a_clean_one_knows(bench: Bench) -> None:
    entry_id = bench.subject.proofs[0].entry_id
    for diff, quiet in ((notebook.RIGHT, True), (notebook.TOO_LATE, False)):
        for quick in (True, False):
            variant = bench.workshop.build(diff, quick=quick)
            assert hasattr(variant, "entries"), variant
            (seen,) = bench.workshop.judge(variant, entry_id, [notebook.NOTE])  # type: ignore[arg-type]
            assert (seen == ()) is quiet
    (seen,) = bench.workshop.judge(bench.workshop.original, entry_id, [notebook.NOTE])
    assert seen, "the original is as it was"


@pytest.mark.parametrize(("benign", "status"), [((), PatchStatus.PLAUSIBLE), ((notebook.GOOD,), PatchStatus.VALIDATED)])
def test_a_patch_with_which_nothing_could_be_compared_is_plausible_at_most(
    bench: Bench, benign: tuple[bytes, ...], status: PatchStatus
) -> None:
    """The project has no tests: without one harmless input nobody knows whether it still does what it did."""
    subject = replace(bench.subject, benign=dict.fromkeys(bench.subject.benign, benign))
    gate = Gate((Builds(), Proofs(), Tests(30.0), Outputs()), Effort(validated=1))
    (patch,) = gate.judge(subject, [proposal(notebook.RIGHT)], bench.workshop)
    assert patch.stopped_by is None
    assert patch.status is status, [(r.step, r.outcome, r.evidence) for r in patch.gate]


def test_a_proof_that_gets_as_far_as_another_finding_is_told_and_held_against_nobody(bench: Bench) -> None:
    signature = bench.subject.violation.signature
    seen = silent(bench.subject, bench.workshop, bench.workshop.original, 1)
    assert seen.outcome is Outcome.FAILED
    seen = silent(replace(bench.subject, known=frozenset({signature})), bench.workshop, bench.workshop.original, 1)
    assert seen.outcome is Outcome.PASSED and "another finding" in seen.evidence[1]
    seen = silent(replace(bench.subject, known=frozenset({"elsewhere"})), bench.workshop, bench.workshop.original, 1)
    assert seen.outcome is Outcome.FAILED


def test_what_shows_elsewhere_is_not_held_against_a_patch_that_only_clears_the_way(bench: Bench) -> None:
    """Of a search's shadow patch it is asked only that the flaw in front is gone."""
    asked: list[str] = []

    def elsewhere(_violation: Violation, diff: str) -> bool:
        asked.append(diff)
        return True

    seen = silent(replace(bench.subject, elsewhere=elsewhere), bench.workshop, bench.workshop.original, 1, "the diff")
    assert seen.outcome is Outcome.PASSED and "lies behind" in seen.evidence[1]
    assert asked and set(asked) == {"the diff"}
    gate = Gate((Builds(), Proofs(), Variants(0.0)), Effort(validated=1))
    (patch,) = gate.judge(replace(bench.subject, elsewhere=elsewhere), [proposal(notebook.SIBLING)], bench.workshop)
    assert patch.stopped_by is None, [(r.step, r.outcome, r.evidence) for r in patch.gate]


def test_without_patience_one_proposal_is_judged_though_the_time_is_over(bench: Bench) -> None:
    given = [proposal(notebook.RIGHT), proposal(notebook.SIBLING)]
    gate = Gate((Builds(), Proofs()), Effort(validated=1, seconds=0.0, patient=False))
    made = gate.judge(bench.subject, given, bench.workshop)
    assert [p.status for p in made] == [PatchStatus.VALIDATED]


def test_a_program_is_searched_in_the_way_it_was_called_though_nobody_would_find_that_by_looking(
    bench: Bench, tmp_path: Path
) -> None:
    (entry,) = bench.workshop.original.entries.values()
    binary = entry.binary(Flavour.PLAIN)
    assert binary is not None
    form = (INPUT, "--nobody", "knows")
    called = replace(entry, id=f"{entry.component}:{entry.name}:{' '.join(form)}", arguments=form)
    subject = bench.subject
    way = Way(entry=called, program=binary.path)
    with Workshop(subject.project, subject.component, (way,), tools(Bubblewrap(), tmp_path), tmp_path) as workshop:
        found = workshop.search(workshop.original, 3.0, {called.id: [notebook.GOOD]}, {}, lambda *_: False)
    assert found.executions > 0
