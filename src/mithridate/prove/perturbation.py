"""Small changes to a proof's bytes, each with the words that let a person repeat it."""

import string
from collections.abc import Iterator
from dataclasses import dataclass

EVERY_BYTE_UP_TO = 512
"""Inputs up to this many bytes have each byte changed; of larger ones the head and an even sample."""

_HEAD = 192
_PLACES_FOR_LENGTH = 8
_GROWTH = (1, 8, 64)
_READABLE = (string.ascii_letters + string.digits).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Perturbation:
    """A variant of a proof. `position` is the first byte that differs; `words` say "changing byte 4 from 0x10 to 0x20"."""

    position: int
    data: bytes
    words: str


def perturbations(data: bytes) -> Iterator[Perturbation]:
    """Variants of `data`, the most telling first: every byte changed one way, then its length, then each byte in other ways."""
    positions = _positions(len(data))
    yield from (_changed(data, i, _first_change(data[i])) for i in positions)
    yield from _other_lengths(data)
    yield from (_changed(data, i, (data[i] + 0x10) & 0xFF) for i in positions)
    yield from (_changed(data, i, data[i] ^ 0x80) for i in positions)
    yield from (_changed(data, i, (data[i] - 1) & 0xFF) for i in positions)


def _positions(length: int) -> list[int]:
    if length <= EVERY_BYTE_UP_TO:
        return list(range(length))
    rest = EVERY_BYTE_UP_TO - _HEAD
    return [*range(_HEAD), *(_HEAD + i * (length - _HEAD) // rest for i in range(rest))]


def _first_change(byte: int) -> int:
    """The next value up; a digit stays a digit, so that numbers in text stay numbers."""
    return ord("8") if byte == ord("9") else byte + 1 if byte < 0xFF else 0xFE


def _changed(data: bytes, position: int, value: int) -> Perturbation:
    words = f"changing byte {position} from {_shown(data[position])} to {_shown(value)}"
    return Perturbation(position=position, data=data[:position] + bytes([value]) + data[position + 1 :], words=words)


def _other_lengths(data: bytes) -> Iterator[Perturbation]:
    if not data:
        return
    for grown in _GROWTH:
        for i in sorted({k * (len(data) - 1) // (_PLACES_FOR_LENGTH - 1) for k in range(_PLACES_FOR_LENGTH)}):
            repeated = data[i : i + 1] * grown
            count = f"{grown} more time{'' if grown == 1 else 's'}"
            yield Perturbation(
                position=i, data=data[: i + 1] + repeated + data[i + 1 :], words=f"repeating byte {i} ({_shown(data[i])}) {count}"
            )
    for i in sorted({k * (len(data) - 1) // (_PLACES_FOR_LENGTH - 1) for k in range(_PLACES_FOR_LENGTH)}):
        yield Perturbation(position=i, data=data[:i] + data[i + 1 :], words=f"removing byte {i} ({_shown(data[i])})")


def _shown(byte: int) -> str:
    return f"0x{byte:02x} '{chr(byte)}'" if byte in _READABLE else f"0x{byte:02x}"
