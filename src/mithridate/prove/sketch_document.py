"""Bold guesses at the smallest form of a document, to be tried before its parts are taken away one by one.

An injection comes down to a character or two that mean something where they arrive. The words around them came with the attack's
template, the honest text between the marks with the control, and inputs without a mark with the form that was filled in.
"""

import re
from collections.abc import Iterator

from mithridate.model.document import MARK, Document, Json, Place, found, marked, strings
from mithridate.prove.cut_document import Cut, may_shrink, pieces, structural

_SIGNS = re.compile(r"[^\w\s]+")
"""What is neither word nor space: where languages keep what separates and quotes."""

Kept = tuple[int, int]


def sketches(document: Document) -> Iterator[tuple[Cut, ...]]:
    """Groups of cuts, each of which makes the document as small as it might be."""
    steps = document.attack
    carrying = attacking(document)
    yield tuple(_idle(steps))
    for keep in (_first_sign, _first_signs, _all_signs, _to_first_signs, _between_signs):
        yield tuple(cut for place, text in carrying for cut in _without_all_but(place, text, keep(text)))
    yield tuple(cut for place, text in carrying for cut in _honest(document, place, text))


def attacking(document: Document) -> list[tuple[Place, str]]:
    """The texts of the attack that carry a mark and may be shortened, with their places."""
    return [(place, text) for place, text in strings(document.attack) if MARK.search(text) and may_shrink(place, text)]


def _idle(steps: list[Json]) -> Iterator[Cut]:
    """Everything in which no mark stands."""
    if len(steps) > 1:
        yield from (Cut((i,)) for i, step in enumerate(steps) if not marked(step))
    yield from (cut for cut in structural(steps) if cut.number is None and not marked(found(steps, cut.place)))


def _without_all_but(place: Place, text: str, kept: list[Kept]) -> Iterator[Cut]:
    for start, end in pieces(text, len(text)):
        at = start
        for first, last in [*kept, (end, end)]:
            if at < min(first, end):
                yield Cut(place, at, min(first, end))
            at = max(at, last)


def _honest(document: Document, place: Place, text: str) -> Iterator[Cut]:
    """What stands between marks in the control as well."""
    try:
        twin = found(document.control, place)
    except LookupError:
        return
    harmless = {twin[start:end] for start, end in pieces(twin, len(twin))} if isinstance(twin, str) and twin != text else set()
    yield from (Cut(place, start, end) for start, end in pieces(text, len(text)) if text[start:end] in harmless)


def _signs(text: str) -> list[Kept]:
    plain = MARK.sub("  ", text)
    return [found.span() for found in _SIGNS.finditer(plain)]


def _first_sign(text: str) -> list[Kept]:
    return [(start, start + 1) for start, _ in _signs(text)[:1]]


def _first_signs(text: str) -> list[Kept]:
    return _signs(text)[:1]


def _all_signs(text: str) -> list[Kept]:
    return _signs(text)


def _to_first_signs(text: str) -> list[Kept]:
    return [(0, end) for _, end in _signs(text)[:1]]


def _between_signs(text: str) -> list[Kept]:
    signs = _signs(text)
    return [(signs[0][0], signs[1][1])] if len(signs) > 1 else []
