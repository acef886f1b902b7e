from datetime import date, timedelta
from pathlib import Path

import pytest

from mithridate.model.errors import PolicyRefusal
from mithridate.model.execution import Command
from mithridate.policy.audit import AuditLog, records, verify
from mithridate.policy.gate import Gate
from mithridate.policy.scope import Attestation, Scope

LAST = date(2030, 6, 15)


class Clock:
    def __init__(self) -> None:
        self.day = LAST

    def __call__(self) -> date:
        return self.day


def make_scope(target: Path, *sandboxes: str) -> Scope:
    attestation = Attestation(sentence="I am authorised.", attested_by="ada", date=date(2030, 1, 1))
    return Scope(owner="ACME", path=target, until=LAST, attestation=attestation, sandboxes=sandboxes)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path)


def test_an_allowed_sandbox_runs_and_its_opening_is_on_record(tmp_path: Path, log: AuditLog, clock: Clock) -> None:
    sandbox = Gate(make_scope(tmp_path, "unsafe-host"), log, "r1", clock).sandbox("unsafe-host")
    assert sandbox.name == "unsafe-host"
    assert sandbox.run(Command(argv=("echo", "hello"))).stdout == b"hello\n"
    (opened,) = records(log.path)
    assert (opened.action, opened.run) == ("sandbox.opened", "r1")
    assert opened.facts == {"sandbox": "unsafe-host", "confined": False}


def test_a_sandbox_that_the_scope_does_not_list_is_refused_on_record(tmp_path: Path, log: AuditLog, clock: Clock) -> None:
    gate = Gate(make_scope(tmp_path, "bubblewrap"), log, "r1", clock)
    with pytest.raises(PolicyRefusal, match="does not allow"):
        gate.sandbox("unsafe-host")
    assert [(r.action, r.facts["sandbox"]) for r in records(log.path)] == [("sandbox.refused", "unsafe-host")]


def test_the_end_of_the_scope_stops_a_run_in_the_middle(tmp_path: Path, log: AuditLog, clock: Clock) -> None:
    sandbox = Gate(make_scope(tmp_path, "unsafe-host"), log, "r1", clock).sandbox("unsafe-host")
    marker = tmp_path / "ran"
    sandbox.run(Command(argv=("true",)))
    clock.day += timedelta(days=1)
    for _ in range(3):
        with pytest.raises(PolicyRefusal, match="ended on"):
            sandbox.run(Command(argv=("touch", str(marker))))
    assert not marker.exists()
    assert [r.action for r in records(log.path)] == ["sandbox.opened", "sandbox.refused"]


def test_executions_are_counted_into_the_next_record(tmp_path: Path, log: AuditLog, clock: Clock) -> None:
    gate = Gate(make_scope(tmp_path, "unsafe-host"), log, "r1", clock)
    sandbox = gate.sandbox("unsafe-host")
    for _ in range(3):
        sandbox.run(Command(argv=("true",)))
    gate.record("stage.ended", stage="builds")
    gate.record("stage.ended", stage="hunt")
    builds, hunt = list(records(log.path))[1:]
    assert builds.facts == {"executions": 3, "stage": "builds"}
    assert hunt.facts == {"stage": "hunt"}
    assert verify(log.path).ok
