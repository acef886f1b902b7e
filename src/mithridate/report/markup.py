"""Untrusted text as HTML. Everything that reaches a template as ready markup is made in this file and is escaped here."""

import re
from functools import cache

from markupsafe import Markup, escape
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, String, _TokenType

from mithridate.report.hexdump import HexRow
from mithridate.report.visible import MARK, mark_name, shorten, visible

_CODE = re.compile(r"`([^`\n]+)`")
_LONGEST_LINE = 400
"""Characters shown of one source line; minified code has lines of megabytes."""

_PLACEHOLDER = "\ufffd"

_LEXERS = {
    **dict.fromkeys(("c", "h"), "c"),
    **dict.fromkeys(("cc", "cpp", "cxx", "c++", "hh", "hpp", "hxx", "ipp"), "cpp"),
    **dict.fromkeys(("l", "y", "lex", "yy", "ll"), "c"),
    "py": "python",
    **dict.fromkeys(("js", "mjs", "cjs", "jsx"), "javascript"),
    **dict.fromkeys(("ts", "tsx", "mts"), "typescript"),
    "java": "java",
    "go": "go",
    "rs": "rust",
}

_CLASSES = (
    (Comment.Preproc, "p"),
    (Comment.PreprocFile, "s"),
    (Comment, "c"),
    (Keyword.Type, "t"),
    (Keyword, "k"),
    (String, "s"),
    (Number, "n"),
    (Name.Function, "f"),
    (Name.Class, "f"),
)


def marked(text: str, keep: str = "") -> Markup:
    """The text, escaped, with every mark that stands for an invisible character set apart and named in a tooltip."""
    shown = visible(text, keep)
    parts, end = [], 0
    for found in MARK.finditer(shown):
        parts.append(escape(shown[end : found.start()]))
        parts.append(Markup('<span class="mark" title="{}">{}</span>').format(mark_name(found.group()), found.group()))
        end = found.end()
    return Markup("").join([*parts, escape(shown[end:])])


def prose(text: str) -> Markup:
    """Sentences of ours around names of the project: what stands in backticks becomes code, the rest is escaped text."""
    parts, end = [], 0
    for found in _CODE.finditer(text):
        parts += [marked(text[end : found.start()]), Markup("<code>{}</code>").format(marked(found.group(1)))]
        end = found.end()
    return Markup("").join([*parts, marked(text[end:])])


def highlighted(lines: list[str], file: str) -> list[Markup]:
    """Consecutive source lines with syntax classes, one result a line. Languages we do not know stay plain.

    The lexer sees a placeholder for every invisible character, one for one, so that it can neither lose nor split a mark.
    """
    shown = [shorten(line.rstrip("\r\n"), _LONGEST_LINE) for line in lines]
    lexer = _lexer(file)
    if lexer is None:
        return [marked(line, keep="\t") for line in shown]
    return [
        Markup("").join(_classed(css, line[start:end]) for css, start, end in runs)
        for line, runs in zip(shown, _runs(lexer, shown), strict=True)
    ]


def _runs(lexer: Lexer, lines: list[str]) -> list[list[tuple[str, int, int]]]:
    """Each line as stretches of one syntax class; a lexer tells a string's quotes and escapes from its words, a page does not."""
    made: list[list[tuple[str, int, int]]] = [[] for _ in lines]
    at, column = 0, 0
    for token, value in lexer.get_tokens("\n".join(map(_lexable, lines))):
        css = _css_class(token)
        for i, piece in enumerate(value.split("\n")):
            if i:
                at, column = at + 1, 0
            if not piece:
                continue
            end = column + len(piece)
            before = made[at][-1] if made[at] else None
            if before is not None and before[0] == css:
                made[at][-1] = css, before[1], end
            else:
                made[at].append((css, column, end))
            column = end
    return made


def _classed(css: str, text: str) -> Markup:
    shown = marked(text, keep="\t")
    return Markup('<span class="{}">{}</span>').format(css, shown) if css else shown


def _lexable(line: str) -> str:
    return "".join(c if c.isprintable() or c == "\t" else _PLACEHOLDER for c in line)


def _lexer(file: str) -> Lexer | None:
    return _lexer_of(file.rpartition(".")[2].lower())


@cache
def _lexer_of(suffix: str) -> Lexer | None:
    return get_lexer_by_name(_LEXERS[suffix], stripnl=False, ensurenl=False) if suffix in _LEXERS else None


@cache
def _css_class(token: _TokenType) -> str:
    return next((css for kind, css in _CLASSES if token[: len(kind)] == kind), "")


def hex_bytes(row: HexRow) -> Markup:
    """The hexadecimal half of a row, padded to full width; zero bytes and printable bytes in classes of their own."""
    cells: list[Markup] = []
    for start in (0, 8):
        for byte in row.data[start : start + 8]:
            css = "z" if byte == 0 else ("a" if 0x20 <= byte < 0x7F else "")
            cells.append(Markup('<i class="{}">{}</i> ').format(css, f"{byte:02x}") if css else Markup(f"{byte:02x} "))
        missing = 8 - len(row.data[start : start + 8])
        cells.append(Markup("   " * missing + " "))
    return Markup("").join(cells)
