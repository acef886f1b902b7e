#!/usr/bin/env python3
"""Write the sample archives that tests/run.sh reads: `python3 tests/make_samples.py [DIRECTORY]`."""

import struct
import sys
import zlib
from pathlib import Path


def record(kind: str, payload: bytes) -> bytes:
    return struct.pack("<cBH", kind.encode(), 0, len(payload)) + payload


def archive(*records: bytes) -> bytes:
    return b"PRCL" + struct.pack("<HH", 1, len(records)) + b"".join(records)


def date(year: int, month: int, day: int) -> int:
    return (year - 1980) << 9 | month << 5 | day


def entry(number: int, parent: int, when: int, name: str) -> bytes:
    return record("E", struct.pack("<BBHB", number, parent, when, len(name)) + name.encode())


def raw(owner: int, data: bytes) -> bytes:
    return record("B", struct.pack("<BBH", owner, 0, len(data)) + data)


def runs(owner: int, size: int, coded: bytes) -> bytes:
    return record("B", struct.pack("<BBH", owner, 1, size) + coded)


def note(owner: int, text: str, blanks: int = 0) -> bytes:
    return record("N", struct.pack("<BI", owner, len(text) + blanks) + text.encode())


def prop(key: str, value: str) -> bytes:
    return record("P", bytes([len(key)]) + key.encode() + value.encode())


def grid(owner: int, channels: int, width: int, samples: bytes) -> bytes:
    return record("G", struct.pack("<BBH", owner, channels, width) + samples)


def digest(owner: int, algorithm: int, value: bytes, padding: int = 0) -> bytes:
    return record("D", bytes([owner, algorithm, len(value)]) + value + bytes(padding))


def samples() -> dict[str, bytes]:
    text = b"The quick brown fox jumps over the lazy dog.\n"
    return {
        "empty.prc": archive(),
        "letters.prc": archive(
            prop("title", "Letters"),
            entry(1, 0, date(2021, 3, 14), "inbox"),
            entry(2, 1, date(2021, 3, 15), "fox.txt"),
            raw(2, text),
            digest(2, 1, zlib.adler32(text).to_bytes(4, "big")),
            digest(2, 9, bytes(range(20)), padding=44),
            note(2, "From the fox", blanks=3),
        ),
        "survey.prc": archive(
            prop("title", "Survey of the north field"),
            prop("draft", "yes"),
            entry(1, 0, date(2024, 11, 2), "field"),
            entry(2, 1, date(2024, 11, 2), "heights"),
            entry(3, 1, date(2024, 12, 31), "colours"),
            grid(2, 1, 4, bytes(range(12))),
            grid(3, 3, 2, bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])),
            runs(2, 20, bytes([3]) + b"abcd" + bytes([128 + 6, 0x2A]) + bytes([128 + 6, 0x2B])),
            record("L", bytes([2, 3])),
            digest(3, 9, bytes(range(32)), padding=32),
            record("X", b"draft"),
        ),
        "changes.prc": archive(
            prop("author", "R. Field"),
            record("X", b"author"),
            prop("title", "Changes"),
            record("C", b" to the plan"),
            record("C", b" of May"),
            entry(7, 0, date(1999, 5, 1), "plan"),
            record("Z", b"a kind of the future"),
            note(7, "Seen"),
            digest(7, 9, bytes(range(32)), padding=32),
        ),
    }


def main() -> None:
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "samples"
    directory.mkdir(parents=True, exist_ok=True)
    for name, data in samples().items():
        (directory / name).write_bytes(data)


if __name__ == "__main__":
    main()
