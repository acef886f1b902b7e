"""A limit that nobody stated: text is refused from a length on that the change has made up.

What takes too long is silent then, and so is whoever sends a long text for good reason. No benign input need be that long, so
neither tests nor outputs tell; a person has to say how long a text may be.
"""

import re
from collections.abc import Iterator

from mithridate.repair.symptoms.interface import Patched, Symptom

_LIMIT = re.compile(r"\blen\((?P<what>.{1,80}?)\)\s*[<>]=?\s*(?P<most>\d[\d_]*)")
_TURNED = re.compile(r"(?<![\w.])(?P<most>\d[\d_]*)\s*[<>]=?\s*len\((?P<what>.{1,80}?)\)")
_A_LIMIT = 16
"""Fewer are counts of parts."""


class UnstatedLimits:
    """Comparisons of a length with a number in added lines of Python, where the proofs are of time."""

    name = "limit that nobody stated"

    def look(self, patched: Patched) -> Iterator[Symptom]:
        """Each of them."""
        for change in patched.slow_python():
            for line, text in change.added:
                found = _LIMIT.search(text) or _TURNED.search(text)
                if found is not None and int(found["most"].replace("_", "")) >= _A_LIMIT:
                    told = f"{change.place(line)}: nothing says that {found['what']} is never longer than {found['most']}"
                    yield Symptom(self.name, told)
