"""The file that probes write into: how it is laid out, and how it is read (as the work of untrusted code, which it is)."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mithridate.repair.learning.arithmetic import CType
from mithridate.repair.learning.evidence import after, before

DIRECTORY = "/records"
FILE = f"{DIRECTORY}/states"
"""Where a probe looks for the file, inside the sandbox. It makes none: where there is no such file, it does nothing."""

FIRST = 160
LAST = 160
"""How many states of a place are kept of one execution: the first and the last ones."""

LOCATED = 20_000
"""After so many visits of a place its pointers are no longer looked up: hot loops should end."""

LONGEST = 1 << 16
"""The longest string that is measured, in bytes."""

_HEAD = 16
_FIELD = 32
_MOST_ELEMENT = 1 << 20


@dataclass(frozen=True, slots=True)
class Layout:
    """So many places with at most so many values each."""

    places: int
    values: int

    @property
    def slot(self) -> int:
        """Bytes of one state."""
        return _HEAD + _FIELD * self.values

    @property
    def bytes(self) -> int:
        """Bytes of the file."""
        return 8 * self.places + self.places * (FIRST + LAST) * self.slot

    def defines(self) -> str:
        """The preprocessor's lines that tell the probes."""
        told = {
            "FILE": f'"{FILE}"',
            "BYTES": self.bytes,
            "PLACES": self.places,
            "SLOT": self.slot,
            "FIRST": FIRST,
            "LAST": LAST,
            "LOCATED": LOCATED,
            "LONGEST": LONGEST,
        }
        return "".join(f"#define MITHRIDATE_{name} {value}\n" for name, value in told.items())


@dataclass(frozen=True, slots=True)
class Recorded:
    """States of one place in one execution in their order; `visits` may be more than were kept. `kinds` are types of integers,
    `elements` the bytes that pointers' targets have, by name. `size_bits` is the width of a pointer."""

    states: tuple[Mapping[str, int], ...]
    visits: int
    kinds: Mapping[str, CType]
    elements: Mapping[str, int]
    size_bits: int = 64


def read(raw: bytes, layout: Layout, names: Sequence[Sequence[str]]) -> list[Recorded]:
    """What was recorded at each place; `names` are those of the values of each place, in their order."""
    if len(raw) < 8 * layout.places:
        return [Recorded((), 0, {}, {}) for _ in names]
    counts = struct.unpack_from(f"<{layout.places}Q", raw)
    return [_place(raw, layout, place, counts[place], wanted) for place, wanted in enumerate(names)]


def _place(raw: bytes, layout: Layout, place: int, visits: int, names: Sequence[str]) -> Recorded:
    kinds: dict[str, CType] = {}
    elements: dict[str, int] = {}
    found: list[tuple[int, dict[str, int]]] = []
    width = 64
    start = 8 * layout.places + place * (FIRST + LAST) * layout.slot
    for number in range(min(visits, FIRST + LAST)):
        offset = start + number * layout.slot
        if offset + layout.slot > len(raw):
            break
        sequence, done, pointer = struct.unpack_from("<QII", raw, offset)
        if not sequence or not done:
            continue
        width = 32 if pointer == 4 else 64
        state: dict[str, int] = {}
        for index, name in enumerate(names):
            _field(raw, offset + _HEAD + _FIELD * index, name, state, kinds, elements)
        found.append((sequence, state))
    found.sort(key=lambda entry: entry[0])
    return Recorded(tuple(state for _, state in found), visits, kinds, elements, width)


def _field(raw: bytes, at: int, name: str, state: dict[str, int], kinds: dict[str, CType], elements: dict[str, int]) -> None:
    kind, size, located, _, element, value, ahead, behind = struct.unpack_from("<BBBBIqqq", raw, at)
    if kind in (1, 2) and size in (1, 2, 4, 8):
        kinds[name] = CType(8 * size, kind == 1)
        state[name] = kinds[name].wrapped(value)
    elif kind == 3:
        elements[name] = element if element < _MOST_ELEMENT else 0
        state[name] = value & ((1 << 64) - 1)
        if located:
            state[after(name)] = ahead
            state[before(name)] = behind
