"""Whether a text really slows a pattern down: both are given to the regular expression module itself, in the sandbox.

What the look at a pattern takes for ambiguous is often settled by the matcher in no time. Measured once, each shape is known to
be slow or not, and only the slow ones are worth a call of every function whose calls enter the pattern's file.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from mithridate.hunt.engines.calls.outcome import Answer
from mithridate.hunt.engines.calls.scalable import Scalable
from mithridate.hunt.engines.calls.sources import Pattern
from mithridate.hunt.engines.calls.state import Job, Purpose
from mithridate.hunt.engines.calls.steps import call

Suspicion = tuple[Pattern, Scalable]
"""A pattern and a shape of text that it may be slow on."""
SEARCH = "re:search"
_FLAGS = 2 | 8 | 16 | 32 | 64 | 256
"""Of the flags, those that a pattern of text can have."""
_POLYNOMIAL_BYTES = (300, 2_000)
_EXPONENTIAL_REPEATS = ((3, 5, 7, 9, 12, 16, 20), (27,))
"""Small sizes first: on them what grows fast is seen before it uses a run up. Only what they leave open is given the others."""
_NOTICED_S = 0.05
"""So long a call is noticed among others, and does not use a run up."""
SLOW_S = 0.006
"""Quadratic time of a fast loop at the larger size; plain matching takes less than a thousandth of it."""
ENOUGH = 4
"""Slow shapes of one pattern; with more of them a function shows nothing else."""
_TOGETHER = 24


def key(suspicion: Suspicion) -> str:
    """What it is known by."""
    pattern, shape = suspicion
    return hashlib.sha1(repr((pattern.text, pattern.flags, shape.parts)).encode(), usedforsecurity=False).hexdigest()[:16]


def measurements(target: str, suspicions: Sequence[Suspicion], worst: str, *, large: bool = False) -> list[Job]:
    """Runs that measure, with the small or the large size; shapes whose origin begins with `worst` are taken for exponential."""
    made: list[Job] = []
    for start in range(0, len(suspicions), _TOGETHER):
        part = suspicions[start : start + _TOGETHER]
        calls, texts = [], []
        for pattern, shape in part:
            exponential = shape.origin.startswith(worst)
            for times in _EXPONENTIAL_REPEATS[large] if exponential else (shape.times(_POLYNOMIAL_BYTES[large]),):
                calls.append(call(SEARCH, [pattern.text, shape.value(times), pattern.flags & _FLAGS]))
                texts.append(([(key((pattern, shape)), large)], times))
        made.append(Job(target=target, purpose=Purpose.SIEVE, calls=list(calls), texts=texts))
    return made


def is_large(job: Job) -> bool:
    """Whether it is the last measurement of its shapes."""
    return any(large for parts, _ in job.texts for _, large in parts)


def slow(job: Job, answers: Sequence[Answer], *, complete: bool) -> Mapping[str, bool]:
    """What a run showed, by key: the call that used it up was slow; a pattern that cannot be tried is not known to be fast."""
    names = [parts[0][0] for parts, _ in job.texts]
    shown: dict[str, bool] = {}
    for name, answer in zip(names, answers, strict=False):
        shown[name] = shown.get(name, False) or answer.seconds >= SLOW_S or bool(answer.raised)
    if not complete and len(answers) < len(names):
        shown[names[len(answers)]] = True
    return shown


def paces(job: Job, answers: Sequence[Answer], *, complete: bool) -> Mapping[str, int]:
    """By key, for shapes measured in several sizes and slow in one: the fewest repeats that are noticed; when the next ones used
    the run up, half the way to those."""
    found: dict[str, int] = {}
    last: dict[str, int] = {}
    sizes = Counter(parts[0][0] for parts, _ in job.texts)
    for (parts, times), answer in zip(job.texts, answers, strict=False):
        last[parts[0][0]] = times
        if answer.seconds >= _NOTICED_S and sizes[parts[0][0]] > 1:
            found.setdefault(parts[0][0], times)
    if not complete and len(answers) < len(job.texts):
        parts, times = job.texts[len(answers)]
        if sizes[parts[0][0]] > 1:
            found.setdefault(parts[0][0], (last.get(parts[0][0], 0) + times + 1) // 2)
    return found


def rest(job: Job, answered: int, known: Collection[str] = ()) -> Job | None:
    """The calls behind the one that used the run up, of other shapes; without those of the patterns `known` to be slow enough."""
    spent = job.texts[answered][0][0][0] if answered < len(job.texts) else ""
    behind = range(answered + 1, len(job.calls))
    left = [i for i in behind if job.calls[i]["args"][0] not in known and job.texts[i][0][0][0] != spent]
    if not left:
        return None
    return Job(target=job.target, purpose=job.purpose, calls=[job.calls[i] for i in left], texts=[job.texts[i] for i in left])
