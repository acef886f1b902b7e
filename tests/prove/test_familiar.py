from mithridate.model.violation import Clean, Violation, ViolationKind
from mithridate.prove.familiar import FEW, Familiar, Look, _look, looks
from mithridate.prove.replay import Replayer

FIRED = (Violation(kind=ViolationKind.ABORT, detector="test", message=""),)
A, B = ("door", frozenset({("abort", "", (("/build/x", 1),))})), ("door", frozenset({("abort", "", (("/build/x", 2),))}))


def judged_in_full(familiar: Familiar, given, answers) -> list[int]:
    asked: list[int] = []

    def in_full(positions):
        asked.extend(positions)
        return [answers[p] for p in positions]

    familiar.judge(given, in_full)
    return asked


def test_one_input_of_each_form_is_replayed_in_full() -> None:
    assert judged_in_full(Familiar(), [A, B, A, A, B], [FIRED] * 5) == [0, 1]


def test_a_form_that_fired_is_known_in_later_rounds() -> None:
    familiar = Familiar()
    judged_in_full(familiar, [A], [FIRED])
    assert judged_in_full(familiar, [A, B], [FIRED] * 2) == [1]


def test_what_the_quick_look_cannot_tell_is_always_replayed() -> None:
    assert judged_in_full(Familiar(), [None, A, None], [(), FIRED, FIRED]) == [0, 1, 2]


def test_a_form_whose_first_input_did_not_fire_is_not_given_up() -> None:
    assert judged_in_full(Familiar(), [A, A, A], [(), FIRED, FIRED]) == [0, 1, 2]
    assert judged_in_full(Familiar(), [A, A], [None, FIRED]) == [0, 1]


def test_equal_violations_look_equal_and_others_do_not(target, replayer: Replayer) -> None:
    data = [b"w\x18", b"w\x18 and more", b"f"]
    assert len(data) >= FEW
    one, other, different = looks(replayer, [(target.entry, d) for d in data], 30.0)
    assert one.form is not None
    assert one == other
    assert different.form not in (None, one.form)


def test_an_input_that_does_nothing_or_does_not_end_is_quiet(target, replayer: Replayer) -> None:
    assert looks(replayer, [(target.entry, b"-"), (target.entry, b"h")], 30.0) == [Look(quiet=True)] * 2


def test_without_time_nothing_is_said(target, replayer: Replayer) -> None:
    assert looks(replayer, [(target.entry, b"-"), (target.entry, b"w\x18")], 0) == [Look()] * 2


def test_only_what_did_nothing_but_run_on_is_quiet(target) -> None:
    slow, bad = (
        Violation(kind=kind, detector="x", message="") for kind in (ViolationKind.TIMEOUT, ViolationKind.HEAP_BUFFER_OVERFLOW)
    )
    judgements = (Clean(), (slow,), (slow, bad), None)
    assert [_look(target.entry, judgement).quiet for judgement in judgements] == [True, True, False, False]
