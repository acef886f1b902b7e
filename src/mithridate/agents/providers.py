"""Sends one question to one provider through pydantic-ai, and says in our words how that ended."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace

import httpx2
from pydantic_ai.direct import model_request, model_request_stream
from pydantic_ai.exceptions import (
    ContentFilterError,
    ModelAPIError,
    ModelHTTPError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    ModelTimeoutError,
    UnexpectedModelBehavior,
)
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from mithridate.agents.ended import Ended
from mithridate.agents.wire import Wire, client_of, past_policy
from mithridate.model.errors import PolicyRefusal
from mithridate.model.exchange import Answer, Outcome, Question, ToolCall
from mithridate.policy.egress import Passage
from mithridate.policy.providers import Provider

_LONGEST_TEXT = 1 << 20
_MOST_CALLS = 16


def send(passage: Passage, key: str, seconds: float) -> Ended:
    """Send the question of a passage once. PolicyRefusal when the gate stopped its bytes; every other end is a value."""
    return asyncio.run(_sent(passage, key, min(seconds, passage.entry.timeout_s)))


async def _sent(passage: Passage, key: str, seconds: float) -> Ended:
    wire = Wire(passage)
    async with client_of(wire) as client:
        model = _MODELS[passage.entry.kind](passage, key, client)
        started = time.monotonic()
        ended = await _waited(model, passage, wire, seconds)
        return replace(ended, seconds=time.monotonic() - started)


async def _waited(model: Model, passage: Passage, wire: Wire, seconds: float) -> Ended:
    try:
        response = await asyncio.wait_for(_asked(model, passage), seconds)
    except TimeoutError:
        return Ended(outcome=Outcome.TIMEOUT, why=f"no whole answer in {seconds:g} s")
    except Exception as error:  # libraries of seven providers: whatever they raise is an end of this attempt
        if wire.refusal is not None:
            raise wire.refusal from error
        if isinstance(error, PolicyRefusal):
            raise
        if wire.too_large:
            return Ended(outcome=Outcome.TOO_LARGE, why=f"the answer has more than {wire.largest} bytes")
        ended = _failed(error)
        if ended.outcome is Outcome.OUTAGE and wire.whole:
            return replace(ended, outcome=Outcome.BROKEN)
        if ended.outcome is Outcome.OUTAGE and 300 <= wire.status < 400:
            return replace(ended, outcome=Outcome.REJECTED, why=f"it redirects ({wire.status}), which is not followed")
        return ended
    return _answered(response, passage)


async def _asked(model: Model, passage: Passage) -> ModelResponse:
    entry = passage.entry
    settings = ModelSettings(max_tokens=entry.max_tokens, temperature=0.0)
    if entry.kind in {"openai-compatible", "openai", "azure", "anthropic"}:
        settings["timeout"] = entry.timeout_s
        settings["max_retries"] = 0
        settings["extra_headers"] = {"Idempotency-Key": passage.key}
    tools = [
        ToolDefinition(name=tool.name, description=tool.description, parameters_json_schema=tool.schema)
        for tool in passage.question.tools
    ]
    parameters = ModelRequestParameters(function_tools=tools, allow_text_output=True)
    messages = _messages(passage.question)
    if not entry.stream:
        return await model_request(model, messages, model_settings=settings, model_request_parameters=parameters)
    async with model_request_stream(model, messages, model_settings=settings, model_request_parameters=parameters) as stream:
        async for _ in stream:
            pass
        return stream.get()


def _messages(question: Question) -> list[ModelMessage]:
    messages: list[ModelMessage] = []
    waiting: list[ModelRequestPart] = [SystemPromptPart(question.system)]
    for turn in question.turns:
        text = "".join(segment.text for segment in turn.segments)
        if turn.answers is not None:
            waiting.append(ToolReturnPart(tool_name=turn.answers.name, content=text, tool_call_id=turn.answers.id))
        elif turn.ours:
            waiting.append(UserPromptPart(text))
        else:
            messages.append(ModelRequest(parts=waiting))
            waiting = []
            said: list[ModelResponsePart] = [TextPart(turn.text)] if turn.text else []
            said += [ToolCallPart(tool_name=c.name, args=c.arguments, tool_call_id=c.id) for c in turn.calls]
            messages.append(ModelResponse(parts=said))
    messages.append(ModelRequest(parts=waiting))
    return messages


def _answered(response: ModelResponse, passage: Passage) -> Ended:
    if response.finish_reason == "content_filter":
        return Ended(outcome=Outcome.REFUSAL, why="the provider's filter stopped the answer")
    calls = tuple(
        ToolCall(id=part.tool_call_id, name=part.tool_name, arguments=_arguments(part))
        for part in response.parts
        if isinstance(part, ToolCallPart)
    )
    text = "".join(part.content for part in response.parts if isinstance(part, TextPart))
    refused = (response.provider_details or {}).get("refusal")
    if refused and not calls:
        return Ended(outcome=Outcome.REFUSAL, why=str(refused)[:200])
    if not calls and not text.strip():
        return Ended(outcome=Outcome.BROKEN, why="the answer is empty")
    usage = response.usage
    said = text[:_LONGEST_TEXT], calls[:_MOST_CALLS]
    guessed = sum(len(t) for t in (text, *(c.arguments for c in calls))) // 2
    answer = Answer(
        text=said[0],
        calls=said[1],
        input_tokens=usage.input_tokens or passage.tokens - passage.entry.max_tokens,
        output_tokens=usage.output_tokens or guessed,
        provider=passage.provider,
        model=response.model_name or passage.entry.model,
    )
    return Ended(outcome=Outcome.ANSWERED, answer=answer)


def _arguments(part: ToolCallPart) -> str:
    return part.args if isinstance(part.args, str) else json.dumps(part.args or {}, sort_keys=True)


def _failed(error: Exception) -> Ended:
    why = " ".join(str(error).split())[:200]
    if isinstance(error, ModelRateLimitError | ModelQuotaExceededError):
        return Ended(outcome=Outcome.RATE_LIMIT, why=why, retry_after_s=error.retry_after or 0.0)
    if isinstance(error, ModelTimeoutError):
        return Ended(outcome=Outcome.TIMEOUT, why=why)
    if isinstance(error, ContentFilterError):
        return Ended(outcome=Outcome.REFUSAL, why=why)
    if isinstance(error, ModelRequestRejectedError):
        return Ended(outcome=Outcome.REJECTED, why=why)
    if isinstance(error, ModelHTTPError):
        outage = error.status_code >= 500 or error.status_code in {408, 425}
        return Ended(outcome=Outcome.OUTAGE if outage else Outcome.REJECTED, why=why)
    if isinstance(error, UnexpectedModelBehavior | ValueError | KeyError | TypeError | AttributeError):
        return Ended(outcome=Outcome.BROKEN, why=f"{type(error).__name__}: {why}")
    if isinstance(error, ModelAPIError):
        return Ended(outcome=Outcome.OUTAGE, why=why)
    return Ended(outcome=Outcome.OUTAGE, why=f"{type(error).__name__}: {why}")


def _openai_compatible(passage: Passage, key: str, client: httpx2.AsyncClient) -> Model:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    entry = passage.entry
    given = OpenAIProvider(base_url=entry.address, api_key=key or "none", http_client=client)
    return OpenAIChatModel(entry.model, provider=given)


def _openai(passage: Passage, key: str, client: httpx2.AsyncClient) -> Model:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    entry = passage.entry
    given = OpenAIProvider(base_url=entry.address or None, api_key=key, http_client=client)
    return OpenAIChatModel(entry.model, provider=given)


def _azure(passage: Passage, key: str, client: httpx2.AsyncClient) -> Model:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.azure import AzureProvider

    entry = passage.entry
    given = AzureProvider(
        azure_endpoint=entry.address,
        api_version=entry.api_version or None,
        api_key=key,
        http_client=client,
    )
    return OpenAIChatModel(entry.model, provider=given)


def _anthropic(passage: Passage, key: str, client: httpx2.AsyncClient) -> Model:
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    entry = passage.entry
    given = AnthropicProvider(api_key=key, base_url=entry.address or None, http_client=client)
    return AnthropicModel(entry.model, provider=given)


def _mistral(passage: Passage, key: str, client: httpx2.AsyncClient) -> Model:
    from pydantic_ai.models.mistral import MistralModel
    from pydantic_ai.providers.mistral import MistralProvider

    entry = passage.entry
    given = MistralProvider(api_key=key, base_url=entry.address or None, http_client=client)
    return MistralModel(entry.model, provider=given)


def _google(passage: Passage, key: str, client: httpx2.AsyncClient) -> Model:
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    entry = passage.entry
    given = GoogleProvider(api_key=key, base_url=entry.address or None, http_client=client)
    return GoogleModel(entry.model, provider=given)


def _bedrock(passage: Passage, key: str, _client: httpx2.AsyncClient) -> Model:
    import boto3
    from botocore.config import Config
    from pydantic_ai.models.bedrock import BedrockConverseModel
    from pydantic_ai.providers.bedrock import BedrockProvider

    entry = passage.entry
    proxies = {"proxies": {"http": entry.proxy, "https": entry.proxy}} if entry.proxy else {}
    settings = Config(retries={"total_max_attempts": 1}, read_timeout=entry.timeout_s, connect_timeout=entry.timeout_s, **proxies)
    runtime = boto3.client(
        "bedrock-runtime",
        region_name=entry.region or None,
        endpoint_url=entry.address or None,
        config=settings,
        **_bedrock_key(entry, key),
    )
    past_policy(passage, runtime)
    return BedrockConverseModel(entry.model, provider=BedrockProvider(bedrock_client=runtime))


def _bedrock_key(entry: Provider, key: str) -> dict[str, str]:
    """The named variable holds `access-key-id:secret`; without one, boto3 looks where it always does."""
    if not entry.key_env:
        return {}
    identity, _, secret = key.partition(":")
    return {"aws_access_key_id": identity, "aws_secret_access_key": secret}


_MODELS: dict[str, Callable[[Passage, str, httpx2.AsyncClient], Model]] = {
    "openai-compatible": _openai_compatible,
    "openai": _openai,
    "azure": _azure,
    "anthropic": _anthropic,
    "mistral": _mistral,
    "google": _google,
    "bedrock": _bedrock,
}
"""How each kind of provider is spoken to."""
