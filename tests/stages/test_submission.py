"""Patches from outside beside those that were there, and which of them a person approves."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mithridate.model.errors import UsageError
from mithridate.model.patch import GateStep, Outcome, Patch, PatchStatus, Proposal, StepRecord
from mithridate.model.run import RunReport
from mithridate.policy.allowance import Allowance
from mithridate.policy.scope import Attestation, Scope
from mithridate.stages import submission
from mithridate.stages.approval import approve
from mithridate.stages.repair import Made, PatchOptions
from mithridate.stages.submission import submit

FINDING = "M-1"


def patch(name: str, status: PatchStatus = PatchStatus.VALIDATED, *, lines: int = 9, smallest: bool = True) -> Patch:
    gate = (StepRecord(step=GateStep.SMALLEST, outcome=Outcome.PASSED if smallest else Outcome.FAILED, evidence=(), seconds=0.0),)
    proposal = Proposal(proposer=name, cause="c", fix="f", diff=f"the diff of {name}")
    return Patch(finding=FINDING, proposal=proposal, status=status, gate=gate, added=lines, removed=0)


class Kept:
    """A run's report and its log, in the order in which either is written."""

    def __init__(self, home: Path, *patches: Patch) -> None:
        self.home = SimpleNamespace(root=home, run=lambda _: home)
        self.runs = self
        self.written: list[str] = []
        self.made: RunReport = SimpleNamespace(  # type: ignore[assignment]
            run="r", patches={FINDING: patches}, findings=(SimpleNamespace(id=FINDING),)
        )
        attestation = Attestation(sentence="s", attested_by="a", date=date(2020, 1, 1))
        self.scope = Scope(owner="o", path=home, until=date.max, attestation=attestation).toml()

    def report(self, _run: str) -> RunReport:
        return self.made

    def load(self, _run: str) -> Any:
        return SimpleNamespace(scope=self.scope)

    def save_report(self, _run: str, report: RunReport) -> None:
        self.written.append("report")
        self.made = report

    @contextmanager
    def exclusively(self, _run: str) -> Iterator[None]:
        yield

    def record(self, action: str, **_facts: object) -> None:
        self.written.append(action)

    @property
    def names(self) -> list[str]:
        return [p.proposal.proposer for p in self.made.patches[FINDING]]


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports here are plain namespaces."""
    for module in (submission, __import__("mithridate.stages.approval", fromlist=["replace"])):
        monkeypatch.setattr(module, "replace", changed)


def changed(what: Any, **members: Any) -> Any:
    return SimpleNamespace(**{**vars(what), **members}) if isinstance(what, SimpleNamespace) else replace(what, **members)


def submitted(monkeypatch: pytest.MonkeyPatch, kept: Kept, made: Patch) -> None:
    @contextmanager
    def at_work(*_: object) -> Iterator[tuple[None, Kept]]:
        yield None, kept

    monkeypatch.setattr(submission, "at_work", at_work)
    monkeypatch.setattr(submission, "of_finding", lambda *_: Made(patches=(made,)))
    allowance = Allowance(60.0, 60.0, threading.Event())
    options = PatchOptions()
    submit("r", FINDING, made.proposal, kept, options, lambda _: None, allowance, sandbox="bubblewrap", keep=True)  # type: ignore[arg-type]


def test_an_agents_patch_stands_behind_those_that_passed_before_however_small_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = Kept(tmp_path, patch("ours"), patch("late", PatchStatus.PROPOSED, lines=1))
    submitted(monkeypatch, kept, patch("agent", lines=1))
    assert kept.names == ["ours", "agent", "late"]


def test_it_is_on_record_before_it_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    submitted(monkeypatch, kept, patch("agent"))
    assert kept.written == ["patch.kept", "report"]


def approved(kept: Kept, which: str = "") -> str:
    approve("r", FINDING, kept, "a person", which)  # type: ignore[arg-type]
    first = kept.made.patches[FINDING][0]
    assert first.status is PatchStatus.APPROVED
    return first.proposal.proposer


def test_of_several_patches_that_passed_every_step_one_has_to_be_named(tmp_path: Path) -> None:
    ours, agent = patch("ours"), patch("agent")
    kept = Kept(tmp_path, ours, agent)
    with pytest.raises(UsageError, match="2 patches passed every step: name the one that you have read") as told:
        approved(kept)
    assert ours.proposal.sha256[:12] in told.value.hint and agent.proposal.sha256[:12] in told.value.hint
    assert kept.written == []
    for wrong in ("0", "3", "x", "f" * 64):
        with pytest.raises(UsageError, match="no patch that passed the gate is"):
            approved(kept, wrong)
    assert approved(kept, "2") == "agent"
    assert kept.names == ["agent", "ours"]
    assert approved(kept, ours.proposal.sha256[:12].upper()) == "ours"


def test_one_that_the_gate_stopped_for_its_size_is_meant_only_when_it_is_named(tmp_path: Path) -> None:
    kept = Kept(tmp_path, patch("small"), patch("large", smallest=False))
    assert approved(kept) == "small"
    assert approved(kept, "2") == "large"


def test_what_did_not_pass_cannot_be_approved(tmp_path: Path) -> None:
    kept = Kept(tmp_path, patch("ours", PatchStatus.PLAUSIBLE))
    for which in ("", "1", kept.made.patches[FINDING][0].proposal.sha256):
        with pytest.raises(UsageError, match="has no validated patch"):
            approved(kept, which)
