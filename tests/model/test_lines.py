"""Lines of a patched file as lines of the unpatched one."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mithridate.model.diff import made
from mithridate.model.lines import moved_back, shifts
from mithridate.model.violation import Access, Frame, Violation, ViolationKind

TEXTS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=30)


def diff_of(before: list[str], after: list[str]) -> str:
    return made({"f.c": ("".join(f"{x}\n" for x in before).encode(), "".join(f"{x}\n" for x in after).encode())})


@given(TEXTS, TEXTS)
def test_a_line_that_the_patch_leaves_alone_holds_the_same_before(before: list[str], after: list[str]) -> None:
    diff = diff_of(before, after)
    if not diff or not before or not after:
        return
    shift = shifts(diff)["f.c"]
    for line in range(1, len(after) + 1):
        assert 1 <= shift.before(line) <= len(before) + 1
        if not shift.touched(line, line):
            assert before[shift.before(line) - 1] == after[line - 1]


@given(TEXTS, TEXTS)
def test_lines_stay_in_order(before: list[str], after: list[str]) -> None:
    diff = diff_of(before, after)
    if diff and before and after:
        moved = [shifts(diff)["f.c"].before(line) for line in range(1, len(after) + 1)]
        assert moved == sorted(moved)


def test_a_violation_of_the_patched_tree_is_told_with_the_lines_of_the_snapshot() -> None:
    diff = diff_of(["one", "two", "three"], ["one", "new", "new too", "two", "three"])
    frames = (Frame(function="f", file="/src/f.c", line=5), Frame(function="g", file="/src/other.c", line=5))
    seen = Violation(
        kind=ViolationKind.HEAP_BUFFER_OVERFLOW,
        detector="AddressSanitizer",
        message="",
        access=Access.READ,
        frames=frames,
        allocation=(Frame(function="f", file="/src/f.c", line=4),),
    )
    moved = moved_back(seen, diff)
    assert [frame.line for frame in moved.frames] == [3, 5]
    assert moved.allocation[0].line == 2
    assert moved.signature == seen.signature
    nameless = replace(seen, frames=(Frame(function="", file="/src/f.c", line=5),))
    assert moved_back(nameless, diff) == nameless, "its signature is its line"
