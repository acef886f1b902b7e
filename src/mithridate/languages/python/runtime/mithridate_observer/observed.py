"""Exceptions that left the entry point, as observations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import recording
from .places import placed

if TYPE_CHECKING:
    from .doors.interface import Context

MAX_MESSAGE = 2000


class Trouble:
    """Whether a step ran out of memory, and where; read when the run ends."""

    def __init__(self) -> None:
        self.memory: MemoryError | None = None


trouble = Trouble()


def error_text(error: BaseException) -> str:
    """ "Type: message", the message cut."""
    try:
        message = str(error)
    except Exception as another:  # noqa: BLE001 (the target's own __str__ may do anything)
        message = f"(its message cannot be shown: {type(another).__name__})"
    return f"{type(error).__name__}: {message[:MAX_MESSAGE]}"


def _is_ours(error: BaseException) -> bool:
    """Whether the error follows from a sink that the observer did not let happen."""
    each: BaseException | None = error
    for _ in range(32):
        if each is None:
            return False
        if isinstance(each, recording.Stopped):
            return True
        each = each.__cause__ or each.__context__
    return False


def observe_errors(context: Context, errors: list[BaseException], api: str, more: dict[str, str] | None = None) -> None:
    """Record each exception once, at the place in the project where it was raised; `more` are further details."""
    seen: set[int] = set()
    for error in errors:
        if id(error) in seen:
            continue
        seen.add(id(error))
        if _is_ours(error):
            continue
        if isinstance(error, MemoryError):
            trouble.memory = error
        with placed(context.recorder, context.places.of_error(error)):
            detail = {"type": type(error).__name__, "module": str(type(error).__module__), **(more or {})}
            context.recorder.saw("error", api, error_text(error), detail=detail, fact=True)
