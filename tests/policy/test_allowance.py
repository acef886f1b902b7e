"""What a piece of work may cost, and who ends it."""

import threading
import time
from datetime import date
from pathlib import Path

import pytest

from mithridate.model.errors import BudgetSpent, Interrupted, PolicyRefusal
from mithridate.model.execution import Command, Limits
from mithridate.policy.allowance import Allowance
from mithridate.policy.audit import AuditLog
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
    with pytest.raises(Interrupted):
        guarded.run(SPIN, limits=Limits(wall_s=30))


def test_a_model_that_the_scope_does_not_list_sees_nothing(tmp_path: Path) -> None:
    attestation = Attestation(sentence="I am authorised.", attested_by="ada", date=date(2030, 1, 1))
    scope = Scope(owner="ACME", path=tmp_path, until=date.max, attestation=attestation, models=("mcp",))
    scope.require_model("mcp")
    with pytest.raises(PolicyRefusal, match="does not let 'other' see anything"):
        scope.require_model("other")
