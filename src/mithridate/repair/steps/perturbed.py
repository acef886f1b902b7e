"""Inputs near a proof: bytes changed, cut, doubled, numbers moved by one and to their ends; for one proof always the same."""

import random
from collections.abc import Callable, Sequence

_ENDS = (0x00, 0x01, 0x7F, 0x80, 0xFF)
_LARGEST = 1 << 20


def perturbed(data: bytes, most: int) -> list[bytes]:
    """Up to `most` inputs that differ from `data` and from each other, in an order that mixes the kinds of change."""
    chance = random.Random(data[:64])
    ways: tuple[Callable[[bytes, random.Random], bytes], ...] = (_moved, _ended, _cut, _doubled, _grown, _swapped, _wide)
    found: dict[bytes, None] = {}
    for attempt in range(8 * most):
        if len(found) >= most:
            break
        changed = ways[attempt % len(ways)](data, chance)
        if changed != data and len(changed) <= _LARGEST:
            found[changed] = None
    return list(found)


def neighbours(data: bytes, most: int) -> list[bytes]:
    """Up to `most` inputs that differ from `data` in one byte, in an order by chance: what mutation may take long for.

    A state that takes several right steps to get to, and one wrong number there, is one byte away from a right input that has
    as many steps (the deterministic stage of American Fuzzy Lop; Zalewski, "Technical whitepaper for afl-fuzz", 2014).
    """
    values = len(_NEIGHBOURS) * len(data)
    chosen = random.Random(data[:64]).sample(range(values), min(values, most))
    found: dict[bytes, None] = {}
    for number in chosen:
        at, way = divmod(number, len(_NEIGHBOURS))
        found[data[:at] + bytes([_NEIGHBOURS[way](data[at])]) + data[at + 1 :]] = None
    found.pop(data, None)
    return list(found)


def spread(inputs: Sequence[bytes], count: int) -> list[bytes]:
    """So many of them, evenly over the row: where it is ordered by size, small ones are like each other."""
    if count <= 0 or not inputs:
        return []
    return [inputs[n * len(inputs) // count] for n in range(count)] if len(inputs) > count else list(inputs)


_NEIGHBOURS: tuple[Callable[[int], int], ...] = (
    lambda byte: (byte + 1) % 256,
    lambda byte: 0xFF if not 0x30 <= byte <= 0x39 else 0x39,
    lambda byte: (byte - 1) % 256,
    lambda byte: 0x7F if byte != 0x7F else 0x80,
    lambda byte: (byte + 16) % 256,
    lambda byte: (byte + 4) % 256,
    lambda byte: 0x00 if byte else 0x80,
)
"""What a byte is changed to: by a little, to the ends of its range, and a digit to the largest."""


def _moved(data: bytes, chance: random.Random) -> bytes:
    """One byte up or down by a little."""
    if not data:
        return b"\0"
    at = chance.randrange(len(data))
    return data[:at] + bytes([(data[at] + chance.choice((-2, -1, 1, 2, 16))) % 256]) + data[at + 1 :]


def _ended(data: bytes, chance: random.Random) -> bytes:
    """One byte to an end of its range."""
    if not data:
        return b"\xff"
    at = chance.randrange(len(data))
    return data[:at] + bytes([chance.choice(_ENDS)]) + data[at + 1 :]


def _cut(data: bytes, chance: random.Random) -> bytes:
    """Shorter at the end."""
    return data[: chance.randrange(len(data))] if data else data


def _doubled(data: bytes, chance: random.Random) -> bytes:
    """A piece twice."""
    if not data:
        return data
    start = chance.randrange(len(data))
    piece = data[start : start + 1 + chance.randrange(min(64, len(data)))]
    return data[:start] + piece * (1 + chance.randrange(1, 9)) + data[start + len(piece) :]


def _grown(data: bytes, chance: random.Random) -> bytes:
    """Longer at the end, by more of what is there."""
    tail = data[-1:] or b"A"
    return data + tail * chance.choice((1, 2, 16, 256, 4096))


def _swapped(data: bytes, chance: random.Random) -> bytes:
    """A bit of one byte turned."""
    if not data:
        return data
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]


def _wide(data: bytes, chance: random.Random) -> bytes:
    """Two or four bytes as one number: moved by one, halved, or set to an end, in either order of bytes."""
    width = chance.choice((2, 4))
    if len(data) < width:
        return data
    at = chance.randrange(len(data) - width + 1)
    order = "little" if chance.random() < 0.5 else "big"
    number = int.from_bytes(data[at : at + width], order)  # type: ignore[arg-type]
    top = 1 << (8 * width)
    changed = chance.choice(((number + 1) % top, (number - 1) % top, number // 2, top - 1, top // 2, top // 2 - 1, 0))
    return data[:at] + changed.to_bytes(width, order) + data[at + width :]  # type: ignore[arg-type]
