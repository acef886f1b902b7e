"""Marks the accessors among a violation's frames, so that the place of a flaw is whoever handed one a bad pointer."""

from dataclasses import replace

from mithridate.languages.c.accessors import is_accessor
from mithridate.languages.c.products import on_host
from mithridate.model.entry import Binary
from mithridate.model.violation import Frame, Violation

_LOOKED_AT = 3


def blamed(violation: Violation, binary: Binary) -> Violation:
    """The violation with its innermost project frames marked as far as they are accessors by the sources of `binary`'s build."""
    if violation.access is None:
        return violation
    frames = list(violation.frames)
    inner: list[str] = []
    for position in [i for i, frame in enumerate(frames) if frame.in_project][:_LOOKED_AT]:
        frame = frames[position]
        if not _is_accessor(frame, binary, inner):
            break
        frames[position] = replace(frame, accessor=True)
        inner.append(frame.function)
    return replace(violation, frames=tuple(frames)) if inner else violation


def _is_accessor(frame: Frame, binary: Binary, inner: list[str]) -> bool:
    source = on_host(binary.directory, frame.file)
    return source is not None and frame.line > 0 and is_accessor(source, frame.line, frame.function, inner)
