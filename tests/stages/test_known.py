from mithridate.model.violation import Access, Frame, Violation, ViolationKind
from mithridate.stages.known import LINES_OF_ONE_ROOT, Known


def over_read(line: int, function: str = "entry_new", kind: ViolationKind = ViolationKind.HEAP_BUFFER_OVERFLOW) -> Violation:
    access = None if kind is ViolationKind.TIMEOUT else Access.READ
    frames = (Frame(function=function, file="/src/a.c", line=line), Frame(function="main", file="/src/a.c", line=90))
    return Violation(kind=kind, detector="AddressSanitizer", message="", access=access, size=1, frames=frames)


def test_a_second_missing_check_in_one_function_is_proved_too() -> None:
    known = Known()
    known.learn(over_read(10), proved=True)
    assert over_read(10) in known
    assert over_read(20) not in known
    assert over_read(10, function="other") not in known


def test_only_a_few_lines_of_one_root_are_proved() -> None:
    known = Known()
    for n in range(LINES_OF_ONE_ROOT):
        known.learn(over_read(10 + n), proved=True)
    assert over_read(50) in known


def test_what_stops_anywhere_is_proved_once() -> None:
    known = Known()
    known.learn(over_read(10, kind=ViolationKind.TIMEOUT), proved=True)
    assert over_read(20, kind=ViolationKind.TIMEOUT) in known


def test_a_flaky_violation_is_not_tried_again_and_hides_nothing_else() -> None:
    known = Known()
    known.learn(over_read(10), proved=False)
    assert over_read(12) in known, "it has the same signature"
    assert over_read(10, function="other") not in known
