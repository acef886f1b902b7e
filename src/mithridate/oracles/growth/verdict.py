"""From what was measured in one run to a violation, or None. Pure functions; nothing here reads a clock."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mithridate.model.violation import Frame, Violation, ViolationKind
from mithridate.oracles.growth.fit import Timing, explodes, exponent

DETECTOR = "growth"
SUPERLINEAR = 1.75
"""Quadratic time measures below 2 where a linear part comes with it and in one noisy run; n log n measures about 1.1."""
MATTERS_S = 1.0
MATTERS_BYTES = 100_000
"""An input of a usual size that takes so long matters."""
TINY_BYTES = 2_000
"""Below this size no text should use up a run's CPU seconds; without a curve that grows up to there, it is a loop without end."""
RECURSION_BYTES = 10_000
RECURS = 3
"""How often a function is among the innermost frames of a recursion that is its own."""
APART = 5.0
"""Harmless text of the same size is done in a fraction of the attack's time, at least so many times faster."""

_SIGNALS = {
    4: ViolationKind.ILLEGAL_INSTRUCTION,
    6: ViolationKind.ABORT,
    7: ViolationKind.BUS_ERROR,
    8: ViolationKind.FATAL_SIGNAL,
    11: ViolationKind.WILD_POINTER,
}
"""Signals that a process gets for a fault of its own; it is killed with others by whoever limits it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """An exception that left the entry point: its type's name, the size of the input in bytes, its frames, innermost first."""

    type: str
    size: int
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run of a document. Timings are those of the steps, in order; a step during which the run ended is unfinished.

    `ended` is the records' word ("done", "timeout", "memory", "signal 11"), `phase` and `frames` say where it was then.
    `regex` is the pattern that was being matched, where that is known. `documented`: exceptions that the API announces.
    """

    attack: tuple[Timing, ...]
    control: tuple[Timing, ...]
    ended: str
    phase: str = "attack"
    frames: tuple[Frame, ...] = ()
    regex: str = ""
    attack_raised: tuple[Raised, ...] = ()
    control_raised: tuple[Raised, ...] = ()
    documented: frozenset[str] = frozenset()


def judge(measured: Measured) -> Violation | None:
    """The violation that the run shows. Without a harmless twin that ran to its end there is none:
    it may be the door that is slow.
    """
    control_finished = measured.control and all(t.finished for t in measured.control) and measured.phase == "attack"
    if not control_finished:
        return None
    return _crash(measured) or _memory(measured) or _recursion(measured) or _time(measured)


def _time(measured: Measured) -> Violation | None:
    attack = measured.attack
    if not attack:
        return None
    slowest = max(attack, key=lambda t: t.seconds)  # of an unfinished call only the time until it was stopped is known
    beside = _harmless_s(measured.control, slowest.size)
    if beside is None or slowest.seconds < APART * beside:
        return None
    interrupted = measured.ended == "timeout" and not slowest.finished
    slope = exponent(attack)
    sizes = f"{slowest.size:,} bytes take {'more than ' if interrupted else ''}{slowest.seconds:.1f} s of CPU time"
    harmless = f"harmless text of that length takes {beside:.3f} s"
    matters = slowest.size <= MATTERS_BYTES and slowest.seconds >= MATTERS_S
    bursts = explodes(attack)
    if matters and (bursts or (slope is not None and slope >= SUPERLINEAR)):
        growth = "faster than any power" if bursts else f"to the power of {slope:.1f}"
        message = f"time grows with the size of the input {growth}: {sizes}; {harmless}{_where(measured)}"
        return _violation(ViolationKind.SUPERLINEAR_TIME, message, measured.frames, slowest.size)
    if interrupted and matters and slowest.size <= TINY_BYTES and _alone(attack, slowest):
        message = f"does not end: {sizes}; {harmless}{_where(measured)}"
        return _violation(ViolationKind.TIMEOUT, message, measured.frames, slowest.size)
    return None


def _alone(attack: Sequence[Timing], slowest: Timing) -> bool:
    """No smaller attack of the document took noticeable time: it is the loop, not the growth, that is shown."""
    return all(t.seconds * APART < slowest.seconds for t in attack if t is not slowest)


def _memory(measured: Measured) -> Violation | None:
    if measured.ended != "memory":
        return None
    last = measured.attack[-1].size if measured.attack else 0
    if not 0 < last <= MATTERS_BYTES:
        return None
    message = f"an input of {last:,} bytes uses up the memory allowed; harmless text of that length does not"
    return _violation(ViolationKind.MEMORY_EXHAUSTION, message, measured.frames, last)


def _recursion(measured: Measured) -> Violation | None:
    name = "RecursionError"
    raised = next((r for r in measured.attack_raised if r.type == name), None)
    if raised is None or name in measured.documented or any(r.type == name for r in measured.control_raised):
        return None
    often = Counter((f.file, f.function) for f in raised.frames)
    first = next((n for n, f in enumerate(raised.frames) if often[f.file, f.function] >= RECURS), None)
    if first is None:
        return None  # what recurses is none of the project's functions, as when a deep path is made folder by folder
    size = raised.size
    if not 0 < size <= RECURSION_BYTES:
        return None
    message = f"recursion without bound: an input of {size:,} bytes ends in a RecursionError that the API does not announce"
    recursion = raised.frames[first:]  # without what it called when the stack was used up, which is a matter of chance
    return _violation(ViolationKind.STACK_EXHAUSTION, message, recursion, size)


def _crash(measured: Measured) -> Violation | None:
    word, _, number = measured.ended.partition(" ")
    if word != "signal" or not number.isdigit() or int(number) not in _SIGNALS:
        return None
    message = f"the interpreter is ended by signal {number}; with harmless input it is not"
    return _violation(_SIGNALS[int(number)], message, measured.frames, measured.attack[-1].size if measured.attack else 0)


def _harmless_s(control: Sequence[Timing], size: int) -> float | None:
    """How long harmless input took that was at least nearly so large."""
    return max((t.seconds for t in control if t.size * 1.25 >= size), default=None)


def _where(measured: Measured) -> str:
    return f" (in the regular expression {measured.regex[:200]})" if measured.regex else ""


def _violation(kind: ViolationKind, message: str, frames: tuple[Frame, ...], size: int) -> Violation:
    return Violation(kind=kind, detector=DETECTOR, message=message, frames=frames, size=size)
