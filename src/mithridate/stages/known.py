"""What the hunt has already seen, so that time is not spent on proving it again."""

from dataclasses import dataclass, field

from mithridate.model.violation import Violation
from mithridate.prove.dedup import same_root

LINES_OF_ONE_ROOT = 2


@dataclass(slots=True)
class Known:
    """The violations of one hunt that were replayed n times.

    One function may miss two checks on one object, and a fix may know of only one: other lines of a root that is already
    proved are wanted too, up to LINES_OF_ONE_ROOT. It is triage that says whether they are one finding.
    """

    _proved: list[Violation] = field(default_factory=list)
    _flaky: set[str] = field(default_factory=set)

    def learn(self, violation: Violation, *, proved: bool) -> None:
        """Take note of a violation that was replayed. One that was flaky hides nothing but its own signature."""
        if proved:
            self._proved.append(violation)
        else:
            self._flaky.add(violation.signature)

    def __contains__(self, violation: Violation) -> bool:
        alike = [other for other in self._proved if same_root(violation, other)]
        if not alike:
            return violation.signature in self._flaky
        lines = {other.place.line for other in alike if other.place}
        here = violation.place.line if violation.place and violation.access else 0
        return not here or here in lines or len(lines) >= LINES_OF_ONE_ROOT
