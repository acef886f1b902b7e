"""Whether a violation that shows only with a patch is the program's own."""

from pathlib import Path

import pytest

from mithridate.model.diff import made
from mithridate.model.violation import Access, Frame, Region, Relation, Violation, ViolationKind
from mithridate.repair.behind import changed_functions, elsewhere, independent

SOURCE = """\
#include <stdlib.h>

static void front(char *to)
{
    int i;
    for (i = 0; i <= 8; i++)
        to[i] = 1;
}

static void deep(char *to, int n)
{
    to[n] = 1;
}
"""


def violation(function: str, line: int, made_at: int = 0, name: str = "") -> Violation:
    return Violation(
        kind=ViolationKind.HEAP_BUFFER_OVERFLOW,
        detector="AddressSanitizer",
        message="",
        access=Access.WRITE,
        region=Region(kind="stack", size=8, relation=Relation.AFTER, distance=0, name=name) if name else None,
        frames=(Frame(function=function, file="/src/a.c", line=line), Frame(function="main", file="/src/a.c", line=50)),
        allocation=(Frame(function="main", file="/src/a.c", line=made_at),) if made_at else (),
    )


FLAW = violation("front", 7, 40)


@pytest.mark.parametrize(
    ("seen", "own"),
    [
        (violation("deep", 12, 41), True),
        (violation("front", 9, 41), False),  # in the function that is changed
        (violation("deep", 12, 40), False),  # the flaw's object: the patch may have left it half made
        (violation("n::front(char*)", 9, 41), False),
        (Violation(kind=ViolationKind.WILD_JUMP, detector="kernel", message=""), False),  # nobody knows where
    ],
)
def test_it_is_the_programs_own_only_in_another_function_and_on_another_object(seen: Violation, own: bool) -> None:
    assert independent(seen, (FLAW,), frozenset({"front"})) is own


def test_the_same_variable_is_the_same_object() -> None:
    flaw = violation("front", 7, name="line")
    assert not independent(violation("deep", 12, name="line"), (flaw,), frozenset({"front"}))
    assert independent(violation("deep", 12, name="word"), (flaw,), frozenset({"front"}))


def test_a_patch_is_known_by_the_functions_that_it_changes(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text(SOURCE)

    def diff(old: str, new: str) -> str:
        assert old in SOURCE
        return made({"a.c": (SOURCE.encode(), SOURCE.replace(old, new).encode())})

    inside = diff("i <= 8", "i < 8")
    assert changed_functions(inside, tmp_path) == {"front"}
    assert changed_functions(diff("    int i;\n    for (i = 0; i <= 8", "    int i;\n\n    for (i = 0; i < 8"), tmp_path) == {
        "front"
    }
    assert changed_functions(diff("#include <stdlib.h>", "#define LIMIT 3"), tmp_path) is None, "that may change anything"
    judge = elsewhere([FLAW], tmp_path)
    longer = diff("    int i;\n", "    int i;\n    if (!to)\n        return;\n")
    assert judge(violation("deep", 14, 43), longer)
    assert not judge(violation("deep", 14, 40), inside)
    assert not judge(violation("deep", 12, 41), diff("#include <stdlib.h>", "#define LIMIT 3"))
