"""Leave for one request: what of a question goes, what it costs at most, and when nothing goes at all."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.agents.desks import Place, entry, place, question

from mithridate.model.errors import PolicyRefusal
from mithridate.model.exchange import DataClass, Outcome, Question, Segment, Tool, ToolCall, Turn
from mithridate.policy.egress import Egress, Passage
from mithridate.policy.ledger import ANSWERED, REFUSED, SENT

NONE: frozenset[DataClass] = frozenset()
SECRET = "AKIAIOSFODNN7EXAMPLE"
OURS = "the-key-of-ours"
URL = "http://127.0.0.1:1/v1/chat"


def at(home: Path, *seen: DataClass, **given: Any) -> Place:
    """A provider that may see some classes of data; nothing listens there."""
    return place(home, {"p": entry("http://127.0.0.1:1/v1")}, {"p": seen or tuple(DataClass)}, **given)


def admitted(here: Place, asked: Question, needs: frozenset[DataClass] = NONE) -> Passage:
    return here.desk.egress.admit("p", asked, needs, [OURS])


def words(asked: Question) -> list[str]:
    """All that is said in a question's turns."""
    said: list[str] = []
    for turn in asked.turns:
        calls = [*turn.calls, *([turn.answers] if turn.answers else [])]
        said += [turn.text, *(s.text for s in turn.segments), *(text for c in calls for text in (c.id, c.name, c.arguments))]
    return said


def test_secrets_are_taken_out_wherever_they_stand(tmp_path: Path) -> None:
    key = f"key = '{SECRET}'"
    call = ToolCall(id=f"1 {OURS}", name=f"run {OURS}", arguments=f'{{"value": "{key}", "{OURS}": ["{OURS}", 3]}}')
    turns = (
        Turn(segments=(Segment(None, f"ours {OURS}"), Segment(DataClass.EXCERPTS, f"{key}\nint visible;"))),
        Turn(ours=False, text=f"it says {key} and {OURS}", calls=(call,), by="p"),
        Turn(answers=call, segments=(Segment(DataClass.FINDINGS, f"read {OURS}"),)),
    )
    passage = admitted(at(tmp_path), question(turns=turns, position=1))
    said = words(passage.question)
    assert not [text for text in said if SECRET in text or OURS in text]
    assert "int visible;" in " ".join(said) and sum("[redacted" in text for text in said) == len([t for t in said if t])
    assert passage.redactions >= 10


def test_long_arguments_are_cleaned_name_by_name_and_stay_what_they_are(tmp_path: Path) -> None:
    long = json.dumps({OURS: {"a": [OURS, 1, None, True]}, "filling": "words " * 1000})
    call = ToolCall(id="1", name="run", arguments=long)
    turns = (*question().turns, Turn(ours=False, calls=(call,), by="p"), Turn(answers=call, segments=(Segment(None, "done"),)))
    (sent,) = admitted(at(tmp_path), question(turns=turns, position=1)).question.turns[1].calls
    assert OURS not in sent.arguments and sent.arguments.count("[redacted: a key of ours]") == 2
    assert '["[redacted: a key of ours]", 1, null, true]' in sent.arguments
    broken = ToolCall(id="1", name="run", arguments=f"{{{OURS}" + "x" * 5000)
    turns = (*question().turns, Turn(ours=False, calls=(broken,), by="p"), Turn(answers=broken, segments=()))
    assert admitted(at(tmp_path / "b"), question(turns=turns, position=1)).question.turns[1].calls[0].arguments == "{}"


def test_what_may_not_be_seen_is_withheld_and_said_to_be(tmp_path: Path) -> None:
    pieces = tuple(Segment(kind, f"some {kind}") for kind in (None, *DataClass))
    passage = admitted(at(tmp_path, DataClass.NAMES, DataClass.PROOFS), question(turns=(Turn(segments=pieces),)))
    shown = {s.text for s in passage.question.turns[0].segments}
    assert {"some None", "some names", "some proofs"} <= shown
    assert sum("[withheld: the scope does not let you see" in text for text in shown) == len(DataClass) - 2
    assert passage.question.kinds == {DataClass.NAMES, DataClass.PROOFS}


def test_the_owners_list_and_the_scope_both_have_to_allow_it(tmp_path: Path) -> None:
    shown = {"p": (DataClass.EXCERPTS, DataClass.NAMES)}
    here = place(tmp_path, {"p": entry("http://127.0.0.1:1/v1", may_see=["excerpts", "proofs"])}, shown)
    assert here.desk.egress.allowed("p") == {DataClass.EXCERPTS}
    unlisted = place(tmp_path / "b", {"p": entry("http://127.0.0.1:1/v1")}, {})
    assert unlisted.desk.egress.allowed("p") == frozenset()
    with pytest.raises(PolicyRefusal, match="the scope does not list the model p"):
        admitted(unlisted, question(kind=None))


def test_what_an_answer_may_repeat_goes_to_nobody_who_may_not_see_it(tmp_path: Path) -> None:
    two = {"p": entry("http://127.0.0.1:1/v1"), "q": entry("http://127.0.0.1:1/v1")}
    here = place(tmp_path, two, {"p": (DataClass.NAMES,), "q": tuple(DataClass)})
    turns = (*question().turns, Turn(ours=False, text="it says main", by="q"), Turn(segments=(Segment(None, "well"),)))
    with pytest.raises(PolicyRefusal, match="the conversation so far holds excerpts"):
        admitted(here, question(turns=turns, position=1))
    for by, refused in (("p", False), ("nobody that is known", True)):
        asked = question(turns=(turns[0], Turn(ours=False, text="it says main", by=by), turns[2]), position=1)
        if refused:
            with pytest.raises(PolicyRefusal, match="holds excerpts"):
                admitted(here, asked)
        else:
            assert "withheld" in admitted(here, asked).question.turns[0].segments[1].text


def test_the_most_that_it_costs_is_reckoned_of_all_that_is_sent(tmp_path: Path) -> None:
    here = at(tmp_path)
    bare = admitted(here, question("", system=""))
    assert bare.tokens >= 64 + 1000, "room for what the protocol adds, and for the longest answer"
    call = ToolCall(id="1", name="run", arguments=json.dumps({"a": "b" * 991}))
    tool = Tool(name="read", description="d" * 1000, schema={})
    answered = Turn(answers=call, segments=(Segment(None, ""),))
    for more, least in (
        (question("ä" * 1000, system=""), 1000),  # bytes, not letters
        (question("", system="s" * 1000), 500),
        (question("", system="", turns=(*question("").turns, Turn(ours=False, text="t" * 1000, by="p"))), 500),
        (question("", system="", turns=(*question("").turns, Turn(ours=False, calls=(call,), by="p"), answered)), 500),
        (question("", system="", tools=(tool,)), 500),
    ):
        assert least <= admitted(here, more).tokens - bare.tokens <= least + 20
    most = admitted(here, question("x" * 20_000))
    assert most.eur == pytest.approx(((most.tokens - 1000) * 10.0 + 1000 * 100.0) / 1e6)


def refusals(here: Place) -> list[str]:
    return [str(record.facts["why"]) for record in here.ledger(REFUSED)]


def test_a_refusal_is_on_the_ledger_with_its_reason_and_nothing_is_sent(tmp_path: Path) -> None:
    few = at(tmp_path / "a", DataClass.NAMES)
    with pytest.raises(PolicyRefusal, match="needs excerpts, which p may not see"):
        admitted(few, question(), frozenset({DataClass.EXCERPTS, DataClass.NAMES}))
    poor = at(tmp_path / "b", budget={"eur": 0.01})
    with pytest.raises(PolicyRefusal, match=r"budget of the run \(0\.01 euros\)"):
        admitted(poor, question())
    for here, why in ((few, "needs excerpts"), (poor, "budget of the run")):
        (told,) = refusals(here)
        assert why in told and not here.ledger(SENT)
        (record,) = here.ledger(REFUSED)
        assert (record.facts["provider"], record.facts["role"], record.facts["purpose"]) == ("p", "hunter", "hunter a.c")


def test_leave_is_for_one_request_of_the_right_sort(tmp_path: Path) -> None:
    here = at(tmp_path)
    passage = admitted(here, question())
    assert not passage.used
    with pytest.raises(PolicyRefusal, match="a GET to 127"):
        passage.leaving("GET", URL, b"")
    assert not passage.used and not here.ledger(SENT)
    passage.leaving("POST", URL, b"the body")
    assert passage.used and here.bodies == [b"the body"]
    with pytest.raises(PolicyRefusal):
        passage.leaving("POST", URL, b"once more")
    (record,) = here.ledger(SENT)
    facts = record.facts
    assert (facts["bytes"], facts["classes"], facts["host"]) == (8, ["excerpts"], "127.0.0.1:1")
    assert (facts["provider"], facts["operator"], facts["model"], facts["role"]) == ("p", "the tests", "scripted", "hunter")
    assert (facts["exchange"], facts["eur_at_most"]) == (passage.key, round(passage.eur, 6))


def test_what_cannot_be_kept_does_not_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = at(tmp_path)
    passage = admitted(here, question())

    def full(_: bytes) -> str:
        raise OSError("the disk is full")

    monkeypatch.setattr(here.exchanges, "put_sent", full)
    with pytest.raises(OSError, match="full"):
        passage.leaving("POST", URL, b"the body")
    assert not here.ledger(SENT)
    with pytest.raises(PolicyRefusal):
        passage.leaving("POST", URL, b"the body")


def test_a_scope_that_ends_between_leave_and_leaving_stops_it(tmp_path: Path) -> None:
    here = at(tmp_path, until=date(2030, 1, 2))
    made = here.desk.egress
    today = date(2030, 1, 2)
    egress = Egress(made._scope, made._models, made._log, here.exchanges, made.account, "a-run", lambda: today)
    passage = egress.admit("p", question(), NONE, [])
    today = date(2030, 1, 3)
    with pytest.raises(PolicyRefusal, match="ended on 2030-01-02"):
        passage.leaving("POST", URL, b"the body")
    assert not here.ledger(SENT)
    with pytest.raises(PolicyRefusal, match="ended on"):
        egress.admit("p", question("more"), NONE, [])


def test_how_it_went_is_on_the_ledger(tmp_path: Path) -> None:
    here = at(tmp_path)
    passage = admitted(here, question())
    here.desk.egress.answered(passage, Outcome.ANSWERED, "x" * 500, (7, 3), 0.12345678, 1.23456)
    (record,) = here.ledger(ANSWERED)
    facts = record.facts
    assert (facts["input_tokens"], facts["output_tokens"], facts["eur"], facts["seconds"]) == (7, 3, 0.123457, 1.235)
    assert (facts["outcome"], facts["exchange"], len(str(facts["why"]))) == ("answered", passage.key, 200)
