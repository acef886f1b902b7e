"""What other rooms ask of a batch's records: each run's violations and observations."""

from collections.abc import Mapping, Sequence

from mithridate.model.observation import Observation
from mithridate.model.violation import Violation
from mithridate.oracles.confinement.records import Records, Run, read_records
from mithridate.oracles.confinement.sent import sent
from mithridate.oracles.confinement.verdict import judge_run
from mithridate.oracles.confinement.violations import violations
from mithridate.oracles.gravity import gravity


def judged(stdout: bytes, documents: Sequence[bytes]) -> Mapping[int, tuple[Violation, ...]]:
    """What each run of `documents` violated, the gravest first; none for a run that did not come to its end."""
    records = read_records(stdout)
    return {
        number: tuple(sorted(violations(records, number, documents[number]), key=gravity))
        for number, run in records.runs.items()
        if run.ended is not None and number < len(documents)
    }


def observed(stdout: bytes) -> Mapping[int, tuple[Observation, ...]]:
    """What reached sinks in the attack of each run."""
    return {number: tuple(run.attack.observations) for number, run in read_records(stdout).runs.items()}


class ConfinementOracle:
    """Reads and judges records for engines that plan documents."""

    def read(self, stdout: bytes) -> Records:
        """Take an observer's records apart. Never raises on content."""
        return read_records(stdout)

    def judge(self, run: Run, document: bytes) -> list[tuple[Observation, str]]:
        """Each observation that is held against the run of `document`, with the violation's kind."""
        escaped = judge_run(run.attack.observations, run.control.observations, sent(document))
        return [(observation, escape.kind.value) for observation, escape in escaped]
