"""The project with probes: a diff, and which values they record; values that do not compile are left out again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from mithridate.model.project import BuildFailure
from mithridate.repair.c.edits import Edit, replaced
from mithridate.repair.diff import made
from mithridate.repair.interface import Variant, Workbench
from mithridate.repair.learning.places import Place
from mithridate.repair.learning.records import Layout
from mithridate.repair.learning.sight import Watched, statement

_TRIES = 8
_LINES = 20_000_000
"""Lines of probes are counted from here: no source has so many, and the compiler's errors then tell which value is to blame."""
_LINES_OF_A_PLACE = 1000
_ERROR = re.compile(r":(\d{8}):\d+: (?:fatal )?error:")
_BLOCKS = ("compound_statement", "case_statement", "labeled_statement", "translation_unit")


@dataclass(frozen=True, slots=True)
class Instrumented:
    """A built variant with probes at places, and the values of each, in the order of its records."""

    variant: Variant
    layout: Layout
    values: tuple[tuple[Watched, ...], ...]


def instrumented(bench: Workbench, places: Sequence[Place], values: Sequence[Sequence[Watched]]) -> Instrumented | None:
    """The project built with probes; None when it does not build even without the values that errors were reported for."""
    kept = [list(of_place) for of_place in values]
    for _ in range(_TRIES):
        layout = Layout(len(places), max(1, *(len(v) for v in kept)))
        built = bench.build(probed(places, kept, layout), quick=True)
        if isinstance(built, Variant):
            return Instrumented(built, layout, tuple(tuple(v) for v in kept))
        if not isinstance(built, BuildFailure) or not _without_faulty(kept, built.log or built.first_error):
            return None
    return None


def probed(places: Sequence[Place], values: Sequence[Sequence[Watched]], layout: Layout) -> str:
    """The diff that puts the probes in."""
    changes: dict[str, tuple[bytes, bytes]] = {}
    sources = {place.source.path: place.source for place in places}
    for path, source in sources.items():
        edits: list[Edit] = []
        for number, (place, of_place) in enumerate(zip(places, values, strict=True)):
            if place.source.path == path:
                first = _LINES + _LINES_OF_A_PLACE * number + 1
                edits += _edits(place, statement(number, list(of_place), place.line, first, expression=place.repeated))
        head = f"#ifndef MITHRIDATE_PLACES\n{layout.defines()}{_prelude()}#endif\n#line 1\n"
        changes[path] = (source.content, head.encode() + replaced(source, edits))
    return made(changes)


def _edits(place: Place, probe: str) -> list[Edit]:
    at = place.at
    alone = place.repeated or (at.parent is not None and (at.parent.type in _BLOCKS or at.parent.type.startswith("preproc_")))
    if alone:
        return [Edit(at.start_byte, at.start_byte, probe)]
    return [Edit(at.start_byte, at.start_byte, "{ " + probe), Edit(at.end_byte, at.end_byte, " }")]


def _without_faulty(values: list[list[Watched]], log: str) -> bool:
    """Take out what the compiler complained of: of a pointer first only the size of what it points to. False: nothing of ours."""
    blamed: set[tuple[int, int]] = set()
    for match in _ERROR.finditer(log):
        place, index = divmod(int(match[1]) - _LINES, _LINES_OF_A_PLACE)
        if 0 <= place < len(values) and 1 <= index <= len(values[place]):
            blamed.add((place, index - 1))
    for place, index in sorted(blamed, reverse=True):
        value = values[place][index]
        if value.how == "variable" and value.element and "*" in value.type:
            values[place][index] = replace(value, element=False)
        else:
            del values[place][index]
    return bool(blamed)


@cache
def _prelude() -> str:
    return Path(__file__).with_name("probe_prelude.c").read_text()
