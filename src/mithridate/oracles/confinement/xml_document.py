"""XML documents that a program builds: attacker data must stay text, or the value of one attribute. By expat."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from xml.parsers import expat

from mithridate.model.observation import Observation
from mithridate.model.violation import ViolationKind
from mithridate.oracles.confinement.escape import Escape, quoted
from mithridate.oracles.confinement.markup_events import Event, Part, content, reaches, signature
from mithridate.oracles.confinement.sent import CLOSING, FIRST_NUMBER, OPENING, Sent
from mithridate.oracles.confinement.spans import CANONICAL_TOKEN, Marked, marked


def extended(attack: Observation, controls: Sequence[Observation], sent: Sent) -> Escape | None:
    """Elements or attributes between the tokens of one span, where the program builds the document.

    A document that came from the attacker as a whole is his to write.
    """
    text = marked(attack)
    if not text.spans or sent.contains(_as_written(text)):
        return None
    document = _document(text.text)
    if document is None:
        return None
    twins = [d for c in controls if (d := _document(marked(c).text)) is not None]
    known = {(r.number, signature(r.events(d))) for d in twins for r in reaches(d)}
    for span in reaches(document):
        covered = span.events(document)
        added = [e for e in covered if e.part in (Part.START, Part.ATTRIBUTE)]
        if span.lone or not added or (span.number, signature(covered)) in known or not sent.allows(span.number, content(covered)):
            continue
        part = quoted(content(covered))
        names = ", ".join(f"`{n}`" for n in list(dict.fromkeys(quoted(e.text) for e in added))[:5])
        why = f"Attacker data `{part}` adds {names} to the structure of the XML document instead of staying text."
        return Escape(ViolationKind.XML_INJECTION, why, part)
    return None


def _as_written(text: Marked) -> str:
    return CANONICAL_TOKEN.sub(lambda t: (OPENING if t[2] == "o" else CLOSING) + chr(FIRST_NUMBER + int(t[1])), text.text).strip()


@lru_cache(maxsize=64)
def _document(text: str) -> tuple[Event, ...] | None:
    """The events of a well-formed document; its entities are not expanded, nothing is fetched."""
    found: list[Event] = []
    path = [""]
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append(name)
        found.append(Event(Part.START, name, name))
        found.extend(_attributes(name, attributes.items()))

    def end(name: str) -> None:
        path.pop()
        found.append(Event(Part.END, name, name))

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda data: found.append(Event(Part.TEXT, data, path[-1]))
    parser.CommentHandler = lambda data: found.append(Event(Part.COMMENT, data, path[-1]))
    parser.DefaultHandler = lambda _: None  # its presence keeps expat from expanding entities
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError):
        return None
    return tuple(found)


def _attributes(element: str, attributes: Iterable[tuple[str, str]]) -> Iterable[Event]:
    for name, value in attributes:
        yield Event(Part.ATTRIBUTE, name, element, name)
        yield Event(Part.VALUE, value, element, name)
