"""The rule itself, for languages whose texts are rows of tokens: does a span of attacker data cover more than one literal?"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice, takewhile
from typing import Protocol

from mithridate.oracles.confinement.sent import Sent
from mithridate.oracles.confinement.spans import Marked, Span

LONGEST_TEXT = 65_000
"""Characters. Observers cut longer texts around the marks; a grammar that starts in the middle of one would guess."""
LONGEST_SLOW_TEXT = 16_384
"""The same for tokenizers that need a second for ten times as much."""


class Role(Enum):
    """What a token is to the rule."""

    LITERAL = auto()
    """Its content is data: a string, a quoted identifier, template text."""
    WORD = auto()
    """One bare name or number."""
    SEPARATOR = auto()
    """Only joins words or literals to a list or a compound name."""
    COMMENT = auto()
    STRUCTURE = auto()


@dataclass(frozen=True, slots=True)
class Piece:
    """One token in [start, end) of a text. `kind` is the same for tokens that mean the same whatever data is in them."""

    role: Role
    kind: str
    start: int
    end: int


class Grammar(Protocol):
    """A language as a row of tokens.

    `name` is what one text of it is called. `closers` end whatever literal may be open at the end of a text that was cut.
    Texts of more than `longest` characters are not judged.
    """

    name: str
    closers: Sequence[str]
    longest: int

    def pieces(self, text: str) -> Sequence[Piece] | None:
        """The text's tokens in order, without white space; None when it is no text of the language."""
        ...


@dataclass(frozen=True, slots=True)
class Leak:
    """A span and the pieces that it covers, more than data should; `harmless` is what the control's data covered there."""

    span: Span
    inner: str
    covered: tuple[Piece, ...]
    text: str
    harmless: tuple[str, ...] | None

    @property
    def structure(self) -> tuple[str, ...]:
        """The texts of the structural tokens that came from outside, in order."""
        return tuple(self.text[p.start : p.end] for p in self.covered if p.role in (Role.STRUCTURE, Role.SEPARATOR, Role.COMMENT))


def leak(grammar: Grammar, attack: Marked, controls: Iterable[Marked], sent: Sent) -> Leak | None:
    """The first span of `attack` that is not confined, judged against harmless texts of the same place."""
    if not attack.spans:
        return None
    pieces = _pieces(grammar, attack.text)
    if pieces is not None and all(len(_covered(pieces, s)) < 2 and not s.lone for s in attack.spans):
        return None
    harmless: dict[int, set[tuple[str, ...]]] = {}
    for control in controls:
        lexed = _pieces(grammar, control.text)
        for span in control.spans if lexed is not None else ():
            harmless.setdefault(span.number, set()).add(_signature(_covered(lexed or (), span)))
    for span in attack.spans:
        known = harmless.get(span.number, set())
        if pieces is not None:
            covered = _covered(pieces, span)
        elif known and len(attack.text) <= grammar.longest:
            covered = _covered_before_the_break(grammar, attack.text, span)
        else:
            continue
        if _escaped(covered, span, known, attack, sent):
            return Leak(span, attack.inner(span), covered, attack.text, min(known, key=len, default=None))
    return None


def _escaped(covered: tuple[Piece, ...], span: Span, harmless: set[tuple[str, ...]], attack: Marked, sent: Sent) -> bool:
    if span.lone:
        return bool(harmless) and _stands_outside(covered, harmless)
    if len(covered) < 2 or _signature(covered) in harmless or not _is_structure(covered, sent):
        return False
    return sent.allows(span.number, attack.inner(span))


def _stands_outside(covered: tuple[Piece, ...], harmless: set[tuple[str, ...]]) -> bool:
    """One token alone stands as a bare word where harmless data is always inside a literal."""
    return len(covered) == 1 and covered[0].role is Role.WORD and all(len(s) == 1 and s[0].startswith("'") for s in harmless)


def _is_structure(covered: tuple[Piece, ...], sent: Sent) -> bool:
    roles = [p.role for p in covered]
    if Role.STRUCTURE in roles or Role.COMMENT in roles:
        return True
    if Role.LITERAL not in roles:
        return False
    list_of_literals = set(roles[::2]) == {Role.LITERAL} and set(roles[1::2]) == {Role.SEPARATOR}
    return sent.known or not list_of_literals


def _signature(covered: Sequence[Piece]) -> tuple[str, ...]:
    """What was covered, the data in it ignored; literals start with an apostrophe."""
    marks = {Role.LITERAL: "'", Role.WORD: "", Role.SEPARATOR: "", Role.COMMENT: "#", Role.STRUCTURE: ""}
    return tuple(marks[p.role] + p.kind for p in covered)


def _covered(pieces: Sequence[Piece], span: Span) -> tuple[Piece, ...]:
    first = bisect_right(pieces, span.start, key=lambda p: p.end)
    return tuple(takewhile(lambda p: p.start < span.end, islice(pieces, first, None)))


def _covered_before_the_break(grammar: Grammar, text: str, span: Span) -> tuple[Piece, ...]:
    """What a span covers in a text that is no longer of the language: whatever is open where the span ends is closed there."""
    head = text[: span.end]
    for closer in ("", *grammar.closers):
        pieces = _pieces(grammar, head + closer)
        if pieces is not None:
            return _covered(pieces, span)
    return ()


def _pieces(grammar: Grammar, text: str) -> Sequence[Piece] | None:
    try:
        found = grammar.pieces(text) if len(text) <= grammar.longest else None
    except RecursionError:
        return None
    return None if found is None else sorted(found, key=lambda p: p.start)
