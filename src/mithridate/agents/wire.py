"""The wire: each request goes past policy with the very bytes that are about to leave, and no answer is read beyond its limit."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2

from mithridate.model.errors import PolicyRefusal
from mithridate.policy.egress import Passage


class AnswerTooLarge(Exception):
    """The provider sent more bytes than its entry allows."""


class Wire(httpx2.AsyncBaseTransport):
    """Sends what its passage lets through, without redirects and without anything that the environment says."""

    def __init__(self, passage: Passage) -> None:
        self.entry = passage.entry
        self._passage = passage
        self._inner = httpx2.AsyncHTTPTransport(proxy=passage.entry.proxy or None)
        self.refusal: PolicyRefusal | None = None
        self.too_large = False
        self.status = 0
        self.whole = False
        """A successful answer came to its end: what is wrong with it is the provider's doing, not the network's."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Ask policy, send, and give back the answer as it comes."""
        body = await request.aread()
        try:
            self._passage.leaving(request.method, str(request.url), body)
        except PolicyRefusal as refusal:
            self.refusal = refusal  # the library makes a connection error of it
            raise
        response = await self._inner.handle_async_request(request)
        self.status = response.status_code
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        return httpx2.Response(
            status_code=response.status_code,
            headers=response.headers,
            stream=_Bounded(response.stream, self, successful=response.status_code < 300),
            extensions=response.extensions,
        )

    @property
    def largest(self) -> int:
        """Bytes of the largest answer, as they come over the wire."""
        return self.entry.largest_answer_bytes

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, wire: Wire, *, successful: bool) -> None:
        self._inner = inner
        self._wire = wire
        self._successful = successful

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._inner:
            size += len(chunk)
            if size > self._wire.largest:
                self._wire.too_large = True
                raise AnswerTooLarge(f"more than {self._wire.largest} bytes")
            yield chunk
        self._wire.whole = self._successful

    async def aclose(self) -> None:
        await self._inner.aclose()


def client_of(wire: Wire) -> httpx2.AsyncClient:
    """An HTTP client that has no other way out. Compressed answers are not asked for: their size would say nothing."""
    return httpx2.AsyncClient(
        transport=wire,
        trust_env=False,
        follow_redirects=False,
        headers={"accept-encoding": "identity"},
        timeout=httpx2.Timeout(wire.entry.timeout_s),
    )


def past_policy(passage: Passage, client: Any) -> None:
    """The same for a boto3 client, which has a wire of its own: policy sees each request just before it is sent."""

    def before(request: Any, **_: Any) -> None:
        body = request.body or b""
        passage.leaving(request.method, request.url, body if isinstance(body, bytes) else str(body).encode())

    client.meta.events.register("before-send.bedrock-runtime.*", before)
