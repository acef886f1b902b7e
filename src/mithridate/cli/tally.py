"""Adds up the hunt's progress for those who show it."""

from collections import deque
from dataclasses import dataclass, field

from mithridate.model.run import HuntProgress

_WINDOW_S = 20.0
_UNITS = " kMGT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The hunt as a whole. `per_second` is measured over the last seconds; `covered` sums the best engine of each entry point."""

    entries: int
    executions: int
    per_second: float
    covered: int
    candidates: int
    time_left_s: float


@dataclass(slots=True)
class Tally:
    """The latest progress of each engine on each entry point, in the order in which they began."""

    rows: dict[tuple[str, str], HuntProgress] = field(default_factory=dict)
    _heard: dict[tuple[str, str], float] = field(default_factory=dict)
    _executions: int = 0
    _samples: deque[tuple[float, int]] = field(default_factory=deque)
    _time_left_s: float = 0.0

    def add(self, progress: HuntProgress, now: float) -> None:
        """Note where one engine stands on one entry point at the time `now` (seconds on any clock that only goes forward)."""
        key = (progress.entry_id, progress.engine)
        before = self.rows.get(key)
        self._executions += progress.executions - (before.executions if before else 0)
        self.rows[key] = progress
        self._heard[key] = now
        self._time_left_s = progress.time_left_s
        self._samples.append((now, self._executions))
        while now - self._samples[0][0] > _WINDOW_S:
            self._samples.popleft()

    def lately(self, most: int) -> list[HuntProgress]:
        """At most `most` rows, those heard of last, in the order in which they began (so that rows do not jump)."""
        order = sorted(self._heard, key=lambda key: self._heard[key], reverse=True)
        chosen = set(order[: max(0, most)])
        return [row for key, row in self.rows.items() if key in chosen]

    def total(self) -> Total:
        """The sums; the time left is the last that was heard."""
        best: dict[str, int] = {}
        for (entry, _), row in self.rows.items():
            best[entry] = max(best.get(entry, 0), row.covered)
        return Total(
            entries=len(best),
            executions=self._executions,
            per_second=self._rate(),
            covered=sum(best.values()),
            candidates=sum(r.candidates for r in self.rows.values()),
            time_left_s=self._time_left_s,
        )

    def _rate(self) -> float:
        """Executions a second in the window; before there is one, what the engines say of themselves."""
        if len(self._samples) > 1:
            (began, first), (ended, last) = self._samples[0], self._samples[-1]
            if ended - began >= 1:
                return max(0.0, (last - first) / (ended - began))
        return sum(row.per_second for row in self.rows.values())


def short_count(number: float) -> str:
    """A count in at most five characters: 950, 12.3k, 4.5M, 120G."""
    if number < 999.5:
        return f"{number:.0f}"
    power = min(4, 1 + sum(number >= bound for bound in (999.5e3, 999.5e6, 999.5e9)))
    scaled = number / 1000**power
    return f"{scaled:.1f}{_UNITS[power]}" if scaled < 99.95 else f"{scaled:.0f}{_UNITS[power]}"


def clock_time(seconds: float) -> str:
    """m:ss, or h:mm:ss from an hour on."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
