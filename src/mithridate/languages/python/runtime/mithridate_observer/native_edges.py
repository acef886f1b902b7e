"""Edges of native code that was compiled with coverage: counters that lie in its memory, read after each step.

Whatever shared library the process has mapped counts, since some packages load theirs by name and not as modules.

Clang keeps one byte an edge in the section __sancov_cntrs (SanitizerCoverage, "inline 8-bit counters"). How often an edge was
taken is told in eight classes, as AFL does, so that one more turn of a loop counts as new when it is much more.
"""

from __future__ import annotations

import ctypes
import re
import struct
import sys
from pathlib import Path

_SECTION = b"__sancov_cntrs"
_CLASSES = bytes(
    0 if n == 0 else 1 if n == 1 else 2 if n == 2 else 4 if n == 3 else 8 if n < 8 else 16 if n < 16 else 32 if n < 32
    else 64 if n < 128 else 128
    for n in range(256)
)  # fmt: skip
_TAKEN = re.compile(rb"[^\0]")


class NativeEdges:
    """Counters of the modules that are loaded. `known`, by module: the classes seen so far as one number of 8 bits an edge."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self.taken: dict[str, int] = {}
        """The same of the last step alone."""
        self._regions: dict[str, tuple[int, int]] = {}
        self._seen: set[str] = set()
        self._modules = 0

    def start(self) -> None:
        """Begin to count in this process."""
        self._find()
        for address, size in self._regions.values():
            ctypes.memset(address, 0, size)

    def step(self) -> list[tuple[str, int]]:
        """What was taken since the last call and not known: (module, position)."""
        if len(sys.modules) != self._modules:
            self._find()
        fresh: list[tuple[str, int]] = []
        for name, (address, size) in self._regions.items():
            taken = int.from_bytes(ctypes.string_at(address, size).translate(_CLASSES), "little")
            ctypes.memset(address, 0, size)
            self.taken[name] = taken
            new = taken & ~self.known.get(name, 0)
            if new:
                self.known[name] = self.known.get(name, 0) | new
                fresh += [(name, place) for place in _bits(new)]
        return fresh

    def learn(self, name: str, place: int) -> None:
        """Take over what another process has taken."""
        self.known[name] = self.known.get(name, 0) | (1 << place)

    def _find(self) -> None:
        self._modules = len(sys.modules)
        bases: dict[str, int] = {}
        for line in Path("/proc/self/maps").read_text("utf-8", "replace").splitlines():
            words = line.split(None, 5)
            if len(words) == 6 and ".so" in words[5] and words[2] == "00000000":
                bases.setdefault(words[5], int(words[0].partition("-")[0], 16))
        for name, base in bases.items():
            if name not in self._seen:
                self._seen.add(name)
                found = _section(name)
                if found is not None:
                    self._regions[name] = (base + found[0], found[1])


def _bits(number: int) -> list[int]:
    """Positions of the bits that are set; the counters are many and those that are new are few."""
    told = number.to_bytes((number.bit_length() + 7) // 8, "little")
    return [8 * found.start() + bit for found in _TAKEN.finditer(told) for bit in range(8) if told[found.start()] >> bit & 1]


def _section(name: str) -> tuple[int, int] | None:
    """Address (relative to the module's base) and size of the counters in a 64-bit ELF file; None when it has none."""
    try:
        content = Path(name).read_bytes()
        if content[:5] != b"\x7fELF\x02":
            return None
        (table,) = struct.unpack_from("<Q", content, 0x28)
        size, count, names = struct.unpack_from("<HHH", content, 0x3A)
        (strings,) = struct.unpack_from("<Q", content, table + names * size + 0x18)
        for number in range(count):
            at = table + number * size
            (word,) = struct.unpack_from("<I", content, at)
            if content[strings + word : strings + word + len(_SECTION) + 1] == _SECTION + b"\0":
                address, _, length = struct.unpack_from("<QQQ", content, at + 0x10)
                return address, length
    except (OSError, struct.error):
        return None
    return None
