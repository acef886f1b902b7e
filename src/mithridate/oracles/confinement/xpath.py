"""XPath 1.0 and 2.0, by the tokenizers of elementpath."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from elementpath import XPath1Parser, XPath2Parser

from mithridate.oracles.confinement.pieces import Piece, Role


class XPath:
    """Expressions of one version; any but 2.0 is 1.0."""

    name = "XPath expression"
    closers: Sequence[str] = ("'", '"')
    longest = 8_192
    """The tokenizers look ahead over white space and comments, which takes time by the square of the length."""

    def __init__(self, version: str) -> None:
        self._version = version

    def pieces(self, text: str) -> Sequence[Piece] | None:
        """The expression's tokens."""
        return _pieces(self._version, text)


@lru_cache(maxsize=2)
def _tokenizer(version: str) -> re.Pattern[str]:
    tokenizer = (XPath2Parser if version == "2.0" else XPath1Parser)().tokenizer
    assert isinstance(tokenizer, re.Pattern)
    return tokenizer


@lru_cache(maxsize=128)
def _pieces(version: str, text: str) -> Sequence[Piece] | None:
    found = tuple(_tokens(version, text))
    return None if any(p.kind in "'\"" for p in found) else found


def _tokens(version: str, text: str) -> Iterator[Piece]:
    for match in _tokenizer("2.0" if version == "2.0" else "1.0").finditer(text):
        literal, symbol, name, unexpected = match.groups()
        start, end = match.span()
        if literal:
            quoted = literal[0] in "'\""
            yield Piece(Role.LITERAL if quoted else Role.WORD, "string" if quoted else "word", start, end)
        elif name:
            yield Piece(Role.WORD, "word", start, end)
        elif symbol or unexpected:
            yield Piece(Role.STRUCTURE, symbol or unexpected, start, end)
