"""What may be taken from an input document while it still attacks: steps, members, entries, stretches of text.

What is dropped from the attack is dropped from the control too, so that both keep one shape; text that both have in common is
shortened in both. Marks are never cut in two.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from mithridate.model.document import MARK, OPENING, Document, Json, Place, found, marked, put, strings, without

_OPTIONAL = ("query", "headers", "cookies", "form", "files", "json", "body", "raw_query", "fill", "construct", "stdin", "kwargs")
"""Members of a step that may go as a whole."""

_ENTRIES = frozenset({"query", "headers", "cookies", "form", "files", "kwargs"})
"""Members whose entries may go one by one. A program's or a call's positional arguments only lose their last one."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What to take away: what is at `place`, or of the text there the characters from `start` to `end`; or a smaller number."""

    place: Place
    start: int = 0
    end: int = 0
    number: int | None = None

    @property
    def order(self) -> tuple[tuple[tuple[int, int, str], ...], int]:
        """Cuts applied from the last to the first of this order do not move each other."""
        return tuple((0, k, "") if isinstance(k, int) else (1, 0, k) for k in self.place), self.start


def cuts(document: Document) -> Iterator[Cut]:
    """What may be taken from the document, the boldest first: steps, members, entries, then ever smaller pieces of text."""
    steps = document.attack
    if len(steps) > 1:
        yield from (Cut((i,)) for i in range(len(steps)))
    yield from structural(steps)
    texts = [(place, text) for place, text in strings(steps) if may_shrink(place, text)]
    longest = max((len(text) for _, text in texts), default=0)
    size = max(1, longest // 2)
    while texts:
        for place, text in texts:
            yield from (Cut(place, start, end) for start, end in pieces(text, size))
        if size == 1:
            return
        size //= 2


def applied(document: Document, group: Sequence[Cut]) -> Document | None:
    """The document without all that `group` takes away; None when nothing changes, or when no attack would be left."""
    control, attack = document.control, document.attack
    for cut in sorted(_merged(group), key=lambda c: c.order, reverse=True):
        twin = _taken(control, cut, attack)
        attack = _taken(attack, cut, attack)
        control = twin
    harmless = attack == control or (marked(document.attack) and not marked(attack))
    if attack == document.attack or not attack or harmless:
        return None
    return Document(control=control, attack=attack)


def _merged(group: Sequence[Cut]) -> list[Cut]:
    """The same cuts, with stretches of one text that overlap made one."""
    made: list[Cut] = []
    for cut in sorted(set(group), key=lambda c: c.order):
        last = made[-1] if made else None
        if last is not None and last.place == cut.place and cut.end and cut.start <= last.end:
            made[-1] = Cut(cut.place, last.start, max(last.end, cut.end))
        else:
            made.append(cut)
    return made


def _taken(steps: list[Json], cut: Cut, attack: list[Json]) -> list[Json]:
    """One phase without what `cut` takes. Text and numbers go from the control only where they are those of the attack."""
    made: Json = steps
    with suppress(LookupError):
        if cut.number is not None or cut.end:
            here = found(steps, cut.place)
            if here == found(attack, cut.place):
                text = here[: cut.start] + here[cut.end :] if isinstance(here, str) else ""
                made = put(steps, cut.place, text if cut.number is None else cut.number)
        else:
            made = without(steps, cut.place)
    return made if isinstance(made, list) else steps


def structural(steps: list[Json]) -> Iterator[Cut]:
    """Members and entries of steps that may go, and numbers that may be smaller."""
    for i, step in enumerate(steps):
        for kind, content in step.items() if isinstance(step, dict) else ():
            if not isinstance(content, dict):
                continue
            yield from (Cut((i, kind, name)) for name in _OPTIONAL if name in content)
            for name, value in content.items():
                at: Place = (i, kind, name)
                if name in _ENTRIES:
                    yield from (Cut((*at, key)) for key in _keys(value))
                elif name == "args" and isinstance(value, list) and value:
                    yield Cut((*at, len(value) - 1))
                if name == "json":
                    yield from _inner(value, at)
                elif name in ("args", "kwargs"):
                    yield from (cut for key in _keys(value) for cut in _inner(_item(value, key), (*at, key)))
                yield from _numbers(value, at)


def _inner(value: Json, at: Place) -> Iterator[Cut]:
    """Entries of free-form JSON, however deep; what makes a value ("make", "python") stays whole."""
    if isinstance(value, dict) and not {"make", "python"} & value.keys():
        yield from (Cut((*at, key)) for key in value)
    if isinstance(value, list):
        yield from (Cut((*at, key)) for key in range(len(value)))
    if isinstance(value, dict | list):
        yield from (cut for key in _keys(value) for cut in _inner(_item(value, key), (*at, key)))


def _numbers(value: Json, at: Place) -> Iterator[Cut]:
    """Fewer repetitions."""
    if isinstance(value, dict) and value.get("make") == "repeat":
        times = value.get("times")
        if isinstance(times, int) and times > 1:
            yield Cut((*at, "times"), number=1)
            yield Cut((*at, "times"), number=times // 2)
    if isinstance(value, dict | list):
        yield from (cut for key in _keys(value) for cut in _numbers(_item(value, key), (*at, key)))


def _keys(value: Json) -> list[str | int]:
    if isinstance(value, dict):
        return list(value)
    return list(range(len(value))) if isinstance(value, list) else []


def _item(value: Json, key: str | int) -> Json:
    return found(value, (key,))


def may_shrink(place: Place, text: str) -> bool:
    """Methods, targets, makers, the names of inputs and a route without attacker's text in it are no text to shorten."""
    last, before = place[-1], place[-3] if len(place) > 2 else ""
    if last in ("method", "target", "make", "python", "type") or (last == "path" and OPENING not in text):
        return False
    named = (before in ("query", "headers", "cookies", "form") and last == 0) or (before == "files" and last == "name")
    return not named


def pieces(text: str, size: int) -> Iterator[tuple[int, int]]:
    """Stretches of at most `size` characters without a mark's end in them; and each mark that is empty."""
    at = 0
    for end in (*(m.span() for m in MARK.finditer(text)), (len(text), len(text))):
        yield from ((i, min(i + size, end[0])) for i in range(at, end[0], size))
        at = end[1]
