"""Sends one question to one provider through pydantic-ai, and says in our words how that ended."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
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
from mithridate.policy.providers import SENDS_KEY_OF_EXCHANGE, secrets
from mithridate.policy.redaction import redact

_LONGEST_TEXT = 1 << 20
_LONGEST_ERROR = 2048
_MOST_CALLS = 16


def send(passage: Passage, key: str, seconds: float) -> Ended:
    """Send the question of a passage once. PolicyRefusal when the gate stopped its bytes; every other end is a value."""
    return asyncio.run(_sent(passage, key, min(seconds, passage.entry.timeout_s)))


async def _sent(passage: Passage, key: str, seconds: float) -> Ended:
    started = time.monotonic()
    try:
        wire = Wire(passage, key)
    except Exception as error:  # noqa: BLE001  # nothing has left: a proxy that cannot be used
        return Ended(outcome=Outcome.REJECTED, why=_told(error, secrets([key])))
    async with client_of(wire) as client:
        try:
            model = _MODELS[passage.entry.kind](wire, key, client)
        except Exception as error:  # noqa: BLE001  # nor here: a package is missing, a library does not take a setting
            return Ended(outcome=Outcome.REJECTED, why=f"it cannot be asked: {_told(error, wire.hidden)}")
        ended = await _waited(model, wire, seconds)
        return replace(ended, seconds=time.monotonic() - started)


async def _waited(model: Model, wire: Wire, seconds: float) -> Ended:
    passage = wire.passage
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
        if wire.packed:
            return Ended(outcome=Outcome.BROKEN, why="it sent a compressed answer, which was not asked for")
        ended = _failed(error, wire.hidden)
        if ended.outcome is Outcome.OUTAGE and 200 <= wire.status < 300:
            # It had begun to answer: whether it is whole and cannot be read or was cut off, it may ask for money.
            return replace(ended, outcome=Outcome.BROKEN)
        if ended.outcome is Outcome.OUTAGE and 300 <= wire.status < 400:
            return replace(ended, outcome=Outcome.REJECTED, why=f"it redirects ({wire.status}), which is not followed")
        return ended
    return _answered(response, wire)


async def _asked(model: Model, passage: Passage) -> ModelResponse:
    entry = passage.entry
    settings = ModelSettings(max_tokens=entry.max_tokens, temperature=0.0)
    if entry.kind in SENDS_KEY_OF_EXCHANGE:
        settings["timeout"] = entry.timeout_s
        settings["max_retries"] = 0
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


def _answered(response: ModelResponse, wire: Wire) -> Ended:
    passage = wire.passage
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
        return Ended(outcome=Outcome.REFUSAL, why=_told(refused, wire.hidden))
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


def _told(what: object, hidden: Sequence[str]) -> str:
    """What a library or a provider says of a failure, on one line, without keys: they like to repeat what they were sent."""
    text = "".join(c if c.isprintable() else " " for c in str(what)[:_LONGEST_ERROR])
    return redact(" ".join(text.split()), hidden)[0][:200]


def _failed(error: Exception, hidden: Sequence[str]) -> Ended:
    why = _told(error, hidden)
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


def _openai(wire: Wire, key: str, client: httpx2.AsyncClient) -> Model:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    given = OpenAIProvider(base_url=wire.entry.base, api_key=key or "none", http_client=client)
    return OpenAIChatModel(wire.entry.model, provider=given)


def _azure(wire: Wire, key: str, client: httpx2.AsyncClient) -> Model:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.azure import AzureProvider

    entry = wire.entry
    given = AzureProvider(
        azure_endpoint=entry.base,
        api_version=entry.api_version or None,
        api_key=key,
        http_client=client,
    )
    return OpenAIChatModel(entry.model, provider=given)


def _anthropic(wire: Wire, key: str, client: httpx2.AsyncClient) -> Model:
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    given = AnthropicProvider(api_key=key, base_url=wire.entry.base, http_client=client)
    return AnthropicModel(wire.entry.model, provider=given)


def _mistral(wire: Wire, key: str, client: httpx2.AsyncClient) -> Model:
    from pydantic_ai.models.mistral import MistralModel
    from pydantic_ai.providers.mistral import MistralProvider

    given = MistralProvider(api_key=key, base_url=wire.entry.base, http_client=client)
    return MistralModel(wire.entry.model, provider=given)


def _google(wire: Wire, key: str, client: httpx2.AsyncClient) -> Model:
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    given = GoogleProvider(api_key=key, base_url=wire.entry.base, http_client=client)
    return GoogleModel(wire.entry.model, provider=given)


def _bedrock(wire: Wire, key: str, _client: httpx2.AsyncClient) -> Model:
    import boto3
    from botocore.config import Config
    from pydantic_ai.models.bedrock import BedrockConverseModel
    from pydantic_ai.providers.bedrock import BedrockProvider

    entry = wire.entry
    identity, _, secret = key.partition(":")
    runtime = boto3.client(
        "bedrock-runtime",
        region_name=entry.region,
        endpoint_url=entry.base,
        aws_access_key_id=identity,
        aws_secret_access_key=secret,
        # A signature version that is given keeps a bearer token of the environment out.
        config=Config(retries={"total_max_attempts": 1}, signature_version="v4"),
    )
    past_policy(wire, runtime, identity)
    return BedrockConverseModel(entry.model, provider=BedrockProvider(bedrock_client=runtime))


_MODELS: dict[str, Callable[[Wire, str, httpx2.AsyncClient], Model]] = {
    "openai-compatible": _openai,
    "openai": _openai,
    "azure": _azure,
    "anthropic": _anthropic,
    "mistral": _mistral,
    "google": _google,
    "bedrock": _bedrock,
}
"""How each kind of provider is spoken to."""
