"""Text of the project as a reader may see it: nothing invisible, nothing that moves other text.

File names, function names, source lines and messages come from the code under analysis and may hold anything: terminal escapes,
bidirectional controls that reorder what follows ("Trojan Source", CVE-2021-42574), zero-width characters, bytes not in UTF-8.
"""

import re
import unicodedata

_BLANK_LOOKING = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Printable by the Unicode tables, empty on every screen."""

_CONTROL_NAMES = (
    "NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US"
)
_CONTROLS = tuple(_CONTROL_NAMES.split())
_DELETE = 0x7F
_ESCAPED_BYTES = range(0xDC80, 0xDD00)
_SURROGATE = re.compile("[\ud800-\udfff]")

MARK = re.compile(f"‹(?:U\\+[0-9A-F]{{4,6}}|0x[0-9A-F]{{2}}|DEL|{'|'.join(_CONTROLS)})›")
"""Matches what `visible` puts in place of a character that cannot be shown."""


def visible(text: str, keep: str = "") -> str:
    """The text with every control, format, unassigned and blank-looking character replaced by a printable mark.

    C0 controls are named (`‹LF›`, `‹ESC›`), undecodable bytes become `‹0xFF›`, all others `‹U+202E›`. Characters in `keep` stay.
    The marks use no character that a plain font lacks.
    """
    if text.isprintable() and not _BLANK_LOOKING.intersection(text):
        return text
    return "".join(c if c in keep or (c.isprintable() and c not in _BLANK_LOOKING) else _mark(ord(c)) for c in text)


def _mark(code: int) -> str:
    if code < len(_CONTROLS):
        return f"‹{_CONTROLS[code]}›"
    if code == _DELETE:
        return "‹DEL›"
    if code in _ESCAPED_BYTES:
        return f"‹0x{code - 0xDC00:02X}›"
    return f"‹U+{code:04X}›"


def mark_name(mark: str) -> str:
    """What a mark made by `visible` stands for, e.g. `U+202E RIGHT-TO-LEFT OVERRIDE` or `byte 0xFF, not valid UTF-8`."""
    inner = mark[1:-1]
    if inner.startswith("0x"):
        return f"byte {inner}, not valid UTF-8"
    if not inner.startswith("U+"):
        return f"control character {inner}"
    return f"{inner} {unicodedata.name(chr(int(inner[2:], 16)), 'unassigned, private or control character')}"


def encodable(text: str) -> str:
    r"""The text for a JSON document: unchanged, but for lone surrogates, which no UTF-8 file may hold, as `\xff` or `\ud800`."""
    return _SURROGATE.sub(_escape_surrogate, text)


def _escape_surrogate(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code - 0xDC00:02x}" if code in _ESCAPED_BYTES else f"\\u{code:04x}"


def shorten(text: str, longest: int) -> str:
    """At most `longest` characters, with a note of how many were left out."""
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text) - longest} more characters)"
