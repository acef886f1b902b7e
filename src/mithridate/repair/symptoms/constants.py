"""A bound read off the proof: a number that the change adds, that the proof shows, and that the project does not know."""

import re
from collections.abc import Iterator
from pathlib import Path

from mithridate.repair.interface import Shown
from mithridate.repair.reading.registry import reader
from mithridate.repair.suites.files import walk
from mithridate.repair.symptoms.interface import Patched, Symptom

_SMALLEST = 9
"""Numbers below are sizes of machine words and counts of fields everywhere."""

_SHORT = 64
"""In a proof of up to so many bytes, a single byte's value says something; in longer ones nearly every value occurs."""

_ALL_SOURCES = 64 << 20
_ONE_SOURCE = 2 << 20
_TOKEN = re.compile(r"(?<![\w.])(0[xX][0-9a-fA-F_]+|0[bB][01_]+|\d[\d_]*)(?:[uU]?[lL]{0,2}|[lL]{1,2}[uU]?)(?![\w.])")
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|//[^\n]*|/\*.*?\*/|#\s[^\n]*', re.DOTALL)
_WRITTEN = re.compile(rb"(?<!\d)\d{1,19}(?!\d)")


class HardCodedBounds:
    """Numbers in added lines, with the neighbours that an off-by-one would make of them."""

    name = "hard-coded bound from the proof"

    def look(self, patched: Patched) -> Iterator[Symptom]:
        """Numbers of the violation itself count always; numbers in the proof's bytes when they are no round ones."""
        strong: dict[int, str] = {}
        weak: dict[int, str] = {}
        for proof in patched.proofs:
            strong.update(_of_violation(proof))
            weak.update(_of_bytes(proof.data))
        for change in patched.changes:
            old = numbers("\n".join(change.removed))
            for line, text in change.added:
                for value in sorted(numbers(text) - old):
                    why = _why(value, strong) or ("" if _round(value) else _why(value, weak))
                    if value >= _SMALLEST and why and value not in patched.numbers:
                        told = f"{change.place(line)}: {value} is {why}, and stands nowhere else in the project"
                        yield Symptom(self.name, told)


def numbers(source: str) -> set[int]:
    """The whole numbers in a piece of source, without those in strings and comments."""
    found: set[int] = set()
    for token in _TOKEN.findall(_QUOTED.sub(" ", source)):
        digits = token.replace("_", "")
        octal = digits.isdigit() and digits.startswith("0") and len(digits) > 1 and not set(digits) & set("89")
        try:
            found.add(int(digits, 8) if octal else int(digits, 0))
        except ValueError:
            found.add(int(digits.lstrip("0") or "0"))
    return found


def project_numbers(tree: Path) -> dict[int, str]:
    """Every whole number in the project's sources and headers, with the first file where it stands."""
    found: dict[int, str] = {}
    left = _ALL_SOURCES
    for file in walk(tree):
        if reader(file.name) is None or left <= 0:
            continue
        with file.open("rb") as stream:
            text = stream.read(min(left, _ONE_SOURCE)).decode("utf-8", "replace")
        left -= len(text)
        for value in numbers(text):
            found.setdefault(value, file.relative_to(tree).as_posix())
    return found


def _of_violation(proof: Shown) -> dict[int, str]:
    region = proof.violation.region
    told = {len(proof.data): "the proof's length"}
    if proof.violation.size:
        told[proof.violation.size] = "the width of the bad access"
    if region is not None:
        told[region.size] = "the size of the object that the proof leaves"
        told[abs(region.distance)] = "how far the proof goes past the object"
    return told


def _of_bytes(data: bytes) -> dict[int, str]:
    """Values that a reader of the proof would see in it: fields of 2, 4 and 8 bytes, and digits; single bytes of a short one."""
    data = data[: 1 << 16]
    told: dict[int, str] = {}
    widths = (1, 2, 4, 8) if len(data) <= _SHORT else (2, 4, 8)
    for width in widths:
        for at in range(len(data) - width + 1):
            for order in ("little", "big"):
                value = int.from_bytes(data[at : at + width], order)
                told.setdefault(value, f"the field of {width} bytes at {at} of the proof")
    for found in _WRITTEN.finditer(data):
        told.setdefault(int(found[0]), f"written at {found.start()} of the proof")
    return told


def _why(value: int, told: dict[int, str]) -> str:
    for near, words in ((value, ""), (value + 1, "one below "), (value - 1, "one above ")):
        if near in told and near >= _SMALLEST:
            return f"{words}{told[near]}"
    return ""


def _round(value: int) -> bool:
    """Powers of two, their neighbours, and what people take for limits."""
    return any(n > 0 and n & (n - 1) == 0 for n in (value, value + 1)) or str(value).rstrip("0") in {"1", "2", "5", "25"}
