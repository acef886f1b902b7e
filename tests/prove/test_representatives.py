"""Which of the ways to one flaw are proved."""

from mithridate.model.violation import Frame, Violation, ViolationKind
from mithridate.prove.representatives import CALLERS, MANY, WAYS, Representatives


def _found(kind: ViolationKind, caller: str, helper: str = "run") -> Violation:
    frames = (Frame(function=helper, file="/src/p/util.py", line=3), Frame(function=caller, file=f"/src/p/{caller}.py", line=7))
    return Violation(kind=kind, detector="confinement", message="", frames=frames)


def test_each_caller_of_a_helper_with_a_sink_is_shown_before_a_second_way_through_one() -> None:
    callers = ["git", "git", "git", "svn", "hg", "bzr"]
    chosen = Representatives([(_found(ViolationKind.ARGUMENT_INJECTION, c), size) for size, c in enumerate(callers)]).first()
    assert sorted(callers[i] for i in chosen) == ["bzr", "git", "hg", "svn"]


def test_callers_without_end_are_not_all_shown() -> None:
    many = [(_found(ViolationKind.ARGUMENT_INJECTION, f"c{n}"), n) for n in range(40)]
    assert len(Representatives(many).first()) == CALLERS


def test_of_one_caller_the_smallest_few_are_shown() -> None:
    many = [(_found(ViolationKind.ARGUMENT_INJECTION, "git"), n) for n in range(10)]
    assert Representatives(many).first() == list(range(WAYS))


def test_callers_count_where_a_sink_lies_in_a_helper_and_not_for_other_flaws() -> None:
    many = [(_found(ViolationKind.UNCAUGHT_EXCEPTION, f"c{n}"), n) for n in range(10)]
    assert Representatives(many).first() == list(range(WAYS))


def test_the_smallest_come_first_whenever_they_were_found() -> None:
    many = [(_found(ViolationKind.ARGUMENT_INJECTION, "git"), size) for size in (9, 2, 7, 1, 2)]
    assert Representatives(many).first() == [3, 1, 4]


def test_of_many_flaws_one_way_each_is_shown() -> None:
    flaws = [(_found(ViolationKind.ARGUMENT_INJECTION, c, f"run{n}"), n) for n in range(MANY) for c in ("git", "hg")]
    assert len(Representatives(flaws).first()) == MANY
    assert len(Representatives(flaws[2:]).first()) == 2 * (MANY - 1)


def test_facts_are_no_flaws_and_one_of_a_place_is_enough() -> None:
    def fact(n: int) -> Violation:
        frames = (Frame(function="f", file="/src/p/f.py", line=n),)
        return Violation(kind=ViolationKind.WEAK_HASH, detector="observer", message="", frames=frames)

    facts = [(fact(1 + n // 2), n) for n in range(2 * MANY)]
    flaw = [(_found(ViolationKind.ARGUMENT_INJECTION, caller), 1) for caller in ("git", "hg")]
    assert Representatives([*facts, *flaw]).first() == [*range(0, 2 * MANY, 2), 2 * MANY, 2 * MANY + 1]


def test_in_the_place_of_what_is_flaky_some_more_are_tried_each_once() -> None:
    many = [(_found(ViolationKind.ARGUMENT_INJECTION, "git"), n) for n in range(20)]
    chosen = Representatives(many)
    assert chosen.first() == [0, 1, 2]
    assert chosen.instead([1, 0]) == [3, 4]
    assert chosen.instead([3]) == [5] and chosen.instead([2]) == [6]
    assert chosen.instead([4, 5, 6]) == [], "enough were tried"
    few = Representatives(many[:4])
    few.first()
    assert few.instead([0, 1]) == [3], "there are no more"
