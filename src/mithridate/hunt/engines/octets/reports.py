"""What records tell, which anybody may have written: what tells causes apart in a sanitizer's report, and numbers."""

import re

_SUMMARY = re.compile(r"SUMMARY: \w+: ([^\n]*)|([^\s:]+:\d+:\d+): runtime error: ([^\n]{0,60})")
MOST_CAUSES = 2000
"""Told apart in one search: a target that makes up ever new ones fills no disk."""
MOST_CALLS, MOST_EDGES = 10_000_000, 1 << 26
"""In one step, and of one target."""
_CAUSE = 300
_CAUSES = 64


def causes(report: str) -> list[str]:
    """One text for each cause, the last that of the process's end if it ended; without the values, which differ each time."""
    return [
        (re.sub(r"0x[0-9a-f]+", "", end) if end else f"{place} {re.sub(r'-?[0-9]+', '#', what)}")[:_CAUSE]
        for end, place, what in _SUMMARY.findall(report)[-_CAUSES:]
    ]


def number(told: object, most: int) -> int:
    """A count from 0 to `most`; 0 for what is none."""
    return max(0, min(told, most)) if isinstance(told, int) and not isinstance(told, bool) else 0
