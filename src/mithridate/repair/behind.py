"""What lies behind a flaw: whether a violation that shows only with a patch applied is the program's, or the patch's own doing.

A patch that skips, cuts short or leaves early may leave an object half made, and what then goes wrong is no flaw of the program.
It is the program's own when nothing of it touches what the patch changes: another function, and another object than the flaw's.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from mithridate.model.lines import moved_back
from mithridate.model.violation import Frame, Violation
from mithridate.repair.diff import DiffError
from mithridate.repair.interface import Elsewhere
from mithridate.repair.reading.statements import OUTSIDE
from mithridate.repair.symptoms.interface import changes

_SITE = 2
"""Project frames that tell where an object was made: with one, every object of a wrapper such as xmalloc would be the same."""


def elsewhere(flaws: Sequence[Violation], tree: Path) -> Elsewhere:
    """For patches of `flaws` in `tree`."""
    functions: dict[str, frozenset[str] | None] = {}

    def judge(violation: Violation, diff: str) -> bool:
        if diff not in functions:
            functions[diff] = changed_functions(diff, tree)
        changed = functions[diff]
        return changed is not None and independent(moved_back(violation, diff), flaws, changed)

    return judge


def changed_functions(diff: str, tree: Path) -> frozenset[str] | None:
    """Names of the functions that a diff changes; None when it changes anything else, or when it cannot be read."""
    try:
        files = changes(diff, tree)
    except DiffError:
        return None
    names: set[str] = set()
    for file in files:
        inside = {new.name for _, new in file.functions()} - {OUTSIDE}
        if not inside:
            return None
        names |= inside
    return frozenset(map(_bare, names))


def independent(violation: Violation, flaws: Sequence[Violation], changed: frozenset[str]) -> bool:
    """True when a violation is in no function of `changed`, and misses another object than any of `flaws`.

    Its lines are those of the unpatched tree, as are those of `flaws`.
    """
    place = violation.place
    if place is None or not place.in_project or not place.function or _bare(place.function) in changed:
        return False
    if any(violation.signature == flaw.signature for flaw in flaws):
        return False
    made = _site(violation.allocation)
    return not any(made and made == _site(flaw.allocation) for flaw in flaws) and not any(
        _variable(violation) is not None and _variable(violation) == _variable(flaw) for flaw in flaws
    )


def _bare(function: str) -> str:
    """A name without scopes, arguments and template arguments: what differs in these alone is held to be the same."""
    return re.split(r"[(<#]", function)[0].rpartition("::")[2].strip() or function


def _site(frames: Sequence[Frame]) -> tuple[tuple[str, int], ...]:
    return tuple((f.file, f.line) for f in frames if f.in_project and f.line)[:_SITE]


def _variable(violation: Violation) -> tuple[str, str] | None:
    region = violation.region
    return (region.kind, region.name) if region is not None and region.name else None
