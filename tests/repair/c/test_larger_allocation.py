"""Which arguments count as sizes that may be one too small."""

from pathlib import Path

from mithridate.model.violation import Frame, Region, Relation, Violation, ViolationKind
from mithridate.repair.c.scene import Scene
from mithridate.repair.proposers.off_by_one import OFF_BY_ONE

SOURCE = """struct entry { int n; char *text; };

static struct entry *entry_new(struct entry *from, int n)
{
    struct entry *item = calloc(1, sizeof *item);
    item->text = malloc(n);
    item->text[n] = 0;
    return item;
}

int copy(struct entry *first)
{
    return entry_new(first)->n;
}
"""


def test_an_address_is_no_size(tmp_path: Path) -> None:
    """A function that allocates is called with the address of what it copies."""
    (tmp_path / "a.c").write_text(SOURCE)
    violation = Violation(
        kind=ViolationKind.HEAP_BUFFER_OVERFLOW,
        detector="asan",
        message="",
        size=1,
        region=Region(kind="heap", size=4, relation=Relation.AFTER, distance=0),
        frames=(Frame(function="entry_new", file="/src/a.c", line=7, column=19),),
        allocation=(
            Frame(function="entry_new", file="/src/a.c", line=6, column=18),
            Frame(function="copy", file="/src/a.c", line=13, column=12),
        ),
    )
    fixes = [proposal.fix for proposal in OFF_BY_ONE.proposals(Scene(tmp_path, violation))]
    assert "There is room for n + 1." in fixes
    assert not any("first" in fix for fix in fixes)
