"""The wire: each request goes past policy with the very bytes that are about to leave, and no answer is read beyond its limit."""

import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx2

from mithridate.model.errors import PolicyRefusal
from mithridate.policy.egress import Passage
from mithridate.policy.providers import SENDS_KEY_OF_EXCHANGE, secrets

_AS_THEY_COME = frozenset({"accept", "anthropic-version", "content-length", "content-type"})
_KEY_HEADERS = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key"})
_SIGNED = frozenset({"amz-sdk-invocation-id", "amz-sdk-request", "x-amz-date"})
"""What boto3 adds; its signature covers some of them."""


class AnswerTooLarge(Exception):
    """The provider sent more bytes than its entry allows."""


class AnswerPacked(Exception):
    """The provider sent a compressed answer, although none was asked for: its size on the wire would say nothing."""


class Wire(httpx2.AsyncBaseTransport):
    """Sends what its passage lets through, without redirects and without anything that the environment says."""

    def __init__(self, passage: Passage, key: str) -> None:
        self.entry = passage.entry
        self.passage = passage
        self.hidden = secrets([key])
        """What no error may tell."""
        self._key = key
        self._inner = httpx2.AsyncHTTPTransport(proxy=passage.entry.proxy or None)
        self.refusal: PolicyRefusal | None = None
        self.too_large = False
        self.packed = False
        self.status = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Ask policy, send, and give back the answer as it comes."""
        body = await request.aread()
        self.leaving(request.method, str(request.url), body)
        bare = httpx2.Request(request.method, request.url, headers=self._headers(request.headers), content=body)
        bare.extensions = request.extensions
        response = await self._inner.handle_async_request(bare)
        self.coming(response.status_code, response.headers)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        return httpx2.Response(
            status_code=response.status_code,
            headers=response.headers,
            stream=_Bounded(response.stream, self),
            extensions=response.extensions,
        )

    def leaving(self, method: str, url: str, body: bytes) -> None:
        """Ask policy. The libraries make an error of their own of its refusal, which is kept for that."""
        try:
            self.passage.leaving(method, url, body)
        except PolicyRefusal as refusal:
            self.refusal = refusal
            raise

    def coming(self, status: int, headers: Mapping[str, str]) -> None:
        """An answer begins. AnswerPacked when it is compressed."""
        self.status = status
        packing = next((value for name, value in headers.items() if name.lower() == "content-encoding"), "")
        if packing.strip().lower() not in {"", "identity"}:
            self.packed = True
            raise AnswerPacked("it sent a compressed answer, which was not asked for")

    def counted(self, size: int) -> None:
        """So many bytes of the answer came. AnswerTooLarge when that is too many."""
        if size > self.largest:
            self.too_large = True
            raise AnswerTooLarge(f"more than {self.largest} bytes")

    @property
    def largest(self) -> int:
        """Bytes of the largest answer, as they come over the wire."""
        return self.entry.largest_answer_bytes

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    def _headers(self, given: httpx2.Headers) -> dict[str, str]:
        """Nothing but what the protocol needs and our key: libraries add what the environment says and what this machine is."""
        kept = {name: value for name, value in given.items() if name in _AS_THEY_COME}
        mine = {self._key or "none", f"Bearer {self._key or 'none'}"}
        kept |= {name: value for name, value in given.items() if name in _KEY_HEADERS and value in mine}
        if self.entry.kind in SENDS_KEY_OF_EXCHANGE:
            kept["idempotency-key"] = self.passage.key
        return {**kept, "accept-encoding": "identity", "user-agent": "mithridate"}


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, wire: Wire) -> None:
        self._inner = inner
        self._wire = wire

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._inner:
            size += len(chunk)
            self._wire.counted(size)
            yield chunk

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


def past_policy(wire: Wire, client: Any, identity: str) -> None:
    """The same for a boto3 client, whose requests `identity` signs: they are sent from here, and not by its own wire.

    That one follows what the environment says about proxies, and reads an answer to whatever end it has.
    """
    from botocore.httpsession import URLLib3Session

    proxies = {"http": wire.entry.proxy, "https": wire.entry.proxy} if wire.entry.proxy else {}
    session = URLLib3Session(verify=True, proxies=proxies, timeout=wire.entry.timeout_s)

    def send(request: Any, **_: Any) -> Any:
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        if not headers.get("authorization", "").startswith(f"AWS4-HMAC-SHA256 Credential={identity}/"):
            wire.refusal = PolicyRefusal("a request that was not signed with the provider's own key was stopped")
            raise wire.refusal
        body = request.body or b""
        wire.leaving(request.method, request.url, body if isinstance(body, bytes) else str(body).encode())
        kept = _AS_THEY_COME | _SIGNED | {"authorization"}
        for name in list(request.headers.keys()):
            if name.lower() not in kept:
                del request.headers[name]
        request.headers["Accept-Encoding"] = "identity"
        request.headers["User-Agent"] = "mithridate"
        request.stream_output = True  # what comes is counted while it comes
        response = session.send(request)
        wire.coming(response.status_code, response.headers)
        response.raw = _BoundedRaw(response.raw, wire)
        return response

    client.meta.events.register("before-send.bedrock-runtime.*", send)


class _BoundedRaw:
    """The body of an answer to boto3: bounded in bytes, and in time from its first byte on."""

    def __init__(self, inner: Any, wire: Wire) -> None:
        self._inner = inner
        self._wire = wire
        self._size = 0
        self._ends = time.monotonic() + wire.entry.timeout_s

    def stream(self, amount: int = 1 << 16, **_: Any) -> Iterator[bytes]:
        """The bytes, as they come."""
        while chunk := self.read(amount):
            yield chunk

    def read(self, amount: int = 1 << 16, **_: Any) -> bytes:
        """The next bytes."""
        chunk: bytes = self._inner.read1(amount)
        self._size += len(chunk)
        self._wire.counted(self._size)
        if time.monotonic() > self._ends:
            raise TimeoutError(f"no whole answer in {self._wire.entry.timeout_s:g} s")
        return chunk

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
