"""Cross-site scripting: attacker data in a response must stay text, or one value, of the page that a browser builds."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import unquote

from mithridate.model.observation import Observation
from mithridate.model.violation import ViolationKind
from mithridate.oracles.confinement.escape import Escape, explained, quoted
from mithridate.oracles.confinement.html_document import SCRIPT, document
from mithridate.oracles.confinement.javascript import JavaScript
from mithridate.oracles.confinement.markup_events import IMPLIED, Event, Part, Reach, content, reaches, signature
from mithridate.oracles.confinement.pieces import LONGEST_TEXT, Grammar, leak
from mithridate.oracles.confinement.sent import Sent
from mithridate.oracles.confinement.spans import CANONICAL_TOKEN, Marked, Span, canonical, marked
from mithridate.oracles.confinement.stylesheet import StyleSheet
from mithridate.oracles.confinement.web_address import scheme

_TYPES = frozenset({"", "text/html", "application/xhtml+xml", "image/svg+xml"})
_RAW = frozenset(
    {SCRIPT, "script data", "style", "title", "textarea", "noscript", "iframe", "xmp", "noembed", "noframes", "plaintext"}
)
"""Elements whose content is text up to their end tag: data that goes on after it left them."""
_RUNS_ADDRESS = frozenset(
    {
        ("a", "href"),
        ("area", "href"),
        ("form", "action"),
        ("button", "formaction"),
        ("input", "formaction"),
        ("iframe", "src"),
        ("frame", "src"),
    }
)
"""Where browsers run a javascript: address."""
_ENDS_QUOTED = re.compile(r"[<>\"'`]")
_AFTER_QUOTE = re.compile(r"=\s*[\"'][^\"'<>]*\Z")
_LONGEST_VALUE = 512
_ENDS_VALUE = re.compile(r"[\s<>\"'`=]")
_KIND = ViolationKind.CROSS_SITE_SCRIPTING


def scripted(attack: Observation, controls: Sequence[Observation], sent: Sent) -> Escape | None:
    """The first span that a browser would take for more than text or a value."""
    media_type = attack.detail.get("type", "").partition(";")[0].strip().lower()
    text = marked(attack)
    if media_type not in _TYPES or attack.detail.get("attachment") == "1" or not text.spans or _starts_in_the_middle(text.text):
        return None
    harmless_texts = [marked(c) for c in controls]
    if any(_surely_confined(text, control) for control in harmless_texts):
        return None
    page = document(text.text)
    if page is None:
        return None
    harmless = [p for c in harmless_texts if (p := document(c.text)) is not None]
    return next(filter(None, _escapes(text, page, harmless, sent)), None)


def _escapes(text: Marked, page: Sequence[Event], harmless: Sequence[Sequence[Event]], sent: Sent) -> Iterator[Escape | None]:
    twins = defaultdict(list)
    for other in harmless:
        for reach in reaches(other):
            twins[reach.number].append(reach.events(other))
    known = {(number, signature(_nameless(events))) for number, spans in twins.items() for events in spans}
    judged = set()
    spans = sorted(reaches(page), key=lambda r: (r.first, r.last))
    written = _as_written(text, spans)
    for span in spans:
        covered = span.events(page)
        if (span.number, signature(_nameless(covered))) not in known:
            yield _structure(span, covered, written.get(span, ""), sent)
        if len(covered) == 1 and (span.number, span.first) not in judged:
            judged.add((span.number, span.first))
            same_place = [e for events in twins[span.number] for e in events if _same_place(e, covered[0])]
            yield _within_value(covered[0], same_place, sent)


def _as_written(text: Marked, spans: Sequence[Reach]) -> Mapping[Reach, str]:
    """What each span is in the source of the page, where the page's order is the source's."""
    in_order: dict[int, list[str]] = defaultdict(list)
    for span in text.spans:
        in_order[span.number].append(text.inner(span))
    counts = Counter(s.number for s in spans)
    places: Counter[int] = Counter()
    found = {}
    for reach in spans:
        if counts[reach.number] == len(in_order[reach.number]):
            found[reach] = in_order[reach.number][places[reach.number]]
        places[reach.number] += 1
    return found


def _starts_in_the_middle(text: str) -> bool:
    """Long pages are cut by the observer: what a page is that does not begin at its beginning is a guess."""
    return len(text) > LONGEST_TEXT and not text.lstrip().lower().startswith(("<!doctype", "<html", "<?xml", "<svg"))


def _surely_confined(attack: Marked, control: Marked) -> bool:
    """Most pages: the control's page with other data in it, none of which has a character that could end a text or value."""
    if len(attack.spans) != len(control.spans) or _outside(attack) != _outside(control):
        return False
    page = document(control.text)
    if page is None:
        return False
    events: dict[int, list[Event]] = defaultdict(list)
    for reach in sorted(reaches(page), key=lambda r: r.first):
        event = page[reach.first]
        if reach.first != reach.last or event.part not in (Part.TEXT, Part.VALUE) or event.element in _RAW or _runs(event):
            return False
        events[reach.number].append(event)
    for span in reversed(attack.spans):
        if not events[span.number] or _may_end(attack, span, events[span.number].pop()):
            return False
    return not any(events.values())


def _may_end(text: Marked, span: Span, event: Event) -> bool:
    """The data has a character that could end what holds harmless data in the same place."""
    if event.part is Part.TEXT:
        return "<" in text.inner(span)
    is_quoted = _AFTER_QUOTE.search(text.text[max(0, span.start - _LONGEST_VALUE) : span.start])
    return (_ENDS_QUOTED if is_quoted else _ENDS_VALUE).search(text.inner(span)) is not None


def _outside(text: Marked) -> list[str]:
    parts, last = [], 0
    for span in text.spans:
        parts.append(text.text[last : max(last, span.inner_start)])
        last = max(last, span.inner_end)
    return [*parts, text.text[last:]]


def _runs(event: Event) -> bool:
    return event.attribute.startswith("on") or event.attribute == "style" or (event.element, event.attribute) in _RUNS_ADDRESS


def _nameless(events: Iterable[Event]) -> tuple[Event, ...]:
    """Names with tokens in them are equal whatever else is in them."""
    return tuple(
        Event(e.part, "*", "*", "*") if e.part in (Part.START, Part.END, Part.ATTRIBUTE) and CANONICAL_TOKEN.search(e.text) else e
        for e in events
    )


def _structure(span: Reach, covered: Sequence[Event], written: str, sent: Sent) -> Escape | None:
    """Elements or attributes that are there because of a span, if they can run a script or the span left its literal for them."""
    named = next((e for e in covered if e.part in (Part.START, Part.ATTRIBUTE) and CANONICAL_TOKEN.search(e.text)), None)
    if span.lone and named is None:
        return None
    if named is None and (len(covered) < 2 or not (_left_literal(covered[0]) or any(map(_active, covered)))):
        return None
    arrived = content(covered)
    if not sent.allows(span.number, arrived):
        return None
    part = quoted(written or arrived)
    added = dict.fromkeys(_told(e) for e in covered if e.part in (Part.START, Part.ATTRIBUTE) and e.text not in IMPLIED)
    what = ", ".join(list(added)[:5]) or "markup"
    return Escape(_KIND, f"Attacker data `{part}` becomes {what} in the page instead of staying {_place(covered[0])}.", part)


def _left_literal(first: Event) -> bool:
    return first.part in (Part.VALUE, Part.COMMENT) or (first.part is Part.TEXT and first.element in _RAW)


def _active(event: Event) -> bool:
    if event.part is Part.START:
        return event.text == SCRIPT
    if event.part is Part.ATTRIBUTE:
        return event.text.startswith("on")
    return event.part is Part.VALUE and (event.element, event.attribute) in _RUNS_ADDRESS and scheme(event.text) == "javascript"


def _told(event: Event) -> str:
    return f"the element <{quoted(event.text)}>" if event.part is Part.START else f"the attribute {quoted(event.text)}"


def _place(event: Event) -> str:
    if event.part is Part.VALUE:
        return f"the value of the attribute {quoted(event.attribute)}"
    return {Part.COMMENT: "a comment", Part.TEXT: "text"}.get(event.part, "data")


def _within_value(event: Event, twins: Sequence[Event], sent: Sent) -> Escape | None:
    """A text or value in which another language begins: a script, an event handler, a style sheet, an address that is run."""
    if event.part is Part.TEXT and event.element == SCRIPT:
        return _embedded(JavaScript(), event.text, [t.text for t in twins], "script of the page", sent)
    if event.part is Part.TEXT and event.element == "style":
        return _embedded(StyleSheet(), event.text, [t.text for t in twins], "style sheet of the page", sent)
    if event.part is Part.VALUE and event.attribute.startswith("on"):
        return _embedded(JavaScript(), event.text, [t.text for t in twins], f"event handler {event.attribute}", sent)
    if event.part is Part.VALUE and (event.element, event.attribute) in _RUNS_ADDRESS and scheme(event.text) == "javascript":
        return _address(event, twins, sent)
    return None


def _same_place(one: Event, other: Event) -> bool:
    return (one.part, one.element, one.attribute) == (other.part, other.element, other.attribute)


def _embedded(grammar: Grammar, text: str, twins: Iterable[str], language: str, sent: Sent) -> Escape | None:
    found = leak(grammar, canonical(text), [canonical(t) for t in twins], sent)
    return explained(_KIND, found, language) if found else None


def _address(event: Event, twins: Sequence[Event], sent: Sent) -> Escape | None:
    own = [t.text for t in twins if scheme(t.text) == "javascript"]
    if own or not twins:
        scripts = [unquote(t.partition(":")[2]) for t in own]
        return _embedded(
            JavaScript(), unquote(event.text.partition(":")[2]), scripts, f"javascript: address in {event.attribute}", sent
        )
    if sent.known and not sent.contains("script"):
        return None
    part = quoted(event.text)
    return Escape(
        _KIND,
        f"Attacker data makes `{part}` the {event.attribute} of <{event.element}>, an address that a browser runs as a script.",
        part,
    )
