"""Sinks whose structure is the line: response headers and logs."""

import re
from collections.abc import Sequence

from mithridate.model.observation import Observation
from mithridate.model.violation import ViolationKind
from mithridate.oracles.confinement.escape import Escape, quoted
from mithridate.oracles.confinement.sent import Sent
from mithridate.oracles.confinement.spans import marked

_LINE_END = re.compile(r"[\r\n]")
_HEADER_END = re.compile(r"\r\n?(?![\r\n \t])|\n(?![ \t])|\r\n\r\n|\n\n")
"""A line end that begins another header or the body; one before white space only folds the value (RFC 9112, 5.2)."""


def header(attack: Observation, controls: Sequence[Observation], sent: Sent) -> Escape | None:
    """A line end in a header that the attacker sent."""
    part = _broken(attack, controls, sent, _HEADER_END)
    if part is None:
        return None
    name = quoted(attack.text.partition(":")[0])
    why = f"Attacker data `{part}` brings a line end into the response header `{name}` and so begins a header or body of its own."
    return Escape(ViolationKind.HEADER_INJECTION, why, part)


def log(attack: Observation, controls: Sequence[Observation], sent: Sent) -> Escape | None:
    """A line end in a log message that the attacker sent."""
    part = _broken(attack, controls, sent, _LINE_END)
    if part is None:
        return None
    return Escape(
        ViolationKind.LOG_INJECTION, f"Attacker data `{part}` brings a line end into the log and so forges an entry.", part
    )


def _broken(attack: Observation, controls: Sequence[Observation], sent: Sent, line_end: re.Pattern[str]) -> str | None:
    texts = [marked(c) for c in controls]
    harmless = {s.number for t in texts for s in t.spans if line_end.search(t.inner(s))}
    text = marked(attack)
    for span in text.spans:
        if span.number not in harmless and line_end.search(text.inner(span)) and sent.breaks_line(span.number):
            return quoted(text.inner(span))
    return None
