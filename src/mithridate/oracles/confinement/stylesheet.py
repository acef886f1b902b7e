"""Style sheets, by the tokens of CSS Syntax Level 3."""

import re
from collections.abc import Iterator, Sequence

from mithridate.oracles.confinement.pieces import LONGEST_TEXT, Piece, Role

_TOKEN = re.compile(
    r"(?P<comment>/\*.*?(?:\*/|\Z))"
    r"|(?P<string>\"(?:[^\"\\\n]|\\.)*(?:\"|\n|\Z)|'(?:[^'\\\n]|\\.)*(?:'|\n|\Z)|url\(\s*(?:[^\s\"'()\\]|\\.)+\s*\))"
    r"|(?P<word>[#@.%+-]?(?:[\w-]|[^\x00-\x7f]|\\[^\n])+%?)"
    r"|(?P<space>\s+)|(?P<separator>,)|(?P<structure>.)",
    re.DOTALL | re.IGNORECASE,
)
_ROLES = {
    "comment": Role.COMMENT,
    "string": Role.LITERAL,
    "word": Role.WORD,
    "separator": Role.SEPARATOR,
    "structure": Role.STRUCTURE,
}


class StyleSheet:
    """The content of a style element."""

    name = "style sheet"
    closers: Sequence[str] = ()
    longest = LONGEST_TEXT

    def pieces(self, text: str) -> Sequence[Piece]:
        """Strings and addresses, names and numbers, and the signs between them."""
        return tuple(_tokens(text))


def _tokens(text: str) -> Iterator[Piece]:
    for match in _TOKEN.finditer(text):
        name = str(match.lastgroup)
        if name != "space":
            kind = match.group() if name == "structure" else name
            yield Piece(_ROLES[name], kind, match.start(), match.end())
