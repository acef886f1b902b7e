"""A pattern that takes other texts than before: what took too long may be silent because it is not matched any more.

Which texts an expression is for, it says itself. Where a change of one, made against slowness, takes less or more of some text, a
person has to say whether that text was meant. One that can be shown comes with the symptom.
"""

import re
import warnings
from collections import Counter
from collections.abc import Iterator

import libcst as cst

from mithridate.repair.python.compared_patterns import Unknown, difference
from mithridate.repair.python.source import Source, Unreadable
from mithridate.repair.python.written_patterns import Written, written
from mithridate.repair.symptoms.interface import Change, Patched, Symptom

_VERBOSE = re.compile(r"\n[ \t]")


class OtherPatterns:
    """Patterns in changed literals of Python, where the proofs are of time."""

    name = "pattern that takes other texts"

    def look(self, patched: Patched) -> Iterator[Symptom]:
        """Each of them, with a text that tells both apart."""
        for change in patched.slow_python():
            for old, new in _changed(change):
                told = _told(old, new)
                if told:
                    line = new.source.text.count("\n", 0, new.literals[0].start) + 1
                    yield Symptom(self.name, f"{change.place(line)}: {told}")


def _told(old: Written, new: Written) -> str:
    flags = re.VERBOSE if _VERBOSE.search(old.value) else 0
    try:
        text = difference(old.value, new.value, flags, octets=old.octets)
    except Unknown:
        return "whether it takes the same texts could not be found out"
    return f"of {text!r} it does not take what it took" if text is not None else ""


def _changed(change: Change) -> Iterator[tuple[Written, Written]]:
    """Patterns with something to repeat that were there once more before than after, and those in their places."""
    try:
        rows = [_patterns(Source(change.path, data)) for data in (change.before, change.after)]
    except Unreadable:
        return
    counts = [Counter(one.value for one in row) for row in rows]
    gone, come = ([one for one in row if counts[at][one.value] > counts[1 - at][one.value]] for at, row in enumerate(rows))
    if len(gone) == len(come):
        yield from ((old, new) for old, new in zip(gone, come, strict=True) if re.search(r"[*+}]", old.value))


def _patterns(source: Source) -> list[Written]:
    """Literals that are patterns, as most texts are."""
    found: list[Written] = []
    for node in source.nodes():
        if isinstance(node, cst.SimpleString | cst.ConcatenatedString) and not isinstance(
            source.parent(node), cst.ConcatenatedString
        ):
            found += [one for one in written(source, node) if _is_one(one)]
    return found


def _is_one(one: Written) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(one.value, re.VERBOSE if _VERBOSE.search(one.value) else 0)
    except (re.error, OverflowError, RecursionError, ValueError, MemoryError):
        return False
    return True
