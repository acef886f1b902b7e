"""What a program says of benign inputs before a patch, and which parts of that can be compared."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mithridate.repair.interface import Output
from mithridate.repair.steps.interface import Case

_VARYING = re.compile(
    rb"0x[0-9a-fA-F]{4,16}\b|==\d+==|\b[Pp][Ii][Dd][ =:]+\d+|\[\d{2,7}\]|\b\d{1,2}:\d\d:\d\d(?:\.\d+)?\b|\b\d{4}-\d\d-\d\d\b|"
    rb"/tmp/[\w.-]+|\b\d+\.\d+ ?(?:m?s|sec(?:onds?)?)\b"
)
ENDS = frozenset({0, 1})
"""The parts that are there when a program says nothing: how it ends."""
SAID = 2
"""The part that is its standard output, or the text of its answers."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the unpatched program says, and which of its `parts` are the same when it is asked twice."""

    said: tuple[Output | None, ...]
    steady: tuple[frozenset[int], ...]

    @property
    def mute(self) -> frozenset[int]:
        """Inputs that the program takes and says nothing of: whether it still does with them what it did cannot be compared."""
        return frozenset(n for n, o in enumerate(self.said) if o is None or (says_nothing(o) and not o.exit_code))


def before(case: Case, entry_id: str, inputs: Sequence[bytes]) -> Known:
    """Asked once a finding."""

    def ask() -> Known:
        first, second = (case.bench.outputs(case.bench.original, entry_id, inputs) for _ in range(2))
        return Known(tuple(first), tuple(same(a, b) for a, b in zip(first, second, strict=True)))

    return case.memory.once(f"outputs before {entry_id}", Known, ask)


def parts(output: Output) -> tuple[object, ...]:
    """Its end, its exit code, its standard output and its standard error, without what varies by itself."""
    return output.ending, output.exit_code, _VARYING.sub(b"#", output.stdout), _VARYING.sub(b"#", output.stderr)


def same(one: Output | None, two: Output | None) -> frozenset[int]:
    """The parts in which they are the same; none where one of them is not there."""
    if one is None or two is None:
        return frozenset()
    return frozenset(n for n, (a, b) in enumerate(zip(parts(one), parts(two), strict=True)) if a == b)


def says_nothing(output: Output | None) -> bool:
    """It was there, and wrote nothing."""
    return output is not None and not output.stdout.strip() and not output.stderr.strip()
