"""Violations from an observer's records: what a run's attack did and its harmless twin did not."""

import signal
from collections.abc import Iterator, Mapping

from mithridate.model.observation import FACTS, Observation, Sink
from mithridate.model.violation import Violation, ViolationKind
from mithridate.oracles.confinement.escape import Escape, quoted
from mithridate.oracles.confinement.records import Ended, Phase, Records, Run
from mithridate.oracles.confinement.sent import NOTHING_KNOWN, Sent, sent
from mithridate.oracles.confinement.verdict import judge_run
from mithridate.oracles.detector import Detector
from mithridate.oracles.native import native
from mithridate.oracles.uncaught import uncaught

CONFINEMENT = "confinement"
OBSERVER = "observer"

BUSY_SECONDS = 1.0
"""CPU seconds from which a run that was stopped for its time counts as busy; below it waited for something."""

_SIGNALS: Mapping[int, ViolationKind] = {
    signal.SIGSEGV: ViolationKind.WILD_POINTER,
    signal.SIGABRT: ViolationKind.ABORT,
    signal.SIGFPE: ViolationKind.DIVISION_BY_ZERO,
    signal.SIGILL: ViolationKind.ILLEGAL_INSTRUCTION,
    signal.SIGBUS: ViolationKind.BUS_ERROR,
    signal.SIGTRAP: ViolationKind.FATAL_SIGNAL,
}
"""The signals that a fault of the program raises; others are sent from outside."""

_ERRORS: Mapping[str, ViolationKind] = {
    "RecursionError": ViolationKind.STACK_EXHAUSTION,
    "MemoryError": ViolationKind.MEMORY_EXHAUSTION,
}


def violation(observation: Observation, escaped: Escape) -> Violation:
    """The violation that an escape or a fact is, at the place where the sink was used."""
    detector = OBSERVER if observation.sink in FACTS else CONFINEMENT
    return Violation(kind=escaped.kind, detector=detector, message=escaped.why, frames=observation.frames)


def violations(records: Records, run: int, document: bytes = b"") -> tuple[Violation, ...]:
    """Everything forbidden that one run of a batch did, one violation of a kind and place; none when there was no such run.

    `document` is the run's input document; with it, structure that the program itself made of several values is no escape.
    """
    seen = records.runs.get(run)
    if seen is None:
        return ()
    known = sent(document) if document else NOTHING_KNOWN
    found: dict[tuple[str, str], Violation] = {}
    for each in (*_escapes(seen, known), *_errors(seen), *_ending(seen)):
        found.setdefault((each.kind, each.signature), each)
    return tuple(found.values())


def _escapes(run: Run, known: Sent) -> Iterator[Violation]:
    attack = run.attack.observations
    if attack or not run.attack.entered:
        judged = judge_run(attack, run.control.observations, known)
        yield from (violation(observation, escaped) for observation, escaped in judged)


def _errors(run: Run) -> Iterator[Violation]:
    harmless = {_error(o) for o in run.control.observations}
    for observation in run.attack.observations:
        if (kind := uncaught(observation)) is not None and not _always(_error(observation), run.control):
            message = f"{quoted(observation.text)} left the fuzz target, which lets through what its author calls a flaw"
            yield Violation(kind=kind, detector=OBSERVER, message=message, frames=observation.frames)
        name = _error(observation)
        if name in _ERRORS and name not in harmless:
            message = f"{name} left the entry point: {quoted(observation.text)}"
            yield Violation(kind=_ERRORS[name], detector=OBSERVER, message=message, frames=observation.frames)


def _always(name: str, control: Phase) -> bool:
    """Every harmless input ends in that exception too, if any was tried: then it is not the attack's."""
    raised = [str(answer.get("raised") or "").partition(":")[0] for answer in control.answers]
    return not raised or all(each == name for each in raised)


def _error(observation: Observation) -> str:
    if observation.sink is not Sink.ERROR:
        return ""
    return (observation.detail.get("type") or observation.text.partition(":")[0]).rpartition(".")[2].strip()


def _ending(run: Run) -> Iterator[Violation]:
    ended = run.ended
    if ended is None or not _in_attack(run.control, run.attack):
        return
    if reported := native(ended.how, ended.report):
        yield from reported
    elif ended.how == "timeout" and ended.cpu_s >= BUSY_SECONDS:
        yield _end(ended, ViolationKind.TIMEOUT, Detector.RESOURCE_LIMIT, f"still running after {ended.cpu_s:.1f} s of CPU time")
    elif ended.how == "memory":
        yield _end(ended, ViolationKind.MEMORY_EXHAUSTION, Detector.RESOURCE_LIMIT, "ended at the memory limit")
    elif (number := _signal(ended.how)) in _SIGNALS:
        name = signal.Signals(number).name
        yield _end(ended, _SIGNALS[number], Detector.KERNEL, f"the process died of {name}")


def _in_attack(control: Phase, attack: Phase) -> bool:
    """The attack had begun when the run ended."""
    return attack.entered or not control.entered


def _end(ended: Ended, kind: ViolationKind, detector: Detector, message: str) -> Violation:
    return Violation(kind=kind, detector=detector, message=message, frames=ended.frames)


def _signal(how: str) -> int:
    word, _, number = how.partition(" ")
    return int(number) if word == "signal" and number.isascii() and number.isdigit() and len(number) < 4 else 0
