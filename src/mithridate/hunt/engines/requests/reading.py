"""What an answer teaches about its unit, and what a document's observations are witnesses of."""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

from mithridate.hunt.engines.requests.document import HARMLESS, Slot, Steps, input_at, is_marked, slots
from mithridate.hunt.engines.requests.state import Context, Unit, Witness
from mithridate.hunt.engines.requests.views import Answer, Phase, Run, Seen
from mithridate.model.observation import Mark, Sink

_ASKED = 80
_COMPARED = 24
_FIELDS = 30
_EXAMPLES = 4
_LINKS = 100
_FORMS = 30
_VARIABLE = 4
_AROUND = 200
_TEXT = 200
_OURS = re.compile(rf"[a-z][a-z0-9]{{9}}{HARMLESS}[a-z][a-z0-9]{{9}}", re.IGNORECASE)
"""A marked word: what was listed of what we sent is no news."""


@dataclass(slots=True)
class Form:
    """A form: the names of its fields, and whether it has hidden ones (a token, perhaps)."""

    method: str
    action: str
    fields: list[str] = field(default_factory=list)
    hidden: bool = False


@dataclass(slots=True)
class Page:
    """Forms and links of an HTML page."""

    forms: list[Form] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


def page(answer: Answer) -> Page:
    """What an HTML answer offers; a redirect's target counts as a link. Never raises for what a target wrote."""
    reader = _Reader()
    if "html" in answer.header("content-type").lower() or answer.body.lstrip()[:1] == "<":
        with contextlib.suppress(AssertionError):  # html.parser's answer to some malformed declarations
            reader.feed(answer.body)
    if location := answer.header("location"):
        reader.page.links.append(location)
    return reader.page


def learn(unit: Unit, answer: Answer) -> bool:
    """Take over what an answer says of its own unit; True when it told something new that a next request can use."""
    before = len(unit.asked), len(unit.compared), len(unit.fields), sum(map(len, unit.decoded.values()))
    unit.requests += 1
    status = str(answer.status or (answer.raised and "raised") or 0)
    unit.statuses[status] = unit.statuses.get(status, 0) + 1
    if answer.raised and answer.raised[:_TEXT] not in unit.errors and len(unit.errors) < 8:
        unit.errors.append(answer.raised[:_TEXT])
    known = {(asked.where, asked.name): place for place, asked in enumerate(unit.asked)}
    kinds = 0
    for asked in answer.asked:
        place = known.get((asked.where, asked.name))
        if place is not None and asked.kind and not unit.asked[place].kind:
            unit.asked[place] = asked
            kinds += 1
        elif place is None and len(known) < _ASKED and len(asked.name) <= _TEXT and not _OURS.search(asked.name):
            known[asked.where, asked.name] = len(unit.asked)
            unit.asked.append(asked)
    for constant in answer.compared:
        if (
            constant
            and constant not in unit.compared
            and not _OURS.search(constant)
            and len(unit.compared) < _COMPARED
            and len(constant) <= _TEXT
        ):
            unit.compared.append(constant)
    after = len(unit.asked), len(unit.compared), len(unit.fields), sum(map(len, unit.decoded.values()))
    return after != before or kinds > 0


def learn_decoders(unit: Unit, steps: Steps, answer: Answer) -> bool:
    """Note, for each input, the decoders that were applied to it, in their order; True when that is news."""
    by_slot: dict[str, list[str]] = {}
    numbers = dict(slots(steps))
    for decoder, number in answer.decoded[:64]:
        slot = numbers.get(number)
        if slot is not None and slot.part == "value":
            where, name = input_at(steps, slot).slot
            seen = by_slot.setdefault(f"{where}:{name}", [])
            if len(seen) < 4 and decoder not in seen:
                seen.append(decoder)
    news = False
    for at, decoders in by_slot.items():
        if len(decoders) > len(unit.decoded.get(at, ())):
            unit.decoded[at] = decoders
            news = True
    return news


class Paths:
    """Finds the units that a method and a path lead to."""

    def __init__(self, units: Mapping[str, Unit]) -> None:
        self._exact: dict[tuple[str, str], list[str]] = {}
        self._patterns: list[tuple[str, str, re.Pattern[str], list[str]]] = []
        for name, unit in units.items():
            pattern, names = _pattern(unit.route.path)
            if not names:
                self._exact.setdefault((unit.method, unit.route.path.rstrip("/")), []).append(name)
            elif len(names) <= _VARIABLE:
                self._patterns.append((name, unit.method, re.compile(pattern), names))

    def match(self, method: str, path: str) -> Iterator[tuple[str, dict[str, str]]]:
        """Names of units, each with the parameters that make its route's path this one."""
        yield from ((name, {}) for name in self._exact.get((method, path.rstrip("/")), ()))
        if len(path) <= _TEXT:
            for name, its_method, pattern, names in self._patterns:
                if its_method == method and (found := pattern.fullmatch(path)):
                    yield name, dict(zip(names, found.groups(), strict=True))


def offer(units: Mapping[str, Unit], paths: Paths, base: str, found: Page) -> Iterator[str]:
    """Give the fields of forms, the queries of links and the variable parts of their paths to the units that they lead to.

    `base` is the path of the page. Yields the names of units that learned something.
    """
    links = [Form(method="GET", action=link) for link in found.links[:_LINKS]]
    for form in [*links, *found.forms[:_FORMS]]:
        try:
            split = urlsplit(urljoin(base, form.action))
            pairs = [*(key for key, _ in parse_qsl(split.query, keep_blank_values=True)), *form.fields]
        except ValueError:
            continue
        for name, parameters in paths.match(form.method, unquote(split.path)):
            if _take(units[name], pairs, parameters):
                yield name


def _take(unit: Unit, pairs: Sequence[str], parameters: Mapping[str, str]) -> bool:
    new = [key for key in dict.fromkeys(pairs) if key and len(key) <= _TEXT and key not in unit.fields]
    new = new[: max(0, _FIELDS - len(unit.fields))]
    unit.fields += new
    news = bool(new)
    for key, value in parameters.items():
        kept = unit.examples.setdefault(key, [])
        if value not in kept and len(kept) < _EXAMPLES:
            kept.append(value)
            news = True
    return news


def _pattern(path: str) -> tuple[str, list[str]]:
    """A regular expression for a route's path, and the names of its parameters."""
    pattern, names = "", []
    for piece in re.split(r"(<[^<>]+>|\{[^{}]+\})", path):
        if piece[:1] in ("<", "{") and len(piece) > 2:
            first, _, second = piece[1:-1].partition(":")
            name, kind = (second or first, first) if piece[0] == "<" else (first, second)
            names.append(name)
            pattern += "(.+)" if kind == "path" else "([^/]+)"
        else:
            pattern += re.escape(piece)
    return pattern, names


def witnesses(unit: str, steps: Steps, run: Run, phase: Phase = "attack") -> Iterator[Witness]:
    """Every mark at every sink in one phase, with the steps that led there and no later ones."""
    numbers = dict(slots(steps))
    for seen in run.seen:
        if seen.phase != phase or seen.sink is Sink.ERROR or seen.fact:
            continue
        for mark in seen.marks:
            slot = numbers.get(mark.number)
            if slot is None or not is_marked(input_at(steps, slot).part(slot.part)):
                continue
            needed = _needed(steps, slot, seen.step)
            yield Witness(
                unit=unit,
                steps=needed,
                slot=slot,
                sink=seen.sink,
                dialect=seen.dialect[:_TEXT],
                place=seen.place or f"{needed[-1].method} {needed[-1].path}",
                context=context(seen, mark),
                detail={key: str(value)[:_TEXT] for key, value in list(seen.detail.items())[:8]},
            )


def _needed(steps: Steps, slot: Slot, shown: int | None) -> Steps:
    """The steps up to the one that takes the input, and the one that showed it; all, where that is not known."""
    if shown is None:
        return steps
    last = min(max(shown, slot.step), len(steps) - 1)
    return (*steps[: slot.step + 1], steps[last]) if last > slot.step else steps[: slot.step + 1]


def context(seen: Seen, mark: Mark) -> Context:
    """The text around a mark; when only one of its tokens is there, around that."""
    lower = seen.text.lower()
    start, end = lower.find(mark.opening.lower()), lower.find(mark.closing.lower())
    inner = start + len(mark.opening) if start >= 0 else end
    missing = start < 0
    if missing:
        start = end
    stop = end + len(mark.closing) if end >= 0 else inner
    if start < 0 or stop < start:
        return Context(before=seen.text[:0], inside="", after="")
    return Context(
        before=seen.text[max(0, start - _AROUND) : start],
        inside=seen.text[inner : max(inner, end)][:_AROUND],
        after=seen.text[stop : stop + _AROUND],
        cut="end" if end < 0 else "start" if missing else "",
    )


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "form":
            method = "POST" if given.get("method", "").upper() == "POST" else "GET"
            self._form = Form(method=method, action=given.get("action", ""))
            self.page.forms.append(self._form)
        elif tag in ("input", "select", "textarea", "button") and given.get("name") and self._form is not None:
            if given.get("type", "").lower() == "hidden":
                self._form.hidden = True
            else:
                self._form.fields.append(given["name"])
        elif tag in ("a", "area", "link", "iframe") and (link := given.get("href") or given.get("src")):
            self.page.links.append(link)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
