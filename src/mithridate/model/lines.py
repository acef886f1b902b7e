"""Where the lines of a patched file were before the patch, and changes moved from the one to the other."""

from bisect import bisect_right
from dataclasses import dataclass, field, replace

from mithridate.model.diff import FileDiff, read
from mithridate.model.violation import Frame, Violation

_SOURCES = "/src/"
"""Where a sandbox shows the project's root."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How one diff moves the lines of one file. Lines are 1-based."""

    file: FileDiff
    _spans: tuple[tuple[int, int, int, int], ...] = field(init=False)
    """(first line after, how many come, first line before, how many go) of each change, in order."""

    def __post_init__(self) -> None:
        spans: list[tuple[int, int, int, int]] = []
        moved = 0
        for at, gone, come in self.file.changes:
            spans.append((at + moved, len(come), at, gone))
            moved += len(come) - gone
        object.__setattr__(self, "_spans", tuple(spans))

    def before(self, line: int) -> int:
        """The line of the unpatched file that `line` of the patched one was; for a new line, the nearest one at its place."""
        found = bisect_right(self._spans, (line, float("inf"))) - 1
        if found < 0:
            return line
        after, come, at, gone = self._spans[found]
        if line >= after + come:
            return line - (after + come) + at + gone
        return max(1, min(at + line - after, at + gone - 1 if gone else at))

    def touched(self, first: int, last: int) -> bool:
        """True when any of the patched file's lines first…last is new, or when something is gone between two of them."""
        return any(after < last + 1 and after + come > first for after, come, _, _ in self._spans) or any(
            not come and first < after <= last for after, come, _, _ in self._spans
        )


def shifts(diff: str) -> dict[str, Shift]:
    """The shift of each file that a diff changes, by its path below the root."""
    return {file.path: Shift(file) for file in read(diff)}


def moved_back(violation: Violation, diff: str) -> Violation:
    """A violation seen in the tree with `diff`, with the lines of the tree without it.

    One whose signature rests on lines, as where no function is known, is left as it was seen.
    """
    known = shifts(diff)

    def frame(one: Frame) -> Frame:
        shift = known.get(one.file.removeprefix(_SOURCES)) if one.line else None
        return one if shift is None else replace(one, line=shift.before(one.line))

    moved = replace(
        violation,
        frames=tuple(map(frame, violation.frames)),
        allocation=tuple(map(frame, violation.allocation)),
        deallocation=tuple(map(frame, violation.deallocation)),
    )
    return moved if moved.signature == violation.signature else violation
