"""Regular expressions of Python's re: literal characters are data, all else is structure."""

import re
import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache
from re import _parser as sre  # type: ignore[attr-defined]

from mithridate.oracles.confinement.pieces import Leak, Piece, Role
from mithridate.oracles.confinement.sent import Sent
from mithridate.oracles.confinement.spans import CANONICAL_TOKEN, Marked, Span

_LONGEST_TEXT = 16_384
"""Characters; the parser is written in Python, and stops below."""


def leak_of_pattern(attack: Marked, controls: Sequence[Marked], sent: Sent) -> Leak | None:
    """The first span of which not every character is a literal one, where harmless data gives another tree."""
    events = _events(attack.text)
    harmless: dict[int, set[tuple[str, ...]]] = {}
    for control in controls:
        for span in control.spans:
            harmless.setdefault(span.number, set()).add(_between(_events(control.text) or (), span.number))
    for span in attack.spans:
        if span.lone:
            continue
        if events is not None:
            structure = _between(events, span.number)
        elif span.number in harmless and _breaks(attack.text, span):
            structure = ("unbalanced",)
        else:
            continue
        inner = attack.inner(span)
        if structure and structure not in harmless.get(span.number, ()) and sent.allows(span.number, inner):
            covered = tuple(Piece(Role.STRUCTURE, s, span.inner_start, span.inner_end) for s in structure[:1])
            return Leak(span, inner, covered, attack.text, ())
    return None


def _breaks(text: str, span: Span) -> bool:
    """The data in the span is why the text is no pattern: with its characters escaped it is one."""
    return (
        _events(text[: span.inner_start] + re.escape(text[span.inner_start : span.inner_end]) + text[span.inner_end :])
        is not None
    )


@lru_cache(maxsize=128)
def _events(text: str) -> tuple[str, ...] | None:
    """The tree, flattened: a literal character as itself, an operator as its name; None when the text is no pattern."""
    if len(text) > _LONGEST_TEXT:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tuple(_flat(sre.parse(text)))
    except (re.error, OverflowError, ValueError, RecursionError):
        return None


def _flat(node: object) -> Iterator[str]:
    if isinstance(node, sre.SubPattern) or isinstance(node, list):
        for item in node:
            yield from _flat(item)
    elif isinstance(node, tuple) and len(node) == 2:
        operator, argument = str(node[0]), node[1]
        if operator == "LITERAL":
            yield chr(argument)
            return
        yield operator
        yield from _arguments(argument)
        yield f"/{operator}"


def _arguments(argument: object) -> Iterator[str]:
    if isinstance(argument, tuple):
        for part in argument:
            yield from _arguments(part)
    elif isinstance(argument, list | sre.SubPattern):
        for item in argument:
            yield from _flat(item) if isinstance(item, tuple) else _arguments(item)


def _between(events: Sequence[str], number: int) -> tuple[str, ...]:
    """The operators between the opening and the closing token of the first pair of a mark."""
    places = [i for i, event in enumerate(events) if len(event) == 1]
    characters = "".join(events[i] for i in places).lower()
    opening = None
    for token in CANONICAL_TOKEN.finditer(characters):
        if int(token[1]) == number and token[2][0] == "o":
            opening = token.end()
        elif int(token[1]) == number and opening is not None:
            between = events[places[opening - 1] + 1 : places[token.start()]]
            return tuple(event for event in between if len(event) > 1)
    return ()
