"""Whether a text really slows a pattern down: both are given to the regular expression module itself, in the sandbox.

What the look at a pattern takes for ambiguous is often settled by the matcher in no time. Measured once, each shape is known to
be slow or not, and only the slow ones are worth a call of every function whose calls enter the pattern's file.
"""

import hashlib
from collections.abc import Mapping, Sequence

from mithridate.hunt.engines.calls.outcome import Answer
from mithridate.hunt.engines.calls.scalable import Scalable
from mithridate.hunt.engines.calls.sources import Pattern
from mithridate.hunt.engines.calls.state import Job, Purpose
from mithridate.hunt.engines.calls.steps import Call, call

Suspicion = tuple[Pattern, Scalable]
"""A pattern and a shape of text that it may be slow on."""
SEARCH = "re:search"
_FLAGS = 2 | 8 | 16 | 32 | 64 | 256
"""Of the flags, those that a pattern of text can have."""
_POLYNOMIAL_BYTES = 2_000
_EXPONENTIAL_REPEATS = (20, 27)
"""The first shows most of those that grow fast, without using up the run; the second the others."""
SLOW_S = 0.006
"""Quadratic time of a fast loop at that size; plain matching takes less than a thousandth of it."""
_TOGETHER = 24


def key(suspicion: Suspicion) -> str:
    """What it is known by."""
    pattern, shape = suspicion
    return hashlib.sha1(repr((pattern.text, pattern.flags, shape.parts)).encode(), usedforsecurity=False).hexdigest()[:16]


def measurements(target: str, suspicions: Sequence[Suspicion], worst: str) -> list[Job]:
    """Runs that measure; shapes whose origin begins with `worst` are taken for exponential."""
    made: list[Job] = []
    calls: list[tuple[Call, str]] = []
    for suspicion in suspicions:
        pattern, shape = suspicion
        exponential = shape.origin.startswith(worst)
        for times in _EXPONENTIAL_REPEATS if exponential else (shape.times(_POLYNOMIAL_BYTES),):
            calls.append((call(SEARCH, [pattern.text, shape.value(times), pattern.flags & _FLAGS]), key(suspicion)))
    for start in range(0, len(calls), _TOGETHER):
        part = calls[start : start + _TOGETHER]
        texts = [([(name, False)], 1) for _, name in part]
        made.append(Job(target=target, purpose=Purpose.SIEVE, calls=[one for one, _ in part], texts=texts))
    return made


def slow(job: Job, answers: Sequence[Answer], *, complete: bool) -> Mapping[str, bool]:
    """What a run showed, by key: the call that used it up was slow; a pattern that cannot be tried is not known to be fast."""
    names = [parts[0][0] for parts, _ in job.texts]
    shown: dict[str, bool] = {}
    for name, answer in zip(names, answers, strict=False):
        shown[name] = shown.get(name, False) or answer.seconds >= SLOW_S or bool(answer.raised)
    if not complete and len(answers) < len(names):
        shown[names[len(answers)]] = True
    return shown


def rest(job: Job, answered: int, known: Mapping[str, bool]) -> Job | None:
    """The calls behind the one that used the run up, without further ones for what is known to be slow."""
    left = [i for i in range(answered + 1, len(job.calls)) if not known.get(job.texts[i][0][0][0])]
    if not left:
        return None
    return Job(target=job.target, purpose=job.purpose, calls=[job.calls[i] for i in left], texts=[job.texts[i] for i in left])
