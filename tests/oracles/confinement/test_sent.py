"""What the attacker sent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.oracles.confinement.sent import NOTHING_KNOWN, sent

OPEN, CLOSE = "\ue000\ue100", "\ue001\ue100"


def of(*steps):
    return sent(json.dumps({"version": 1, "control": [{"request": {"path": "/control"}}], "attack": steps}).encode())


def test_strings_of_the_attack_are_known_and_those_of_the_control_are_not():
    known = of({"request": {"path": "/x", "query": [["q", f"{OPEN}a' b{CLOSE}"]]}})
    assert known.known
    assert known.contains("/X")
    assert not known.contains("/control")


@pytest.mark.parametrize("arrived", ["a' or b", "a'or b", "A' OR B", "a\\' or b", "a&#39; or b"])
def test_what_arrives_may_have_lost_or_escaped_characters(arrived):
    assert of({"call": {"target": "m:f", "args": [f"{OPEN}a' or b{CLOSE}"]}}).allows(0, arrived)


@pytest.mark.parametrize("arrived", ["a','or b", "a' or b'", "x"])
def test_what_the_program_added_was_not_sent(arrived):
    assert not of({"call": {"target": "m:f", "args": [f"{OPEN}a' or b{CLOSE}"]}}).allows(0, arrived)


def test_values_are_found_inside_makers_and_in_joined_parts():
    assert not of({"request": {"path": "/", "body": {"make": "base64", "of": f"{OPEN}abc{CLOSE}"}}}).allows(0, "x")
    assert not of({"request": {"path": "/", "body": {"make": "join", "of": [f"{OPEN}ab", f"c{CLOSE}"]}}}).allows(0, "abx")
    assert of({"request": {"path": "/", "raw_query": f"q={OPEN}%27x{CLOSE}"}}).allows(0, "'x")
    assert of({"request": {"path": "/", "raw_query": f"q={OPEN}%2527x{CLOSE}"}}).allows(0, "'x")


def test_marks_that_were_not_sent_between_both_tokens_are_not_judged():
    assert of({"request": {"path": "/"}}).allows(0, "anything")
    assert NOTHING_KNOWN.allows(0, "anything")


@pytest.mark.parametrize(
    "document",
    [b"", b"\xff", b"[]", b"{}", b'{"attack": 1}', b'{"attack": ' + b"[" * 90_000, b'{"attack": [null, 1, {"a": {}}]}'],
)
def test_what_is_no_document_tells_nothing(document):
    assert sent(document).leaves in ((), ("a",))


@given(st.text(), st.text())
def test_what_was_sent_is_allowed_with_characters_dropped(value, other):
    known = of({"call": {"args": [f"{OPEN}{value}{CLOSE}"]}})
    assert known.allows(0, value)
    assert known.allows(0, value[::2])
