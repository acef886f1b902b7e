"""All oracles of input documents as one: what other rooms ask of a batch's records, each run's violations and observations."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mithridate.model.observation import Observation
from mithridate.model.violation import Violation, ViolationKind
from mithridate.oracles.confinement.records import LONGEST_LINE, Records, Run, read_records
from mithridate.oracles.confinement.sent import sent
from mithridate.oracles.confinement.verdict import judge_run
from mithridate.oracles.confinement.violations import violations
from mithridate.oracles.detector import Detector
from mithridate.oracles.gravity import gravity
from mithridate.oracles.growth.measured import measure
from mithridate.oracles.growth.verdict import judge

_MEASURED = frozenset(
    {ViolationKind.TIMEOUT, ViolationKind.MEMORY_EXHAUSTION, ViolationKind.STACK_EXHAUSTION, ViolationKind.SUPERLINEAR_TIME}
)
_SANITIZERS = frozenset({Detector.ADDRESS_SANITIZER, Detector.UNDEFINED_BEHAVIOUR_SANITIZER})


def judged(stdout: bytes, documents: Sequence[bytes]) -> Mapping[int, tuple[tuple[Violation, ...], tuple[Observation, ...]]]:
    """What each run of `documents` violated, the gravest first, and what reached sinks in its attack.

    Nothing for a run that did not come to its end.
    """
    records = read_records(stdout)
    ended = [number for number, run in records.runs.items() if run.ended is not None and number < len(documents)]
    raw = _by_run(stdout, {number for number in ended if _calls(documents[number])})
    made = {}
    for number in ended:
        found = list(violations(records, number, documents[number]))
        if number in raw:  # of calls and runs of programs, what counts as too much is measured against the harmless twin
            grown = judge(measure(documents[number], raw[number]))
            reported = any(v.detector in _SANITIZERS for v in found)  # then it is known why the run did not come to its end
            found = [v for v in found if v.kind not in _MEASURED or v.detector in _SANITIZERS]
            found += [grown] if grown and not reported else []
        made[number] = tuple(sorted(found, key=gravity)), tuple(records.runs[number].attack.observations)
    return made


def _calls(document: bytes) -> bool:
    return b'"call"' in document or b'"program"' in document


def _by_run(stdout: bytes, wanted: set[int]) -> dict[int, list[dict[str, Any]]]:
    """The records of each wanted run as parsed JSON."""
    found: dict[int, list[dict[str, Any]]] = {number: [] for number in wanted}
    for line in stdout.split(b"\n") if wanted else ():
        if not line.startswith(b'{"run"') or len(line) > LONGEST_LINE:
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict) and record.get("run") in found:
            found[record["run"]].append(record)
    return found


class ConfinementOracle:
    """Reads and judges records for engines that plan documents."""

    def read(self, stdout: bytes) -> Records:
        """Take an observer's records apart. Never raises on content."""
        return read_records(stdout)

    def judge(self, run: Run, document: bytes) -> list[tuple[Observation, str]]:
        """Each observation that is held against the run of `document`, with the violation's kind."""
        escaped = judge_run(run.attack.observations, run.control.observations, sent(document))
        return [(observation, escape.kind.value) for observation, escape in escaped]
