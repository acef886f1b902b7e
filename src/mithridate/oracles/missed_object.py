"""The object that a bad access missed, from AddressSanitizer's description of the address."""

import re
from collections.abc import Iterable, Sequence

from mithridate.model.violation import Region, Relation

_WHERE = r"(before|after|inside of|to the left of|to the right of)"
_HEAP = re.compile(rf"0x[0-9a-f]+ is located (\d{{1,20}}) bytes {_WHERE} (\d{{1,20}})-byte region \[0x")
_GLOBAL = re.compile(rf"0x[0-9a-f]+ is located (\d{{1,20}}) bytes {_WHERE} global variable '")
_DEFINED = "' defined in '"
_GLOBAL_SIZE = re.compile(r"\(0x[0-9a-f]{1,16}\) of size (\d{1,20})\s*$")
_STACK = re.compile(
    r"\s*\[(\d{1,12}), (\d{1,12})\) '(.*)'(?: \(line \d+\))? <== Memory access at offset (-?\d{1,12}) (?:is )?(partially )?(\w+)"
)
_RELATIONS = {
    "before": Relation.BEFORE,
    "to the left of": Relation.BEFORE,
    "after": Relation.AFTER,
    "to the right of": Relation.AFTER,
    "inside of": Relation.INSIDE,
}
_LONGEST_LINE = 4096


def find_region(lines: Sequence[str]) -> Region | None:
    """The object that the report relates the address to; of several globals the nearest.

    None when the report names none (a wild address, a dynamic array on the stack).
    """
    for line in lines:
        found = _heap(line) or _stack(line)
        if found is not None:
            return found
    return _nearest(found for found in map(_global, lines) if found is not None)


def _heap(line: str) -> Region | None:
    match = _HEAP.match(line)
    if match is None:
        return None
    return Region(kind="heap", size=int(match[3]), relation=_RELATIONS[match[2]], distance=int(match[1]))


def _stack(line: str) -> Region | None:
    match = _STACK.match(line[:_LONGEST_LINE]) if "<== Memory access" in line else None
    if match is None:
        return None
    start, end, offset = int(match[1]), int(match[2]), int(match[4])
    name = match[3].rpartition(":")[0] if re.fullmatch(r".+:\d+", match[3]) else match[3]
    if offset >= end:
        relation, distance = Relation.AFTER, offset - end
    elif offset < start:
        relation, distance = Relation.BEFORE, start - offset
    else:
        relation, distance = Relation.INSIDE, offset - start
    return Region(kind="stack", size=max(0, end - start), relation=relation, distance=distance, name=name)


def _global(line: str) -> Region | None:
    match = _GLOBAL.match(line)
    if match is None:
        return None
    name, _, place = line[match.end() : match.end() + _LONGEST_LINE].partition(_DEFINED)
    size = _GLOBAL_SIZE.search(place)
    if size is None:
        return None
    return Region(kind="global", size=int(size[1]), relation=_RELATIONS[match[2]], distance=int(match[1]), name=name)


def _nearest(regions: Iterable[Region]) -> Region | None:
    return min(regions, key=lambda r: 0 if r.relation is Relation.INSIDE else r.distance + 1, default=None)
