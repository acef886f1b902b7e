"""What goes over the wire and what comes back, without a wire: headers, bounds, and refusals that libraries would swallow."""

import io
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import anyio
import httpx2
import pytest

from mithridate.agents.wire import AnswerPacked, AnswerTooLarge, Wire, _Bounded, _BoundedRaw, client_of, past_policy
from mithridate.model.errors import PolicyRefusal
from mithridate.policy.egress import Passage
from mithridate.policy.providers import Provider
from tests.agents.desks import entry

KEY = "our-key:with-a-secret-half"


def wire(key: str = KEY, leaving: Any = lambda *_: None, **given: Any) -> Wire:
    provider = Provider.model_validate(entry("http://127.0.0.1:1/v1", **given))
    return Wire(cast(Passage, SimpleNamespace(entry=provider, key="the-exchange", leaving=leaving)), key)


def headers(made: Wire, **given: str) -> dict[str, str]:
    return made._headers(httpx2.Headers({name.replace("_", "-"): value for name, value in given.items()}))


OURS = {"accept-encoding": "identity", "user-agent": "mithridate"}


def test_of_a_librarys_headers_the_protocol_and_our_key_go() -> None:
    kept = {"accept": "a", "anthropic-version": "1", "content-length": "3", "content-type": "c"}
    sent = headers(
        wire(kind="mistral", key_env="K"),
        **{name.replace("-", "_"): value for name, value in kept.items()},
        user_agent="a library on this machine",
        accept_encoding="gzip",
        cookie="c",
        x_stainless_os="Linux",
        x_api_key=KEY,
        authorization=f"Bearer {KEY}",
    )
    assert sent == {**kept, **OURS, "x-api-key": KEY, "authorization": f"Bearer {KEY}"}


@pytest.mark.parametrize("value", ["Bearer another", f"Basic {KEY}", f"{KEY} ", "", "Bearer none"])
def test_another_key_than_ours_does_not_go(value: str) -> None:
    assert headers(wire(kind="mistral", key_env="K"), authorization=value) == OURS
    assert headers(wire("", kind="mistral", key_env="K"), authorization="Bearer none") == {**OURS, "authorization": "Bearer none"}


def test_the_exchange_is_named_where_that_spares_paying_twice() -> None:
    assert headers(wire())["idempotency-key"] == "the-exchange"
    assert "idempotency-key" not in headers(wire(kind="mistral", key_env="K"), idempotency_key="the library's own")


def test_an_answer_is_as_large_as_it_may_be_and_no_larger() -> None:
    made = wire(largest_answer_bytes=10)
    made.counted(10)
    assert not made.too_large
    with pytest.raises(AnswerTooLarge):
        made.counted(11)
    assert made.too_large


class Chunks(httpx2.AsyncByteStream):
    """Four bytes at a time."""

    def __init__(self, count: int) -> None:
        self._count = count

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self._count):
            yield b"four"


@pytest.mark.parametrize(("chunks", "fits"), [(2, True), (3, False)])
def test_what_comes_in_pieces_is_counted_together(chunks: int, fits: bool) -> None:
    async def read(made: Wire) -> bytes:
        return b"".join([chunk async for chunk in _Bounded(Chunks(chunks), made)])

    made = wire(largest_answer_bytes=8)
    raw = SimpleNamespace(read1=io.BytesIO(b"four" * chunks).read, close=lambda: None)
    for reading in (lambda: anyio.run(read, made), lambda: b"".join(_BoundedRaw(raw, made).stream(4))):
        if fits:
            assert reading() == b"fourfour"
        else:
            with pytest.raises(AnswerTooLarge):
                reading()


def test_an_answer_that_does_not_end_in_time_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [time.monotonic()]
    monkeypatch.setattr("mithridate.agents.wire.time", SimpleNamespace(monotonic=lambda: now[0]))
    made = _BoundedRaw(SimpleNamespace(read1=lambda _: b"x"), wire(timeout_s=5.0))
    assert made.read() == b"x"
    now[0] += 5.1
    with pytest.raises(TimeoutError):
        made.read()


@pytest.mark.parametrize(
    ("given", "packed"),
    [
        ({}, False),
        ({"Content-Encoding": "identity"}, False),
        ({"content-encoding": " "}, False),
        ({"Content-Encoding": "gzip"}, True),
        ({"CONTENT-ENCODING": "br"}, True),
    ],
)
def test_a_compressed_answer_is_refused_before_it_is_read(given: dict[str, str], packed: bool) -> None:
    made = wire()
    if packed:
        with pytest.raises(AnswerPacked):
            made.coming(200, given)
    else:
        made.coming(201, given)
    assert made.packed is packed and made.status == (200 if packed else 201)


def test_a_refusal_is_kept_whatever_a_library_makes_of_it() -> None:
    refusal = PolicyRefusal("no")

    def refuses(*_: object) -> None:
        raise refusal

    made = wire(leaving=refuses)
    with pytest.raises(PolicyRefusal):
        made.leaving("POST", "http://127.0.0.1:1/v1", b"")
    assert made.refusal is refusal


def test_nothing_is_sent_that_policy_did_not_see(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, str, bytes]] = []
    sent: list[httpx2.Request] = []

    async def sends(_: object, request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200, stream=Chunks(1), headers={"content-encoding": "gzip"} if len(sent) > 1 else {})

    monkeypatch.setattr("httpx2.AsyncHTTPTransport.handle_async_request", sends)
    made = wire(leaving=lambda *told: seen.append(told))

    async def ask() -> bytes:
        async with client_of(made) as client:
            return (await client.post("http://127.0.0.1:1/v1/chat", content=b"the body", headers={"x-told": "something"})).content

    assert anyio.run(ask) == b"four" and made.status == 200
    assert seen == [("POST", "http://127.0.0.1:1/v1/chat", b"the body")]
    assert sent[0].content == b"the body" and "x-told" not in sent[0].headers
    with pytest.raises(AnswerPacked):
        anyio.run(ask)


def test_a_request_that_another_key_signed_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    hooks: list[Any] = []
    events = SimpleNamespace(register=lambda _, hook: hooks.append(hook))
    seen: list[tuple[str, str, bytes]] = []
    sent: list[Any] = []

    def sends(_: object, request: Any) -> Any:
        sent.append(request)
        return SimpleNamespace(status_code=200, headers={}, raw=SimpleNamespace(read1=io.BytesIO(b"four").read))

    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", sends)
    made = wire(leaving=lambda *told: seen.append(told), kind="bedrock", key_env="K", region="eu-west-1")
    past_policy(made, SimpleNamespace(meta=SimpleNamespace(events=events)), "id")
    (hook,) = hooks

    def request(signed: str) -> Any:
        headers = {"Authorization": signed, "X-Amz-Date": "d", "X-Told": "something"}
        return SimpleNamespace(headers=headers, method="POST", url="https://models.example/chat", body=b"the body")

    for signed in ("", "Bearer id", "AWS4-HMAC-SHA256 Credential=other/2026", "AWS4-HMAC-SHA256 Credential=id-of-another/2026"):
        with pytest.raises(PolicyRefusal, match="not signed with the provider's own key"):
            hook(request(signed))
        assert made.refusal is not None and not seen and not sent
    ours = request("AWS4-HMAC-SHA256 Credential=id/2026")
    assert hook(ours).raw.read() == b"four"
    assert seen == [("POST", "https://models.example/chat", b"the body")] and sent == [ours]
    assert {name.lower() for name in ours.headers} == {"authorization", "x-amz-date", "accept-encoding", "user-agent"}


def test_a_client_follows_nothing_but_what_it_is_told() -> None:
    client = client_of(wire(timeout_s=7.0))
    assert (client.trust_env, client.follow_redirects, client.timeout) == (False, False, httpx2.Timeout(7.0))


def test_what_no_error_may_tell_is_the_key_and_its_long_halves() -> None:
    assert set(wire().hidden) == {KEY, "with-a-secret-half"}
