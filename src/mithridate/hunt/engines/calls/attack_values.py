"""From a mark at a sink to attacks in the sink's grammar, and to texts for parsers:
those of the request engine, which know no door.
"""

from collections.abc import Sequence

from mithridate.hunt.engines.calls.outcome import Seen
from mithridate.hunt.engines.requests import breakouts, special
from mithridate.hunt.engines.requests.document import Slot
from mithridate.hunt.engines.requests.state import Context, Witness
from mithridate.hunt.engines.requests.twin import Twin
from mithridate.model.observation import Sink

_AROUND = 200
_WHOLE = frozenset(
    {
        Sink.PATH,
        Sink.REQUEST,
        Sink.CODE,
        Sink.SQL,
        Sink.TEMPLATE,
        Sink.REGEX,
        Sink.XPATH,
        Sink.LDAP,
        Sink.XML,
        Sink.HTML,
        Sink.MODULE,
    }
)
"""Sinks at which a function that hands its whole argument on does what its caller asks for: the caller is to choose it."""


def attacks(seen: Seen, number: int) -> tuple[Twin, ...]:
    """What to try at that sink for the mark of that number, the likeliest first;
    none where the argument is what the function is for.
    """
    context = context_of(seen, number)
    if context is None or passed_on(seen, context):
        return ()
    witness = Witness(
        unit="",
        steps=(),
        slot=Slot(step=0, position=0, part="value"),
        sink=seen.sink,
        dialect=seen.dialect,
        place="",
        context=context,
        detail=dict(seen.detail),
    )
    return breakouts.attacks(witness)


def passed_on(seen: Seen, context: Context) -> bool:
    """What the caller is to choose: the whole text of a sink; where a path or an address begins, whatever is put behind it."""
    before = context.before.strip()
    if seen.sink is Sink.PATH:
        return before.rstrip("/") in ("", seen.detail.get("cwd", "").rstrip("/"))
    if seen.sink is Sink.REQUEST:
        return not before
    return seen.sink in _WHOLE and not before and not context.after.strip()


def context_of(seen: Seen, number: int) -> Context | None:
    """The text around a mark."""
    mark = next((m for m in seen.marks if m[0] == number), None)
    if mark is None:
        return None
    _, opening, closing = mark
    lower = seen.text.lower()
    start, end = lower.find(opening.lower()), lower.find(closing.lower())
    if start < 0 and end < 0:
        return None
    inner = start + len(opening) if start >= 0 else end
    stop = end + len(closing) if end >= inner else inner
    first = start if start >= 0 else end
    return Context(
        before=seen.text[max(0, first - _AROUND) : first],
        inside=seen.text[inner : max(inner, end)][:_AROUND],
        after=seen.text[stop : stop + _AROUND],
    )


def for_parsers(hints: Sequence[str], *, file: bool) -> tuple[Twin, ...]:
    """Documents of languages that an argument may be in, each with its harmless twin."""
    return tuple(twin for language in special.languages(hints, file=file) for twin in special.documents(language))
