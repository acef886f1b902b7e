"""JavaScript, by tree-sitter's grammar."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import tree_sitter_javascript
from tree_sitter import Language, Node

from mithridate.oracles.confinement.pieces import LONGEST_TEXT, Piece, Role
from mithridate.oracles.confinement.syntax_tree import loaded, segments, too_deep, tree

_LITERALS = frozenset({"string", "regex"})
_FRAGMENTS = frozenset({"string_fragment", "escape_sequence", "regex_pattern", "jsx_text"})
_WORDS = frozenset(
    {
        "identifier",
        "property_identifier",
        "shorthand_property_identifier",
        "statement_identifier",
        "number",
        "true",
        "false",
        "null",
    }
)
_FOREIGN = re.compile(r"[^\x00-\x7f]")


class JavaScript:
    """A script, or the text of an event handler."""

    name = "script"
    closers: Sequence[str] = ()
    longest = LONGEST_TEXT

    def pieces(self, text: str) -> Sequence[Piece] | None:
        """Tokens; a template literal is cut where expressions are put into it."""
        return _pieces(_FOREIGN.sub(lambda m: " " if m.group().isspace() else "x", text))


def _language() -> Language:
    return loaded(tree_sitter_javascript.language)


@lru_cache(maxsize=64)
def _pieces(text: str) -> Sequence[Piece]:
    return tuple(_leaves(tree(_language, text).root_node, 0))


def _leaves(node: Node, depth: int) -> Iterator[Piece]:
    start, end = node.start_byte, node.end_byte
    if start == end or too_deep(depth):
        return
    if node.type in _LITERALS:
        yield Piece(Role.LITERAL, node.type, start, end)
    elif node.type == "template_string":
        yield from segments(node, lambda n: n.type == "template_substitution", lambda n: _leaves(n, depth + 1), "template")
    elif node.child_count:
        for child in node.children:
            yield from _leaves(child, depth + 1)
    elif node.type in _FRAGMENTS:
        yield Piece(Role.LITERAL, "string", start, end)
    elif node.type in _WORDS:
        yield Piece(Role.WORD, "word", start, end)
    elif "comment" in node.type:
        yield Piece(Role.COMMENT, "comment", start, end)
    else:
        yield Piece(Role.SEPARATOR if node.type == "," else Role.STRUCTURE, node.type, start, end)
