"""What is run together: few of what may take all its time, as one shows what the others would."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from mithridate.hunt.engines.calls.scalable import digest
from mithridate.hunt.engines.calls.state import Job, Purpose, State

CLOSER = (Purpose.LADDER, Purpose.CONFIRM)
_FEW, _MANY = 3, 40
"""Runs special to one target in a batch, before and after it was seen that they end: each that hangs takes all its time."""
_CLOSE, _WARY, _ALIKE = 3, 6, 2
"""Ladders of one target in a batch; probes of one that has hung or died before; ladders of a shape whose last one did not end."""
_HUNG = 2
"""Such runs that hung, after which the others of the target are left: all of them give it much the same."""


@dataclass(slots=True)
class Batch:
    """Jobs for one batch: few of what may take all its time, as one shows what the others would.

    `special` says how many of the runs special to a target may be among them.
    """

    state: State
    most: int
    special: Callable[[str], int]
    jobs: list[Job] = field(default_factory=list)
    _together: Counter[str] = field(default_factory=Counter)

    def admits(self, job: Job) -> bool:
        """Whether there is room for it; counted if so."""
        limits: dict[str, int] = {}
        if job.purpose is Purpose.SPECIAL:
            limits[f"special {job.target}"] = self.special(job.target)
        elif job.purpose in CLOSER:
            limits[f"{job.purpose} {job.target}"] = _CLOSE if job.purpose is Purpose.LADDER else 1
            limits.update(
                {f"closer {shape}": _ALIKE for parts, _ in job.texts[:1] if (shape := digest(parts)) in self.state.long}
            )
        elif job.purpose is Purpose.DEEP:
            limits["deep"] = 1
        elif job.purpose is Purpose.PROBE:
            shapes = (digest(parts) for parts, _ in job.texts)
            limits.update({f"shape {shape}": 1 for shape in shapes if self.state.worn.get(shape)})
            if self.state.units[job.target].strikes:
                limits[f"probe {job.target}"] = _WARY
        if len(self.jobs) >= self.most or any(self._together[name] >= limit for name, limit in limits.items()):
            return False
        self._together.update(limits.keys())
        return True


def special_together(state: State, target: str) -> int:
    """How many of the runs special to a target may be in one batch; none any more when they hang."""
    hung = state.hung.get(target)
    return _FEW if hung is None else _MANY if hung == 0 else _FEW if hung < _HUNG else 0
