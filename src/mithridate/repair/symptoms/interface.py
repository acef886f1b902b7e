"""The seam of one rule: two versions of the changed files go in, symptoms come out."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from mithridate.model.violation import ViolationKind
from mithridate.repair.diff import applied, read
from mithridate.repair.interface import Shown
from mithridate.repair.reading.python import PythonReader
from mithridate.repair.reading.registry import reader
from mithridate.repair.reading.statements import Function, Statement, Unit

_TIME = frozenset({ViolationKind.SUPERLINEAR_TIME, ViolationKind.TIMEOUT})


@dataclass(frozen=True, slots=True)
class Symptom:
    """`rule` is the rule's name; `told` a sentence with the place, for a person to check."""

    rule: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One changed file. `old` and `new` are None when it is no source, or not there. `added` lines have their new number."""

    path: str
    before: bytes
    after: bytes
    old: Unit | None
    new: Unit | None
    creates: bool
    deletes: bool
    added: tuple[tuple[int, str], ...]
    removed: tuple[str, ...]

    def functions(self) -> Iterator[tuple[Function, Function]]:
        """Functions that are in both versions and are not the same."""
        if self.old is None or self.new is None:
            return
        for name, old in self.old.functions.items():
            new = self.new.functions.get(name)
            if new is not None and [s.text for s in new.statements] != [s.text for s in old.statements]:
                yield old, new

    def place(self, line: int) -> str:
        """For the report."""
        return f"{self.path}:{line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patched:
    """A whole proposal: its changes, the tree before them, and the proofs that it is for."""

    tree: Path
    changes: tuple[Change, ...]
    proofs: tuple[Shown, ...]
    numbers: Mapping[int, str]
    """Numbers that stand in the project's sources, each with one place."""

    @property
    def kinds(self) -> frozenset[ViolationKind]:
        """What the proofs violate."""
        return frozenset(proof.violation.kind for proof in self.proofs)

    def slow_python(self) -> Iterator[Change]:
        """Changed Python files, where the proofs are of time."""
        if self.kinds & _TIME:
            yield from (change for change in self.changes if PurePosixPath(change.path).suffix.lower() in PythonReader.suffixes)


class Rule(Protocol):
    """One kind of symptom fix."""

    name: str

    def look(self, patched: Patched) -> Iterator[Symptom]:
        """Every sign of it."""
        ...


def changes(diff: str, tree: Path) -> tuple[Change, ...]:
    """The files that `diff` changes below `tree`. DiffError when it does not fit."""
    contents = applied(diff, tree)
    made: list[Change] = []
    for file in read(diff):
        place = tree / file.path
        before = b"" if file.creates or not place.is_file() else place.read_bytes()
        after = contents[file.path] or b""
        reads = reader(file.path)
        suffix = PurePosixPath(file.path).suffix.lower()
        added, removed = _lines(before, after)
        made.append(
            Change(
                path=file.path,
                before=before,
                after=after,
                old=reads.read(before, suffix) if reads is not None and not file.creates else None,
                new=reads.read(after, suffix) if reads is not None and not file.deletes else None,
                creates=file.creates,
                deletes=file.deletes,
                added=added,
                removed=removed,
            )
        )
    return tuple(made)


def new_statements(old: Function, new: Function) -> Iterator[Statement]:
    """Statements of `new` that `old` has not, or has fewer times."""
    there = [(s.text, s.cut) for s in old.statements]
    for statement in new.statements:
        if (statement.text, statement.cut) in there:
            there.remove((statement.text, statement.cut))
        else:
            yield statement


def _lines(before: bytes, after: bytes) -> tuple[tuple[tuple[int, str], ...], tuple[str, ...]]:
    old, new = (text.decode("utf-8", "replace").splitlines() for text in (before, after))
    added: list[tuple[int, str]] = []
    removed: list[str] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            removed += old[i1:i2]
            added += [(number + 1, new[number]) for number in range(j1, j2)]
    return tuple(added), tuple(removed)
