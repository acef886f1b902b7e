"""Regular expressions of Python's re: literal characters are data, all else is structure."""

import re
import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache
from re import _parser as sre  # type: ignore[attr-defined,unused-ignore]
from typing import Any

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


def _flat(node: Any) -> Iterator[str]:
    if isinstance(node, tuple) and len(node) == 2 and isinstance(node[0], type(sre.LITERAL)):
        operator, argument = node
        if operator is sre.LITERAL:
            yield chr(argument)
            return
        yield str(operator)
        yield from _flat(argument)
        yield f"end of {operator}"
    elif isinstance(node, sre.SubPattern | list | tuple):
        for index, item in enumerate(node):
            if index and isinstance(item, sre.SubPattern) and isinstance(node, list):
                yield "alternative"
            yield from _flat(item)


def _between(events: Sequence[str], number: int) -> tuple[str, ...]:
    """The operators between the opening and the closing token of the first pair of a mark."""
    places = [i for i, event in enumerate(events) if len(event) == 1]
    characters = "".join(events[i] for i in places).lower()
    opening = None
    for token in CANONICAL_TOKEN.finditer(characters):
        if int(token[1]) == number and token[2] == "o":
            opening = token.end()
        elif int(token[1]) == number and opening is not None:
            between = events[places[opening - 1] + 1 : places[token.start()]]
            return tuple(event for event in between if len(event) > 1)
    return ()
