"""Every kind of provider, spoken to in its own protocol over loopback: what arrives is what the ledger holds."""

import json
from pathlib import Path
from typing import Any

import pytest
from bench.models.scripted import Reply, serving

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
