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


def test_of_many_flaws_one_way_each_is_shown() -> None:
    flaws = [(_found(ViolationKind.ARGUMENT_INJECTION, c, f"run{n}"), n) for n in range(MANY + 1) for c in ("git", "hg")]
    assert len(Representatives(flaws).first()) == MANY + 1
