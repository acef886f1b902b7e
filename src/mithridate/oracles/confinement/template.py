"""Template languages: text is data, what a template engine would evaluate is structure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from jinja2 import Environment
from jinja2.exceptions import TemplateError
from jinja2.lexer import Lexer

from mithridate.oracles.confinement.pieces import LONGEST_TEXT, Grammar, Piece, Role
from mithridate.oracles.confinement.python_code import PythonCode


class Jinja:
    """Jinja2 with its default delimiters, by its own lexer."""

    name = "Jinja template"
    closers: Sequence[str] = ()
    longest = LONGEST_TEXT

    def pieces(self, text: str) -> Sequence[Piece]:
        """Text, comments, and the tokens of expressions and statements; up to where the lexer gives up."""
        return _jinja(text.replace("\r", "\n"))


_LITERAL_TOKENS = frozenset({"data", "string"})
_WORD_TOKENS = frozenset({"name", "integer", "float"})


@lru_cache(maxsize=1)
def _lexer() -> Lexer:
    return Environment(autoescape=True).lexer


@lru_cache(maxsize=64)
def _jinja(text: str) -> Sequence[Piece]:
    found: list[Piece] = []
    position = 0
    try:
        for _, token, raw in _lexer().tokeniter(text, None):
            start = text.find(raw, position)
            if start < 0:
                break
            position = start + len(raw)
            if raw and token != "whitespace":
                found.append(_jinja_piece(token, raw, start, position))
    except TemplateError:
        pass  # what came before is enough: the span that broke it begins there
    if position < len(text) and text[position:].strip():
        found.append(Piece(Role.STRUCTURE, "error", position, len(text)))
    return found


def _jinja_piece(token: str, raw: str, start: int, end: int) -> Piece:
    if token in _LITERAL_TOKENS:
        return Piece(Role.LITERAL, token, start, end)
    if token in _WORD_TOKENS:
        return Piece(Role.WORD, "word", start, end)
    return Piece(Role.COMMENT if token in ("comment", "linecomment") else Role.STRUCTURE, raw.strip(), start, end)


class Delimited:
    """A language whose constructs are told from text by their delimiters alone.

    `constructs` matches one construct; a group "code" in it is Python, a group "comment" a comment.
    """

    closers: Sequence[str] = ()
    longest = LONGEST_TEXT

    def __init__(self, name: str, constructs: re.Pattern[str]) -> None:
        self.name = name
        self._constructs = constructs

    def pieces(self, text: str) -> Sequence[Piece]:
        """Text between constructs, and constructs."""
        return tuple(self._pieces(text))

    def _pieces(self, text: str) -> Iterator[Piece]:
        last = 0
        for match in self._constructs.finditer(text):
            groups = match.groupdict()
            if groups.get("text") is not None:
                continue
            if match.start() > last:
                yield Piece(Role.LITERAL, "text", last, match.start())
            last = match.end()
            code = groups.get("code")
            if groups.get("comment") is not None:
                yield Piece(Role.COMMENT, "comment", match.start(), last)
            elif code is None:
                yield Piece(Role.STRUCTURE, "construct", match.start(), last)
            else:
                yield from _with_code(code, match.start(), match.start("code"), last)
        if last < len(text):
            yield Piece(Role.LITERAL, "text", last, len(text))


def _with_code(code: str, start: int, inside: int, end: int) -> Iterator[Piece]:
    inner = PythonCode().pieces(code)
    if inner is None:
        yield Piece(Role.STRUCTURE, "construct", start, end)
        return
    yield Piece(Role.STRUCTURE, "{", start, inside)
    for piece in inner:
        yield Piece(piece.role, piece.kind, piece.start + inside, piece.end + inside)
    if inside + len(code) < end:
        yield Piece(Role.STRUCTURE, "}", inside + len(code), end)


_MAKO = re.compile(
    r"\$\{(?P<code>[^}]*)\}?|<%(?!%)(?:(?!%>)[^>]|%(?!>)|>(?<=->))*(?:%>|>)?|</%[^>]*>?"
    r"|^[ \t]*(?P<comment>##[^\n]*)|^[ \t]*%(?!%)[^\n]*",
    re.MULTILINE,
)
_DJANGO = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|(?P<comment>\{#.*?#\})")
_FORMAT = re.compile(r"(?P<text>\{\{|\}\})|\{(?:[^{}]|\{[^{}]*\})*\}?|\}")

_GRAMMARS: Mapping[str, Grammar] = {
    "jinja2": Jinja(),
    "mako": Delimited("Mako template", _MAKO),
    "django": Delimited("Django template", _DJANGO),
    "format": Delimited("format string", _FORMAT),
}


def template(dialect: str) -> Grammar | None:
    """The grammar of a template language, None for one that is not known."""
    return _GRAMMARS.get(dialect)
