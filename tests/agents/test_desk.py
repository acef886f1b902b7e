"""Questions over real HTTP: who is asked, what happens when somebody fails, what it costs, what is on record."""

import json
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from bench.models.scripted import Reply, serving

from mithridate.model.exchange import Answer, DataClass, Question, Segment, ToolCall, Turn, Unanswered
from mithridate.policy.audit import verify
from mithridate.policy.ledger import ANSWERED, LEDGER_FILE, REFUSED
from mithridate.store.exchanges import Flight
from tests.agents.desks import entry, place, question

GOOD = Reply(text="from the second")
NEEDS: frozenset[DataClass] = frozenset()

FAILURES = {
    "rate-limit": Reply(status=429, retry_after="50"),
    "outage": Reply(status=500),
    "time-out": Reply(delay_s=1.5, text="late"),
    "refusal": Reply(refusal="I will not", finish="stop"),
    "rejected": Reply(status=401),
    "broken": Reply(raw=b'{"choices": [{"mess'),
    "too-large": Reply(filler=10 << 20),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("how", FAILURES)
def test_another_provider_is_asked_when_one_fails(how: str, stream: bool, tmp_path: Path) -> None:
    if stream and how == "refusal":
        pytest.skip("a refusal is streamed as text by this server")
    with serving(lambda _: FAILURES[how]) as first, serving(lambda _: GOOD) as second:
        here = place(
            tmp_path,
            {"first": entry(first.address, timeout_s=1.0, stream=stream), "second": entry(second.address, stream=stream)},
        )
        answer = here.desk.ask(question(), NEEDS)
        assert isinstance(answer, Answer) and (answer.text, answer.provider) == ("from the second", "second")
        assert [r.facts["outcome"] for r in here.ledger(ANSWERED)] == [how, "answered"]
        assert len(first.received) == len(second.received) == 1
        assert here.bodies == [first.received[0].body, second.received[0].body]


def test_a_closed_connection_and_a_dead_port_are_outages(tmp_path: Path) -> None:
    with serving(lambda _: Reply(hang_up=True)) as first, serving(lambda _: GOOD) as second:
        with serving(lambda _: GOOD) as gone:
            dead = gone.address
        here = place(tmp_path, {"a": entry(first.address), "b": entry(dead), "c": entry(second.address)})
        assert isinstance(here.desk.ask(question(), NEEDS), Answer)
        assert [r.facts["outcome"] for r in here.ledger(ANSWERED)] == ["outage", "outage", "answered"]


def test_a_lone_provider_is_waited_for_when_it_limits_the_rate(tmp_path: Path) -> None:
    with serving(lambda _: Reply(status=429, retry_after="1") if len(server.received) < 2 else GOOD) as server:
        here = place(tmp_path, {"only": entry(server.address)})
        started = time.monotonic()
        assert isinstance(here.desk.ask(question(), NEEDS), Answer)
        assert time.monotonic() - started > 0.9
        assert len(server.received) == 2


def test_tool_calls_and_results_go_to_and_fro(tmp_path: Path) -> None:
    with serving(lambda _: Reply(calls=[("read_lines", {"file": "a.c"})])) as server:
        here = place(tmp_path, {"only": entry(server.address, stream=True)})
        answer = here.desk.ask(question(), NEEDS)
        assert isinstance(answer, Answer)
        (call,) = answer.calls
        assert (call.name, call.arguments) == ("read_lines", '{"file": "a.c"}')
        turns = (
            *question().turns,
            Turn(ours=False, calls=(call,)),
            Turn(answers=call, segments=(Segment(DataClass.EXCERPTS, "7: x"),)),
        )
        here.desk.ask(question(turns=turns, position=1), NEEDS)
        roles = [m["role"] for m in server.received[1].asked["messages"]]
        assert roles == ["system", "user", "assistant", "tool"]
        assert server.received[1].asked["messages"][3]["content"] == "7: x"


def test_the_ledger_holds_what_arrived_and_nothing_else_did(tmp_path: Path) -> None:
    code = "key = 'AKIAIOSFODNN7EXAMPLE'\npassword = \"hunter2hunter2\"\nint visible;"
    pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----\nafter"
    turns = (
        Turn(
            segments=(
                Segment(DataClass.EXCERPTS, code),
                Segment(DataClass.FILES, "the whole file"),
                Segment(DataClass.EXCERPTS, pem),
                Segment(DataClass.PROOFS, "the proof's bytes"),
            )
        ),
    )
    with serving(lambda _: GOOD) as server:
        here = place(tmp_path, {"p": entry(server.address)}, {"p": (DataClass.EXCERPTS, DataClass.PROOFS)})
        assert isinstance(here.desk.ask(question(turns=turns), NEEDS), Answer)
        (got,) = server.received
        (record,) = here.ledger()
        assert here.bodies == [got.body]
        assert (record.facts["bytes"], record.facts["classes"]) == (len(got.body), ["excerpts", "proofs"])
        assert int(str(record.facts["redactions"])) >= 3
        for secret in ("AKIAIOSFODNN7EXAMPLE", "hunter2hunter2", "MIIEow", "the whole file"):
            assert secret not in got.body.decode()
        assert "int visible" in got.said and "the proof's bytes" in got.said and "after" in got.said
        assert verify(tmp_path / LEDGER_FILE).ok
        assert {h.lower() for h in got.headers} <= _HEADERS


_HEADERS = {
    *("host", "accept", "accept-encoding", "connection", "user-agent", "content-length", "content-type"),
    *("authorization", "idempotency-key"),
}


def test_by_default_nothing_leaves(tmp_path: Path) -> None:
    with serving(lambda _: GOOD) as server:
        unlisted = place(tmp_path / "a", {"p": entry(server.address)}, {})
        answer = unlisted.desk.ask(question(), NEEDS)
        assert isinstance(answer, Unanswered) and "does not list" in answer.why
        listed = place(tmp_path / "b", {"p": entry(server.address)}, {"p": ()})
        answer = listed.desk.ask(question(), frozenset({DataClass.EXCERPTS}))
        assert isinstance(answer, Unanswered) and "may not see" in answer.why
        owner = place(tmp_path / "c", {"p": entry(server.address, may_see=["names"])})
        assert isinstance(owner.desk.ask(question(), frozenset({DataClass.EXCERPTS})), Unanswered)
        over = place(tmp_path / "d", {"p": entry(server.address)}, until=date(2020, 1, 1))
        assert isinstance(over.desk.ask(question(), NEEDS), Unanswered)
        assert not server.received
        assert [len(one.ledger(REFUSED)) for one in (unlisted, listed, owner)] == [1, 1, 1]


def test_what_one_provider_saw_does_not_go_on_to_one_that_may_not_see_it(tmp_path: Path) -> None:
    call = ToolCall(id="1", name="read_lines", arguments="{}")
    turns = (*question().turns, Turn(ours=False, text="the code says int main", calls=(call,)), Turn(answers=call))
    with serving(lambda _: Reply(status=500)) as first, serving(lambda _: GOOD) as second:
        both = {"a": entry(first.address), "b": entry(second.address)}
        here = place(tmp_path, both, {"a": tuple(DataClass), "b": (DataClass.NAMES,)})
        answer = here.desk.ask(question(turns=turns, position=1), NEEDS)
        assert isinstance(answer, Unanswered)
        assert first.received and not second.received


def test_a_provider_is_not_shut_out_by_what_was_withheld_from_it(tmp_path: Path) -> None:
    """What is in nobody's answer keeps nobody from going on; what another has seen may be in the answers of that one."""
    pieces = (Segment(DataClass.EXCERPTS, "int main"), Segment(DataClass.FINDINGS, "an overflow"))

    def going_on(by: str) -> Question:
        turns = (Turn(segments=pieces), Turn(ours=False, text="go on", by=by), Turn(segments=(Segment(None, "well"),)))
        return question(turns=turns, position=1)

    with serving(lambda _: GOOD) as server:
        both = {"a": entry(server.address), "b": entry(server.address)}
        here = place(tmp_path, both, {"a": (DataClass.EXCERPTS,), "b": tuple(DataClass)}, role={"hunter": {"providers": ["a"]}})
        answer = here.desk.ask(going_on("a"), frozenset({DataClass.EXCERPTS}))
        assert isinstance(answer, Answer) and answer.provider == "a"
        assert "an overflow" not in server.received[0].said and "int main" in server.received[0].said
        for by in ("b", "gone", ""):
            other = place(tmp_path / f"of {by}", both, {"a": (DataClass.EXCERPTS,), "b": tuple(DataClass)}, order=["a"])
            refused = other.desk.ask(going_on(by), frozenset())
            assert isinstance(refused, Unanswered) and "holds findings" in refused.why
    assert going_on("a").key == going_on("b").key


def test_text_that_is_no_utf_8_and_long_arguments_are_sent(tmp_path: Path) -> None:
    program = "x = 'some words'\n" * 600
    call = ToolCall(id="1\udcff", name="run\udcff", arguments=json.dumps({"value": program, "password": "y" * 5000}))
    turns = (
        Turn(segments=(Segment(DataClass.NAMES, "caf\udce9.c"),)),
        Turn(ours=False, text="a \ud800 b", calls=(call,), by="p"),
        Turn(answers=call, segments=(Segment(None, "done"),)),
    )
    with serving(lambda _: GOOD) as server:
        here = place(tmp_path, {"p": entry(server.address)})
        answer = here.desk.ask(question(turns=turns, position=1), NEEDS)
        assert isinstance(answer, Answer), answer
        (got,) = server.received
    assert "caf\\udce9.c" in got.said and "a \\ud800 b" in got.said
    (sent,) = got.asked["messages"][2]["tool_calls"]
    arguments = json.loads(sent["function"]["arguments"])
    assert arguments["value"] == program and "left out" in arguments["password"]
    assert got.asked["messages"][3]["tool_call_id"] == sent["id"]


def test_arguments_stay_json_when_something_is_taken_out_of_them(tmp_path: Path) -> None:
    call = ToolCall(id="1", name="run", arguments=json.dumps({"value": "password = '" + "Zq9" * 100 + "'", "form": "text"}))
    turns = (*question().turns, Turn(ours=False, calls=(call,), by="p"), Turn(answers=call, segments=(Segment(None, "done"),)))
    with serving(lambda _: GOOD) as server:
        here = place(tmp_path, {"p": entry(server.address)})
        assert isinstance(here.desk.ask(question(turns=turns, position=1), NEEDS), Answer)
        (sent,) = server.received[0].asked["messages"][2]["tool_calls"]
    arguments = json.loads(sent["function"]["arguments"])
    assert arguments["form"] == "text" and "Zq9Zq9" not in arguments["value"] and "redacted" in arguments["value"]


@pytest.mark.parametrize(
    ("budget", "answered"),
    [({"calls": 2}, 2), ({"tokens": 5000}, 4), ({"eur": 0.15}, 3), ({}, 6)],
)
@pytest.mark.parametrize("whose", ["run", "role", "provider"])
def test_budgets_are_hard_stops(whose: str, budget: dict[str, float], answered: int, tmp_path: Path) -> None:
    with serving(lambda _: Reply(text="ok", tokens=(1000, 100))) as server:
        given = {"budget": budget} if whose == "run" else {"role": {"hunter": {"budget": budget}}} if whose == "role" else {}
        own = {"budget": budget} if whose == "provider" else {}
        here = place(tmp_path, {"p": entry(server.address, **own)}, **given)
        for number in range(6):
            here.desk.ask(question(f"question {number}"), NEEDS)
        assert len(server.received) == answered
        spent = sum(float(str(r.facts["eur"])) for r in here.ledger(ANSWERED))
        assert spent == pytest.approx(answered * 0.02)
        assert spent <= budget.get("eur", spent)


def test_a_budget_of_seconds_ends_the_waiting(tmp_path: Path) -> None:
    with serving(lambda _: Reply(text="ok", delay_s=0.6)) as server:
        here = place(tmp_path, {"p": entry(server.address)}, budget={"seconds": 1.0})
        for number in range(4):
            here.desk.ask(question(f"question {number}"), NEEDS)
        assert len(server.received) == 2


def test_what_is_on_record_is_not_asked_again_and_replays_without_any_provider(tmp_path: Path) -> None:
    with serving(lambda got: Reply(text=f"about {got.said[-1]}")) as server:
        here = place(tmp_path, {"p": entry(server.address)})
        first = [here.desk.ask(question(str(n)), NEEDS) for n in range(3)]
        again = place(tmp_path, {"p": entry(server.address)})
        assert [again.desk.ask(question(str(n)), NEEDS) for n in range(3)] == first
        assert len(server.received) == 3
        address = server.address
    replaying = place(tmp_path / "replay", {"p": entry(address)}, replayed=here.exchanges)
    assert [replaying.desk.ask(question(str(n)), NEEDS) for n in range(3)] == first
    other = replaying.desk.ask(question("another"), NEEDS)
    assert isinstance(other, Unanswered) and "record" in other.why
    assert not replaying.ledger()


@pytest.mark.parametrize("free", [True, False])
def test_what_was_in_the_air_is_not_paid_for_twice(free: bool, tmp_path: Path) -> None:
    prices = {"eur_per_million_input": 0.0, "eur_per_million_output": 0.0} if free else {}
    with serving(lambda _: GOOD) as server:
        here = place(tmp_path, {"p": entry(server.address, **prices)})
        asked = question()
        here.exchanges.depart(
            Flight(key=asked.key, role="hunter", provider="p", tokens=1500, eur=0.0 if free else 0.3, attempts=())
        )
        resumed = place(tmp_path, {"p": entry(server.address, **prices)}, budget={"eur": 0.4})
        answer = resumed.desk.ask(asked, NEEDS)
        assert isinstance(answer, Answer) == free
        assert len(server.received) == free
        if not free:  # what may have been paid counts: 0.3 and at most 0.11 are too much
            assert isinstance(resumed.desk.ask(question("another"), NEEDS), Unanswered)


def test_sealed_exchanges_are_not_readable_on_disk(tmp_path: Path) -> None:
    with serving(lambda _: Reply(text="a telling answer")) as server:
        for sealed in (False, True):
            here = place(tmp_path / str(sealed), {"p": entry(server.address)}, sealed=sealed)
            asked = question("some telling code")
            here.desk.ask(asked, NEEDS)
            kept = b"".join(p.read_bytes() for p in (here.home / "runs").rglob("*") if p.is_file())
            assert (b"telling" in kept) is not sealed
            assert b"telling code" in here.bodies[0]
            found = here.exchanges.find(asked.key)
            assert found is not None and found.answer is not None and found.answer.text == "a telling answer"


def test_a_provider_whose_key_is_not_set_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_KEY", raising=False)
    with serving(lambda _: GOOD) as server:
        here = place(tmp_path, {"a": entry(server.address, key_env="A_KEY"), "b": entry(server.address)})
        answer = here.desk.ask(question(), NEEDS)
        assert isinstance(answer, Answer) and answer.provider == "b"
        monkeypatch.setenv("A_KEY", "sekret-value")
        answer = here.desk.ask(question("now with sekret-value in it"), NEEDS)
        assert isinstance(answer, Answer) and answer.provider == "a"
        assert b"sekret-value" not in server.received[-1].body
        assert server.received[-1].headers["authorization"] == "Bearer sekret-value"


BILLED = {
    "refusal": Reply(refusal="I will not", finish="stop"),
    "broken": Reply(raw=b'{"choices": [{"mess'),
    "too-large": Reply(filler=10 << 20),
    "a cut stream": Reply(text="word " * 400, cut=600),
}


@pytest.mark.parametrize("how", BILLED)
def test_who_may_ask_for_money_is_asked_once_and_counts(how: str, tmp_path: Path) -> None:
    """Another provider rests shortly, so that all are gone through again."""
    with serving(lambda _: BILLED[how]) as first, serving(lambda _: Reply(status=429, retry_after="0.2")) as second:
        stream = how == "a cut stream"
        here = place(tmp_path, {"first": entry(first.address, stream=stream), "second": entry(second.address)})
        assert isinstance(here.desk.ask(question(), NEEDS), Unanswered)
        assert (len(first.received), len(second.received)) == (1, 3)
        (cost,) = [float(str(r.facts["eur"])) for r in here.ledger(ANSWERED) if r.facts["provider"] == "first"]
        assert cost > 0.1, "what it may ask for counts"


def test_what_was_in_the_air_is_asked_again_of_whoever_had_it_and_of_nobody_else(tmp_path: Path) -> None:
    with serving(lambda _: Reply(text="first")) as first, serving(lambda _: Reply(text="second")) as second:
        for free in (True, False):
            prices = {"eur_per_million_input": 0.0, "eur_per_million_output": 0.0} if free else {"idempotent": True}
            both = {"first": entry(first.address), "second": entry(second.address, **prices)}
            here = place(tmp_path / str(free), both)
            asked = question(f"{free}")
            flown = Flight(key=asked.key, role="hunter", provider="second", tokens=1500, eur=0.3, attempts=())
            here.exchanges.depart(flown)
            answer = here.desk.ask(asked, NEEDS)
            assert isinstance(answer, Answer) and answer.provider == "second"
            assert not first.received
            assert second.received[-1].headers["idempotency-key"] == asked.key
        second.script = lambda _: Reply(status=401)
        asked = question("once more")
        here.exchanges.depart(Flight(key=asked.key, role="hunter", provider="second", tokens=9, eur=0.3, attempts=()))
        assert isinstance(here.desk.ask(asked, NEEDS), Unanswered) and not first.received
        second.script = lambda _: Reply(status=500)
        asked = question("and more")
        here.exchanges.depart(Flight(key=asked.key, role="hunter", provider="second", tokens=9, eur=0.3, attempts=()))
        assert isinstance(here.desk.ask(asked, NEEDS), Unanswered) and not first.received
        kept = here.exchanges.find(asked.key)
        assert kept is not None and kept.attempts[-1].eur == 0.3, "what was lost counts"


def test_a_question_that_an_interruption_left_without_answer_is_asked_again(tmp_path: Path) -> None:
    stopped = False

    def stop() -> bool:
        return stopped

    def reply(_: object) -> Reply:
        nonlocal stopped
        stopped = True
        return Reply(status=429, retry_after="20")

    with serving(reply) as server:
        here = place(tmp_path, {"p": entry(server.address)})
        here.desk.stopped = stop
        started = time.monotonic()
        assert isinstance(here.desk.ask(question(), NEEDS), Unanswered) and time.monotonic() - started < 10
        assert isinstance(here.desk.ask(question("another"), NEEDS), Unanswered)
        assert len(server.received) == 1, "it went on asking"
        server.script = lambda _: GOOD
        resumed = place(tmp_path, {"p": entry(server.address)})
        assert isinstance(resumed.desk.ask(question(), NEEDS), Answer)
        assert [a.outcome for a in next(resumed.exchanges.all()).attempts] == ["rate-limit", "answered"]


def test_a_fault_of_ours_before_anything_has_left_is_not_in_the_air(tmp_path: Path) -> None:
    def breaks(*_: object) -> Any:
        raise RuntimeError("a fault of ours")

    here = place(tmp_path, {"p": entry("http://127.0.0.1:1/v1")})
    here.desk.send = breaks
    with pytest.raises(RuntimeError):
        here.desk.ask(question(), NEEDS)
    assert not list(here.exchanges.flights())
