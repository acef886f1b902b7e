"""One sentence for one error, free of addresses, so that it is the same in every replay."""

import re

from mithridate.model.violation import Access, Region, Relation

_LONGEST = 500
_PLACES = re.compile(
    r" at pc 0x[0-9a-f]+.*$| in thread T\d+:?$| \(thread T\d+\)$| (?:on|at) (?:address )?0x[0-9a-f]+(?=$| )|: 0x[0-9a-f]+(?=$| )"
    r"|(?<=: memory ranges) \[.*\)(?= overlap)| \(\d+Mb vs \d+Mb\)$"
)


def describe(head: str, access: Access | None, size: int, region: Region | None) -> str:
    """Such as "heap-buffer-overflow: write of 4 bytes, 0 bytes after the 40-byte heap object"."""
    words = _PLACES.sub("", head[:_LONGEST]).strip().rstrip(":")
    if access is not None:
        words += f": {access} of {_bytes(size)}"
    if region is None:
        return words
    name = f" '{region.name}'" if region.name else ""
    where = "into" if region.relation is Relation.INSIDE else region.relation.value
    return f"{words}, {_bytes(region.distance)} {where} the {region.size}-byte {region.kind} object{name}"


def describe_signal(head: str, access: Access | None) -> str:
    """Such as "SEGV: write"."""
    name = head[:_LONGEST].partition(" on ")[0]
    return f"{name}: {access}" if access is not None else name


def _bytes(count: int) -> str:
    return f"{count} byte" if count == 1 else f"{count} bytes"
