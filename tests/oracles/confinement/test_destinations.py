"""Redirects and requests of the program."""

import pytest

from mithridate.model.observation import Sink
from mithridate.model.violation import ViolationKind
from mithridate.oracles.confinement.sent import Sent

HOST = "app.example:8000"


@pytest.mark.parametrize(
    "location",
    [
        "https://⟨evil.example⟩/",
        "//⟨evil.example⟩/",
        "///⟨evil.example⟩",
        "/\\⟨evil.example⟩",
        "\\\\⟨evil.example⟩",
        "\t//⟨evil.example⟩",
        " https:///⟨evil.example⟩",
        "ht\ntps://⟨evil.example⟩",
        "https://app.example@⟨evil.example⟩/",
        "https://app.example⟨.evil.example⟩",
        "https://⟨evil.example⟩\\@app.example/",
    ],
)
def test_a_redirect_to_a_host_of_the_attackers_is_open(judged, location):
    found = judged(Sink.REDIRECT, location, "/⟨home⟩", host=HOST)
    assert found.kind is ViolationKind.OPEN_REDIRECT
    assert judged(Sink.REDIRECT, location, host=HOST) is not None


@pytest.mark.parametrize(
    "location",
    [
        "/⟨evil⟩",
        "⟨//evil.example⟩",
        "?next=//⟨evil.example⟩",
        "https://app.example/⟨evil⟩",
        "https://app.example:8000/?u=https://⟨evil⟩",
        "https://sso.example/?next=⟨//evil⟩",
        "https://⟨user⟩@app.example/",
        "/a//⟨evil⟩",
        "https:⟨evil.example⟩",
        "javascript:⟨a()⟩",
        "#//⟨x⟩",
    ],
)
def test_a_redirect_that_stays_or_goes_where_the_program_says_is_confined(judged, location):
    assert judged(Sink.REDIRECT, location, "/⟨home⟩", host=HOST) is None
    assert judged(Sink.REDIRECT, location, host=HOST) is None


def test_a_host_that_was_sent_without_marks_is_the_attackers_too(judged):
    sent = Sent(("//evil.example/\ue000\ue100x\ue001\ue100",))
    assert judged(Sink.REDIRECT, "//evil.example/⟨x⟩", "/⟨x⟩", host=HOST, sent=sent) is not None
    assert judged(Sink.REDIRECT, "//sso.example/⟨x⟩", "/⟨x⟩", host=HOST, sent=sent) is None
    assert judged(Sink.REDIRECT, "//evil.example/⟨x⟩", host=HOST, sent=sent) is None


@pytest.mark.parametrize("sink", [Sink.REDIRECT, Sink.REQUEST])
def test_a_name_below_the_programs_own_domain_is_confined_and_one_that_ends_it_is_not(judged, sink):
    control = "https://⟨blog⟩.app.example/"
    assert judged(sink, "https://⟨a.b⟩.app.example/", control, host=HOST) is None
    assert judged(sink, "https://⟨evil.example/⟩.app.example/", control, host=HOST) is not None


@pytest.mark.parametrize(
    "target",
    ["http://⟨h⟩/x", "http://⟨h⟩:80/", "⟨h⟩:443", "http://good@⟨h⟩/", "ftp://⟨h⟩", "http://good.example⟨.evil.example⟩/"],
)
def test_a_request_to_a_host_that_is_chosen_is_forged(judged, target):
    found = judged(Sink.REQUEST, target, "http://good.example/⟨x⟩")
    assert found.kind is ViolationKind.REQUEST_FORGERY
    assert judged(Sink.REQUEST, target, target) is not None


@pytest.mark.parametrize(
    "target",
    ["http://good.example/⟨http://evil⟩", "http://good.example:80/?q=⟨//e@f⟩", "good.example:80", "http://⟨u:p⟩@good.example/"],
)
def test_a_request_whose_path_or_query_is_chosen_is_confined(judged, target):
    assert judged(Sink.REQUEST, target, "http://good.example/⟨x⟩") is None
    assert judged(Sink.REQUEST, target) is None


def test_case_does_not_matter(judged):
    assert judged(Sink.REDIRECT, "https://⟨evil⟩/", "/⟨x⟩", host=HOST, case=str.upper) is not None


def test_a_cut_token_in_the_host_is_enough(judged):
    assert judged(Sink.REQUEST, "http://⟨ev/", "http://good/⟨x⟩") is not None
