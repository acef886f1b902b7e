"""The seam of readers: a file → facts, each with the line or record that says it."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from mithridate.estate.facts import FactBase
from mithridate.model.estate import BrokenRecord, Confidence, Reading, Term

HEAD_BYTES = 64 << 10
"""How much of a file a reader may look at to recognise it."""
LONGEST_NAME = 1000
"""Characters of one name; a longer one is a broken record."""
_MOST_TOLD = 100
_WRONG_SHAPE = (KeyError, ValueError, TypeError, AttributeError, IndexError)
_VALUES = (dict, list, str, int, float, bool, type(None))
"""What the parsers of JSON and YAML build; Mapping is the dict of yaml_documents, and slice what a dict refuses."""
_VALUE_NAMES = frozenset(("Mapping", "slice", *(kind.__name__ for kind in _VALUES)))
_CALLED_WRONGLY = re.compile(r"\) (missing|takes|got) |\bexpected .*\barguments?, got |not callable")
_TYPES_TOLD = re.compile(r"'([\w.]+)'|\bnon-iterable (\w+) object")


class Sink:
    """Where a reader puts what it finds in one file. Facts of predicates that no pack in use declares are counted, not kept."""

    def __init__(self, base: FactBase, source: str, reader: str) -> None:
        self.base = base
        self.reading = Reading(source=source, reader=reader)
        self._number = base.source(source)

    @property
    def source(self) -> int:
        """The number of this source in the fact base, for FactBase.load."""
        return self._number

    def fact(self, predicate: str, *terms: Term, place: int = 0, confidence: Confidence = Confidence.OBSERVED) -> None:
        """State a fact. `place` is the line or the record, counted from 1. A term that is empty or too long breaks the record."""
        for term in terms:
            if isinstance(term, str) and not 0 < len(term) <= LONGEST_NAME:
                self.broken(place, f"a name of {len(term)} characters in {predicate}")
                return
            if isinstance(term, str) and not term.isascii() and not _is_unicode(term):
                self.broken(place, f"half a character in a name in {predicate}")
                return
        self.reading.facts += 1
        if self.base.knows(predicate):
            self.base.add(predicate, *terms, source=self._number, place=place, confidence=confidence)

    def facts(
        self,
        predicate: str,
        rows: Sequence[tuple[Term, ...]],
        place: int | Sequence[int] = 0,
        confidence: Confidence = Confidence.OBSERVED,
    ) -> None:
        """State many facts, at one place or each at its own; as `fact` for each of them, but several times faster."""
        if not all(0 < len(term) <= LONGEST_NAME for row in rows for term in row if type(term) is str):
            for at, row in enumerate(rows):
                self.fact(predicate, *row, place=place if isinstance(place, int) else place[at], confidence=confidence)
            return
        self.reading.facts += len(rows)
        if rows and self.base.knows(predicate):
            self.base.add_all(predicate, rows, source=self._number, place=place, confidence=confidence)

    def record(self) -> None:
        """Count one record that was understood."""
        self.reading.records += 1

    def broken(self, place: int, reason: str) -> None:
        """Pass a record over, and say so."""
        self.reading.passed_over += 1
        if len(self.reading.broken) < _MOST_TOLD:
            self.reading.broken.append(BrokenRecord(source=self.reading.source, place=place, reason=reason[:300]))

    @contextmanager
    def tolerate(self, place: int) -> Iterator[None]:
        """Turn errors of looking into a malformed record into a broken record.

        TypeError and AttributeError are a record's only where they are about values that a file can hold; others are ours.
        """
        try:
            yield
        except _WRONG_SHAPE as error:
            if isinstance(error, (TypeError, AttributeError)) and not _of_a_value(error):
                raise
            self.broken(place, f"{type(error).__name__}: {error}")


def _of_a_value(error: TypeError | AttributeError) -> bool:
    """It tells that a value has another type than expected, not that one of our functions or classes was used wrongly."""
    if isinstance(error, AttributeError):
        return isinstance(error.obj, _VALUES) and error.name is not None
    told = str(error)
    return not _CALLED_WRONGLY.search(told) and all((a or b) in _VALUE_NAMES for a, b in _TYPES_TOLD.findall(told))


def _is_unicode(text: str) -> bool:
    """It has no lone surrogates, which JSON and YAML can write and no table holds."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Reader(Protocol):
    """One format. A reader is stateless, streams (a file of 5 GB must not need 5 GB), and never follows what a file refers to."""

    name: str
    """What the command line calls it: "nmap"."""
    title: str
    """What people call it: "Nmap XML"."""

    def recognises(self, path: Path, head: bytes) -> bool:
        """`head` (at most HEAD_BYTES, decompressed by nobody) looks like this format."""
        ...

    def read(self, path: Path, sink: Sink) -> None:
        """Put all facts into the sink. UsageError, one sentence, when the file as a whole cannot be read as this format."""
        ...
