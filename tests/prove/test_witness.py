from collections.abc import Mapping, Sequence
from itertools import permutations

import pytest
from tests.prove.model_observer import A, ModelSandbox, Z, command, document, entry, judge, violation

from mithridate.model.execution import Limits
from mithridate.model.project import ToolFailure
from mithridate.model.violation import Clean
from mithridate.prove import witness
from mithridate.prove.prove import plain
from mithridate.prove.witness import Seen, Witnesses

ATTACK = document("/find", f"{A}x' OR '1{Z}")
HARMLESS = document("/find", f"{A}x{Z}")
SIGNATURE = violation().signature


@pytest.fixture
def sandbox() -> ModelSandbox:
    return ModelSandbox()


@pytest.fixture
def witnesses(sandbox: ModelSandbox) -> Witnesses:
    return Witnesses(sandbox, Limits(), 2, command, judge)


def test_each_of_n_sandboxes_runs_all_documents_of_a_door(witnesses: Witnesses, sandbox: ModelSandbox) -> None:
    seen = witnesses.replay(entry(), plain(entry()), [ATTACK, HARMLESS], 5)
    assert [[v.signature for v in run or ()] for run in seen[0]] == [[SIGNATURE]] * 5
    assert seen[1] == [()] * 5
    assert [sorted(ran) for ran in sandbox.ran] == [sorted([ATTACK, HARMLESS])] * 5


def test_what_a_neighbour_leaves_behind_does_not_fire_every_time(witnesses: Witnesses) -> None:
    dirty = document("/dirty", f"{A}x' OR '1{Z}")
    (_, runs) = witnesses.replay(entry(), plain(entry()), [HARMLESS, dirty], 4)
    assert 0 < sum(bool(run) for run in runs) < 4


@pytest.mark.parametrize(("documents", "sandboxes"), [(2, 2), (3, 2), (5, 2), (4, 3), (4, 4), (9, 5), (7, 10)])
def test_no_document_always_goes_before_another(documents: int, sandboxes: int, sandbox: ModelSandbox) -> None:
    given = [document("/find", f"{A}{i}{Z}") for i in range(documents)]
    Witnesses(sandbox, Limits(), 1, command, judge).replay(entry(), plain(entry()), given, sandboxes)
    assert len(sandbox.ran) == sandboxes
    for one, other in permutations(given, 2):
        assert any(ran.index(one) > ran.index(other) for ran in sandbox.ran)


def test_with_as_many_sandboxes_each_document_is_the_first_of_one(sandbox: ModelSandbox) -> None:
    given = [document("/find", f"{A}{i}{Z}") for i in range(4)]
    Witnesses(sandbox, Limits(), 1, command, judge).replay(entry(), plain(entry()), given, 4)
    assert {ran[0] for ran in sandbox.ran} == set(given)


def test_what_is_no_judgement_of_a_document_counts_for_none(sandbox: ModelSandbox) -> None:
    def babbling(stdout: bytes, documents: Sequence[bytes]) -> Mapping[int, Seen]:
        return {**judge(stdout, documents), 99: ((violation(),), ())}

    odd = Witnesses(sandbox, Limits(), 1, command, babbling)
    assert odd.replay(entry(), plain(entry()), [HARMLESS], 2) == [[(), ()]]


def test_more_documents_than_one_sandbox_takes_are_shared_out(
    witnesses: Witnesses, sandbox: ModelSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witness, "SHARE", 3)
    given = [document("/find", f"{A}{i}' OR '{Z}") for i in range(8)]
    seen = witnesses.replay(entry(), plain(entry()), given, 2)
    assert all(run and run[0].signature == SIGNATURE for runs in seen for run in runs)
    assert max(map(len, sandbox.ran)) == 3
    assert sum(map(len, sandbox.ran)) == 16


def test_what_a_sandbox_had_no_time_for_is_run_in_another(witnesses: Witnesses, sandbox: ModelSandbox) -> None:
    given = [document("/slow", f"{A}{i}' OR '{Z}") for i in range(8)]
    seen = witnesses.replay(entry(), plain(entry()), given, 1)
    assert all(run for (run,) in seen)
    assert [len(ran) for ran in sandbox.ran] == [8, 5, 2]


def test_a_document_that_ends_the_sandbox_costs_no_other_its_turn(witnesses: Witnesses) -> None:
    killer = document("/killer", f"{A}x{Z}")
    seen = witnesses.replay(entry(), plain(entry()), [killer, ATTACK, HARMLESS], 1)
    assert seen[0] == [None]
    assert seen[1][0]
    assert seen[2] == [()]


def test_a_door_that_does_not_open_is_a_tool_failure_and_soon_given_up(witnesses: Witnesses, sandbox: ModelSandbox) -> None:
    sandbox.opens = False
    assert isinstance(witnesses.once(entry(), plain(entry()), ATTACK), ToolFailure)
    assert len(sandbox.ran) == witness.TRIES
    replays = witnesses.many(entry(), plain(entry()), ATTACK, 3, SIGNATURE)
    assert (replays.fired, len(replays.failures), replays.stable) == (0, 3, False)


def test_one_document_is_judged_like_any_input(witnesses: Witnesses) -> None:
    assert witnesses.once(entry(), plain(entry()), HARMLESS) == Clean()
    assert witnesses.many(entry(), plain(entry()), ATTACK, 4, SIGNATURE).stable
    assert witnesses.many(entry(), plain(entry()), ATTACK, 2, "another").others == (SIGNATURE,)


def test_the_records_of_a_run_are_its_own(witnesses: Witnesses) -> None:
    other = document("/find", f"{A}y' OR '2{Z}")
    ((first,), (second,)) = witnesses.witness(entry(), plain(entry()), [ATTACK, other])
    assert first is not None
    assert second is not None
    assert "OR '1" in first.records
    assert "OR '2" not in first.records
    assert "OR '2" in second.records


def test_records_are_kept_of_the_first_run_that_violated_something_up_to_a_bound(
    witnesses: Witnesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    fired, clean = witnesses.witness(entry(), plain(entry()), [ATTACK, HARMLESS], 3)
    assert [bool(run and run.records) for run in fired] == [True, False, False]
    assert [run and run.records for run in clean] == [""] * 3
    whole = fired[0].records if fired[0] else ""
    monkeypatch.setattr(witness, "RECORDS_BYTES", len(whole) // 2)
    ((cut,),) = witnesses.witness(entry(), plain(entry()), [ATTACK])
    assert cut and 0 < len(cut.records) <= len(whole) // 2 + cut.records.count("\n")


def test_records_of_runs_that_violated_nothing_are_kept_for_whoever_asks_for_answers(witnesses: Witnesses) -> None:
    fired, clean = witnesses.witness(entry(), plain(entry()), [ATTACK, HARMLESS], 2, answers=True)
    for first, second in (fired, clean):
        assert first is not None and second is not None
        assert '"ended"' in first.records and second.records == ""


def test_what_reached_sinks_is_kept_of_violations_and_with_a_mark(witnesses: Witnesses) -> None:
    hashed = document("/hash", f"{A}x{Z}")
    ((fired,), (clean,), (fact,)) = witnesses.witness(entry(), plain(entry()), [ATTACK, HARMLESS, hashed])
    assert fired and [len(seen.marks) for seen in fired.observations] == [1]
    assert clean and clean.observations == ()
    assert fact and fact.violations and fact.observations == (), "nothing of the attacker's reached it"
