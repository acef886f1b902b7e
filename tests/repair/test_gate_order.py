"""In which order proposals are judged, when the gate has enough, and what status a record gives."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from mithridate.model.diff import made
from mithridate.model.patch import GateStep, Outcome, Patch, PatchStatus, Proposal
from mithridate.model.project import BuildFailure, Flavour
from mithridate.repair.gate import Effort, Gate, best_first
from mithridate.repair.interface import Variant
from mithridate.repair.steps.interface import Case, Seen
from mithridate.repair.steps.proofs import Proofs
from tests.repair.told_bench import FLAW, Bench, case, variant

FAILED, PASSED, EMPTY = Outcome.FAILED, Outcome.PASSED, Outcome.EMPTY
BROKEN = BuildFailure(
    component=case(Bench()).subject.component, flavour=Flavour.PLAIN, step="make", first_error="an error", hint="", log=""
)


class Builder(Bench):
    """Builds whatever is proposed, but for what it is told, and counts."""

    def __init__(self) -> None:
        super().__init__()
        self.quick: list[str] = []
        self.clean: list[str] = []
        self.fails: dict[tuple[str, bool], BuildFailure | None] = {}
        self.loud: set[str] = set()

    def build(self, diff: str, *, quick: bool = False) -> Variant | BuildFailure | None:
        (self.quick if quick else self.clean).append(diff)
        self.after = dict.fromkeys((b"one", b"two"), (FLAW,)) if diff in self.loud else {}
        return self.fails.get((diff, quick), variant("patched", *self.original.entries))


@dataclass
class Step:
    """Says the same of each proposal but for those that it is told; remembers which it was asked about."""

    step: GateStep
    outcome: Outcome = PASSED
    others: dict[str, Outcome] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def check(self, case: Case) -> Seen:
        self.asked.append(case.proposal.diff)
        return Seen(outcome=self.others.get(case.proposal.diff, self.outcome), evidence=("so",))


def proposal(lines: int, rank: float = 1.0) -> Proposal:
    """One that adds so many lines."""
    diff = made({"a.c": (b"old\n", b"old\n" + b"new\n" * lines)})
    return Proposal(proposer="test", cause="", fix="", diff=diff, rank=rank)


def judged(bench: Builder, given: Sequence[Proposal], *steps: Any, **effort: Any) -> tuple[Patch, ...]:
    return Gate((Step(GateStep.BUILDS), Proofs(1), *steps), Effort(**effort)).judge(case(bench).subject, given, cast(Any, bench))


@pytest.fixture
def bench() -> Builder:
    return Builder()


@pytest.mark.parametrize(
    ("tests", "outputs", "symptom", "status"),
    [
        (PASSED, PASSED, PASSED, PatchStatus.VALIDATED),
        (EMPTY, PASSED, PASSED, PatchStatus.VALIDATED),
        (PASSED, EMPTY, PASSED, PatchStatus.VALIDATED),
        (EMPTY, EMPTY, PASSED, PatchStatus.PLAUSIBLE),  # nobody knows whether it still does what it did
        (FAILED, PASSED, PASSED, PatchStatus.PLAUSIBLE),
        (PASSED, FAILED, PASSED, PatchStatus.PLAUSIBLE),
        (PASSED, PASSED, FAILED, PatchStatus.PLAUSIBLE),
        (EMPTY, EMPTY, FAILED, PatchStatus.PLAUSIBLE),
    ],
)
def test_a_status_is_what_the_record_bears_out(
    tests: Outcome, outputs: Outcome, symptom: Outcome, status: PatchStatus, bench: Builder
) -> None:
    steps = (Step(GateStep.TESTS, tests), Step(GateStep.OUTPUTS, outputs), Step(GateStep.SYMPTOM, symptom))
    (patch,) = judged(bench, [proposal(1)], *steps)
    assert patch.status is status
    stopped = next((n for n, outcome in enumerate((tests, outputs, symptom), 1) if outcome is FAILED), 3)
    assert [len(step.asked) for step in steps] == [int(n < stopped) for n in range(3)], "behind a failure nothing is looked at"


@pytest.mark.parametrize("missing", [GateStep.BUILDS, GateStep.PROOFS])
def test_what_does_not_build_or_fires_is_proposed_and_no_more(missing: GateStep, bench: Builder) -> None:
    one = proposal(1)
    if missing is GateStep.BUILDS:
        bench.fails[one.diff, False] = BROKEN
    else:
        bench.loud = {one.diff}
    (patch,) = judged(bench, [one])
    assert (patch.status, patch.stopped_by) == (PatchStatus.PROPOSED, missing)
    assert bench.clean == ([one.diff] if missing is GateStep.BUILDS else []), (
        "what a quick look refutes is not built from nothing"
    )


def test_what_does_not_apply_or_is_no_diff_is_told_so(bench: Builder) -> None:
    one = proposal(1)
    bench.fails[one.diff, True] = None
    here, there = judged(bench, [replace(one, diff="no diff"), one])
    assert [p.stopped_by for p in (here, there)] == [GateStep.APPLIES] * 2
    bench.fails[one.diff, True] = BROKEN
    (patch,) = judged(bench, [one])
    assert patch.stopped_by is GateStep.BUILDS and patch.gate[-1].evidence == ("make failed: an error",)


def test_a_diff_that_comes_again_is_not_looked_at_again(bench: Builder) -> None:
    assert len(judged(bench, [proposal(1), proposal(1, 2.0), proposal(2)], validated=5)) == 2
    assert bench.quick == [proposal(1).diff, proposal(2).diff]


def test_the_gate_stops_when_it_has_looked_at_enough_or_enough_have_passed(bench: Builder) -> None:
    many = [proposal(n) for n in range(1, 12)]
    assert len(judged(bench, many, proposals=4, validated=9)) == 4
    bench.quick.clear()
    made_ = judged(bench, many, validated=2)
    assert [p.status for p in made_].count(PatchStatus.VALIDATED) == 2
    assert bench.quick == [p.diff for p in many[:4]], "twice as many as are wanted are gathered before any goes through"
    bench.quick.clear()
    judged(bench, many, validated=2, eager=True)
    assert bench.quick == [p.diff for p in many[:2]]


def test_where_those_that_were_gathered_fail_more_are_looked_at(bench: Builder) -> None:
    many = [proposal(n) for n in range(1, 8)]
    step = Step(GateStep.SYMPTOM, others=dict.fromkeys((p.diff for p in many[:4]), FAILED))
    first, *others = judged(bench, many, step, validated=1)
    assert first.proposal == many[4] and first.status is PatchStatus.VALIDATED
    assert sum(p.stopped_by is GateStep.SYMPTOM for p in others) == 4 and len(bench.quick) == 6


def test_the_likelier_goes_first_then_the_smaller_and_of_those_that_pass_the_smallest_is_the_best(bench: Builder) -> None:
    given = [proposal(3, 2.0), proposal(5, 1.0), proposal(4, 1.0)]
    one, two, three = judged(bench, given, validated=3)
    assert bench.clean == [proposal(4).diff, proposal(5).diff, proposal(3).diff]
    assert [p.added for p in (one, two, three)] == [3, 4, 5]
    assert [(p.gate[-1].step, p.gate[-1].outcome) for p in (one, two, three)] == [
        (GateStep.SMALLEST, PASSED),
        (GateStep.SMALLEST, FAILED),
        (GateStep.SMALLEST, FAILED),
    ]
    assert "3 changed lines, the smallest of 3" in one.gate[-1].evidence[0] and "has 3" in three.gate[-1].evidence[0]


def test_when_the_time_is_over_patience_goes_on_until_one_has_passed(bench: Builder) -> None:
    given = [proposal(1), proposal(2), proposal(3)]
    step = Step(GateStep.SYMPTOM, others={proposal(1).diff: FAILED})
    assert [p.status for p in judged(bench, given, step, seconds=0.0)] == [PatchStatus.PLAUSIBLE], "one was looked at"
    asked = case(bench)
    screened = [Gate(())._screened(asked.subject, one, cast(Any, bench), asked.memory) for one in given]
    for patient, expected in ((True, 2), (False, 1)):
        step.asked.clear()
        gate = Gate((Step(GateStep.BUILDS), Proofs(1), step), Effort(seconds=-1.0, patient=patient))
        gate._chosen(asked.subject, screened, [], cast(Any, bench), asked.memory, 0.0)
        assert len(step.asked) == expected


def test_validated_patches_come_before_plausible_ones_and_else_as_they_were() -> None:
    base = judged(Builder(), [proposal(1)])[0]
    given = [
        replace(base, status=status, added=n)
        for n, status in enumerate((PatchStatus.PROPOSED, PatchStatus.PLAUSIBLE, PatchStatus.VALIDATED, PatchStatus.APPROVED))
    ]
    assert [p.added for p in best_first(given)] == [2, 3, 1, 0]


def test_of_plausible_ones_that_which_no_step_stopped_comes_first(bench: Builder) -> None:
    small, large = proposal(1), proposal(9)
    steps = (Step(GateStep.OUTPUTS, EMPTY), Step(GateStep.SYMPTOM, others={small.diff: FAILED}))
    made_ = judged(bench, [small, large], *steps)
    assert [p.proposal for p in made_] == [large, small]
    assert [p.proposal for p in best_first(made_[::-1])] == [large, small]
