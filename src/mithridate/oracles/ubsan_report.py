"""UndefinedBehaviorSanitizer's runtime errors, typed from their texts (compiler-rt, lib/ubsan/ubsan_handlers.cpp)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from mithridate.model.violation import PROJECT_ROOTS, Access, Frame, Violation, ViolationKind
from mithridate.oracles.detector import Detector
from mithridate.oracles.stack_frames import code_under_analysis
from mithridate.oracles.stack_reader import Stack, read_stacks

_K = ViolationKind
_MARK = ": runtime error: "
_LONGEST_MESSAGE = 500
_KINDS: tuple[tuple[re.Pattern[str], ViolationKind], ...] = (
    (re.compile(r"index .* out of bounds for type"), _K.ARRAY_INDEX),
    (re.compile(r"division by zero"), _K.DIVISION_BY_ZERO),
    (re.compile(r"signed integer overflow:|negation of|division of .* by -1 cannot"), _K.SIGNED_INTEGER_OVERFLOW),
    (re.compile(r"shift exponent"), _K.SHIFT_EXPONENT),
    (re.compile(r".* is outside the range of representable values of type"), _K.FLOAT_CAST),
    (re.compile(r"variable length array bound"), _K.VLA_BOUND),
    (re.compile(r"execution reached an unreachable program point"), _K.UNREACHABLE),
    (re.compile(r"execution reached the end of a value-returning function"), _K.MISSING_RETURN),
    (re.compile(r"passing zero to"), _K.INVALID_BUILTIN),
    (re.compile(r"(?:load of|store to) null pointer"), _K.NULL_DEREFERENCE),
)
_ADDRESS = re.compile(r"address 0x([0-9a-f]{1,16})")


@dataclass(frozen=True, slots=True)
class ReportedError:
    """The first line of a UBSan report: where the expression is and what is wrong with it."""

    file: str
    line: int
    column: int
    text: str


def parse_head(line: str) -> ReportedError | None:
    """The location and text of `/src/a.c:3:7: runtime error: ...`, or None for another line.

    The program may have written to the same line before; a path below the project's roots is then found inside it.
    """
    at = line.find(_MARK)
    if at < 0:
        return None
    place, text = line[:at], line[at + len(_MARK) :]
    parts = place.rsplit(":", 2)
    if len(parts) == 3 and _number(parts[1]) and _number(parts[2]):
        return ReportedError(_path(parts[0]), int(parts[1]), int(parts[2]), text)
    if len(parts) >= 2 and _number(parts[-1]):
        return ReportedError(_path(place[: place.rfind(":")]), int(parts[-1]), 0, text)
    return ReportedError("", 0, 0, text)


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _path(text: str) -> str:
    starts = [at for root in PROJECT_ROOTS if (at := text.find(root)) >= 0]
    if starts:
        return text[min(starts) :]
    return text if text.startswith("/") else text.rpartition(" ")[2]


def parse_error(head: ReportedError, body: Sequence[str]) -> Violation:
    """One runtime error with the stack that follows it, if it was asked for (print_stacktrace=1)."""
    kind = next((kind for pattern, kind in _KINDS if pattern.match(head.text[:_LONGEST_MESSAGE])), _K.UNDEFINED_BEHAVIOUR)
    access = None
    if kind is _K.NULL_DEREFERENCE:
        access = Access.WRITE if head.text.startswith("store") else Access.READ
    address = _ADDRESS.search(head.text[:_LONGEST_MESSAGE])
    stack = code_under_analysis(read_stacks(body).of(Stack.ACCESS), instrumented=True)
    return Violation(
        kind=kind,
        detector=Detector.UNDEFINED_BEHAVIOUR_SANITIZER,
        message=head.text[:_LONGEST_MESSAGE].strip(),
        access=access,
        address=int(address[1], 16) if address else 0 if kind is _K.NULL_DEREFERENCE else None,
        frames=_with_location(stack, head),
    )


def _with_location(frames: tuple[Frame, ...], head: ReportedError) -> tuple[Frame, ...]:
    """The stack with its innermost frame at the expression that UBSan names, which is finer than the call's own line."""
    if not head.file:
        return frames
    place = Frame(function="", file=head.file, line=head.line, column=head.column)
    if not frames:
        return (place,)
    top = frames[0]
    if not top.file:
        return (replace(top, file=head.file, line=head.line, column=head.column), *frames[1:])
    if PurePosixPath(top.file).name == PurePosixPath(head.file).name:
        return (replace(top, line=head.line, column=head.column), *frames[1:])
    return frames
