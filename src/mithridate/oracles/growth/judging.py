"""What other rooms ask: the resource violations of a batch's runs, and how they go with the verdicts of another oracle."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mithridate.model.violation import Violation, ViolationKind
from mithridate.oracles.growth.measured import measure
from mithridate.oracles.growth.verdict import judge

RESOURCES = frozenset(
    {
        ViolationKind.TIMEOUT,
        ViolationKind.SUPERLINEAR_TIME,
        ViolationKind.MEMORY_EXHAUSTION,
        ViolationKind.STACK_EXHAUSTION,
        ViolationKind.WILD_POINTER,
        ViolationKind.ABORT,
        ViolationKind.BUS_ERROR,
        ViolationKind.ILLEGAL_INSTRUCTION,
        ViolationKind.DIVISION_BY_ZERO,
        ViolationKind.FATAL_SIGNAL,
    }
)
"""Kinds that this oracle decides about for documents with calls."""
_LONGEST_LINE = 256 << 10


def judged(stdout: bytes, documents: Sequence[bytes]) -> Mapping[int, tuple[Violation, ...]]:
    """The resource violation, if any, of each run that came to its end. Never raises on content."""
    records: dict[int, list[Mapping[str, Any]]] = {}
    ended: set[int] = set()
    for record in _records(stdout):
        number = record.get("run")
        if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < len(documents) and number not in ended:
            records.setdefault(number, []).append(record)
            if "ended" in record:
                ended.add(number)
    verdicts = {number: judge(measure(documents[number], records[number])) for number in sorted(ended)}
    return {number: (verdict,) if verdict is not None else () for number, verdict in verdicts.items()}


def joined(
    others: Mapping[int, tuple[Violation, ...]], growth: Mapping[int, tuple[Violation, ...]], documents: Sequence[bytes]
) -> Mapping[int, tuple[Violation, ...]]:
    """Both oracles' verdicts; about resources that calls use up only this one's count, for it knows sizes and controls."""
    result: dict[int, tuple[Violation, ...]] = {}
    for number in sorted({*others, *growth}):
        kept = others.get(number, ())
        if number < len(documents) and b'"call"' in documents[number]:
            kept = tuple(violation for violation in kept if violation.kind not in RESOURCES)
        known = {violation.kind for violation in kept}
        result[number] = (*kept, *(v for v in growth.get(number, ()) if v.kind not in known))
    return result


def _records(stdout: bytes) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for line in stdout.split(b"\n"):
        if not 0 < len(line) <= _LONGEST_LINE:
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            found.append(record)
    return found
