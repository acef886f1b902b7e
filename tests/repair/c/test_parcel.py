"""The planted flaws of examples/parcel: what is proposed for each mends the cause that its answer key names."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from mithridate.model.violation import Access, Frame, Region, Relation, Violation, ViolationKind
from mithridate.repair.c.scene import Scene
from mithridate.repair.proposers.registry import TEMPLATES
from mithridate.repair.proposers.template import Template

ROOT = Path(__file__).parents[3] / "examples" / "parcel"


def frame(function: str, file: str, code: str) -> Frame:
    """The frame at the first line with this code in the function; the column is where the code begins."""
    inside = False
    for number, line in enumerate((ROOT / file).read_text().splitlines(), 1):
        inside = inside or (f"{function}(" in line and not line.startswith(" "))
        if inside and code in line:
            return Frame(function=function, file=f"/src/{file}", line=number, column=line.index(code) + 1)
    raise AssertionError(code)


def violation(
    kind: ViolationKind,
    frames: Sequence[tuple[str, str, str]],
    *,
    access: Access | None = None,
    region: tuple[str, str] | None = None,
    allocation: Sequence[tuple[str, str, str]] = (),
    deallocation: Sequence[tuple[str, str, str]] = (),
) -> Violation:
    return Violation(
        kind=kind,
        detector="",
        message="",
        access=access,
        region=Region(kind=region[0], name=region[1], size=8, relation=Relation.AFTER, distance=0) if region else None,
        frames=tuple(frame(*f) for f in frames),
        allocation=tuple(frame(*f) for f in allocation),
        deallocation=tuple(frame(*f) for f in deallocation),
    )


K = ViolationKind
FLAWS = {
    "runs-overflow": (
        violation(
            K.HEAP_BUFFER_OVERFLOW,
            [
                ("unpack_runs", "src/blob.c", "memset(out + filled"),
                ("parcel_blob_unpack", "src/blob.c", "unpack_runs(blob, *out)"),
            ],
            access=Access.WRITE,
            allocation=[("parcel_blob_unpack", "src/blob.c", "malloc(blob->unpacked")],
        ),
        "+            if (count > blob->unpacked - filled)\n+                return PARCEL_MALFORMED;",
    ),
    "note-length-wraps": (
        violation(
            K.HEAP_BUFFER_OVERFLOW,
            [("parcel_read_note", "src/text.c", "memset(note->text")],
            access=Access.WRITE,
            region=("heap", ""),
            allocation=[("parcel_read_note", "src/text.c", "malloc(room)")],
        ),
        "+    if (room < declared || room > PARCEL_NOTE_MAX)",
    ),
    "continue-after-erase": (
        violation(
            K.HEAP_USE_AFTER_FREE,
            [("parcel_continue_property", "src/text.c", "length + payload.left > PARCEL_VALUE_MAX")],
            access=Access.READ,
            deallocation=[("parcel_erase_property", "src/text.c", "free(property);")],
        ),
        "+            if (archive->latest == property)\n+                archive->latest = NULL;",
    ),
    "month-table": (
        violation(
            K.GLOBAL_BUFFER_OVERFLOW,
            [("parcel_date_text", "src/entry.c", "memcpy(name, months")],
            access=Access.READ,
            region=("global", "months"),
        ),
        "+    if (month > 0 && 3 * (month - 1) <= sizeof months - 3)",
    ),
    "empty-stride": (
        violation(K.DIVISION_BY_ZERO, [("parcel_read_grid", "src/grid.c", "/ stride")]),
        "+    if (stride == 0)\n+        return PARCEL_MALFORMED;",
    ),
    "parent-cycle": (
        violation(K.STACK_EXHAUSTION, [("parcel_entry_path", "src/entry.c", "parcel_entry_path(archive, parent")] * 4),
        "+        used = parcel_entry_path_at_depth(archive, parent, path, size, depth + 1);",
    ),
    "digest-text": (
        violation(
            K.STACK_BUFFER_OVERFLOW,
            [("show_digest", "tools/parcel-sum.c", "= digits[digest->bytes[i] & 15]")],
            access=Access.WRITE,
            region=("stack", "text.i"),
        ),
        "+    char text[2 * PARCEL_DIGEST_MAX + 1];",
    ),
    "link-to-nothing": (
        violation(K.NULL_DEREFERENCE, [("show_link", "tools/parcel-info.c", "date > from->date")], access=Access.READ),
        "+    if (!to) {\n",
    ),
}


@pytest.mark.parametrize("name", FLAWS)
def test_the_cause_of_each_planted_flaw_is_among_the_first_proposals(name: str) -> None:
    seen, change = FLAWS[name]
    scene = Scene(ROOT, seen)
    first = [
        proposal.diff
        for template in TEMPLATES
        if isinstance(template, Template) and seen.kind in template.kinds
        for proposal in list(template.proposals(scene))[:4]
    ]
    assert any(change in diff for diff in first), "\n".join(first)
