"""Makes a fuzzing dictionary (AFL and libFuzzer syntax) from the constants that a program compares its input with."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from mithridate.languages.c.elf import Image
from mithridate.languages.c.literals import COMPARED, Literal, literals
from mithridate.languages.c.walk import head

MAX_ENTRIES = 400
MAX_TOKEN_BYTES = 32
_MAX_SOURCE_BYTES = 2 << 20
_MAX_ALL_SOURCES_BYTES = 32 << 20
_FORM = re.compile(
    rb"(?:(?<![\w#])|(?<=\\[nrtfv]))([ymdhsnix#])\1{0,5}(?:[/:., T-]([ymdhsnix#])\2{0,5}){1,8}(?![a-yA-Y0-9_#])", re.IGNORECASE
)
"""The form of a date, a time, a number, as messages and comments give it to people: `mm/dd/yy hh:mm:ss`, `###-####`."""
_FROM_FORM = 65
_MAX_FORMS = 16
_CALLED_OR_DEFINED = re.compile(rb"\b([A-Za-z_]\w{0,127})\s{0,8}\(")
_FROM_CODE = 50
_FROM_DATA = 20
_UNUSED_HERE = 60
"""Taken from a string's likelihood when it is not in this program's data (so it belongs to another program of the project)."""
_MAY_BE_INLINED = 8
"""Compilers turn comparisons with strings up to this many bytes into immediates, so their absence says little."""


class _Ranking:
    """Tokens with the highest points that any sight of them gave, in order of first sight."""

    def __init__(self) -> None:
        self.points: dict[bytes, int] = {}

    def add(self, token: bytes, points: int) -> None:
        if points > 0 and 1 < len(token) <= MAX_TOKEN_BYTES:
            self.points[token] = max(points, self.points.get(token, 0))

    def best(self, limit: int) -> list[bytes]:
        return sorted(self.points, key=lambda t: -self.points[t])[:limit]


def dictionary(sources: Sequence[Path], binary: Path | None, limit: int = MAX_ENTRIES) -> bytes:
    """A dictionary file of at most `limit` tokens worth inserting into an input, the likeliest first; empty when there are none.

    `sources` are source files, those nearest to the entry point first. `binary` (host path of an ELF file) tells which of their
    strings this program really holds, and adds the immediates that the project's own functions compare with; without
    sources its strings are used too. Reads a bounded amount, runs nothing.
    """
    ranking = _Ranking()
    image = Image.load(binary) if binary is not None else None
    present = frozenset(image.strings()) if image is not None else frozenset()
    declared: set[bytes] = set()
    forms: dict[bytes, None] = {}
    left = _MAX_ALL_SOURCES_BYTES
    for source in sources:
        text = head(source, min(_MAX_SOURCE_BYTES, left))
        left -= len(text)
        for literal in literals(text):
            _rank(literal, present, ranking)
        forms.update(dict.fromkeys(filled_forms(text)))
        if image is not None:
            declared.update(_CALLED_OR_DEFINED.findall(text))
        if left <= 0:
            break
    if image is not None:
        for value, width in image.compared_immediates(declared or None):
            _rank_number(value, width, _FROM_CODE, ranking)
        if not sources:
            for token in image.strings():
                _rank(Literal(token, _FROM_DATA), present, ranking)
            forms.update(dict.fromkeys(filled_forms(b"\n".join(image.strings()))))
    for token in list(forms)[:_MAX_FORMS]:
        ranking.add(token, _FROM_FORM)
    return render(ranking.best(limit))


def render(tokens: Iterable[bytes]) -> bytes:
    """Tokens as a dictionary file that both AFL++ and libFuzzer read."""
    lines = []
    for token in tokens:
        quoted = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\x{b:02x}" for b in token)
        lines.append(f'"{quoted}"\n')
    return "".join(lines).encode()


def _rank(literal: Literal, present: frozenset[bytes], ranking: _Ranking) -> None:
    value, points = literal.value, literal.likelihood
    if isinstance(value, int):
        _rank_number(value, literal.width, min(points, 75), ranking)
    elif not literal.text:
        ranking.add(value, points)
        if len(value) in (2, 4, 8):
            ranking.add(value[::-1], points - 25)
    elif plausible(value) or (points >= COMPARED and b"%" not in value and not value.startswith(b"-")):
        absent = bool(present) and value not in present
        ranking.add(value, points - (0 if not absent else 10 if len(value) <= _MAY_BE_INLINED else _UNUSED_HERE))


def _rank_number(value: int, width: int, points: int, ranking: _Ranking) -> None:
    """Add a number in both byte orders; one that reads as text (a four-character code) counts more, one of two bytes less."""
    if not telling(value, width):
        return
    for token in (value.to_bytes(width, "big"), value.to_bytes(width, "little")):
        readable = all(32 <= b < 127 for b in token)
        ranking.add(token, points + (15 if readable else 0) - (15 if width == 2 else 0))


def telling(value: int, width: int) -> bool:
    """False for masks, powers of two, small numbers and others that say nothing about a format."""
    full = (1 << (8 * width)) - 1
    if not 0x100 <= value <= full or value & (value - 1) == 0 or value & (value + 1) == 0:
        return False
    data = value.to_bytes(width, "big")
    inverted = value ^ full
    return not set(data) <= {0, 0xFF} and len(set(data)) > 1 and inverted & (inverted + 1) != 0


def plausible(token: bytes) -> bool:
    """True for what may be a keyword, a magic or a header field; false for messages, formats, options and paths."""
    if (
        not 2 <= len(token) <= MAX_TOKEN_BYTES
        or (b"%" in token and len(token) > 2)
        or token.startswith((b"-", b"__", b"_Z", b"GLIBC"))
    ):
        return False
    if b" " in token and len(token) > 24:
        return False
    if re.match(rb"(?:/|\.\.?/)\w|[\w/.-]+\.(?:c|cc|cpp|cxx|h|hpp|so)$", token):
        return False
    spoken = rb"\b(?:the|is|not|cannot|failed|error|invalid|unable|bad|unknown)\b|[a-z]{3,} [a-z]{2,} [a-z]{2,}|.{4}[.!?]\n?$"
    return re.search(spoken, token, re.IGNORECASE) is None


def filled_forms(text: bytes) -> list[bytes]:
    """What has a form that the text tells people of: of `mm/dd/yy hh:mm:ss`, `10/11/12 13:14:15`. Each once."""
    found: dict[bytes, None] = {}
    for match in _FORM.finditer(text):
        parts = re.findall(rb"[^/:., Tt-]+|[/:., Tt-]", match[0])
        if any(len(part) > 1 for part in parts) or (len(parts) > 4 and b"," not in parts):  # not a choice (`y/n`) or arguments
            found[b"".join(_filled(n // 2, part) if n % 2 == 0 else part for n, part in enumerate(parts))] = None
    return list(found)


def _filled(number: int, letters: bytes) -> bytes:
    """As many digits; a number that is a month, a day, an hour and a minute."""
    return {1: b"1", 2: b"%d" % (10 + number), 4: b"20%d" % (10 + number)}.get(len(letters), b"1" * len(letters))


def nearest_first(sources: Sequence[Path], name: str) -> list[Path]:
    """`sources` with those named like the program or fuzz target first, then their neighbours in the tree, then the rest."""
    own = {s.parent for s in sources if s.stem.lower() == name.lower()}
    return sorted(sources, key=lambda s: (s.stem.lower() != name.lower(), s.parent not in own))
