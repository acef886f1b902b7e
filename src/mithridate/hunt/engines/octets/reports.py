"""What tells causes apart in a sanitizer's report."""

import re

_SUMMARY = re.compile(r"SUMMARY: \w+: ([^\n]*)|([^\s:]+:\d+:\d+): runtime error: ([^\n]{0,60})")


def causes(report: str) -> list[str]:
    """One text for each cause, the last that of the process's end if it ended; without the values, which differ each time."""
    return [
        re.sub(r"0x[0-9a-f]+", "", end) if end else f"{place} {re.sub(r'-?[0-9]+', '#', what)}"
        for end, place, what in _SUMMARY.findall(report)
    ]
