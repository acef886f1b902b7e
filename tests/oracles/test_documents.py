"""All oracles of documents together: of calls, what is too much is measured against the twin."""

import json

import pytest

from mithridate.model.violation import ViolationKind
from mithridate.oracles.documents import judged

REQUEST = {"request": {"method": "GET", "path": "/"}}
CALL = {"call": {"target": "m:f", "args": ["x"]}}


def stopped(step: object) -> tuple[bytes, bytes]:
    """A document without a twin whose attack used up its time, and the records of that run."""
    records = [
        {"run": 0, "phase": "attack", "marks": []},
        {"run": 0, "ended": "timeout", "cpu_s": 9.0, "frames": [{"file": "/src/m.py", "line": 3, "function": "f"}]},
    ]
    document = json.dumps({"version": 1, "control": [], "attack": [step]}).encode()
    return document, b"\n".join(json.dumps(record).encode() for record in records)


@pytest.mark.parametrize(("step", "kinds"), [(REQUEST, {ViolationKind.TIMEOUT}), (CALL, set())])
def test_a_call_that_takes_long_is_a_violation_only_beside_a_harmless_twin_that_does_not(step, kinds) -> None:
    document, records = stopped(step)
    found, _ = judged(records, [document])[0]
    assert {violation.kind for violation in found} == kinds


def test_a_run_that_did_not_end_is_not_judged() -> None:
    document, records = stopped(REQUEST)
    assert judged(records.splitlines()[0], [document]) == {}
