"""An assertion that is looked at no more: it stands there as before, behind a condition that was not there."""

import re
from collections.abc import Iterator

from mithridate.repair.symptoms.interface import Patched, Symptom

_ASSERTS = re.compile(r"(?:^|_)(?:assert|abort|panic|unreachable)(?:_|$)|assert", re.IGNORECASE)


class SilencedAssertions:
    """Looks at functions that are in both versions. To make it hold, or to fail before it, is a repair; this is none."""

    name = "silenced assertion"

    def look(self, patched: Patched) -> Iterator[Symptom]:
        """Each assertion whose conditions are those of before and more."""
        for change in patched.changes:
            for old, new in change.functions():
                before = [(s.text, s.guards) for s in old.statements]
                for statement in new.statements:
                    if not any(map(_ASSERTS.search, statement.calls)) or (statement.text, statement.guards) in before:
                        continue
                    for text, guards in before:
                        if (
                            text == statement.text
                            and len(guards) < len(statement.guards)
                            and set(guards) <= set(statement.guards)
                        ):
                            where = change.place(statement.line)
                            yield Symptom(self.name, f"{where}: {text[:90]!r} runs only where {statement.guards[-1]}")
                            break
