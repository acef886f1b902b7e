"""Variants of a proof that is an input document."""

import json

from mithridate.model.document import decode, found, strings
from mithridate.model.violation import ViolationKind as K
from mithridate.repair.steps.perturbed_documents import perturbed_document

from .vulnerable import call, get, marked, pair


def texts(documents: list[bytes], *place: str | int) -> set[str]:
    return {str(found(decode(d).attack, place)) for d in documents}


PLACE = (0, "request", "query", 0, 1)
SQL = pair(
    get("/", query=[["name", marked("ada")], ["town", marked("x")]]),
    get("/", query=[["name", marked("a' OR 'a'='a")], ["town", marked("x")]]),
)


def test_other_ways_out_of_the_same_literal_are_tried() -> None:
    tried = texts(perturbed_document(SQL, K.SQL_INJECTION, 48), *PLACE)
    assert marked('a" OR "a"="a') in tried
    assert marked("1 OR 1=1") in tried
    assert marked("a'/**/OR/**/1=1--") in tried


def test_paths_are_nested_encoded_and_absolute() -> None:
    proof = pair(get("/", query=[["f", marked("a")]]), get("/", query=[["f", "../" + marked("a")]]))
    tried = texts(perturbed_document(proof, K.PATH_TRAVERSAL, 48), *PLACE)
    assert {t for t in tried if t.startswith("....//")}
    assert {t for t in tried if t.startswith("%2e%2e%2f")}
    assert {t for t in tried if t.startswith("/tmp/")}


def test_the_attack_moves_to_other_inputs_of_the_step_and_its_twin_with_it() -> None:
    moved = [decode(d) for d in perturbed_document(SQL, K.SQL_INJECTION, 48)]
    other = (0, "request", "query", 1, 1)
    there = [d for d in moved if found(d.attack, other) == marked("a' OR 'a'='a")]
    assert there
    assert found(there[0].control, other) == marked("ada")


def test_harmless_twins_stay_and_names_of_inputs_too() -> None:
    for each in perturbed_document(SQL, K.SQL_INJECTION, 48):
        document = decode(each)
        assert found(document.attack, (0, "request", "query", 0, 0)) == "name"
        assert all("OR" not in text for _, text in strings(document.control))


def test_what_is_repeated_is_repeated_otherwise() -> None:
    proof = pair(call("a:b", "x"), call("a:b", {"make": "repeat", "of": "x", "times": 1000}))
    tried = [decode(d).attack for d in perturbed_document(proof, K.SUPERLINEAR_TIME, 20)]
    place = (0, "call", "args", 0)
    assert {json.dumps(found(t, place)) for t in tried} >= {json.dumps({"make": "repeat", "of": "x", "times": 2000})}


def test_all_differ_are_bounded_and_the_same_each_time() -> None:
    first = perturbed_document(SQL, K.SQL_INJECTION, 30)
    assert len(first) == len(set(first)) == 30
    assert SQL not in first
    assert first == perturbed_document(SQL, K.SQL_INJECTION, 30)


def test_bytes_that_are_no_document_have_no_variants() -> None:
    assert perturbed_document(b"\xff\x00", K.SQL_INJECTION, 10) == []
