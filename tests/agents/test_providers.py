"""Every kind of provider, spoken to in its own protocol over loopback: what arrives is what the ledger holds."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from bench.models.scripted import Reply, serving

from mithridate.agents import providers
from mithridate.model.errors import PolicyRefusal
from mithridate.model.exchange import Answer, Tool, Unanswered
from mithridate.policy.ledger import ANSWERED, SENT
from tests.agents.desks import entry, place, question

TEXT = "an answer"
ARGUMENTS = {"file": "a.c"}
TOOL = Tool(
    name="read_lines",
    description="Lines of a file.",
    schema={"type": "object", "properties": {"file": {"type": "string"}}, "required": ["file"]},
)

ANTHROPIC = {
    "id": "m",
    "type": "message",
    "role": "assistant",
    "model": "scripted",
    "content": [{"type": "text", "text": TEXT}, {"type": "tool_use", "id": "t", "name": "read_lines", "input": ARGUMENTS}],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 7, "output_tokens": 3},
}
GOOGLE = {
    "candidates": [
        {
            "content": {"role": "model", "parts": [{"text": TEXT}, {"functionCall": {"name": "read_lines", "args": ARGUMENTS}}]},
            "finishReason": "STOP",
            "index": 0,
        }
    ],
    "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10},
    "modelVersion": "scripted",
}
BEDROCK = {
    "output": {
        "message": {
            "role": "assistant",
            "content": [{"text": TEXT}, {"toolUse": {"toolUseId": "t", "name": "read_lines", "input": ARGUMENTS}}],
        }
    },
    "stopReason": "tool_use",
    "usage": {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10},
    "metrics": {"latencyMs": 1},
}
OPENAI = Reply(text=TEXT, calls=[("read_lines", ARGUMENTS)], tokens=(7, 3))
KINDS: dict[str, tuple[dict[str, Any], Reply]] = {
    "openai-compatible": ({}, OPENAI),
    "openai": ({"key_env": "A_KEY"}, OPENAI),
    "azure": ({"key_env": "A_KEY", "api_version": "2024-06-01"}, OPENAI),
    "mistral": ({"key_env": "A_KEY"}, OPENAI),
    "anthropic": ({"key_env": "A_KEY"}, Reply(raw=json.dumps(ANTHROPIC).encode())),
    "google": ({"key_env": "A_KEY"}, Reply(raw=json.dumps(GOOGLE).encode())),
    "bedrock": ({"key_env": "A_KEY", "region": "eu-west-1"}, Reply(raw=json.dumps(BEDROCK).encode())),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_spoken_to_and_its_bytes_are_on_the_ledger(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY", "the-key:the-secret")
    given, reply = KINDS[kind]
    with serving(lambda _: reply) as server:
        bare = server.address.removesuffix("/v1")
        address = server.address if kind in {"openai-compatible", "openai"} else bare
        here = place(tmp_path, {"p": entry(address, kind=kind, **given)})
        answer = here.desk.ask(question(tools=(TOOL,)), frozenset())
        assert isinstance(answer, Answer), [r.facts for r in here.ledger(ANSWERED)]
        assert answer.text == TEXT
        assert [(c.name, json.loads(c.arguments)) for c in answer.calls] == [("read_lines", ARGUMENTS)]
        assert (answer.input_tokens, answer.output_tokens) == (7, 3)
        assert here.bodies == [got.body for got in server.received] and len(here.ledger(SENT)) == 1
        assert b"int main;" in server.received[0].body
        assert b"the-secret" not in server.received[0].body


@pytest.mark.parametrize("kind", ["anthropic", "google", "bedrock", "mistral"])
def test_a_failure_is_sent_once_whatever_a_library_would_like_to_repeat(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY", "the-key:the-secret")
    given, _ = KINDS[kind]
    with serving(lambda _: Reply(status=401)) as server:
        here = place(tmp_path, {"p": entry(server.address.removesuffix("/v1"), kind=kind, **given)})
        assert isinstance(here.desk.ask(question(), frozenset()), Unanswered)
        assert here.bodies == [got.body for got in server.received] and len(server.received) == 1


def test_a_redirect_is_not_followed_and_no_other_host_is_sent_anything(tmp_path: Path) -> None:
    with serving(lambda _: Reply(text="never")) as other, serving(lambda _: moved) as server:
        moved = Reply(status=307, raw=b"", location=f"{other.address}/chat/completions")
        here = place(tmp_path, {"p": entry(server.address)})
        assert isinstance(here.desk.ask(question(), frozenset()), Unanswered)
        assert len(server.received) == 1 and not other.received


def test_what_the_environment_says_about_proxies_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda _: Reply(text="a proxy")) as proxy, serving(lambda _: Reply(text=TEXT)) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.address.removesuffix("/v1"))
        monkeypatch.setenv("no_proxy", "")
        here = place(tmp_path, {"p": entry(server.address)})
        answer = here.desk.ask(question(), frozenset())
        assert isinstance(answer, Answer) and answer.text == TEXT and not proxy.received
        through = place(tmp_path / "b", {"p": entry(server.address, proxy=proxy.address.removesuffix("/v1"))})
        through.desk.ask(question(), frozenset())
        assert len(proxy.received) == 1 and len(server.received) == 1


_ENVIRONMENT = {
    **dict.fromkeys(("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL"), "http://evil.example/v1"),
    **dict.fromkeys(("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL", "AZURE_OPENAI_ENDPOINT"), "http://evil.example"),
    **dict.fromkeys(("OPENAI_ORG_ID", "OPENAI_PROJECT_ID"), "an-organisation"),
    "OPENAI_CUSTOM_HEADERS": "x-told: an-organisation",
    "ANTHROPIC_CUSTOM_HEADERS": "x-told: an-organisation\nauthorization: Bearer an-organisation",
    "AWS_BEARER_TOKEN_BEDROCK": "an-organisation",
    "_X_AMZN_TRACE_ID": "an-organisation",
    "AWS_LAMBDA_FUNCTION_NAME": "f",
}
_HOMES = {
    "openai": "https://api.openai.com/",
    "anthropic": "https://api.anthropic.com/",
    "google": "https://generativelanguage.googleapis.com/",
    "mistral": "https://api.mistral.ai/",
    "bedrock": "https://bedrock-runtime.eu-west-1.amazonaws.com/",
}
_PROTOCOL = {
    *("host", "accept", "accept-encoding", "content-length", "content-type", "user-agent", "idempotency-key"),
    *("authorization", "api-key", "x-api-key", "x-goog-api-key", "anthropic-version"),
    *("x-amz-date", "amz-sdk-invocation-id", "amz-sdk-request"),
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "the-key:the-secret")
    for name, value in _ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def asked_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Where requests would go: nothing is sent."""
    asked: list[str] = []

    async def other(_: Any, request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        raise httpx2.ConnectError("nobody is there")

    def amazon(_: Any, request: Any) -> None:
        asked.append(request.url)
        raise OSError("nobody is there")

    monkeypatch.setattr("httpx2.AsyncHTTPTransport.handle_async_request", other)
    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", amazon)
    yield asked


@pytest.mark.parametrize("kind", _HOMES)
def test_the_environment_does_not_choose_where_it_goes(kind: str, environment: None, asked_of: list[str], tmp_path: Path) -> None:
    here = place(tmp_path, {"p": entry("", kind=kind, **KINDS[kind][0])})
    here.desk.stopped = lambda: bool(asked_of)
    here.desk.ask(question(), frozenset())
    assert asked_of and all(url.startswith(_HOMES[kind]) for url in asked_of), [r.facts for r in here.ledger(ANSWERED)]


@pytest.mark.parametrize("kind", KINDS)
def test_headers_hold_the_protocol_and_our_key_and_nothing_of_the_environment(
    kind: str, environment: None, tmp_path: Path
) -> None:
    given, reply = KINDS[kind]
    with serving(lambda _: reply) as server:
        address = server.address if kind in {"openai-compatible", "openai"} else server.address.removesuffix("/v1")
        place(tmp_path, {"p": entry(address, kind=kind, **given)}).desk.ask(question(), frozenset())
        (got,) = server.received
    assert {name.lower() for name in got.headers} <= _PROTOCOL
    assert (
        "an-organisation" not in str(got.headers) and got.headers.get("user-agent", got.headers.get("User-Agent")) == "mithridate"
    )


def test_another_scheme_host_or_port_is_stopped(tmp_path: Path) -> None:
    here = place(tmp_path, {"p": entry("https://models.example/v1")})
    for url in (
        "http://models.example/v1/x",
        "https://models.example:8443/v1/x",
        "https://x.models.example/v1",
        "https://other/",
    ):
        passage = here.desk.egress.admit("p", question(), frozenset(), [])
        with pytest.raises(PolicyRefusal, match=r"instead of https://models\.example:443"):
            passage.leaving("POST", url, b"{}")
    here.desk.egress.admit("p", question(), frozenset(), []).leaving("POST", "https://MODELS.example:443/v1/chat", b"{}")
    assert [r.facts["host"] for r in here.ledger(SENT)] == ["MODELS.example:443"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_an_error_repeats_is_told_nowhere(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", " id-of-the-key:the-secret-half \n")
    told: list[str] = []
    said = "no such key: id-of-the-key:the-secret-half (the-secret-half)"
    error = {"error": {"message": said, "type": "x", "code": 401, "status": "x"}, "message": said, "detail": said}
    with serving(lambda _: Reply(status=401, raw=json.dumps(error).encode())) as server:
        address = server.address if kind in {"openai-compatible", "openai"} else server.address.removesuffix("/v1")
        here = place(tmp_path, {"p": entry(address, kind=kind, **{**KINDS[kind][0], "key_env": "A_KEY"})})
        here.desk.told = told.append
        answer = here.desk.ask(question(), frozenset())
    assert isinstance(answer, Unanswered) and "redacted" in answer.why, "the error was not told at all"
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert len(told) == 1
    for text in (answer.why, *told, kept.decode("utf-8", "replace")):
        assert "the-secret-half" not in text


@pytest.mark.parametrize("value", ["two words", "snow☃", "\x07bell", " \n"])
def test_what_is_no_key_is_not_sent_and_not_told(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", value)
    with serving(lambda _: OPENAI) as server:
        answer = place(tmp_path, {"p": entry(server.address, key_env="A_KEY")}).desk.ask(question(), frozenset())
        assert isinstance(answer, Unanswered) and "A_KEY" in answer.why and (value not in answer.why or not value.strip())
        assert not server.received


@pytest.mark.parametrize("kind", ["openai-compatible", "google", "bedrock"])
def test_a_compressed_answer_is_not_unpacked(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "the-key:the-secret")
    bomb = gzip.compress(b'{"x": "' + bytes(64 << 20) + b'"}', 1)
    with serving(lambda _: Reply(raw=bomb, packing="gzip")) as server:
        here = place(tmp_path, {"p": entry(server.address.removesuffix("/v1"), kind=kind, **KINDS[kind][0])})
        answer = here.desk.ask(question(), frozenset())
        assert isinstance(answer, Unanswered) and "compressed" in answer.why


def test_bedrock_goes_past_no_proxy_of_the_environment_and_is_bounded(
    environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, reply = KINDS["bedrock"]
    with serving(lambda _: Reply(text="a proxy")) as proxy, serving(lambda _: reply) as server:
        bare = proxy.address.removesuffix("/v1")
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
            monkeypatch.setenv(name, bare)
        monkeypatch.setenv("no_proxy", "")
        here = place(tmp_path, {"p": entry(server.address.removesuffix("/v1"), kind="bedrock", **given)})
        assert isinstance(here.desk.ask(question(), frozenset()), Answer) and not proxy.received
        server.script = lambda _: Reply(raw=json.dumps(BEDROCK).encode() + b" " * (3 << 20))
        answer = here.desk.ask(question("more"), frozenset())
        assert isinstance(answer, Unanswered) and "too-large" in answer.why
        through = place(tmp_path / "b", {"p": entry(server.address.removesuffix("/v1"), kind="bedrock", proxy=bare, **given)})
        through.desk.ask(question(), frozenset())
        assert len(proxy.received) == 1 and len(server.received) == 2


@pytest.mark.parametrize("broken", ["httpx2.AsyncHTTPTransport", "model"])
def test_what_cannot_be_set_up_is_passed_over_and_costs_nothing(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a setting that it does not take")

    with serving(lambda _: OPENAI) as server:
        here = place(tmp_path, {"p": entry(server.address)})
        if broken == "model":
            monkeypatch.setitem(providers._MODELS, "openai-compatible", fails)
        else:
            monkeypatch.setattr(broken, fails)
        answer = here.desk.ask(question(), frozenset())
        assert isinstance(answer, Unanswered) and "rejected" in answer.why and "does not take" in answer.why
        assert [(r.facts["outcome"], r.facts["eur"]) for r in here.ledger(ANSWERED)] == [("rejected", 0.0)]
        assert not server.received and not list(here.exchanges.flights())
