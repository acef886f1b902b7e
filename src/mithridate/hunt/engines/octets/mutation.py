"""One input from others, as libFuzzer and AFL make them: bits, bytes, numbers, blocks, splices and known tokens."""

import random
import struct
from collections.abc import Sequence

_NUMBERS = (0, 1, 2, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 1023, 1024, 4096, 0x7FFF, 0x8000, 0xFFFF, 0x10000,
            0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)  # fmt: skip
_LAYOUTS = ("B", "<H", ">H", "<I", ">I", "<Q", ">Q")
_MOST_AT_ONCE = 5
_AT_THE_FRONT = 0.1
"""Formats tell at their beginning what they are."""


def mutated(data: bytes, others: Sequence[bytes], tokens: Sequence[bytes], draw: random.Random, most: int) -> bytes:
    """`data` after one to five changes, at most `most` bytes long."""
    made = bytearray(data)
    for _ in range(1 + min(_MOST_AT_ONCE - 1, int(draw.expovariate(0.8)))):
        _change(made, others, tokens, draw)
    return bytes(made[:most])


def _change(made: bytearray, others: Sequence[bytes], tokens: Sequence[bytes], draw: random.Random) -> None:
    at = 0 if draw.random() < _AT_THE_FRONT else draw.randrange(len(made) + 1)
    kind = draw.randrange(10)
    if kind == 0 and made:
        made[at % len(made)] ^= 1 << draw.randrange(8)
    elif kind == 1 and made:
        made[at % len(made)] = draw.randrange(256)
    elif kind == 2:
        _number(made, at, draw)
    elif kind == 3 and made:
        end = min(len(made), at + draw.choice((1, 2, 4, 8, 16, 64)))
        del made[at:end]
    elif kind == 4:
        made[at:at] = bytes([draw.randrange(256)]) * draw.choice((1, 2, 4, 16, 64, 256))
    elif kind == 5 and made:
        start = draw.randrange(len(made))
        block = made[start : start + draw.choice((1, 4, 16, 64, 256))]
        made[at:at] = block * draw.choice((1, 1, 1, 2, 8))
    elif kind == 6 and others:
        other = draw.choice(others)
        start = draw.randrange(len(other) + 1)
        made[at:] = other[start:]
    elif kind == 7 and tokens:
        token = draw.choice(tokens)
        made[at : at + draw.choice((0, len(token)))] = token
    elif kind == 8 and made:
        position = at % len(made)
        made[position] = (made[position] + draw.randint(-16, 16)) & 0xFF
    elif kind == 9 and made:
        del made[at:]


def _number(made: bytearray, at: int, draw: random.Random) -> None:
    layout = draw.choice(_LAYOUTS)
    size = struct.calcsize(layout)
    value = draw.choice(_NUMBERS) if draw.random() < 0.8 else len(made) + draw.randint(-8, 8)
    mask = (1 << (8 * size)) - 1
    made[at : at + size] = struct.pack(layout, value & mask)
