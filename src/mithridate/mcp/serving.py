"""Serves until the other side is gone or a signal comes: over standard input and output, or over HTTP on this machine alone."""

import io
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, cast

import anyio
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from mithridate.mcp.server import Protocol
from mithridate.mcp.settings import Settings
from mithridate.mcp.streams import Lines, claim
from mithridate.mcp.workers import Workers
from mithridate.model.errors import MithridateError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Transport = Callable[[Server[dict[str, Any]], Settings], Awaitable[None]]


def serve(settings: Settings, transport: Transport) -> bool:
    """Serve to the end; False when a signal ended it."""
    return anyio.run(partial(_served, settings, transport))


async def _served(settings: Settings, transport: Transport) -> bool:
    ended_by_itself = True
    failure: MithridateError | None = None
    async with anyio.create_task_group() as tasks:
        workers = Workers(settings, tasks)

        async def listen() -> None:
            nonlocal ended_by_itself
            with anyio.open_signal_receiver(*_SIGNALS) as signals:
                async for _ in signals:
                    ended_by_itself = False
                    tasks.cancel_scope.cancel()

        tasks.start_soon(listen)
        async with workers.ending():
            tasks.start_soon(workers.warm)
            try:
                await transport(Protocol(settings, workers).server(), settings)
            except MithridateError as error:
                failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return ended_by_itself


async def over_stdio(server: Server[dict[str, Any]], settings: Settings) -> None:
    """One client, until its end of our standard input is closed."""
    descriptor, out = claim()
    lines = cast("anyio.AsyncFile[str]", Lines(descriptor, settings.request_bytes))
    text = anyio.wrap_file(io.TextIOWrapper(out, encoding="utf-8", write_through=True))
    with suppress(BrokenPipeError):
        try:
            async with stdio_server(lines, text) as (read, write):
                await server.run(read, write, server.create_initialization_options())
        except* BrokenPipeError as gone:
            raise BrokenPipeError from gone
