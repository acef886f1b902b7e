"""What counts as steered: every way in which two violations may differ, and those that show nothing."""

from dataclasses import replace

import pytest
from tests.prove.records import frame, violation

from mithridate.model.violation import Access, Frame, Region, Relation, Violation, ViolationKind
from mithridate.prove.influence import Noise, Part, follows, moved, noise, same_place, same_site

K = ViolationKind
QUIET = Noise(address=False, page_offset=False, region=False, size=False)
AFTER = Region(kind="heap", size=32, relation=Relation.AFTER, distance=16)
FLAW = violation(region=AFTER)
WILD = violation(K.WILD_POINTER, region=None, size=0, address=0x41414141, allocation=())
JUMP = violation(K.WILD_JUMP, region=None, size=0, access=None, address=0x41414000, allocation=())
ADDRESS, SIZE, TARGET = Part.ADDRESS, Part.SIZE, Part.TARGET


def placed(**changes: object) -> Violation:
    return replace(FLAW, region=replace(AFTER, **changes))  # type: ignore[arg-type]


def made_at(offset: int) -> tuple[Frame, ...]:
    return (replace(frame("xmalloc", 3), module="/build/demo", offset=offset),)


@pytest.mark.parametrize(
    ("after", "parts"),
    [
        (FLAW, set()),
        (placed(distance=17), {ADDRESS}),
        (placed(relation=Relation.BEFORE, distance=1), {ADDRESS}),
        (placed(relation=Relation.INSIDE, distance=8), {ADDRESS}),
        (placed(size=33, distance=15), set()),  # at the same offset: only the object is larger
        (placed(size=33), set()),  # as far behind the end: it goes with the object
        (placed(name="other", distance=17), set()),  # another object is missed
        (placed(kind="stack", distance=17), set()),
        (replace(placed(distance=17), allocation=made_at(7)), set()),  # one that was made elsewhere
        (replace(FLAW, kind=K.WILD_POINTER, region=None), {ADDRESS}),  # too far for any object to be near
        (replace(FLAW, kind=K.WILD_POINTER, region=None, access=Access.READ), set()),
        (replace(FLAW, kind=K.NULL_DEREFERENCE, region=None), set()),
        (replace(FLAW, size=5), {SIZE}),
        (replace(FLAW, size=0), set()),
        (replace(placed(size=33), size=5), set()),  # the access grows as the object does
        (replace(placed(size=33), size=6), {SIZE}),
        (replace(placed(distance=17), size=5), {ADDRESS, SIZE}),
    ],
)
def test_a_place_is_told_by_the_object_that_is_missed(after: Violation, parts: set[Part]) -> None:
    assert moved(FLAW, after, QUIET) == parts


def test_as_far_before_an_object_is_not_as_far_inside() -> None:
    assert moved(placed(relation=Relation.BEFORE, distance=8), placed(relation=Relation.INSIDE, distance=8), QUIET) == {ADDRESS}


def test_what_differs_by_itself_shows_nothing() -> None:
    both = replace(placed(distance=17), size=5)
    assert moved(FLAW, both, replace(QUIET, region=True)) == {SIZE}
    assert moved(FLAW, both, replace(QUIET, size=True)) == {ADDRESS}
    assert moved(FLAW, both, replace(QUIET, address=True, page_offset=True)) == {ADDRESS, SIZE}, "it is told by the object"


@pytest.mark.parametrize(
    ("after", "floor", "parts"),
    [
        (0x41414142, QUIET, {ADDRESS}),
        (0x41414141, QUIET, set()),
        (0x51414141, QUIET, {ADDRESS}),
        (0x51414141, replace(QUIET, address=True), set()),  # randomisation keeps the offset in a page
        (0x51414142, replace(QUIET, address=True), {ADDRESS}),
        (0x51414142, replace(QUIET, address=True, page_offset=True), set()),
        (None, QUIET, set()),
    ],
)
def test_an_absolute_address_counts_as_far_as_it_is_the_same_in_every_run(
    after: int | None, floor: Noise, parts: set[Part]
) -> None:
    assert moved(WILD, replace(WILD, address=after), floor) == parts


def test_an_object_that_comes_near_shows_that_the_address_moved() -> None:
    near = replace(WILD, kind=K.HEAP_BUFFER_OVERFLOW, region=AFTER)
    assert moved(WILD, near, QUIET) == {ADDRESS}
    assert moved(WILD, near, replace(QUIET, page_offset=True)) == frozenset()
    assert moved(replace(WILD, size=4), replace(WILD, size=8), QUIET) == {SIZE}
    assert SIZE not in moved(replace(WILD, size=4), replace(near, size=8), QUIET)


@pytest.mark.parametrize(
    ("after", "floor", "parts"),
    [
        (replace(JUMP, address=0x41414100), QUIET, {TARGET}),
        (JUMP, QUIET, set()),
        (replace(JUMP, address=0x41414100), replace(QUIET, address=True), set()),
        (replace(JUMP, address=None), QUIET, set()),
        (replace(JUMP, kind=K.WILD_POINTER, address=0x41414100), QUIET, set()),
    ],
)
def test_a_jump_moves_by_its_target(after: Violation, floor: Noise, parts: set[Part]) -> None:
    assert moved(JUMP, after, floor) == parts


@pytest.mark.parametrize(
    ("old", "new", "change", "true"),
    [
        (b"jA", b"jB", 1, True),
        (b"jA", b"jB", 1 << 8, True),
        (b"jA", b"jB", 1 << 56, True),
        (b"jB", b"jA", -1, True),
        (b"jA", b"jD", 3 << 16, True),
        (b"jA", b"jB", 2, False),  # another garbage is chosen
        (b"jA", b"jB", 0x101, False),
        (b"jAA", b"jBB", 1, False),
        (b"jA", b"jA", 0, False),
        (b"jA", b"jAB", 1, False),
    ],
)
def test_a_target_follows_a_byte_when_it_changes_by_as_much(old: bytes, new: bytes, change: int, true: bool) -> None:
    assert JUMP.address is not None
    assert follows(JUMP, replace(JUMP, address=(JUMP.address + change) % (1 << 64)), old, new) is true
    assert not follows(JUMP, replace(JUMP, address=None), old, new)


def test_the_noise_is_what_repeated_runs_differ_in() -> None:
    runs = [replace(FLAW, address=0x1008), replace(FLAW, address=0x2008)]
    assert noise(runs) == replace(QUIET, address=True)
    assert noise([runs[0], replace(FLAW, address=0x2010)]) == replace(QUIET, address=True, page_offset=True)
    assert noise([runs[0], replace(FLAW, address=None)]) == replace(QUIET, address=True, page_offset=True)
    assert noise([FLAW, placed(distance=17)]) == replace(QUIET, region=True)
    assert noise([FLAW, replace(FLAW, size=5)]) == replace(QUIET, size=True)
    assert noise([FLAW]) == QUIET


def at(*offsets: int, module: str = "/build/demo", **changes: object) -> Violation:
    frames = tuple(replace(frame(f"f{n}", 0), module=module, offset=offset) for n, offset in enumerate(offsets))
    return replace(FLAW, frames=frames, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (at(0x1000, 0x2000, 0x3000, 0x9000), True),  # what is further out may differ
        (at(0x1100, 0x2000, 0x3000), True),
        (at(0x1101, 0x2000, 0x3000), False),
        (at(0x1000, 0x2001, 0x3000), False),
        (at(0x1000, 0x2000, 0x3001), False),
        (at(0x1000, 0x2000), False),
        (at(0x1000, 0x2000, 0x3000, module="/build/lib.so"), False),
        (at(0x1000, 0x2000, 0x3000, access=Access.READ), False),
        (at(0x1000, 0x2000, 0x3000, access=None), True),
        (at(0x1000, 0x2000, 0x3000, kind=K.WILD_POINTER), True),  # one instruction shows either
        (at(0x1000, 0x2000, 0x3000, kind=K.DIVISION_BY_ZERO), False),
        (at(), False),
    ],
)
def test_a_site_is_an_instruction_and_who_called_it(other: Violation, same: bool) -> None:
    assert same_site(at(0x1000, 0x2000, 0x3000, 0x4000), other) is same
    assert same_site(other, at(0x1000, 0x2000, 0x3000, 0x4000)) is same


def test_one_offset_in_two_modules_is_two_sites() -> None:
    here = at(0x1000, 0x2000, 0x3000)
    there = replace(here, frames=(replace(here.frames[0], module="/build/lib.so"), *here.frames[1:]))
    assert not same_site(here, there)


def test_without_modules_the_kind_alone_tells_sites_apart() -> None:
    assert same_site(at(), at())
    assert not same_site(at(), at(kind=K.WILD_POINTER))
    assert same_site(at(0x1000, module="/lib/libc.so"), at(0x2000, module="/lib/libc.so")), "code of others has no site"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (FLAW, True),
        (replace(FLAW, kind=K.WILD_POINTER), True),
        (replace(FLAW, kind=K.DIVISION_BY_ZERO), False),
        (replace(FLAW, frames=(frame("parse_chunk", 43),)), False),
        (replace(FLAW, frames=(frame("other", 42),)), False),
        (replace(FLAW, frames=(frame("parse_chunk", 42, "/src/b.c"),)), False),
        (replace(FLAW, frames=(frame("parse_chunk", 42),)), True),
        (replace(FLAW, frames=()), False),
    ],
)
def test_a_place_is_a_line_of_a_function(other: Violation, same: bool) -> None:
    assert same_place(FLAW, other) is same


def test_jumps_are_the_same_by_their_way() -> None:
    assert same_place(JUMP, replace(JUMP, address=1))
    assert not same_place(JUMP, replace(JUMP, frames=(frame("parse_chunk", 42), frame("again", 1))))
