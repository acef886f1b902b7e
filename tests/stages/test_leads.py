"""Leads from models: what proves them, what their inputs may cost, and what breaks around them without ending the scan."""

import errno
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from bench.models.scripted import Received, Reply, Script, serving

from mithridate.agents.roles.hunter import Hunter
from mithridate.model.entry import EntryPoint
from mithridate.model.errors import SandboxUnavailable
from mithridate.model.execution import Command, Ending, Execution
from mithridate.model.lead import Lead, LeadVerdict
from mithridate.model.project import Project
from mithridate.model.run import Note, RunOptions
from mithridate.stages import leads
from mithridate.stages.grounds import RunGrounds, Snapshot
from mithridate.stages.minds import Minds
from mithridate.stages.session import Session
from mithridate.store.blobs import Blobs
from mithridate.store.exchanges import Exchanges
from mithridate.store.seal import Seal
from tests.agents.desks import Place, entry, place
from tests.report import sample

PROGRAM = "print('an input')"
CLAIM = {"file": "a.c", "line": 1, "claim": "it breaks", "inputs": [{"form": "python", "value": PROGRAM}]}


class Box:
    """A sandbox that counts what it runs, and takes its time for it."""

    def __init__(self, clock: Callable[[float], None] = lambda _: None) -> None:
        self.ran: list[bytes] = []
        self._clock = clock

    def run(self, command: Command, *_: Any, **__: Any) -> Execution:
        self.ran.append(command.stdin or b"")
        self._clock(7.0)
        return Execution(
            ending=Ending.EXITED,
            exit_code=0,
            signal=None,
            stdout=b"output %d" % len(self.ran),
            stderr=b"",
            truncated=False,
            wall_s=0.0,
            cpu_s=0.0,
            peak_memory_bytes=0,
        )


class Home:
    """A project of two files, and a session and models for it."""

    def __init__(self, root: Path, box: Box) -> None:
        self.root, self.box = root, box
        self.project = root / "tree"
        self.project.mkdir(parents=True)
        (self.project / "a.c").write_text("int f(void) { return 1; }\n")
        (self.project / "b.c").write_text("int g;\n")
        self.notes: list[str] = []
        self.session = cast(
            Session,
            SimpleNamespace(
                options=RunOptions(target="", out="", budget_s=100.0),
                cancel=threading.Event(),
                sandbox=box,
                area=root,
                tell=lambda event: self.notes.append(event.text if isinstance(event, Note) else ""),
                park_if_cancelled=lambda: None,
                gate=SimpleNamespace(record=lambda *_, **__: None),
                stores=SimpleNamespace(blobs=Blobs(f"file://{root / 'blobs'}")),
            ),
        )

    def hunted(self, script: Script, place_: Callable[[str], Place]) -> leads.Led:
        """What a scripted hunter leaves."""
        with serving(script) as server:
            desk = place_(server.address).desk
            frozen = Project(name="p", origin="", snapshot="", tree=self.project, files=2, size_bytes=1)
            return leads.hunt_for_leads(self.session, Minds(desk, desk.models), frozen, ())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, Box())


def at(home: Home, replayed: Exchanges | None = None, **given: Any) -> Callable[[str], Place]:
    return lambda address: place(home.root / "home", {"p": entry(address)}, replayed=replayed, roles=["hunter"], **given)


def claiming(got: Received) -> Reply:
    return Reply(calls=[("answer", {"leads": [CLAIM] if "1: int f" in got.said else []})])


def test_a_declaration_that_python_does_not_like_to_write_breaks_nothing(home: Home) -> None:
    (home.project / "deep.py").write_text(f"def f(x={'+'.join(['1'] * 700)}):\n    pass\ndef g(y=1):\n    pass\n")
    assert Snapshot(home.project).outline("deep.py") == [(1, "def f(…)"), (3, "def g(y=1)")]


def test_what_breaks_over_one_file_is_told_and_the_others_are_hunted(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = Hunter.look

    def breaks(self: Hunter, file: str) -> Any:
        if file == "b.c":
            raise RecursionError("too deep")
        return looked(self, file)

    monkeypatch.setattr(Hunter, "look", breaks)
    led = home.hunted(claiming, at(home))
    assert [lead.file for lead in led.leads] == ["a.c"]
    assert [(one.what, "too deep" in one.reason) for one in led.skipped] == [("b.c, where the hunter was to look", True)]
    assert any("too deep" in note for note in home.notes)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), SandboxUnavailable("none")])
def test_a_full_disk_and_a_missing_sandbox_do_end_the_step(error: Exception, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> Any:
        raise error

    monkeypatch.setattr(Hunter, "look", breaks)
    with pytest.raises(type(error)):
        home.hunted(claiming, at(home))


@pytest.mark.parametrize("role", ["refuter", "explainer"])
def test_what_breaks_in_a_refutation_or_an_explanation_leaves_what_is_known(
    role: str, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> Any:
        raise RuntimeError("a fault of ours")

    desk = at(home)("http://127.0.0.1:1/v1").desk
    minds = Minds(desk, desk.models)
    frozen = Project(name="p", origin="", snapshot="", tree=home.project, files=2, size_bytes=1)
    if role == "refuter":
        monkeypatch.setattr("mithridate.agents.roles.refuter.refute", breaks)
        assert leads.refuted(home.session, minds, frozen, (), [lead()]) == [lead()]
    else:
        monkeypatch.setattr("mithridate.agents.roles.explainer.explain", breaks)
        assert leads.explained(home.session, minds, [sample.overflow()]) == {}
    assert any("a fault of ours" in note for note in home.notes)


def lead(**given: Any) -> Lead:
    made = Lead(id="L-1", source="model (hunter)", file="a.c", line=10, function="f", cwe=None, claim="it breaks", inputs=("b1",))
    return replace(made, **given)


def test_a_lead_is_proved_by_an_input_of_its_own_alone() -> None:
    found = replace(sample.overflow(), file="a.c", line=11, function="f")
    signature = found.proofs[0].signature
    (near,) = leads.settled([lead()], [found], {"other": signature}, [("door", "b1")])
    assert near.verdict is LeadVerdict.UNDECIDED
    assert "1 inputs of it were executed" in near.evidence and f"{found.id} was found near" in near.evidence
    (bare,) = leads.settled([lead(inputs=(), line=500)], [found], {"other": signature}, [])
    assert bare.verdict is LeadVerdict.UNDECIDED and found.id in bare.evidence, "the same function is near too"
    (shown,) = leads.settled([lead(line=900)], [found], {"b1": signature}, [("door", "b1")])
    assert shown.verdict is LeadVerdict.PROVED and found.id in shown.evidence


def test_a_program_of_a_model_runs_once_and_is_not_run_for_a_replay(home: Home, tmp_path: Path) -> None:
    two = {"leads": [CLAIM, {**CLAIM, "claim": "the same program"}]}
    first = home.hunted(lambda _: Reply(calls=[("answer", two)]), at(home))
    assert home.box.ran == [PROGRAM.encode()] and [len(one.inputs) for one in first.leads] == [1, 1]
    assert home.hunted(claiming, at(home)).leads == first.leads and len(home.box.ran) == 1, "it is taken up again"
    other = Home(tmp_path / "other", Box())
    record = Exchanges(home.root / "home" / "runs" / "a-run", Seal(home.root, sealing=False))
    assert other.hunted(claiming, at(other, record)).leads == first.leads
    assert not other.box.ran


def test_trying_ends_when_its_time_is_over_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("mithridate.stages.grounds.time", SimpleNamespace(monotonic=lambda: now[0]))

    def passes(seconds: float) -> None:
        now[0] += seconds

    home = Home(tmp_path, Box(passes))
    inputs = [{"form": "python", "value": f"print({n})"} for n in range(6)]
    many = {"leads": [{**CLAIM, "claim": f"claim {c}", "inputs": inputs[c:] + inputs[:c]} for c in range(6)]}
    monkeypatch.setattr(leads, "_TRYING_FLOOR_S", 20.0)
    monkeypatch.setattr(leads, "_TRYING_SHARE", 0.2)
    led = home.hunted(lambda got: Reply(calls=[("answer", many if "1: int f" in got.said else {"leads": []})]), at(home))
    assert len(home.box.ran) == 3, "7 seconds each, 20 in all"
    assert len(led.leads) == 6 and any("20 s for trying them were used up" in one.reason for one in led.skipped)


def test_an_interrupted_step_makes_no_more_inputs(home: Home) -> None:
    parked: list[int] = []

    class Parked(Exception):
        """Instead of waiting for good."""

    def park() -> None:
        if home.box.ran:
            parked.append(len(home.box.ran))
            raise Parked

    cast(Any, home.session).park_if_cancelled = park
    many = {"leads": [{**CLAIM, "claim": f"{n}", "inputs": [{"form": "python", "value": f"print({n})"}]} for n in range(9)]}
    with pytest.raises(Parked):
        home.hunted(lambda _: Reply(calls=[("answer", many)]), at(home))
    assert parked == [1]


def test_nothing_is_tried_at_a_door_when_the_time_is_over(home: Home) -> None:
    door = cast(EntryPoint, SimpleNamespace(id="d", observed=False, binary=lambda _: "it is there"))
    desk = at(home)("http://127.0.0.1:1/v1").desk
    grounds = RunGrounds(home.project, home.session, (door,), 0.0, (desk.exchanges, None))
    assert "used up" in grounds.run("d", b"x").told and not grounds.tried
    assert "used up" in str(grounds.look("d", b"x", "a.c", 1)) and "used up" in str(grounds.input("python", PROGRAM))
