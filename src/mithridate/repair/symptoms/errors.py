"""A swallowed error: a handler that says nothing, a failure reported as success, a result that nobody looks at any more."""

import re
from collections.abc import Iterator

from mithridate.repair.reading.statements import Function, Kind
from mithridate.repair.symptoms.interface import Change, Patched, Symptom, new_statements

_NUMBER = r"\(?\s*(-?\s*\w+)\s*\)?"
_RETURN = re.compile(rf"return\s*{_NUMBER}\s*;?\Z")
_SUCCESS = frozenset({"0", "OK", "SUCCESS", "EXIT_SUCCESS", "true", "TRUE", "True"})


class SwallowedErrors:
    """Looks at functions that are in both versions."""

    name = "swallowed error"

    def look(self, patched: Patched) -> Iterator[Symptom]:
        """Handlers, then results, then codes."""
        for change in patched.changes:
            for old, new in change.functions():
                yield from self._handlers(change, old, new)
                yield from self._results(change, old, new)
                yield from self._codes(change, old, new)

    def _handlers(self, change: Change, old: Function, new: Function) -> Iterator[Symptom]:
        before = [(s.text, s.swallows) for s in old.statements if s.kind is Kind.HANDLER]
        for statement in new.statements:
            if statement.kind is not Kind.HANDLER:
                continue
            if (statement.text, statement.swallows) in before:
                before.remove((statement.text, statement.swallows))
            elif statement.swallows:
                how = "takes every error" if statement.broad else "takes an error"
                yield Symptom(self.name, f"{change.place(statement.line)}: {statement.text!r} {how} and says nothing")

    def _results(self, change: Change, old: Function, new: Function) -> Iterator[Symptom]:
        for statement in new_statements(old, new):
            for call in statement.ignored:
                used = sum(s.calls.count(call) - s.ignored.count(call) for s in old.statements)
                uses = sum(s.calls.count(call) - s.ignored.count(call) for s in new.statements)
                if used > uses and old.calls.count(call) >= new.calls.count(call):
                    yield Symptom(self.name, f"{change.place(statement.line)}: what {call}() returns is not looked at any more")

    def _codes(self, change: Change, old: Function, new: Function) -> Iterator[Symptom]:
        """An exit under the same condition that returned a failure and returns success now."""
        before = {s.guards: found[1] for s in old.statements if s.guards and (found := _RETURN.match(s.text))}
        for statement in new.statements:
            found = _RETURN.match(statement.text)
            was = before.get(statement.guards)
            if found and was and was != found[1] and _succeeds(found[1]) and was.startswith("-"):
                where = change.place(statement.line)
                yield Symptom(
                    self.name, f"{where}: where {statement.guards[-1]}, success is returned; it was {was.replace(' ', '')}"
                )


def _succeeds(value: str) -> bool:
    return value.rpartition("_")[2] in _SUCCESS or value in _SUCCESS
