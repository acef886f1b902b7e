"""Violations in the native code of an extension module: what its sanitizer said while an observer ran one input document."""

from functools import lru_cache

from mithridate.model.execution import Ending, Execution
from mithridate.model.violation import Violation, ViolationKind
from mithridate.oracles.address_sanitizer import AddressSanitizer
from mithridate.oracles.process_signals import ProcessSignals
from mithridate.oracles.suite import Judge
from mithridate.oracles.undefined_behaviour import UndefinedBehaviour

_ORACLES = (AddressSanitizer.name, UndefinedBehaviour.name, ProcessSignals.name)
"""Time and memory of a document are judged against its harmless twin (oracles/growth), not here."""


def native(how: str, report: str) -> tuple[Violation, ...]:
    """What `report` tells of the project's own native code, the gravest first; `how` is how the run ended, in the records' words.

    A violation without a frame of the project is none of its: the interpreter and other packages' modules are not under analysis.
    """
    if not report:
        return ()
    word, _, number = how.partition(" ")
    code = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else None
    execution = Execution(
        ending=Ending.SIGNALLED if word == "signal" else Ending.EXITED,
        exit_code=code if word == "exit" else 0 if word == "done" else None,
        signal=code if word == "signal" else None,
        stdout=b"",
        stderr=report.encode("utf-8", "replace"),
        truncated=False,
        wall_s=0.0,
        cpu_s=0.0,
        peak_memory_bytes=0,
    )
    verdict = _judge().judge(execution)
    return tuple(v for v in verdict if _is_own(v)) if isinstance(verdict, tuple) else ()


@lru_cache(maxsize=1)
def _judge() -> Judge:
    return Judge(oracles=_ORACLES)


def _is_own(violation: Violation) -> bool:
    """Through the project's code; a place where it freed or made an object that others use wrongly does not blame it."""
    if violation.kind is ViolationKind.MEMORY_EXHAUSTION:
        return False
    return bool(violation.project_frames)
