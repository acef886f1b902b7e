"""What was left out of a snapshot, gathered so that ten thousand sockets are one line of the report and not ten thousand."""

import os
from dataclasses import dataclass, field

from mithridate.model.project import Skipped

_LISTED = 50
_EXAMPLES = 3


def printable(path: str | bytes) -> str:
    """A file name that any terminal and any UTF-8 file can hold: control characters and invalid bytes are escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


@dataclass(slots=True)
class Omissions:
    """Collects (what, reason) pairs; beyond fifty of one reason they become one entry with a count and examples."""

    _by_reason: dict[str, tuple[int, list[str]]] = field(default_factory=dict)

    def add(self, what: str | bytes, reason: str) -> None:
        """Record one omission."""
        count, names = self._by_reason.get(reason, (0, []))
        if len(names) < _LISTED:
            names.append(printable(what))
        self._by_reason[reason] = (count + 1, names)

    def as_skipped(self) -> tuple[Skipped, ...]:
        """The omissions as values for the report, in the order in which their reasons were first met."""
        result: list[Skipped] = []
        for reason, (count, names) in self._by_reason.items():
            if count > _LISTED:
                result.append(Skipped(what=f"{count} entries, such as {', '.join(names[:_EXAMPLES])}", reason=reason))
            else:
                result.extend(Skipped(what=name, reason=reason) for name in names)
        return tuple(result)
