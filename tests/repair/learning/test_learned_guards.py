"""From a proof to a guard, on programs with one planted flaw each, run in the sandbox: the learnt condition is the right one."""

import pytest

from mithridate.model.patch import Proposal
from mithridate.repair.interface import Variant
from mithridate.repair.learning.experiment import Effort
from mithridate.repair.learning.proposer import LearnedGuard
from tests.repair import runs
from tests.repair.learning import programs
from tests.repair.learning.conftest import Plant, Planted

_EFFORT = Effort(perturbed=28, benign=6, rounds=5, each=8)


def _first(planted: Planted) -> list[Proposal]:
    return list(LearnedGuard(_EFFORT).propose(planted.subject, planted.workshop))


def _silences(planted: Planted, proposal: Proposal) -> bool:
    """The proof shows nothing any more and the good inputs neither."""
    (entry_id,) = planted.subject.benign
    built = planted.workshop.build(proposal.diff, quick=True)
    assert isinstance(built, Variant), built
    inputs = [planted.subject.proofs[0].data, *planted.subject.benign[entry_id]]
    return planted.workshop.judge(built, entry_id, inputs) == [()] * len(inputs)


def test_a_copy_is_bounded_by_the_capacity_that_the_buffer_carries(planted: Plant) -> None:
    flaw = planted({"planted.c": programs.CARRIED}, programs.CARRIED_PROOF, programs.CARRIED_GOOD)
    first, *_ = _first(flaw)
    assert first.condition == "length > buffer->capacity - buffer->used"
    assert first.functions == ("append",) and "true size" in first.cause
    assert _silences(flaw, first)


def test_an_index_is_bounded_by_its_array(planted: Plant) -> None:
    flaw = planted({"planted.c": programs.INDEX}, programs.INDEX_PROOF, programs.INDEX_GOOD)
    first, *_ = _first(flaw)
    assert first.condition == "kind >= sizeof(counts) / sizeof(counts[0])"
    assert "nothing between" in first.cause
    assert _silences(flaw, first)


def test_what_a_check_forgot_is_asked_for_in_that_check_where_its_other_branch_complains(planted: Plant) -> None:
    flaw = planted({"planted.c": programs.CHECKED}, programs.CHECKED_PROOF, programs.CHECKED_GOOD)
    first, *_ = _first(flaw)
    assert "+    if (kind >= 0 && kind < " in first.diff or "+    if (kind >= 0 && (size_t)kind < " in first.diff, first.diff
    assert _silences(flaw, first)


def test_a_bound_that_is_off_by_one_is_found_with_the_projects_own_constant(planted: Plant) -> None:
    flaw = planted({"planted.c": programs.OFF_BY_ONE}, programs.OFF_BY_ONE_PROOF, programs.OFF_BY_ONE_GOOD)
    first, *_ = _first(flaw)
    assert first.condition == "length >= NAME_MAX_LENGTH"
    assert _silences(flaw, first)


def test_a_size_below_zero_is_refused_where_it_was_reckoned(planted: Plant) -> None:
    flaw = planted({"planted.c": programs.NEGATIVE}, programs.NEGATIVE_PROOF, programs.NEGATIVE_GOOD)
    first, *_ = _first(flaw)
    assert first.condition == "length < 0"
    assert _silences(flaw, first)


def test_a_null_that_a_look_up_gave_is_refused(planted: Plant) -> None:
    files = {"planted.c": programs.NULL, "table.c": programs.NULL_TABLE}
    flaw = planted(files, programs.NULL_PROOF, programs.NULL_GOOD)
    first, *_ = _first(flaw)
    assert first.condition == "entry == NULL"
    assert "return -1;" in first.diff
    assert _silences(flaw, first)


def test_a_product_is_bounded_before_the_loop_without_a_product_that_wraps(planted: Plant) -> None:
    flaw = planted({"planted.c": programs.PRODUCT}, programs.PRODUCT_PROOF, programs.PRODUCT_GOOD)
    first, *_ = _first(flaw)
    assert first.condition in (
        "image->width != 0 && image->height > image->capacity / image->width",
        "image->height != 0 && image->width > image->capacity / image->height",
    )
    assert first.functions == ("filled",)
    assert _silences(flaw, first)


def test_what_several_steps_did_before_is_in_the_guard(planted: Plant) -> None:
    flaw = planted({"planted.c": runs.SOURCE}, runs.PROOF, runs.BENIGN)
    first, *_ = _first(flaw)
    assert first.condition == "count > capacity - filled"
    assert _silences(flaw, first)


@pytest.mark.parametrize("program", ["LOOP", "BITS"])
def test_a_guard_stands_where_c_lets_it(planted: Plant, program: str) -> None:
    flaw = planted(
        {"planted.c": getattr(programs, program)}, getattr(programs, program + "_PROOF"), getattr(programs, program + "_GOOD")
    )
    proposals = _first(flaw)
    assert any(_silences(flaw, proposal) for proposal in proposals[:4])
