"""Sorts the stacks of one report by what they tell: where it happened, where the object was made, where it was freed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from mithridate.model.violation import Frame
from mithridate.oracles.stack_frames import mark_inlined, parse_stack_line

_DEALLOCATION = re.compile(r"\s*freed by thread T\d+")
_ALLOCATION = re.compile(
    r"\s*(?:previously )?allocated by thread T\d+|.* leak of \d+ byte\(s\) in \d+ object\(s\) allocated from:"
)
_ELSEWHERE = re.compile(
    r"Thread T\d+.* created by|Address 0x[0-9a-f]+ is located in stack of|\s*(?:\(.*\))?registered at:|\s*\[\d+\] "
)

_MOST_FRAMES = 1024
"""Four times what a sanitizer prints of one stack."""


class Stack(Enum):
    """What a printed stack is about."""

    ACCESS = auto()
    ALLOCATION = auto()
    DEALLOCATION = auto()
    OTHER = auto()


@dataclass(slots=True)
class Stacks:
    """The first stack of each sort in a report, complete and with inlining marked."""

    found: dict[Stack, tuple[Frame, ...]] = field(default_factory=dict)

    def of(self, stack: Stack) -> tuple[Frame, ...]:
        """The frames of that stack, innermost first; empty when the report has none."""
        return self.found.get(stack, ())


def read_stacks(lines: Iterable[str]) -> Stacks:
    """All stacks in the lines of one report. Lines that belong to no stack are skipped."""
    stacks = Stacks()
    label = Stack.ACCESS
    current: list[Frame] = []

    def close() -> None:
        if current and label not in stacks.found:
            stacks.found[label] = mark_inlined(current)
        current.clear()

    for line in lines:
        parsed = parse_stack_line(line)
        if parsed is not None:
            if parsed.number == 0 and current:
                close()
                label = Stack.OTHER
            if len(current) < _MOST_FRAMES:
                current.append(parsed.frame)
            continue
        named = _label(line)
        if named is not None:
            close()
            label = named
        elif current and not line.strip():
            close()
            label = Stack.OTHER
    close()
    return stacks


def _label(line: str) -> Stack | None:
    if _DEALLOCATION.match(line):
        return Stack.DEALLOCATION
    if _ALLOCATION.match(line):
        return Stack.ALLOCATION
    return Stack.OTHER if _ELSEWHERE.match(line) else None
