"""The POSIX shell's command language, by tree-sitter's grammar of bash."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import tree_sitter_bash
from tree_sitter import Language, Node

from mithridate.oracles.confinement.pieces import LONGEST_SLOW_TEXT, Piece, Role
from mithridate.oracles.confinement.syntax_tree import loaded, segments, too_deep, tree

_QUOTED = frozenset({"raw_string", "ansi_c_string"})
_WITH_HOLES = frozenset({"string", "translated_string", "heredoc_body"})
_HOLES = frozenset({"simple_expansion", "expansion", "command_substitution", "arithmetic_expansion", "process_substitution"})
_BARE = frozenset({"word", "number", "extglob_pattern", "regex", "string_content"})
_BARE_PART = re.compile(r"(?P<escaped>(?:\\.)+)|(?P<glob>[*?\[])|(?:[^\\*?\[]|\\\Z)+", re.DOTALL)
_ORDINARY = re.compile(r"[^\n\t -~]")
"""Not printable ASCII, tab or line feed: letters to the shell, whatever they are to a terminal."""


class Shell:
    """One command line. Quoted parts of one word are one literal, as in 'it'"'"'s'."""

    name = "shell command"
    closers: Sequence[str] = ()
    longest = LONGEST_SLOW_TEXT

    def pieces(self, text: str) -> Sequence[Piece] | None:
        """Words, operators, expansions, and the line ends that separate commands."""
        return _pieces(_ORDINARY.sub("x", text))


def _language() -> Language:
    return loaded(tree_sitter_bash.language)


@lru_cache(maxsize=128)
def _pieces(text: str) -> Sequence[Piece]:
    return tuple(_with_line_ends(text, _joined(_leaves(tree(_language, text).root_node, text, 0))))


def _leaves(node: Node, text: str, depth: int) -> Iterator[Piece]:
    if node.start_byte == node.end_byte or too_deep(depth):
        return
    if node.type in _QUOTED:
        yield Piece(Role.LITERAL, "quoted", node.start_byte, node.end_byte)
    elif node.type in _WITH_HOLES:
        yield from segments(node, lambda n: n.type in _HOLES, lambda n: _leaves(n, text, depth + 1), "quoted")
    elif node.type == "expansion":
        yield from _expansion(node, text, depth)
    elif node.child_count:
        for child in node.children:
            yield from _leaves(child, text, depth + 1)
    elif node.type in _BARE:
        yield from _bare(text, node.start_byte, node.end_byte)
    elif node.type == "comment":
        yield Piece(Role.COMMENT, "comment", node.start_byte, node.end_byte)
    else:
        yield Piece(Role.STRUCTURE, node.type, node.start_byte, node.end_byte)


def _expansion(node: Node, text: str, depth: int) -> Iterator[Piece]:
    """${name:-word}: up to the brace the word is data, but for expansions in it."""
    start, end = node.start_byte + 2, node.end_byte - 1
    yield Piece(Role.STRUCTURE, "${", node.start_byte, start)
    last = start
    for hole in _outermost_holes(node, depth):
        if hole.start_byte > last:
            yield Piece(Role.LITERAL, "parameter", last, hole.start_byte)
        yield from _leaves(hole, text, depth + 1)
        last = hole.end_byte
    if end > last:
        yield Piece(Role.LITERAL, "parameter", last, end)
    yield Piece(Role.STRUCTURE, "}", end, node.end_byte)


def _outermost_holes(node: Node, depth: int) -> Iterator[Node]:
    for child in node.children:
        if child.type in _HOLES or child.type in _WITH_HOLES:
            yield child
        elif not too_deep(depth):
            yield from _outermost_holes(child, depth + 1)


def _bare(text: str, start: int, end: int) -> Iterator[Piece]:
    """A word without quotes: escaped characters belong to it, patterns of file names are structure."""
    raw = text[start:end]
    if re.fullmatch(r"(?:\\.)+", raw, re.DOTALL):
        yield Piece(Role.LITERAL, "quoted", start, end)
        return
    last = start
    for match in _BARE_PART.finditer(raw):
        if match["glob"]:
            if start + match.start() > last:
                yield Piece(Role.WORD, "word", last, start + match.start())
            last = start + match.end()
            yield Piece(Role.STRUCTURE, match["glob"], start + match.start(), last)
    if end > last:
        yield Piece(Role.WORD, "word", last, end)


def _joined(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Quoted parts without anything between them are one literal of one word."""
    waiting: Piece | None = None
    for piece in pieces:
        if waiting and piece.role is waiting.role is Role.LITERAL and piece.start == waiting.end:
            waiting = Piece(Role.LITERAL, "quoted", waiting.start, piece.end)
            continue
        if waiting:
            yield waiting
        waiting = piece
    if waiting:
        yield waiting


def _with_line_ends(text: str, pieces: Iterator[Piece]) -> Iterator[Piece]:
    last = 0
    for piece in pieces:
        gap = text[last : piece.start].replace("\\\n", "  ")
        if "\n" in gap and last:
            yield Piece(Role.STRUCTURE, "line end", last + gap.index("\n"), last + gap.index("\n") + 1)
        yield piece
        last = max(last, piece.end)
