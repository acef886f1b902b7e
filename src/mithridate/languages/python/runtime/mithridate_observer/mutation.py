"""One input from others, as libFuzzer and AFL make them: bits, bytes, numbers, blocks, splices and known tokens."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from .drawing import Draw

_NUMBERS = (0, 1, 2, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 1023, 1024, 4096, 0x7FFF, 0x8000, 0xFFFF, 0x10000,
            0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)  # fmt: skip
_LAYOUTS = ("B", "<H", ">H", "<I", ">I", "<Q", ">Q")
_MOST_AT_ONCE = 5
_NEAR = 64
"""Bytes before a piece in which a number that tells its length is looked for."""
_LENGTHS = (">I", "<I", ">H", "<H")
_BY_LINES = 0.4
_OTHER_CHARACTERS = 0.4
_AT_THE_FRONT, _FRONT_BYTES = 0.3, 6
"""Formats tell at their beginning what they are."""


def mutated(data: bytes, others: Sequence[bytes], tokens: Sequence[bytes], draw: Draw, most: int) -> bytes:
    """`data` after one to five changes, at most `most` bytes long."""
    made = bytearray(data)
    for _ in range(1 + min(_MOST_AT_ONCE - 1, int(draw.expovariate(0.8)))):
        _change(made, others, tokens, draw)
    return bytes(made[:most])


def _change(made: bytearray, others: Sequence[bytes], tokens: Sequence[bytes], draw: Draw) -> None:
    at = draw.randrange(len(made) + 1)
    if draw.random() < _AT_THE_FRONT:
        at = min(at, int(draw.expovariate(1 / _FRONT_BYTES)))
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


def grown(data: bytes, draw: Draw, most: int) -> bytes:
    """`data` with a piece of it repeated so often that a counter of 16 bits or a buffer of 64 KiB does not hold it.

    The piece is a block anywhere, or what each line begins with, as the cells of a table do. A number that told how many
    bytes follow it tells it afterwards.
    """
    times = draw.choice((300, 9000, 33_000, 66_000))
    if draw.random() < _BY_LINES and b"\n" in data:
        width = draw.choice((1, 2, 3, 4))
        times = min(times, most // (width * max(1, sum(map(bool, data.split(b"\n"))))))
        return b"\n".join(line[:width] * times + line if line else line for line in data.split(b"\n"))[:most]
    start = draw.randrange(len(data) + 1)
    piece = data[start : start + draw.choice((1, 2, 3, 4, 8))] or "€".encode()
    if draw.random() < _OTHER_CHARACTERS:
        piece = draw.choice((b"\0", b"\xff", "é".encode(), "€".encode(), "\U0001f600".encode()))
    made = data[:start] + piece * min(times, most // len(piece)) + data[start + draw.choice((0, len(piece))) :]
    return _told_again(data, made[:most], start)


def _told_again(before: bytes, after: bytes, end: int) -> bytes:
    """`after` with the last number before `end` that stood for the length of the rest of `before` set to that of its own rest."""
    for at in range(min(end, len(before)) - 1, max(-1, end - _NEAR), -1):
        for layout in _LENGTHS:
            size = struct.calcsize(layout)
            if at + size <= end and struct.unpack_from(layout, before, at)[0] == len(before) - at - size > 0:
                rest = len(after) - at - size
                if rest < 1 << (8 * size):
                    return after[:at] + struct.pack(layout, rest) + after[at + size :]
    return after


def _number(made: bytearray, at: int, draw: Draw) -> None:
    layout = draw.choice(_LAYOUTS)
    size = struct.calcsize(layout)
    value = draw.choice(_NUMBERS) if draw.random() < 0.8 else len(made) + draw.randint(-8, 8)
    mask = (1 << (8 * size)) - 1
    made[at : at + size] = struct.pack(layout, value & mask)
