"""Where attacker data lies in the text that reached a sink."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mithridate.model.observation import Mark, Observation

_SHORTEST_TOKEN = 6
"""Characters; a shorter token would be found where nobody put it (only forged records have such)."""


@dataclass(frozen=True, slots=True)
class Span:
    """Attacker data in [start, end) of a text, from its opening to its closing token; one token alone when the other is gone.

    [inner_start, inner_end) is the same without the tokens.
    """

    number: int
    start: int
    end: int
    inner_start: int
    inner_end: int

    @property
    def lone(self) -> bool:
        """The other token was cut off, so nobody knows how far the data went."""
        return self.inner_start == self.inner_end and self.inner_start in (self.start, self.end)


@dataclass(frozen=True, slots=True)
class Marked:
    """A text whose tokens were replaced by ones that are the same in every run, with the spans that they enclose."""

    text: str
    spans: tuple[Span, ...]

    def inner(self, span: Span) -> str:
        """The attacker's data without its tokens."""
        return self.text[span.inner_start : span.inner_end]

    @property
    def numbers(self) -> frozenset[int]:
        """Which marks are in the text."""
        return frozenset(s.number for s in self.spans)


def marked(observation: Observation) -> Marked:
    """The observation's text with its spans, in the order in which they begin.

    Tokens are compared without case, since targets change it; a mark that was copied to several places gives several spans.
    """
    return _marked(observation.text, observation.marks)


@lru_cache(maxsize=256)
def _marked(text: str, marks: tuple[Mark, ...]) -> Marked:
    tokens = {}
    for mark in marks:
        for token, opens in ((mark.opening, True), (mark.closing, False)):
            if len(token) >= _SHORTEST_TOKEN:
                tokens[token.lower()] = (mark.number, opens)
    if not tokens:
        return Marked(text, ())
    pieces, hits, last = [], [], 0
    for match in _pattern(tuple(tokens)).finditer(text):
        number, opens = tokens[match.group().lower()]
        hits.append(Hit(match.start(), match.end(), number, opens))
        pieces += [text[last : match.start()], _same_in_every_run(number, opens, len(match.group()))]
        last = match.end()
    pieces.append(text[last:])
    spans = [_span(*pair) for pair in paired(hits)]
    return Marked("".join(pieces), tuple(sorted(spans, key=lambda s: (s.start, s.end))))


@lru_cache(maxsize=64)
def _pattern(tokens: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(t) for t in tokens), re.IGNORECASE | re.ASCII)


def _same_in_every_run(number: int, opens: bool, length: int) -> str:
    """Letters and digits that start with a letter; grammars then see equal texts in equal runs, and answer from memory."""
    return f"q{number:03d}{'o' if opens else 'c'}".ljust(length - 1, "x") + "q"


CANONICAL_TOKEN = re.compile(r"q(\d{3})([oc])x*q", re.ASCII)
"""Matches the tokens of `Marked.text`."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One token in a row of characters or of events."""

    start: int
    end: int
    number: int
    opens: bool


def paired(hits: Sequence[Hit]) -> Iterator[tuple[Hit | None, Hit | None]]:
    """Each opening token with the closing one that follows it, if no other opening one of the same number comes between."""
    waiting: dict[int, Hit] = {}
    for hit in hits:
        earlier = waiting.pop(hit.number, None)
        if hit.opens:
            if earlier is not None:
                yield earlier, None
            waiting[hit.number] = hit
        else:
            yield earlier, hit
    for hit in waiting.values():
        yield hit, None


@lru_cache(maxsize=256)
def canonical(text: str) -> Marked:
    """A part of a `Marked.text`, or what a parser made of it, with the spans in it."""
    hits = [
        Hit(t.start(), t.end(), int(t[1]), t[2] == "o")
        for t in CANONICAL_TOKEN.finditer(text.lower() if text.isascii() else text)
    ]
    return Marked(text, tuple(sorted((_span(*pair) for pair in paired(hits)), key=lambda s: (s.start, s.end))))


def _span(opening: Hit | None, closing: Hit | None) -> Span:
    if opening is None:
        assert closing is not None
        return Span(closing.number, closing.start, closing.end, closing.start, closing.start)
    if closing is None:
        return Span(opening.number, opening.start, opening.end, opening.end, opening.end)
    return Span(opening.number, opening.start, closing.end, opening.end, closing.start)
