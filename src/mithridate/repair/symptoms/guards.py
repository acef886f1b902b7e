"""A guard that looks at nothing: an exit before anything was done, or a condition that no input can change."""

import re
from collections.abc import Iterator

from mithridate.repair.reading.statements import Kind
from mithridate.repair.symptoms.interface import Patched, Symptom, new_statements


class SettledGuards:
    """Looks at what is new in functions that were there."""

    name = "guard for everything"

    def look(self, patched: Patched) -> Iterator[Symptom]:
        """Exits and conditions."""
        for change in patched.changes:
            for old, new in change.functions():
                for statement in new_statements(old, new):
                    where = change.place(statement.line)
                    if statement.settled is not None:
                        always = "always" if statement.settled else "never"
                        yield Symptom(self.name, f"{where}: {statement.text[:90]!r} is {always} true, whatever the input is")
                    elif statement.kind is Kind.CONDITION and _constant(statement.text):
                        yield Symptom(self.name, f"{where}: {statement.text[:90]!r} depends on no value that a run could change")
                    elif statement.kind is Kind.EXIT and statement.cut:
                        yield Symptom(self.name, f"{where}: {statement.text[:90]!r} makes all that follows unreachable")


_SIZE = re.compile(r"sizeof\s*(?:\((?:[^()]|\([^()]*\))*\)|\*?\s*\w+)")


def _constant(condition: str) -> bool:
    """Whether a condition of C compares sizes of objects and numbers only."""
    told = condition.removeprefix("if ").removeprefix("while ")
    return bool(_SIZE.search(told)) and not re.search(
        r"[A-Za-z_]\w*", re.sub(r"\b(?:0[xX])?\d[\da-fA-F]*[uUlL]*\b", "", _SIZE.sub("", told))
    )
