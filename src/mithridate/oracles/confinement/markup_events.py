"""Documents as rows of events, for parsers that do not say where in the text a node was."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from mithridate.oracles.confinement.spans import CANONICAL_TOKEN, Hit, paired

IMPLIED = frozenset({"html", "head", "body", "colgroup", "tbody", "tr"})
"""Elements that HTML parsers add where nobody wrote them."""


class Part(Enum):
    """What an event tells of a document."""

    START = auto()
    END = auto()
    ATTRIBUTE = auto()
    VALUE = auto()
    TEXT = auto()
    COMMENT = auto()


@dataclass(frozen=True, slots=True)
class Event:
    """`text` is the name of an element or attribute, or the content; `element` and `attribute` are where it is."""

    part: Part
    text: str
    element: str
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """From which event to which one span of attacker data reaches, both included."""

    number: int
    first: int
    last: int
    lone: bool

    def events(self, document: Sequence[Event]) -> tuple[Event, ...]:
        """The events that it covers."""
        return tuple(document[self.first : self.last + 1])


def reaches(document: Iterable[Event]) -> Iterator[Reach]:
    """Every span in a document whose text has canonical tokens (spans.Marked)."""
    hits = [
        Hit(i, i, int(token[1]), token[2] == "o")
        for i, event in enumerate(document)
        for token in CANONICAL_TOKEN.finditer(event.text.lower())
        if event.part is not Part.END
    ]
    for opening, closing in paired(hits):
        first, last = opening or closing, closing or opening
        assert first is not None
        assert last is not None
        yield Reach(first.number, first.start, last.start, lone=opening is None or closing is None)


def signature(events: Iterable[Event]) -> tuple[str, ...]:
    """What was covered, data ignored."""
    return tuple(
        f"{e.part.name} {e.element} {e.attribute}"
        if e.part in (Part.TEXT, Part.VALUE, Part.COMMENT)
        else f"{e.part.name} {e.text}"
        for e in events
    )


def content(events: Iterable[Event]) -> str:
    """What must have been sent for these events to be the attacker's, tokens left out."""
    parts = []
    for event in events:
        if event.part is not Part.END and (event.part is not Part.START or event.text not in IMPLIED):
            parts.append(("<" if event.part is Part.START else "") + event.text)
    text = "".join(parts)
    tokens = list(CANONICAL_TOKEN.finditer(text.lower()))
    if len(tokens) > 1:
        text = text[tokens[0].end() : tokens[-1].start()]
    return text
