"""What the scope does not cover, or lies outside of the served directories, is refused, and the refusal is on record."""

import threading
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from mithridate import pipeline
from mithridate.mcp.confinement import Confinement
from mithridate.model.errors import PolicyRefusal, UsageError
from mithridate.prove import keys
from mithridate.prove.bundle import read_bundle
from mithridate.stages.repair import at_work
from mithridate.stages.session import Stores
from mithridate.store.runs import RunRecord
from tests.e2e import project
from tests.mcp.conftest import CLEAN, DOOR, Served, Talk, authorise


def refusal(served: Served, tool: str, *options: str | Path, **arguments: object) -> str:
    """The reason for which a call is refused by policy. It is on the log, and nothing ran."""
    before = len(served.log())
    said: list[str] = []

    async def work(talk: Talk) -> None:
        data = await talk.refused(tool, **arguments)
        assert data["kind"] == "refused", data
        said.append(data["message"])

    served.talk(work, *options)
    assert (tool, "refused") in served.calls(before)  # others may use what all read at the same time
    assert served.servers or not any("executions" in r.facts for r in served.log()[before:])
    return said[0]


def test_a_project_without_a_scope(scanned: Served) -> None:
    assert "nothing may be analysed without a scope" in refusal(scanned, "list_entry_points", project="without")


def test_a_scope_that_has_ended(own: Served) -> None:
    authorise(own.directory / "notes", "mcp", until=date(2020, 1, 2))
    assert "ended on 2020-01-02" in refusal(own, "run_input", project="notes", entry_point=DOOR, text=CLEAN)


def test_a_scope_of_another_tree(own: Served) -> None:
    scope = own.directory / "notes" / "mithridate.scope.toml"
    (own.directory / "without" / "mithridate.scope.toml").write_text(scope.read_text().replace('"."', '"../notes"'))
    assert "covers" in refusal(own, "list_entry_points", project="without")


def test_an_agent_that_the_scope_does_not_list_sees_nothing_of_a_project_or_of_a_run(scanned: Served) -> None:
    said = refusal(scanned, "list_entry_points", "--agent", "another", project="notes")
    assert said.startswith("the scope of the tests for") and "'another'" in said
    assert "'another'" in refusal(scanned, "list_findings", "--agent", "another", run=scanned.run)
    assert "'another'" in refusal(scanned, "ask_estate", "--agent", "another", files=["bank"])


def test_a_sandbox_that_the_scope_does_not_allow(scanned: Served) -> None:
    said = refusal(scanned, "run_input", "--sandbox", "unsafe-host", project="notes", entry_point=DOOR, text=CLEAN)
    assert "does not allow the sandbox 'unsafe-host'" in said


def test_a_patch_is_judged_in_the_sandbox_of_the_server_and_the_runs_scope_must_allow_it(own: Served) -> None:
    of = next(f.id for f in pipeline.report(own.run, own.home).findings)
    said = refusal(own, "test_patch", "--sandbox", "unsafe-host", run=own.run, finding=of, diff="--- a/notes.c\n+++ b/notes.c\n")
    assert "does not allow the sandbox 'unsafe-host'" in said


def test_a_run_that_was_made_without_a_sandbox_does_not_take_the_agent_out_of_it(own: Served) -> None:
    stores = Stores.open(own.home)
    record = stores.runs.load(own.run)
    loose = replace(record, options=replace(record.options, sandbox="unsafe-host"))
    loose = replace(loose, scope=record.scope.replace('["bubblewrap"]', '["bubblewrap", "unsafe-host"]'))
    held = replace(stores, runs=_Runs(loose))  # type: ignore[arg-type]
    with at_work(own.run, held, 1, threading.Event(), sandbox_name="bubblewrap") as (tools, _):
        assert tools.sandbox.name == "bubblewrap"
    with at_work(own.run, held, 1, threading.Event()) as (tools, _):
        assert tools.sandbox.name == "unsafe-host", "a person's own commands take the run's"


@dataclass
class _Runs:
    record: RunRecord

    def load(self, _run: str) -> RunRecord:
        return self.record


def test_a_run_of_a_target_that_is_not_served(own: Served) -> None:
    other = Served(own.place, own.run)  # without the directory in which the run's target lies
    assert "outside of what this server serves" in refusal(other, "list_findings", run=own.run)

    async def work(talk: Talk) -> None:
        assert await talk.ask("list_runs") == {"runs": [], "in_all": 0}

    other.talk(work)


@pytest.mark.parametrize(
    ("agent", "tool", "arguments", "missing"),
    [
        ("namer", "list_findings", {"run": "RUN"}, "findings"),
        ("namer", "read_finding", {"run": "RUN", "finding": "x"}, "excerpts, findings, proofs"),
        ("finder", "read_finding", {"run": "RUN", "finding": "x"}, "excerpts, proofs"),
        ("namer", "run_input", {"project": "notes", "entry_point": DOOR, "text": CLEAN}, "findings"),
        ("namer", "prove", {"run": "RUN", "finding": "x"}, "findings"),
        ("namer", "prove", {"bundle": "mine.proof"}, "findings"),
        ("namer", "test_patch", {"run": "RUN", "finding": "x", "diff": "d"}, "findings"),
        ("namer", "ask_estate", {"files": ["bank"]}, "findings"),
        ("namer", "write_report", {"run": "RUN", "directory": "x"}, "excerpts, files, findings, proofs"),
        ("finder", "list_entry_points", {"project": "notes"}, "names"),
        ("finder", "list_entry_points", {"run": "RUN"}, "names"),
        ("finder", "list_skipped", {"run": "RUN"}, "names"),
    ],
)
def test_a_tool_is_refused_for_a_class_of_data_that_the_scope_does_not_disclose(
    scanned: Served, agent: str, tool: str, arguments: dict[str, object], missing: str
) -> None:
    (scanned.directory / "mine.proof").write_bytes(next((scanned.home / "runs" / scanned.run / "proofs").iterdir()).read_bytes())
    given = {name: scanned.run if value == "RUN" else value for name, value in arguments.items()}
    assert f"does not let '{agent}' see {missing}" in refusal(scanned, tool, "--agent", agent, "--out", scanned.out, **given)


def test_what_is_disclosed_is_given_and_of_other_runs_there_is_only_the_id(scanned: Served) -> None:
    async def namer(talk: Talk) -> None:
        (run,) = (await talk.ask("list_runs"))["runs"]
        assert run["target"] == str(scanned.directory / "notes") and run["findings"] is None
        assert (await talk.ask("list_entry_points", run=scanned.run))["in_all"] == 1

    async def finder(talk: Talk) -> None:
        (run,) = (await talk.ask("list_runs"))["runs"]
        assert run == {"run": scanned.run, "refused": "no scope in force lets 'finder' see it"}
        assert (await talk.ask("list_findings", run=scanned.run))["in_all"] > 0

    scanned.talk(namer, "--agent", "namer")
    scanned.talk(finder, "--agent", "finder")


def test_a_file_of_an_estate_whose_own_scope_does_not_list_the_agent(own: Served) -> None:
    inner = own.directory / "bank" / "vault"
    inner.mkdir()
    (inner / "hand.yaml").write_text("estate: 1\nhosts: {vault01: {}}\n")
    authorise(inner, "another")
    assert "does not let 'mcp' see anything" in refusal(own, "ask_estate", files=["bank"])
    assert not any(r.action == "estate.read" and "vault" in str(r.facts["file"]) for r in own.log())


def test_a_source_with_another_content_hash_than_its_scope_names(own: Served) -> None:
    authorise(own.directory / "fixed", "mcp", snapshot="0" * 64)
    of = next(f.id for f in pipeline.report(own.run, own.home).findings)
    assert "covers only snapshot 000000000000" in refusal(own, "prove", run=own.run, finding=of, source="fixed")


def test_reports_are_written_through_no_link(own: Served) -> None:
    outside = own.place / "elsewhere"
    outside.mkdir()
    before = len(own.log())

    async def work(talk: Talk) -> None:
        for name in ("proofs", "patches", "report.md", "proofs/a.proof"):
            place = own.out / name.replace("/", "-")
            (place / name).parent.mkdir(parents=True)
            (place / name).symlink_to(outside)
            data = await talk.refused("write_report", run=own.run, directory=place.name)
            assert data["kind"] == "refused" and "is a link" in data["message"], name

    own.talk(work, "--out", own.out)
    assert own.calls(before) == [("write_report", "refused")] * 4
    assert not list(outside.iterdir())


def test_a_bundle_of_a_signer_whom_nobody_named(own: Served) -> None:
    name = next((own.home / "runs" / own.run / "proofs").iterdir())
    (own.directory / "foreign.proof").write_bytes(name.read_bytes())
    signer = keys.fingerprint(read_bundle(name).signer)
    (own.home / keys.KEY_FILE).unlink()  # so that this installation is another
    assert f"signed by {signer}, which this server does not trust" in refusal(own, "prove", bundle="foreign.proof")

    async def work(talk: Talk) -> None:
        assert (await talk.ask("prove", bundle="foreign.proof", replays=1))["holds"]

    own.talk(work, "--signer", signer)


def test_no_tool_follows_a_path_out_of_the_served_directories(own: Served) -> None:
    outside = authorise(project.write(own.place / "outside"), "mcp")
    (own.directory / "link").symlink_to(outside)
    (own.directory / "file").symlink_to(outside / "notes.c")
    (own.directory / "notes" / "up").symlink_to("../..")
    names = [
        "..",
        "../outside/notes",
        str(outside),
        "link",
        "file",
        "notes/up/outside/notes",
        "notes/../../outside/notes",
        "/etc/passwd",
    ]
    before = len(own.log())
    asked: list[tuple[str, dict[str, object]]] = []
    for name in names:
        asked += [
            ("list_entry_points", {"project": name}),
            ("run_input", {"project": "notes", "entry_point": DOOR, "file": name}),
            ("prove", {"bundle": name}),
            ("ask_estate", {"files": [f"table:{name}" if name == "link" else name]}),
        ]

    async def work(talk: Talk) -> None:
        for tool, arguments in asked:
            data = await talk.refused(tool, **arguments)
            told = (tool, arguments, data)
            assert data["kind"] == "refused" and "outside of what this server serves" in data["message"], told
            assert ("passwd" in data["message"]) == ("passwd" in str(arguments)) and "root:" not in str(data), told

    own.talk(work)
    assert own.calls(before) == [(tool, "refused") for tool, _ in asked]


def test_confinement_follows_links_before_it_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "inside-not"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret").touch()
    (inside / "loop").symlink_to("loop")
    (inside / "back").symlink_to(inside)
    confinement = Confinement((inside,))
    looked_up: list[Path] = []
    real = Path.resolve
    monkeypatch.setattr(Path, "resolve", lambda self, *rest: looked_up.append(self) or real(self, *rest))
    assert confinement.path("x") == inside / "x" and len(looked_up) == 1, "what it leads to is asked once"
    monkeypatch.undo()
    assert confinement.path("a/../b") == inside / "b"
    assert confinement.path("back/back/b") == inside / "b"
    for name in ("../inside-not/secret", str(outside), "back/../../inside-not", "loop", "loop/x"):
        with pytest.raises(PolicyRefusal, match="outside of what"):
            confinement.existing(name)
    for name in ("", "a\0b", "a/" * 3000):
        with pytest.raises(UsageError, match="no path"):
            confinement.path(name)
    with pytest.raises(UsageError, match="there is no nothing"):
        confinement.existing("nothing")
