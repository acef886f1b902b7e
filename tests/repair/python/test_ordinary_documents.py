"""What an honest user sends in the place of an attacker's text."""

import pytest

from mithridate.model.document import MARK, Document, Json, decode, encode, found
from mithridate.model.violation import ViolationKind as K
from mithridate.repair.steps.ordinary_documents import ORDINARY, SMALL, half_an_attack, ordinary_documents

from .vulnerable import call, get, marked, pair

PROOF = pair(
    get("/change", query=[["sum", marked("amber")], ["shop", "north"]]),
    get("/change", query=[["sum", "+" + marked("")], ["shop", "north"]]),
)


def alone(step: Json) -> bytes:
    return encode(Document(control=[], attack=[step]))


def test_each_text_stands_unmarked_in_the_place_that_the_attacker_chose_and_nowhere_else() -> None:
    made = [decode(data) for data in ordinary_documents(PROOF, K.CODE_INJECTION)]
    assert [found(d.attack, (0, "request", "query", 0, 1)) for d in made] == list(ORDINARY[K.CODE_INJECTION])
    assert {str(found(d.attack, (0, "request", "query", 1, 1))) for d in made} == {"north"}
    assert all(d.control == [] for d in made)
    assert not any(MARK.search(str(d.attack)) for d in made)


def test_what_no_program_is_meant_to_interpret_is_not_sent_and_bytes_are_no_document() -> None:
    assert ordinary_documents(PROOF, K.SQL_INJECTION) == []
    assert ordinary_documents(b"\x00", K.CODE_INJECTION) == []


def test_what_is_left_of_an_attack_without_its_mark_is_told_from_what_is_harmless() -> None:
    proof = pair(call("store:read", marked("amber")), call("store:read", "../" + marked("amber")))
    assert half_an_attack(alone(call("store:read", "../")), proof)
    assert not half_an_attack(alone(call("store:read", "")), proof)
    assert not half_an_attack(alone(call("store:read", marked("amb"))), proof)
    assert not half_an_attack(b"../", proof) and not half_an_attack(alone(call("store:read", "../")), b"../")


def test_something_small_stands_in_the_place_of_what_is_made_to_be_long() -> None:
    endless: Json = {"make": "join", "of": [{"make": "repeat", "of": "a", "times": 900}, "b"]}
    step = call("store:read", {"python": "bytes", "of": endless}, "north", {"make": "bytes", "latin1": "x"})
    all_of_them = [
        decode(data) for data in ordinary_documents(encode(Document(control=[], attack=[step, step])), K.STACK_EXHAUSTION)
    ]
    made = [d for d in all_of_them if len(d.attack) == 1]
    assert [found(d.attack, (0, "call", "args", 0)) for d in made] == [{"python": "bytes", "of": text} for text in SMALL]
    assert all(found(d.attack, (0, "call", "args", 1)) == "north" for d in made)
    assert all(found(d.attack, (0, "call", "args", 2)) == {"make": "bytes", "latin1": "x"} for d in made)


def test_what_is_made_to_be_long_is_made_short_and_its_brackets_are_closed() -> None:
    endless: Json = {"make": "join", "of": ["{", {"make": "repeat", "of": "[(", "times": 900}, ")]"]}
    steps: list[Json] = [call("store:read", endless), call("store:write", "x")]
    made = [decode(data) for data in ordinary_documents(encode(Document(control=[], attack=steps)), K.STACK_EXHAUSTION)]
    texts = [found(d.attack, (0, "call", "args", 0)) for d in made if len(d.attack) == 2]
    few = [{"make": "join", "of": ["{", {"make": "repeat", "of": "[(", "times": times}, ")]"]} for times in (1, 2, 3)]
    assert texts == [few[0], "{[()]}", few[1], "{[([()])]}", few[2], "{[([([()])])]}"]
    assert all(found(d.attack, (1, "call", "args", 0)) == "x" for d in made if len(d.attack) == 2)


@pytest.mark.parametrize("value", [{"make": "repeat", "of": "a", "times": True}, {"make": "repeat", "of": "a"}])
def test_repetitions_without_a_number_stay(value: Json) -> None:
    data = encode(Document(control=[], attack=[call("store:read", value)]))
    assert all(found(decode(d).attack, (0, "call", "args", 0)) in (value, *SMALL) for d in ordinary_documents(data, K.TIMEOUT))
