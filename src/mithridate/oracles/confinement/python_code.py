"""Python source, by the standard library's tokenizer."""

import io
import keyword
import re
import tokenize
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

from mithridate.oracles.confinement.pieces import LONGEST_SLOW_TEXT, Piece, Role

_VALUES = frozenset({"True", "False", "None"})
_LONE_RETURN = re.compile(r"\r(?!\n)")
_HOLE = re.compile(r"\{\{|\}\}|[{}]")
_FSTRING_START, _FSTRING_END = (getattr(tokenize, n, -1) for n in ("FSTRING_START", "FSTRING_END"))


class PythonCode:
    """What exec, eval and compile take."""

    name = "Python code"
    closers: Sequence[str] = ("'", '"', "'''", '"""')
    longest = LONGEST_SLOW_TEXT

    def pieces(self, text: str) -> Sequence[Piece] | None:
        """Tokens; a formatted string is cut at its braces. None when a string is not closed."""
        return _pieces(_LONE_RETURN.sub("\n", text))


@lru_cache(maxsize=64)
def _pieces(text: str) -> Sequence[Piece] | None:
    found: list[Piece] = []
    try:
        found.extend(_tokens(text))
    except tokenize.TokenError as error:
        if "statement" not in str(error):
            return None
    except (SyntaxError, ValueError):
        return None
    return found


def _tokens(text: str) -> Iterator[Piece]:
    lines = [0, *accumulate(len(line) for line in io.StringIO(text, newline="\n"))]
    formatted = 0
    began = 0
    for token in tokenize.generate_tokens(io.StringIO(text, newline="\n").readline):
        start, end = (min(lines[min(row, len(lines)) - 1] + column, len(text)) for row, column in (token.start, token.end))
        if token.type == _FSTRING_START:
            began = began if formatted else start
            formatted += 1
        elif token.type == _FSTRING_END:
            formatted -= 1
            if not formatted:
                yield from _formatted(text, began, end)
        elif not formatted and start < end:
            yield from _piece(token, text, start, end)


def _piece(token: tokenize.TokenInfo, text: str, start: int, end: int) -> Iterator[Piece]:
    raw = token.string
    if token.type == tokenize.STRING:
        if "f" in raw[: re.search("['\"]", raw).start()].lower():  # type: ignore[union-attr]
            yield from _formatted(text, start, end)
        else:
            yield Piece(Role.LITERAL, "string", start, end)
    elif token.type == tokenize.NUMBER or (token.type == tokenize.NAME and (raw in _VALUES or not keyword.iskeyword(raw))):
        yield Piece(Role.WORD, "word", start, end)
    elif token.type == tokenize.COMMENT:
        yield Piece(Role.COMMENT, "comment", start, end)
    elif token.type == tokenize.ERRORTOKEN and raw[0] in "'\"":
        raise SyntaxError("a string is not closed")
    elif token.type == tokenize.NEWLINE:
        yield Piece(Role.STRUCTURE, "line end", start, end)
    elif token.type not in (tokenize.NL, tokenize.INDENT, tokenize.DEDENT) and not raw.isspace():
        yield Piece(Role.SEPARATOR if raw == "," else Role.STRUCTURE, raw, start, end)


def _formatted(text: str, start: int, end: int) -> Iterator[Piece]:
    """A formatted string's own text is a literal, the fields in it are not."""
    last, depth = start, 0
    for match in _HOLE.finditer(text, start, end):
        if len(match.group()) == 2 and not depth:
            continue
        if match.start() > last:
            yield Piece(Role.STRUCTURE if depth else Role.LITERAL, "field" if depth else "string", last, match.start())
        yield Piece(Role.STRUCTURE, match.group(), match.start(), match.end())
        depth = max(0, depth + match.group().count("{") - match.group().count("}"))
        last = match.end()
    if end > last:
        yield Piece(Role.LITERAL, "string", last, end)
