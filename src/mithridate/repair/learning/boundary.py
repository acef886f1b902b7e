"""Inputs between one that violates and one that does not: halfway by number, by length, or by half of the changes."""

from collections.abc import Iterator
from typing import Literal

_Order = Literal["big", "little"]
_NUMBER_BYTES = 8
_PLACES = 4
_ORDERS: tuple[_Order, ...] = ("big", "little")
_ENCODINGS: tuple[tuple[int, _Order], ...] = ((1, "big"), (2, "little"), (2, "big"), (4, "little"), (4, "big"))


def between(violating: bytes, healthy: bytes) -> list[bytes]:
    """Inputs that lie halfway, likeliest first; [] when nothing lies between. Neither of the two is among them."""
    found: dict[bytes, None] = {}
    for one in _halves(violating, healthy):
        if one not in (violating, healthy):
            found[one] = None
    return list(found)


def aimed(data: bytes, value: int, wanted: int) -> list[bytes]:
    """`data` with a number that equals `value` changed into `wanted`, at each place where it stands (Aschermann et al.,
    "REDQUEEN: Fuzzing with Input-to-State Correspondence", NDSS 2019); in 8, 16 or 32 bits of either order, or in decimal."""
    found: dict[bytes, None] = {}
    for width, order in _ENCODINGS:
        top = 1 << (8 * width)
        if not -(top >> 1) <= value < top or not -(top >> 1) <= wanted < top or (width > 1 and -128 <= value < 128):
            continue
        old = (value % top).to_bytes(width, order)
        new = (wanted % top).to_bytes(width, order)
        found.update(dict.fromkeys(_replaced(data, old, new)))
    if value >= 0 and wanted >= 0:
        found.update(dict.fromkeys(_replaced(data, str(value).encode(), str(wanted).encode())))
    found.pop(data, None)
    return list(found)


def _replaced(data: bytes, old: bytes, new: bytes) -> Iterator[bytes]:
    at = data.find(old)
    for _ in range(_PLACES):
        if at < 0:
            return
        yield data[:at] + new + data[at + len(old) :]
        at = data.find(old, at + 1)


def distance(one: bytes, other: bytes) -> int:
    """How many bytes differ, and as many as one has more."""
    return sum(a != b for a, b in zip(one, other, strict=False)) + abs(len(one) - len(other))


def _halves(violating: bytes, healthy: bytes) -> Iterator[bytes]:
    if len(violating) != len(healthy):
        yield from _lengths(violating, healthy)
        return
    differing = [i for i, (a, b) in enumerate(zip(violating, healthy, strict=True)) if a != b]
    if not differing:
        return
    first, last = differing[0], differing[-1] + 1
    if last - first <= _NUMBER_BYTES:
        for low, high in ((first, last), *_aligned(first, last, len(violating))):
            yield from _numbers(violating, healthy, low, high)
    if len(differing) > 1:
        for part in (differing[: len(differing) // 2], differing[len(differing) // 2 :]):
            mixed = bytearray(violating)
            for i in part:
                mixed[i] = healthy[i]
            yield bytes(mixed)


def _numbers(violating: bytes, healthy: bytes, low: int, high: int) -> Iterator[bytes]:
    """The differing bytes as one number in either order of bytes: the middle, and one step from either side."""
    for order in _ORDERS if high - low > 1 else _ORDERS[:1]:
        bad = int.from_bytes(violating[low:high], order)
        good = int.from_bytes(healthy[low:high], order)
        step = 1 if good > bad else -1
        for number in ((bad + good) // 2, bad + step, good - step):
            changed = number.to_bytes(high - low, order)
            yield violating[:low] + changed + violating[high:]


def _aligned(first: int, last: int, length: int) -> Iterator[tuple[int, int]]:
    """Fields of two or four bytes around the difference, as formats lay them out."""
    for width in (2, 4):
        if last - first < width:
            low = first - first % width
            if last <= low + width <= length:
                yield low, low + width


def _lengths(violating: bytes, healthy: bytes) -> Iterator[bytes]:
    """Of the longer one so much that the length lies halfway; or the difference in the middle, when both ends are the same."""
    shorter, longer = sorted((violating, healthy), key=len)
    missing = len(longer) - len(shorter)
    start = 0
    while start < len(shorter) and shorter[start] == longer[start]:
        start += 1
    for kept in dict.fromkeys((missing // 2, 1, missing - 1)):
        if 0 < kept < missing:
            yield longer[: start + kept] + longer[start + missing :]
            yield longer[: len(shorter) + kept]
    if missing == 1 or start < len(shorter):
        yield longer[: len(shorter)]
        yield violating[:start] + healthy[start:]
