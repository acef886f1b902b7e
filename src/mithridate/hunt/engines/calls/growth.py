"""Ladders: one shape of text in doubling sizes, beside harmless text in the same sizes.

One run of one document shows the growth.
"""

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mithridate.hunt.engines.calls.scalable import Scalable
from mithridate.hunt.engines.calls.state import Job, Purpose
from mithridate.hunt.engines.calls.steps import Call, Place, replaced
from mithridate.oracles.growth.fit import explodes, exponent
from mithridate.oracles.growth.verdict import MATTERS_BYTES, MATTERS_S, SUPERLINEAR, TINY_BYTES, Measured, judge

Json = Any
Text = tuple[list[tuple[str, bool]], int]
"""The parts of a Scalable, and how often they repeat."""
_BETWEEN = 7
_FURTHER, _SMALL_STEP = 2, 1.3
_STAIRS = (-2, 0, 1, 2, 3, 4, 6, 9, 13, 20, 30, 50)
STEEP_BYTES = 600
"""A text that takes noticeable time and is no longer: time grows exponentially, or it is a loop without end."""
_LARGEST = MATTERS_BYTES - 2_000
_NEGLIGIBLE_S = 0.004
PROBE_BYTES = 8_000
DEEP_BYTES = 1_500
"""Of a text that nests: deep enough for what recurses, too small for what takes quadratic time to come before that."""
DEEP_TIMES = 1_300
"""Of what nests: more than an interpreter's stack has frames."""
PATTERN_BYTES = 16_000
"""Of a text that is known to be slow on a pattern."""
_WORN = 0.02
"""Quadratic time of a fast loop is no more at PATTERN_BYTES where it takes a second at what matters."""
_APART = 6.0
_SPARE = 1.5
"""Times as long as matters, so that a replay that measures a little less shows it too."""


def probe_call(call: Call, place: Place, shape: Scalable, size: int = PROBE_BYTES) -> tuple[Call, int]:
    """The call with a text of that shape, by default of a size that shows quadratic time; how often its parts are repeated."""
    times = shape.times(size)
    return replaced(call, place, shape.value(times)), times


def ladder(target: str, call: Call, place: Place, shape: Scalable, *, largest: int = _LARGEST) -> Job:
    """Doubling sizes up to the largest that matters; the run's CPU limit ends it where time grows fast."""
    sizes: list[int] = []
    times = 1
    while shape.fixed + shape.unit * times <= largest or not sizes:
        sizes.append(times)
        times *= 2
    return _job(target, call, place, shape, sizes, beside=False)


def stairs(target: str, call: Call, place: Place, shape: Scalable, times: int) -> Job:
    """Small steps around so many repeats, which took noticeable time: of exponential growth a doubling is far too much."""
    return _job(
        target, call, place, shape, sorted({1, times // 4 or 1, times // 2 or 1, *(times + k for k in _STAIRS)}), beside=False
    )


def single(target: str, call: Call, place: Place, shape: Scalable, times: int) -> Job:
    """One size, beside harmless text of it."""
    return _job(target, call, place, shape, [times], beside=True)


def trimmed(job: Job, measured: Measured) -> Job:
    """The same ladder, now beside harmless text, without the steps that took no time and without those never reached."""
    reached = len(measured.attack)
    first = next((i for i, t in enumerate(measured.attack) if t.seconds >= _NEGLIGIBLE_S), reached)
    first = max(0, min(first - 1, reached - 5))
    keep = slice(first, reached + _further(job, reached))
    made = copy.copy(job)
    made.calls, made.texts = _refined(job.calls[keep], job.texts[keep], tuple(job.place), measured)
    place = tuple(job.place)
    made.control = [
        replaced(call, place, Scalable(tuple((text, again) for text, again in parts)).harmless(times))
        for call, (parts, times) in zip(made.calls, made.texts, strict=True)
    ]
    made.purpose, made.tries = Purpose.CONFIRM, job.tries + 1
    return made


def _further(job: Job, reached: int) -> int:
    """How many steps behind the last one reached the greater time of a second run may suffice for: of small ones, a few."""
    if not 0 < reached < len(job.texts):
        return 0
    return _FURTHER if job.texts[reached][1] < _SMALL_STEP * job.texts[reached - 1][1] else 0


def shortened(job: Job, measured: Measured) -> Job:
    """The ladder up to the first step that shows the growth with something to spare: what comes above costs each replay much."""
    for count in range(2, len(measured.attack)):
        part = replace(measured, attack=measured.attack[:count], ended="done")
        last = part.attack[-1]
        if last.finished and last.seconds >= _SPARE * MATTERS_S and judge(part) is not None:
            made = copy.copy(job)
            made.calls, made.control, made.texts = job.calls[:count], job.control[:count], job.texts[:count]
            return made
    return job


def _refined(calls: list[Json], texts: list[Text], place: Place, measured: Measured) -> tuple[list[Json], list[Text]]:
    """With sizes between the last that was finished and the one that was not, where growth was too fast to be seen."""
    steep = explodes(measured.attack) or exponent(measured.attack) is not None
    if steep or measured.ended != "timeout" or len(texts) < 2 or measured.attack[-1].finished:
        return calls, texts
    (parts, few), (_, many) = texts[-2], texts[-1]
    shape = Scalable(tuple((text, again) for text, again in parts))
    between = sorted({few + (many - few) * k // (_BETWEEN + 1) for k in range(1, _BETWEEN + 1)} - {few, many})
    added = [replaced(calls[-1], place, shape.value(times)) for times in between]
    return [*calls[:-1], *added, calls[-1]], [*texts[:-1], *((parts, times) for times in between), texts[-1]]


def promising(measured: Measured) -> bool:
    """The attack alone looks as if it were worth a run beside harmless text."""
    slope = exponent(measured.attack)
    small = any(not t.finished and t.size <= TINY_BYTES for t in measured.attack)
    other = measured.ended not in ("done", "timeout")
    return small or other or explodes(measured.attack) or (slope is not None and slope >= SUPERLINEAR)


def worn(seconds: Sequence[float]) -> list[int]:
    """The positions of calls that took noticeably longer than the others of their run."""
    ordered = sorted(seconds)
    usual = ordered[len(ordered) // 8] if ordered else 0.0
    return [i for i, s in enumerate(seconds) if s > _WORN and s > _APART * usual]


def _job(target: str, call: Call, place: Place, shape: Scalable, sizes: Sequence[int], *, beside: bool) -> Job:
    return Job(
        target=target,
        purpose=Purpose.LADDER,
        calls=[replaced(call, place, shape.value(times)) for times in sizes],
        control=[replaced(call, place, shape.harmless(times)) for times in sizes] if beside else [],
        texts=[(list(shape.parts), times) for times in sizes],
        place=list(place),
    )
