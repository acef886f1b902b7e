"""How time grows with size: the exponent of the power law through measured points."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

NOISE_S = 0.004
"""Shorter times are mostly the cost of the call and the resolution of the clock."""
DOUBLINGS = 3
STEEP, BURST = 4.0, 50.0
"""A growth beyond what usual algorithms have, over a stretch that no noise makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One call: the size of its input in bytes, and the CPU seconds it took; unfinished, it would have taken more."""

    size: int
    seconds: float
    finished: bool = True


def minima(repeats: Sequence[Sequence[Timing]]) -> tuple[Timing, ...]:
    """The shortest time of each size over repeats: other load on the machine can only add. A size is finished if it once was."""
    best: dict[int, Timing] = {}
    for timing in (one for series in repeats for one in series):
        known = best.get(timing.size)
        if known is None or (not timing.finished, timing.seconds) < (not known.finished, known.seconds):
            best[timing.size] = timing
    return tuple(best[size] for size in sorted(best))


def exponent(timings: Sequence[Timing]) -> float | None:
    """The slope of log time over log size, by least squares over the last DOUBLINGS doublings.

    None when the points do not span so many. An unfinished call, which is the last, counts with the time until it was
    stopped, which makes the slope a lower bound; the calls before it may show a steeper one.
    """
    points = _usable(timings)
    whole = points if not points or points[-1].finished else points[:-1]
    slopes = [_slope(points), _slope(whole)]
    return max((slope for slope in slopes if slope is not None), default=None)


def explodes(timings: Sequence[Timing]) -> bool:
    """From a call to a larger one it grows BURST times, and faster than size to the power of STEEP.

    For time that grows too fast for three doublings to be measured. A call of less than NOISE_S counts with that.
    """
    points = _usable(timings)
    for position, base in enumerate(points):
        for last in points[position + 1 :]:
            times, steps = last.seconds / max(base.seconds, NOISE_S), last.size / base.size
            if steps > 1 and times >= BURST and math.log(times) >= STEEP * math.log(steps):
                return True
    return False


def _slope(points: Sequence[Timing]) -> float | None:
    if not points or points[-1].seconds < NOISE_S:
        return None
    largest = points[-1].size
    chosen = [p for p in points if p.size * 2**DOUBLINGS * 1.1 >= largest]
    if len(chosen) < DOUBLINGS + 1 or largest < chosen[0].size * 2**DOUBLINGS * 0.8:
        return None
    xs = [math.log(p.size) for p in chosen]
    ys = [math.log(max(p.seconds, NOISE_S / 4)) for p in chosen]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread if spread else None


def _usable(timings: Sequence[Timing]) -> list[Timing]:
    """Up to the first unfinished one, in order of size."""
    usable: list[Timing] = []
    for timing in sorted((t for t in timings if t.size > 0), key=lambda t: t.size):
        usable.append(timing)
        if not timing.finished:
            break
    return usable
