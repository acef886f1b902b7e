"""What a piece of work may cost, and who ends it."""

import threading
import time
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from mithridate.model.errors import BudgetSpent, Interrupted, PolicyRefusal
from mithridate.model.execution import Command, Limits
from mithridate.policy.allowance import Allowance
from mithridate.policy.audit import AUDIT_FILE, AuditLog, records
from mithridate.policy.gate import Gate
from mithridate.policy.scope import Attestation, Scope
from mithridate.sandbox.interface import Sandbox

SPIN = Command(argv=("sh", "-c", "while :; do :; done"))


def sandbox(tmp_path: Path, wall_s: float, cpu_s: float, cancel: threading.Event) -> tuple[Sandbox, Allowance]:
    attestation = Attestation(sentence="I am authorised.", attested_by="ada", date=date(2030, 1, 1))
    scope = Scope(owner="ACME", path=tmp_path, until=date.max, attestation=attestation, sandboxes=("bubblewrap",))
    allowance = Allowance(wall_s, cpu_s, cancel)
    return Gate(scope, AuditLog(tmp_path), allowance=allowance).sandbox("bubblewrap"), allowance


def test_work_within_its_allowance_is_as_it_always_is_and_is_counted(tmp_path: Path) -> None:
    guarded, allowance = sandbox(tmp_path, 60, 60, threading.Event())
    assert guarded.run(Command(argv=("echo", "hello"))).stdout == b"hello\n"
    before = allowance.cpu_used_s
    spun = guarded.run(SPIN, limits=Limits(wall_s=30, cpu_s=0.3))
    assert allowance.cpu_used_s - before >= spun.cpu_s > 0.2


def test_the_time_ends_what_runs_and_its_outcome_is_not_told(tmp_path: Path) -> None:
    guarded, _ = sandbox(tmp_path, 0.5, 60, threading.Event())
    began = time.monotonic()
    with pytest.raises(BudgetSpent, match="time that a call may take"):
        guarded.run(SPIN, limits=Limits(wall_s=30))
    assert time.monotonic() - began < 10
    with pytest.raises(BudgetSpent):
        guarded.run(Command(argv=("true",)))


def test_so_does_cpu_time_which_is_no_hang_of_the_target(tmp_path: Path) -> None:
    guarded, _ = sandbox(tmp_path, 60, 0.5, threading.Event())
    with pytest.raises(BudgetSpent, match="CPU time"):
        guarded.run(SPIN, limits=Limits(wall_s=30))


def test_an_end_by_a_limit_of_the_executions_own_is_given_back(tmp_path: Path) -> None:
    guarded, _ = sandbox(tmp_path, 60, 60, threading.Event())
    assert guarded.run(SPIN, limits=Limits(wall_s=30, cpu_s=0.3)).ending == "cpu-limit"


def test_whoever_no_longer_wants_it_ends_it(tmp_path: Path) -> None:
    cancel = threading.Event()
    guarded, _ = sandbox(tmp_path, 60, 60, cancel)
    threading.Timer(0.3, cancel.set).start()
    began = time.monotonic()
    with pytest.raises(Interrupted):
        guarded.run(SPIN, limits=Limits(wall_s=30))
    assert time.monotonic() - began < 15


def test_nothing_begins_when_the_time_is_over_or_nobody_wants_it(tmp_path: Path) -> None:
    attestation = Attestation(sentence="I am authorised.", attested_by="ada", date=date(2030, 1, 1))
    scope = Scope(owner="ACME", path=tmp_path, until=date.max, attestation=attestation, sandboxes=("unsafe-host",))
    unwanted = threading.Event()
    unwanted.set()
    for allowance, error in ((Allowance(0.0, 60, threading.Event()), BudgetSpent), (Allowance(60, 60, unwanted), Interrupted)):
        gate = Gate(scope, AuditLog(tmp_path), allowance=allowance)
        guarded = gate.sandbox("unsafe-host")
        with pytest.raises(error):
            guarded.run(Command(argv=("touch", str(tmp_path / "it ran"))))
        gate.record("looked")
        *_, looked = records(tmp_path / AUDIT_FILE)
        assert looked.facts == {} and not (tmp_path / "it ran").exists()


class Clock:
    """Wall and CPU seconds as a test wants them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall_s = self.cpu_s = 100.0
        told = SimpleNamespace(monotonic=lambda: self.wall_s, process_time=lambda: self.cpu_s)
        monkeypatch.setattr("mithridate.policy.allowance.time", told)


def test_an_execution_gets_no_more_than_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    allowance = Allowance(10.0, 8.0, threading.Event())
    assert allowance.within(Limits(wall_s=30.0)).wall_s == 10.0
    assert allowance.within(Limits(wall_s=3.0, cpu_s=2.0)) == Limits(wall_s=3.0, cpu_s=2.0)
    clock.wall_s += 4.0
    clock.cpu_s += 1.0
    allowance.charge(2.0)
    assert (allowance.left_s, allowance.cpu_used_s) == (6.0, 3.0), "its own time counts as well"
    limits = allowance.within(Limits(wall_s=30.0, cpu_s=30.0))
    assert (limits.wall_s, limits.cpu_s) == (6.0, 5.0)
    assert allowance.within(Limits(wall_s=30.0, cpu_s=None)).cpu_s == 5.0


@pytest.mark.parametrize(("wall_s", "cpu_s", "told"), [(10.0, 0.0, "10 seconds of time"), (0.0, 8.1, "8 seconds of CPU time")])
def test_what_is_spent_ends_what_runs_and_says_why(
    wall_s: float, cpu_s: float, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    cancel = threading.Event()
    allowance = Allowance(10.0, 8.0, cancel)
    allowance.look()
    allowance.require()
    assert not cancel.is_set()
    clock.wall_s += wall_s
    clock.cpu_s += cpu_s
    allowance.look()
    assert cancel.is_set()
    with pytest.raises(BudgetSpent, match=told):
        allowance.require()
    unwanted = Allowance(10.0, 8.0, cancel)
    with pytest.raises(Interrupted):
        unwanted.require()


def test_a_model_that_the_scope_does_not_list_sees_nothing(tmp_path: Path) -> None:
    attestation = Attestation(sentence="I am authorised.", attested_by="ada", date=date(2030, 1, 1))
    scope = Scope(owner="ACME", path=tmp_path, until=date.max, attestation=attestation, models=("mcp",))
    scope.require_model("mcp")
    with pytest.raises(PolicyRefusal, match="does not let 'other' see anything"):
        scope.require_model("other")
