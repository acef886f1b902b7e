"""Tokens from tree-sitter's grammars: its trees survive errors, so that a text that an attack broke has tokens too."""

from collections.abc import Callable, Iterator
from functools import lru_cache

from tree_sitter import Language, Node, Parser, Tree

from mithridate.oracles.confinement.pieces import Piece, Role

_DEEPEST = 200
"""Levels below which a tree is not looked at."""


def tree(language: Callable[[], Language], text: str) -> Tree:
    """The tree of a text in which every character is one byte, so that offsets are positions in the text."""
    return Parser(language()).parse(text.encode("ascii", "replace"))


@lru_cache(maxsize=8)
def loaded(pointer: Callable[[], object]) -> Language:
    """A grammar's package gives a pointer to its tables."""
    return Language(pointer())


def segments(
    node: Node, is_hole: Callable[[Node], bool], inside: Callable[[Node], Iterator[Piece]], kind: str
) -> Iterator[Piece]:
    """A literal with holes in it (expansions, substitutions): its own text is LITERAL, what fills the holes is not."""
    last = node.start_byte
    for hole in (c for c in node.children if is_hole(c)):
        if hole.start_byte > last:
            yield Piece(Role.LITERAL, kind, last, hole.start_byte)
        yield from inside(hole)
        last = hole.end_byte
    if node.end_byte > last:
        yield Piece(Role.LITERAL, kind, last, node.end_byte)


def too_deep(depth: int) -> bool:
    """Trees of hostile texts are as deep as the text is long."""
    return depth > _DEEPEST
