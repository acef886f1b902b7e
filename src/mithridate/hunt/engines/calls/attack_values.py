"""From a mark at a sink to attacks in the sink's grammar, and to texts for parsers:
those of the request engine, which know no door.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

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
        Sink.CODE,
        Sink.SHELL,
        Sink.SQL,
        Sink.TEMPLATE,
        Sink.XPATH,
        Sink.LDAP,
        Sink.XML,
        Sink.HTML,
        Sink.MODULE,
        Sink.TYPE,
    }
)
"""Sinks at which a function that hands its whole argument on does what its caller asks for: the caller is to choose it."""
_NOT_SAID = {
    Sink.CODE: re.compile(r"(?i)eval|exec|compil|code|source|script|expr|statement|template|program|python|formula|repl|import"),
    Sink.SHELL: re.compile(r"(?i)command|cmd|shell|run|exec|system|spawn|popen|call|script|program|process"),
}
"""Of these, ones at which that is a flaw all the same where nothing about the function says that it runs what it is given."""
_RUNS = re.compile(
    r"(?i)\b(\w+\.)?_*(run|exec|execute|call|spawn|popen|system|invoke|cmd|command|check_output|check_call)(_\w+)?\b"
)
_ARGUMENTS = re.compile(r"(?i)_*(args?|argv|arguments|cmd|command|commandline|cmdline|params|opts|options)")
"""A function named so that is given the arguments of a program by such a name runs what its caller wants to be run."""
_CALLERS = frozenset({Sink.REGEX, Sink.LOG})
"""What a caller of a library writes into patterns and logs is the caller's to choose, and for a program to look after."""
_FROM_ELSEWHERE = re.compile(r"(?i)ur[li]|link|header|data|content|archive|body|html|xml|text|response|message|document")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a function says that it is given: the name of the parameter that the mark came in by, and words about it."""

    parameter: str = ""
    words: str = ""


def attacks(seen: Seen, number: int, asked: Asked = Asked()) -> tuple[Twin, ...]:
    """What to try at that sink for the mark of that number, the likeliest first;
    none where the argument is what the function is for.
    """
    context = context_of(seen, number)
    if context is None or passed_on(seen, context, asked):
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


def passed_on(seen: Seen, context: Context, asked: Asked) -> bool:
    """What the caller is to choose: the whole text of a sink; where a path begins, all of it; a host."""
    before = context.before.strip()
    if seen.sink in _CALLERS:
        return True
    if seen.sink is Sink.COMMAND:
        return bool(_ARGUMENTS.fullmatch(asked.parameter) and _RUNS.match(asked.words))
    if seen.sink is Sink.PATH:
        if before.rstrip("/") in ("", seen.detail.get("cwd", "").rstrip("/")):
            return True
        # a folder and a file in it are asked for
        return _holds_a_mark(seen, before) and not _FROM_ELSEWHERE.search(asked.parameter)
    if seen.sink is Sink.REQUEST:  # but where a host stands before it that is not of the caller's choice
        host = before.partition("//")[2]
        return not host or _holds_a_mark(seen, host)
    if seen.sink not in _WHOLE or before or context.after.strip():
        return False
    return seen.sink not in _NOT_SAID or bool(_NOT_SAID[seen.sink].search(f"{asked.parameter} {asked.words}"))


def _holds_a_mark(seen: Seen, text: str) -> bool:
    return any(token.lower() in text.lower() for _, *tokens in seen.marks for token in tokens)


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


def for_parsers(hints: Sequence[str], *, file: bool, hinted: bool) -> tuple[Twin, ...]:
    """Documents of languages that an argument may be in, each with its harmless twin: of those hinted at, or of the others."""
    spoken_of = special.hinted(hints)
    chosen = spoken_of if hinted else tuple(x for x in special.languages(hints, file=file) if x not in spoken_of)
    return tuple(twin for language in chosen for twin in special.documents(language))
