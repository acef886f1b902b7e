"""SQL, by the tokenizer of sqlglot for the dialect."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from mithridate.oracles.confinement.pieces import LONGEST_SLOW_TEXT, Grammar, Piece, Role

_WORDS = frozenset({TokenType.VAR, TokenType.NUMBER})
_SEPARATORS = frozenset({TokenType.COMMA, TokenType.DOT, TokenType.DASH})
_DEEPEST_COMMAND = 3
_UNKNOWN_DIALECT = ("", "mysql")
"""Where nobody knows the dialect both ways to escape a quote, doubling it and a backslash, may be the right one."""


class Sql:
    """The tokens of one dialect, named as sqlglot names it; "" is standard SQL."""

    name = "SQL statement"
    closers: Sequence[str] = ("'", '"', "`", "]", "*/", "$$")
    longest = LONGEST_SLOW_TEXT

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect

    def pieces(self, text: str) -> Sequence[Piece] | None:
        """The tokens and the comments between them."""
        return _pieces(self._dialect, text)


def grammars(dialect: str) -> tuple[Grammar, ...]:
    """The grammars of which each must call it an escape, for a dialect as an observation names it."""
    return (Sql(dialect),) if dialect in _KNOWN else tuple(Sql(d) for d in _UNKNOWN_DIALECT)


_KNOWN = frozenset({"sqlite", "postgres", "mysql", "oracle", "tsql"})


@lru_cache(maxsize=128)
def _pieces(dialect: str, text: str) -> Sequence[Piece] | None:
    try:
        return tuple(_with_comments(text, _tokens(dialect, text, 0)))
    except (SqlglotError, ValueError, IndexError):
        return None


def _tokens(dialect: str, text: str, offset: int, depth: int = 0) -> Iterator[tuple[Token, int]]:
    """Tokens with what to add to their positions.

    sqlglot makes one token of what follows a command that it does not parse (EXPLAIN, CALL, …): here that is tokenized too.
    """
    last = 0
    for token in Dialect.get_or_raise(dialect or None).tokenize(text):
        rest = text[last : token.end + 1]
        if last and token.token_type is TokenType.STRING and rest.strip() == token.text.strip() and depth < _DEEPEST_COMMAND:
            yield from _tokens(dialect, rest, offset + last, depth + 1)
        else:
            yield token, offset
        last = token.end + 1


def _with_comments(text: str, tokens: Iterator[tuple[Token, int]]) -> Iterator[Piece]:
    last = 0
    for token, offset in tokens:
        start, end = token.start + offset, token.end + 1 + offset
        yield from _comment(text, last, start)
        yield _piece(token, text[start:end], start, end)
        last = end
    yield from _comment(text, last, len(text))


def _piece(token: Token, raw: str, start: int, end: int) -> Piece:
    kind = token.token_type
    if kind is TokenType.IDENTIFIER or kind.name.endswith("STRING"):
        return Piece(Role.LITERAL, kind.name, start, end)
    if kind in _WORDS:
        return Piece(Role.WORD, "word", start, end)
    return Piece(Role.SEPARATOR if kind in _SEPARATORS else Role.STRUCTURE, raw.lower(), start, end)


def _comment(text: str, start: int, end: int) -> Iterator[Piece]:
    gap = text[start:end]
    if gap and not gap.isspace():
        first = start + len(gap) - len(gap.lstrip())
        yield Piece(Role.COMMENT, "comment", first, start + len(gap.rstrip()))
