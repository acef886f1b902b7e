"""aiohttp applications as ASGI ones: their own request and response classes, on a payload in memory instead of a connection."""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module
from typing import Any


def is_application(found: Any) -> bool:
    """Whether `found` is an aiohttp.web.Application."""
    web = sys.modules.get("aiohttp.web")
    return web is not None and isinstance(found, web.Application)


def as_asgi(application: Any) -> Any:
    """An ASGI callable around an aiohttp application."""
    started = False

    async def call(scope: Any, receive: Any, send: Any) -> None:
        nonlocal started
        if scope["type"] == "lifespan":
            application._set_loop(asyncio.get_running_loop()) if hasattr(application, "_set_loop") else None
            application.freeze()
            await application.startup()
            started = True
            await send({"type": "lifespan.startup.complete"})
            return
        if not started:
            application.freeze()
        await _request(application, scope, await receive(), send)

    return call


async def _request(application: Any, scope: Any, message: Any, send: Any) -> None:
    aiohttp = import_module("aiohttp")
    make_mocked_request = import_module("aiohttp.test_utils").make_mocked_request
    loop = asyncio.get_running_loop()
    protocol = _Protocol()
    payload = aiohttp.StreamReader(protocol, 2**16, loop=loop)
    payload.feed_data(message["body"])
    payload.feed_eof()
    target = scope["raw_path"].decode("ascii") + ("?" + scope["query_string"].decode("latin-1") if scope["query_string"] else "")
    headers: Any = import_module("multidict").CIMultiDict(
        (name.decode("latin-1"), _text(value)) for name, value in scope["headers"]
    )
    writer = _Writer()
    request = make_mocked_request(scope["method"], target, headers, app=application, writer=writer, payload=payload, loop=loop)
    try:
        response = await application._handle(request)
    except sys.modules["aiohttp.web"].HTTPException as answer:
        response = answer
    await response.prepare(request)
    await response.write_eof()
    told = [(_bytes(name), _bytes(value)) for name, value in response.headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": told})
    await send({"type": "http.response.body", "body": b"".join(writer.parts)})


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


class _Protocol:
    """What a payload needs of a connection: somewhere to say that it is full."""

    _reading_paused = False

    def pause_reading(self, *_arguments: Any, **_named: Any) -> None:
        """Nothing flows."""

    def resume_reading(self, *_arguments: Any, **_named: Any) -> None:
        """Nothing flows."""


class _Writer:
    """Takes a response's body; headers are read from the response itself."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.output_size = self.buffer_size = 0
        self.length: int | None = None
        self.transport = None

    async def write_headers(self, status_line: str, headers: Any) -> None:
        """Headers are read from the response."""

    def send_headers(self) -> None:
        """Headers are read from the response."""

    async def write(self, chunk: Any, *_arguments: Any, **_named: Any) -> None:
        """Keep a part of the body."""
        self.parts.append(bytes(chunk))

    async def write_eof(self, chunk: Any = b"") -> None:
        """Keep the last part of the body."""
        if chunk:
            self.parts.append(bytes(chunk))

    def set_eof(self) -> None:
        """The body is empty."""

    async def drain(self) -> None:
        """Nothing waits."""

    def enable_chunking(self) -> None:
        """Bodies are kept as they are."""

    def enable_compression(self, *_arguments: Any, **_named: Any) -> None:
        """Bodies are kept as they are."""
