"""A deleted feature: what the program did, it does no more, and nothing stands in its place."""

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence

from mithridate.model.violation import ViolationKind
from mithridate.repair.reading.statements import Function, Kind, Statement
from mithridate.repair.symptoms.interface import Change, Patched, Symptom

_FREED_TWICE = frozenset(
    {
        ViolationKind.DOUBLE_FREE,
        ViolationKind.HEAP_USE_AFTER_FREE,
        ViolationKind.BAD_FREE,
        ViolationKind.ALLOC_DEALLOC_MISMATCH,
        ViolationKind.HEAP_CORRUPTION,
    }
)
"""Of these, a release too many is the cause, and to delete it is the repair; leaks have a step of their own."""

_LAST_WORDS = frozenset({"free", "delete", "unref", "release", "destroy", "close", "put", "drop", "clear", "dispose", "cleanup"})
_SHOWN = 90


class Deletions:
    """Statements that are gone: not replaced, not moved within the changed files."""

    name = "deleted feature"

    def look(self, patched: Patched) -> Iterator[Symptom]:
        """Whole functions and files first."""
        there = Counter(
            s.text for change in patched.changes if change.new for f in change.new.functions.values() for s in f.statements
        )
        for change in patched.changes:
            if change.deletes:
                yield Symptom(self.name, f"{change.path} is deleted")
                continue
            if change.old is None or change.new is None:
                continue
            names = {name for other in patched.changes if other.new for name in other.new.functions}
            for name, function in change.old.functions.items():
                if name not in names and function.statements:
                    yield Symptom(self.name, f"the function {name} of {change.place(function.line)} is gone")
            releases = bool(patched.kinds & _FREED_TWICE)
            for old, new in change.functions():
                yield from self._within(change, old, new, there, releases)

    def _within(self, change: Change, old: Function, new: Function, there: Counter[str], releases: bool) -> Iterator[Symptom]:
        was = Counter(s.text for s in old.statements)
        matcher = difflib.SequenceMatcher(
            None, [s.text for s in old.statements], [s.text for s in new.statements], autojunk=False
        )
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            if tag not in ("delete", "replace"):
                continue
            gone = [s for s in old.statements[i1:i2] if there[s.text] < was[s.text] and _matters(s)]
            if releases:
                gone = [s for s in gone if not _is_release(s)]
            instead = new.statements[j1:j2]
            for statement in _unreplaced(gone, instead):
                where = change.place(statement.line)
                yield Symptom(self.name, f"{where}: {statement.text[:_SHOWN]!r} is gone, and nothing does it instead")


def _unreplaced(gone: Sequence[Statement], instead: Sequence[Statement]) -> list[Statement]:
    """Effects need an effect in their place, branches a condition or an effect, exits anything."""
    acts = any(_acts(s) for s in instead)
    decides = acts or any(s.kind in (Kind.CONDITION, Kind.HANDLER) for s in instead)
    left = []
    for statement in gone:
        if _acts(statement):
            replaced = acts
        elif statement.kind in (Kind.CONDITION, Kind.HANDLER):
            replaced = decides
        else:
            replaced = statement.kind is not Kind.EXIT or bool(instead)
        if not replaced:
            left.append(statement)
    return left


def _acts(statement: Statement) -> bool:
    """Assignments and calls; to return what was computed is one, to raise an error is none."""
    if statement.kind is Kind.EXIT:
        return bool(statement.calls) and not statement.text.startswith(("raise", "throw"))
    return statement.kind is Kind.EFFECT or (bool(statement.calls) and statement.kind in (Kind.CONDITION, Kind.OTHER))


def _matters(statement: Statement) -> bool:
    return statement.kind not in (Kind.DECLARATION, Kind.OTHER) or bool(statement.calls)


def _is_release(statement: Statement) -> bool:
    words = {part for call in statement.calls for part in call.lower().replace(".", "_").replace(":", "_").split("_")}
    ends = any(call.lower().endswith(tuple(_LAST_WORDS)) for call in statement.calls)
    return ends or bool(words & _LAST_WORDS) or statement.text.startswith("delete")
