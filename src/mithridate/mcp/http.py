"""Streamable HTTP on the loopback interface, for clients that hold the token in the data directory."""

import asyncio
import hmac
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from mcp.server.lowlevel import Server
from starlette.types import ASGIApp, Receive, Scope, Send

from mithridate.mcp.serving import Transport
from mithridate.mcp.settings import Settings
from mithridate.model.errors import UsageError

TOKEN_FILE = "mcp-token"
"""In the data directory, private: who can read it may call."""

_HOST = "127.0.0.1"
_CONNECTIONS = 64


def over_http(port: int, tell: Callable[[str], None]) -> Transport:
    """Serve any number of clients until a signal comes. UsageError when the port is taken. `tell` gets the address."""

    async def transport(server: Server[dict[str, Any]], settings: Settings) -> None:
        token = token_of(settings.home)
        with _listening(port) as listener:
            app = server.streamable_http_app(host=_HOST, max_request_body_size=settings.request_bytes)
            config = uvicorn.Config(
                _Guarded(app, token),
                log_config=None,
                access_log=False,
                limit_concurrency=_CONNECTIONS,
                timeout_graceful_shutdown=5,
            )
            tell(f"serving at http://{_HOST}:{listener.getsockname()[1]}/mcp, for who holds {settings.home / TOKEN_FILE}")
            await _until_unwanted(_Quiet(config), listener)

    return transport


def token_of(home: Path) -> str:
    """The token, made on first use. UsageError when others can read it."""
    path = home / TOKEN_FILE
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
    if path.stat().st_mode & 0o077:
        raise UsageError(f"the token {path} can be read by other users", hint=f"chmod 600 {path}")
    token = path.read_text().strip()
    if len(token) < 20:
        raise UsageError(f"the token in {path} is too short", hint="remove the file; a new one is made")
    return token


async def _until_unwanted(server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve; when we are cancelled, have it end in its own way."""
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        with anyio.CancelScope(shield=True):
            await serving
        raise


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, port))
            listener.listen(_CONNECTIONS)  # before the address is told: who hears it may come at once
        except OSError as error:
            raise UsageError(f"port {port} of {_HOST} cannot be used: {error.strerror}", hint="choose another") from None
        yield listener


class _Guarded:
    """Turns away who does not show the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._wanted = b"Bearer " + token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            shown = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
            if not hmac.compare_digest(shown, self._wanted):
                await send({"type": "http.response.start", "status": 401, "headers": [(b"www-authenticate", b"Bearer")]})
                await send({"type": "http.response.body", "body": b"the token is missing or wrong\n"})
                return
        await self._app(scope, receive, send)


class _Quiet(uvicorn.Server):
    """Leaves signals to us."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
