"""Bytes as rows of hexadecimal and ASCII."""

from collections.abc import Iterator
from dataclasses import dataclass

ROW = 16
"""Bytes on one row."""


@dataclass(frozen=True, slots=True)
class HexRow:
    """One row: offset of its first byte in the input, and its bytes (16, fewer on the last row)."""

    offset: int
    data: bytes

    @property
    def ascii(self) -> str:
        """The bytes as text, one character each; a dot for what is not printable ASCII."""
        return "".join(chr(b) if 0x20 <= b < 0x7F else "." for b in self.data)


def rows(data: bytes) -> Iterator[HexRow]:
    """The rows of `data`, in order; none for no data."""
    return (HexRow(start, data[start : start + ROW]) for start in range(0, len(data), ROW))


def plain(data: bytes) -> str:
    """The dump as text, in the layout of `xxd -g1`: `00000000  50 52 43 31 …  PRC1…`."""
    return "\n".join(f"{r.offset:08x}  {r.data.hex(' '):<{ROW * 3 - 1}}  {r.ascii}" for r in rows(data))
