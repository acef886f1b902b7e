"""Shapes of text that wear parsers down:
nesting, repeated delimiters, unterminated constructs, and the same made of a sample's own parts.
"""

import re
from collections.abc import Iterator, Sequence

from mithridate.hunt.engines.calls.scalable import Scalable, nested, repeated
from mithridate.hunt.engines.calls.steps import HARMLESS

_PAIRS = (
    ("(", ")"),
    ("[", "]"),
    ("{", "}"),
    ("<a>", "</a>"),
    ("<", ">"),
    ("[[", "]]"),
    ("{{", "}}"),
    ("(a,", ")"),
    ('{"a":', "}"),
    ('[{"a":', "}]"),
    ("<b><i>", "</i></b>"),
    ("<!--", "-->"),
    ("/*", "*/"),
    ("if a:(", ")"),
    ("begin ", " end"),
    ("${", "}"),
    ("{%if a%}", "{%endif%}"),
    ("!(", ")"),
    ("not (", ")"),
    ("case when a then ", " end"),
    ("select (", ")"),
)
_BINARY_PAIRS = (
    (b"\x30\x80", b"\x00\x00"),
    (b"\x81", b""),
    (b"\x9f", b"\xff"),
    (b"\xa1\x61a", b""),
    (b"\x91", b""),
    (b"\x81\xa1a", b""),
    (b"\x0b", b"\x0c"),
    (b"l", b"e"),
    (b"d1:a", b"e"),
)
"""BER's constructed values of indefinite length (X.690, 8.1.3.6); CBOR's and MessagePack's arrays and maps of one; groups of
protocol buffers; bencoded lists and dictionaries."""
_PUMPS = (
    *"([{<\"'`*_~#>|!-+=.,:;\\/@&%$^ \t\na0é\x00)]}",
    "  ",
    " \n",
    "\n\n",
    "\r\n",
    "\t ",
    "*a",
    "**",
    "_a",
    "* ",
    " *a",
    "> ",
    "- ",
    "-\n",
    "> \n",
    "![",
    "[](",
    "[a](",
    "[a][",
    "<a ",
    "<a",
    "</",
    "<!",
    "<!--",
    "<?",
    "&#",
    "&a",
    "a ",
    " a",
    "a,",
    "a.",
    "a-",
    "a=",
    "a:",
    "a\n",
    "a@",
    "a/",
    "/a",
    "a;",
    "a:a,",
    "a=a&",
    "a=a;",
    '"a',
    '\\"',
    "''",
    '""',
    "0.",
    "0,",
    "0e",
    "1 ",
    "-0",
    "1-",
    "%0",
    "{{",
    "{%",
    "<%",
    "${",
    "((a",
    "/*",
    "//",
    "--",
    "||",
    "| ",
    "a|",
    "|-",
    "=\n",
    "# ",
    "a\n\n",
    "* a\n",
    "1. ",
    "\ta\n",
    "\\\n",
    "a+",
    "not ",
    "a and ",
    "../",
    "a%",
    # Kinds of characters with rules of their own: decomposed, combining, right to left, digits, signs between letters.
    "\u00e9",
    "\u0301",
    "\u05d0",
    "\u0660",
    "\u30fb",
    "\u4e00",
    "\U0001f600",
)
_QUOTED = tuple(
    (f"{name}{quote}", pump, quote) for name in ("", "a=") for quote in "\"'" for pump in (f"\\{quote}", "\\\\", "\\0", "&a;")
)
"""What stands for a sign within quotes, many times, in quotes that are closed."""
_WITHIN = (
    ("\u0628", "\u200c", "\u0628"),
    ("\u0915\u094d", "\u200d", "\u0915"),
    ("\u0628", "\u0651", "\u0628"),
    ("l", "\u00b7", "l"),
    ("\u4e00", "\u30fb", "\u4e00"),
)
"""Signs that are allowed in a context only (RFC 5892, appendix A), many times within it: what stands around judges each."""
_TOKENS = re.compile(r"[A-Za-z]+|\d+|\s+|[^\sA-Za-z\d]{1,2}")
_MOST_TOKENS = 28
_MOST_LINES = 8


def generic() -> Iterator[Scalable]:
    """Shapes that fit many languages, those of one part first."""
    for pump in _PUMPS:
        yield repeated(pump, origin="repeat")
    for opening, _ in _PAIRS:
        yield repeated(opening, suffix="a", origin="unterminated")
    for prefix, pump, suffix in _QUOTED:
        yield repeated(pump, prefix, suffix, origin="quoted")
    for prefix, pump, suffix in _WITHIN:
        yield repeated(pump, prefix, suffix, origin="within its context")


def nesting() -> Iterator[Scalable]:
    """One inside the other, closed properly: what readers recurse on."""
    for opening, closing in _PAIRS:
        yield nested(opening, closing, origin="nesting")


def binary_nesting() -> Iterator[Scalable]:
    """The same in formats of bytes."""
    for opening, closing in _BINARY_PAIRS:
        first, last = (part.decode("utf-8", "surrogateescape") for part in (opening, closing))
        yield nested(first, last, origin="binary nesting")


def of_sample(sample: str, origin: str = "sample") -> Iterator[Scalable]:
    """Each line, and each different token, many times in its place; the whole many times; up to a token, then many of it."""
    sample = sample[:4000]
    yield repeated(sample, origin=origin)
    lines = sample.splitlines(keepends=True)
    start = 0
    for line in lines[:_MOST_LINES]:
        if len(lines) > 1 and line.strip():
            yield repeated(line, sample[:start], sample[start + len(line) :], origin)
        start += len(line)
    seen: set[str] = set()
    for token in _TOKENS.finditer(sample):
        if token[0] in seen or len(seen) >= _MOST_TOKENS:
            continue
        seen.add(token[0])
        yield repeated(token[0], sample[: token.start()], sample[token.end() :], origin)
        if not token[0].isspace():
            yield repeated(token[0], sample[: token.start()], "", f"{origin}, cut")


def of_constants(constants: Sequence[str]) -> Iterator[Scalable]:
    """A package's own short texts, many times, alone and with a letter between."""
    for constant in constants:
        if len(constant) <= 12 and not constant.isalnum():
            yield repeated(constant, origin="constant")
            yield repeated(f"{constant}a", origin="constant")


def behind(shapes: Sequence[Scalable], constants: Sequence[str], most: int = 6) -> Iterator[Scalable]:
    """Shapes behind a word and one of the constants at which a function may split its input before it matches a part of it."""
    signs = sorted((c for c in constants if c.strip() and len(c) <= 12 and not c.isidentifier()), key=len)[:most]
    for shape in shapes:
        for sign in signs:
            yield Scalable(((f"{HARMLESS}{sign}", False), *shape.parts), f"behind {sign!r}", shape.enough)


def cuts(sample: str, most: int = 48) -> Iterator[str]:
    """The sample up to the end of each of its tokens (evenly chosen when there are many):
    readers must end where the input does.
    """
    ends = [token.end() for token in _TOKENS.finditer(sample[:4000])]
    step = max(1, len(ends) // most)
    yield from dict.fromkeys(sample[:end] for end in ends[::step])
