"""Response headers and logs."""

import pytest

from mithridate.model.observation import Sink
from mithridate.model.violation import ViolationKind
from mithridate.oracles.confinement.sent import Sent


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b=c", "a\nX: y", "a\rX: y", "a\r\n\r\n<p>"])
def test_a_line_end_in_a_header_begins_another(judged, value):
    found = judged(Sink.HEADER, f"Location: /⟨{value}⟩", "Location: /⟨x⟩")
    assert found.kind is ViolationKind.HEADER_INJECTION
    assert "`Location`" in found.why


@pytest.mark.parametrize("value", ["a b: c", "a%0d%0aX: y", "a\\r\\nX: y", "a\r\n folded", "\t"])
def test_other_characters_do_not(judged, value):
    assert judged(Sink.HEADER, f"X: ⟨{value}⟩", "X: ⟨x⟩") is None


def test_line_ends_that_harmless_data_has_or_that_nobody_sent_are_the_programs(judged):
    assert judged(Sink.HEADER, "X: ⟨a\nb⟩", "X: ⟨c\nd⟩") is None
    assert judged(Sink.HEADER, "X: ⟨a⟩\r\nY: z", "X: ⟨c⟩") is None
    assert judged(Sink.LOG, "⟨a\nb⟩", "⟨a⟩", sent=Sent(("\ue000\ue100a b\ue001\ue100",))) is None
    assert judged(Sink.LOG, "⟨a\nb⟩", "⟨a⟩", sent=Sent(("\ue000\ue100a%0Ab\ue001\ue100",))) is not None


def test_a_line_end_in_a_log_forges_an_entry(judged):
    assert judged(Sink.LOG, "login ⟨a\nINFO login root⟩", "login ⟨a⟩").kind is ViolationKind.LOG_INJECTION
    assert judged(Sink.LOG, "login ⟨a\\nINFO login root⟩", "login ⟨a⟩") is None
    assert judged(Sink.LOG, "login ⟨A\nINFO⟩", "login ⟨a⟩", case=str.upper) is not None
    assert judged(Sink.LOG, "login ⟨a\n", "login ⟨a⟩") is None
