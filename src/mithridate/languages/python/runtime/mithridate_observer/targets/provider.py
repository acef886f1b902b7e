"""FuzzedDataProvider: values read from an input's bytes.

Every method takes the bytes that Atheris' own takes, in the same order, so that an input means the same to both: integers in a
range and choices come from the end, all else from the front (the documentation of Atheris and of LLVM's FuzzedDataProvider.h).
"""

from __future__ import annotations

import struct
import sys
from typing import Any

_LARGEST = sys.float_info.max
_SMALLEST = sys.float_info.min
_DENORMAL = 5e-324
_SPECIAL = (
    0.0, -0.0, float("inf"), float("-inf"), float("nan"), _DENORMAL, -_DENORMAL, _SMALLEST, -_SMALLEST, _LARGEST, -_LARGEST,
)  # fmt: skip
_WHOLE = float(2**64 - 1)
_SURROGATES = range(0xD800, 0xE000)


class FuzzedDataProvider:
    """Hands out what `data` holds; once it is used up, zeros, empty texts and first choices."""

    def __init__(self, data: bytes) -> None:
        if not isinstance(data, bytes):
            raise TypeError("FuzzedDataProvider takes bytes")
        self._data = data
        self._at, self._end = 0, len(data)

    def remaining_bytes(self) -> int:
        """How many bytes are left."""
        return self._end - self._at

    def buffer(self) -> bytes:
        """The bytes that are left."""
        return self._data[self._at : self._end]

    def ConsumeBytes(self, count: int) -> bytes:
        """At most `count` bytes."""
        return self._take(count)

    def ConsumeUnicode(self, count: int) -> str:
        """At most `count` characters, surrogates among them."""
        return self._text(count, whole=True)

    def ConsumeUnicodeNoSurrogates(self, count: int) -> str:
        """At most `count` characters that can be encoded."""
        return self._text(count, whole=False)

    def ConsumeString(self, count: int) -> str:
        """The same as ConsumeUnicode."""
        return self._text(count, whole=True)

    def ConsumeInt(self, size: int) -> int:
        """A signed integer of at most `size` bytes."""
        return int.from_bytes(self._take(size), "little", signed=True)

    def ConsumeUInt(self, size: int) -> int:
        """An unsigned integer of at most `size` bytes."""
        return int.from_bytes(self._take(size), "little")

    def ConsumeIntInRange(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        if low > high:
            raise RuntimeError("ConsumeIntInRange: min must be <= max")
        bits = (high - low).bit_length()
        if bits <= 64:
            return low + self._small(bits, high - low)
        return low + self.ConsumeInt(bits // 8) % (high - low + 1)

    def ConsumeIntList(self, count: int, size: int) -> list[int]:
        """`count` signed integers."""
        return [self.ConsumeInt(size) for _ in range(count)]

    def ConsumeIntListInRange(self, count: int, low: int, high: int) -> list[int]:
        """`count` integers of a range."""
        return [self.ConsumeIntInRange(low, high) for _ in range(count)]

    def ConsumeFloat(self) -> float:
        """Any number, infinities and NaN among them."""
        if self.remaining_bytes() == 0:
            return 0.0
        kind = self._take(1)[0]
        if kind < len(_SPECIAL):
            self._take(9)
            return _SPECIAL[kind]
        return self.ConsumeRegularFloat()

    def ConsumeRegularFloat(self) -> float:
        """Any finite number."""
        return self.ConsumeFloatInRange(-_LARGEST, _LARGEST)

    def ConsumeProbability(self) -> float:
        """A number from 0 to 1."""
        return float(struct.unpack("<Q", self._take(8).ljust(8, b"\0"))[0]) / _WHOLE

    def ConsumeFloatInRange(self, low: float, high: float) -> float:
        """A number from `low` to `high`."""
        if low > high:
            raise RuntimeError("ConsumeFloatInRange: min must be <= max")
        start = low
        if low < 0 < high and low + _LARGEST < high:  # the difference would be infinite
            size = high / 2 - low / 2
            if self.ConsumeBool():
                start += size
        else:
            size = high - low
        return start + size * self.ConsumeProbability()

    def ConsumeFloatList(self, count: int) -> list[float]:
        """`count` numbers."""
        return [self.ConsumeFloat() for _ in range(count)]

    def ConsumeRegularFloatList(self, count: int) -> list[float]:
        """`count` finite numbers."""
        return [self.ConsumeRegularFloat() for _ in range(count)]

    def ConsumeProbabilityList(self, count: int) -> list[float]:
        """`count` numbers from 0 to 1."""
        return [self.ConsumeProbability() for _ in range(count)]

    def ConsumeFloatListInRange(self, count: int, low: float, high: float) -> list[float]:
        """`count` numbers of a range."""
        return [self.ConsumeFloatInRange(low, high) for _ in range(count)]

    def ConsumeBool(self) -> bool:
        """A truth value."""
        taken = self._take(1)
        return bool(taken and taken[0] & 1)

    def PickValueInList(self, values: list[Any]) -> Any:
        """One of the values."""
        bits = next((bits for bits in (8, 16, 32) if len(values) < 1 << bits), 64)
        return values[self._small(bits, len(values) - 1)]

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : min(self._end, self._at + max(0, count))]
        self._at += len(taken)
        return taken

    def _small(self, bits: int, width: int) -> int:
        """A number up to `width`, from the end."""
        result, offset = 0, 0
        while offset < bits and width >> offset > 0 and self.remaining_bytes() > 0:
            self._end -= 1
            result = (result << 8 | self._data[self._end]) & 0xFFFF_FFFF_FFFF_FFFF
            offset += 8
        return result % (width + 1)

    def _text(self, count: int, *, whole: bool) -> str:
        if count <= 0 or self.remaining_bytes() == 0:
            return ""
        kind = self._take(1)[0]  # the last byte too: nothing is left for a text then
        if kind & 1:
            return "".join(chr(byte & 0x7F) for byte in self._take(count))
        width = 2 if kind & 2 else 4
        taken = self._take(count * width)
        points = struct.unpack(f"<{len(taken) // width}{'H' if width == 2 else 'I'}", taken[: len(taken) // width * width])
        return "".join(chr(_point(point, whole=whole)) for point in points)


def _point(point: int, *, whole: bool) -> int:
    """A code point from 16 or 32 bits: 21 of them, no more than U+10FFFF."""
    point &= 0x1FFFFF
    if point & 0x100000:
        point &= ~0x0F0000
    return point - 0xD800 if not whole and point in _SURROGATES else point
