"""A scan with a model over real HTTP: it finds what the engines cannot, proves it, and pays once whatever happens."""

import hashlib
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.models.scripted import Received, Reply, Server, serving
from tests.e2e import project
from tests.e2e.program import Mithridate, Process, Results, check_whole, places

from mithridate.policy.audit import records, verify
from mithridate.policy.ledger import LEDGER_FILE, SENT
from mithridate.store.exchanges import Exchanges
from mithridate.store.seal import Seal

LIST = """\
order = ["scripted"]
roles = [{roles}]
patch_rounds = 3

[provider.scripted]
kind = "openai-compatible"
model = "scripted"
operator = "the tests"
jurisdiction = "loopback"
retention = "none"
may_see = ["names", "signatures", "excerpts", "files", "findings", "proofs"]
address = "{address}"
eur_per_million_input = 1.0
eur_per_million_output = 10.0
timeout_s = 20

[budget]
eur = 5.0
"""
READ_TITLE = project.SOURCE.splitlines().index("    memcpy(title, data, length);") + 1
PROGRAM = "import sys; sys.stdout.buffer.write(b'K' + bytes([40]) + b'open up!' + bytes(32))"
LEAD = {
    "file": "notes.c",
    "line": 45,
    "function": "read_key",
    "cwe": 787,
    "claim": "end holds 4 bytes and is indexed by a byte of the input",
    "inputs": [{"form": "python", "value": PROGRAM.replace("bytes(32)", "b'~' * 32")}],
}
LIE = {"file": "notes.c", "line": 60, "claim": "main frees twice", "inputs": [{"form": "text", "value": "T\x03abc"}]}


def hunter(got: Received) -> Reply:
    """Looks, tries something, and claims one true thing and one false one."""
    if got.exchanges == 0:
        return Reply(calls=[("search_text", {"text": "open up!"}), ("list_entry_points", {})])
    if got.exchanges == 1:
        door = next(line.split("  (")[0] for line in got.said.splitlines() if "(program-file" in line)
        tried = {"entry_point": door, "form": "text", "value": "T\x01a"}
        return Reply(calls=[("run_input", tried), ("look_at_line", {**tried, "file": "notes.c", "line": READ_TITLE})])
    return Reply(calls=[("answer", {"leads": [LEAD, LIE]})])


def script(got: Received) -> Reply:
    if got.is_for("hunter"):
        return hunter(got)
    if got.is_for("refuter"):
        return Reply(calls=[("answer", {"doubted": True, "reason": "nothing is freed twice"})])
    if got.is_for("ranker"):
        return Reply(calls=[("answer", {"files": [{"file": "notes.c", "score": 5, "reason": "it reads"}]})])
    if got.is_for("explainer"):
        return Reply(calls=[("answer", {"text": "The record says that memory next to a block is written."})])
    return Reply(text="no")


def allow(mithridate: Mithridate, target: Path, server: Server, *roles: str) -> Path:
    """Let the scope disclose everything to the scripted model; the list of models."""
    scope = target / "mithridate.scope.toml"
    kinds = '["names", "signatures", "excerpts", "files", "findings", "proofs"]'
    text = scope.read_text().replace("models = []", 'models = ["scripted"]')
    scope.write_text(text.replace("[what]", f"[disclose]\nscripted = {kinds}\n\n[what]"))
    listed = mithridate.place / "models.toml"
    listed.write_text(LIST.format(address=server.address, roles=", ".join(f'"{role}"' for role in roles)))
    return listed


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(script) as made:
        yield made


def disclosed(mithridate: Mithridate, run: str) -> list[bytes]:
    """The bodies of all requests of a run, as the ledger has them."""
    exchanges = Exchanges(mithridate.home / "runs" / run, Seal(mithridate.home, sealing=False))
    log = mithridate.home / LEDGER_FILE
    assert verify(log).ok
    return [exchanges.sent(str(r.facts["sha256"])) for r in records(log, run) if r.action == SENT]


def results_of(process: Process, mithridate: Mithridate) -> Results:
    assert process.end() == 10, process.words
    return check_whole(mithridate.out)


def test_a_model_leads_to_what_no_engine_finds_and_the_ledger_tells_all(warm: Mithridate, target: Path, server: Server) -> None:
    listed = allow(warm, target, server, "ranker", "hunter", "refuter", "explainer")
    results = results_of(warm.scan(target, "--models", listed), warm)
    assert places(results) == sorted([project.TITLE, project.COLOUR, project.KEY])
    (key,) = [f for f in results["findings"] if f["location"]["function"] == "read_key"]
    assert key["proofs"][0]["engine"] == "hunter" and key["proofs"][0]["fired"] == key["proofs"][0]["replays"]
    assert key["prose"] == "The record says that memory next to a block is written."

    looked = [got.said for got in server.received if f"line {READ_TITLE} was reached, 1 times" in got.said]
    assert looked and "read_title (" in looked[0] and f"notes.c:{READ_TITLE}" in looked[0] and "length=1" in looked[0]

    verdicts = {lead["claim"]: (lead["verdict"], lead["evidence"]) for lead in results["leads"]}
    assert verdicts[str(LEAD["claim"])][0] == "proved"
    verdict, evidence = verdicts[str(LIE["claim"])]
    assert verdict == "undecided" and "nothing is freed twice" in evidence

    (run,) = warm.runs()
    assert disclosed(warm, run.id) == [got.body for got in server.received]
    asked = len(server.received)
    assert results["cost"]["model_tokens"] == asked * 1100
    assert results["cost"]["model_eur"] == pytest.approx(asked * 0.002)
    assert {(use["role"], use["provider"]) for use in results["cost"]["models"]} == {
        (role, "scripted") for role in ("ranker", "hunter", "refuter", "explainer")
    }
    code, told = warm.run("ledger", run.id, "--show")
    assert code == 0 and f"{asked} requests" in told.words
    assert "to 127.0.0.1" in told.stdout.read_text() and "open up!" in told.stdout.read_text()
    code, told = warm.run("ledger", run.id, "--format", "json")
    found = [hashlib.sha256(got.body).hexdigest() for got in server.received]
    assert [r["facts"]["sha256"] for r in json.loads(told.stdout.read_text()) if r["action"] == SENT] == found
    assert warm.run("ledger", "--verify")[0] == 0


def test_a_run_is_replayed_from_its_record_without_any_provider(warm: Mithridate, target: Path) -> None:
    with serving(script) as server:
        listed = allow(warm, target, server, "hunter", "refuter", "explainer")
        first = results_of(warm.scan(target, "--models", listed), warm)
    (run,) = warm.runs()
    again = results_of(warm.scan(target, "--models", listed, "--replay-models", run.id), warm)
    assert places(again) == places(first)
    assert again["leads"] == first["leads"]
    told = [f["prose"] for results in (first, again) for f in results["findings"] if f["location"]["function"] == "read_key"]
    assert told[0] and told[0] == told[1]
    assert again["cost"]["model_tokens"] == 0
    replayed, recorded = warm.runs()
    answers = [
        {p.name: json.loads(p.read_bytes())["answer"] for p in (warm.home / "runs" / r.id / "models" / "exchanges").iterdir()}
        for r in (recorded, replayed)
    ]
    shared = answers[0].keys() & answers[1].keys()
    assert len(shared) >= 4, "the hunter's questions, and the refuter's, are the same"
    assert all(answers[0][name] == answers[1][name] for name in shared)
    assert not disclosed(warm, replayed.id)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_run_killed_in_the_middle_of_an_exchange_pays_for_it_once(number: int, warm: Mithridate, target: Path) -> None:
    def slow(got: Received) -> Reply:
        waits = got.is_for("hunter") and got.exchanges == number
        return Reply(delay_s=4.0, text="late") if waits else script(got)

    with serving(slow) as server:
        listed = allow(warm, target, server, "hunter", "explainer")
        process = warm.scan(target, "--models", listed)
        until = time.monotonic() + 120
        while len(server.received) <= number and time.monotonic() < until:
            time.sleep(0.02)
        assert len(server.received) == number + 1, process.words
        time.sleep(0.5)
        assert process.kill() == -signal.SIGKILL
        server.script = script
        resumed = warm.resume()
        assert resumed.end() == 10, resumed.words
        bodies = [got.body for got in server.received]
        assert len(bodies) == len(set(bodies)), "something was asked twice"
        (run,) = warm.runs()
        assert disclosed(warm, run.id) == bodies
    results = resumed.results()
    asked = sum(sum(use["outcomes"].values()) for use in results["cost"]["models"] if use["provider"] == "scripted")
    assert asked == len(bodies)
    assert results["cost"]["model_eur"] > 0.002 * (asked - 1)  # what was in the air counts with what it costs at most


def test_without_a_scope_that_names_a_model_nothing_is_asked(warm: Mithridate, target: Path, server: Server) -> None:
    listed = warm.place / "models.toml"
    listed.write_text(LIST.format(address=server.address, roles='"hunter"'))
    results = results_of(warm.scan(target, "--models", listed), warm)
    assert places(results) == sorted([project.TITLE, project.COLOUR])
    assert not server.received and results["cost"]["models"] == [] and not (warm.home / LEDGER_FILE).exists()


def test_a_model_that_fails_takes_nothing_from_the_scan(warm: Mithridate, target: Path) -> None:
    with serving(lambda _: Reply(status=500)) as server:
        listed = allow(warm, target, server, "hunter")
        results = results_of(warm.scan(target, "--models", listed), warm)
    assert places(results) == sorted([project.TITLE, project.COLOUR])
    assert any("hunter" in one["what"] for one in results["skipped"])


@pytest.mark.parametrize(("text", "told"), [("order = [", "models"), ('order = ["x"]', "provider"), ("", "order")])
def test_a_list_that_is_none_is_one_sentence(text: str, told: str, warm: Mithridate, target: Path, server: Server) -> None:
    listed = allow(warm, target, server, "hunter")
    listed.write_text(text)
    code, process = warm.run("scan", target, "--models", listed)
    assert code == 2 and told in process.words and "Traceback" not in process.words
