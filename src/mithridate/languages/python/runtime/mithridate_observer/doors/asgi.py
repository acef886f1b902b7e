"""ASGI applications, called in-process: one event loop and one lifespan a run."""

from __future__ import annotations

import asyncio
import inspect
import urllib.parse
from typing import Any

from ..invalid import Invalid
from .browser import MAX_READ, Browser, Response
from .importing import find, settle
from .interface import Client, Context
from .requests import Request
from .routes import routes_of

LIFESPAN_S = 10.0


class AsgiDoor:
    """An ASGI callable, or an aiohttp application, which doors/aiohttp.py makes one."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._application: Any = None
        self._call: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lifespan: Lifespan | None = None
        self._scheme, self._host = "http", "localhost"
        self._held: list[tuple[str, str]] = []

    def open(self) -> None:
        """Import the application; a coroutine function that makes it is run."""
        from . import aiohttp, django, tables

        django.without_servers()
        found = find(self._context.door.imported)
        if inspect.isawaitable(found):
            found = asyncio.run(_result(found))
        self._application = found
        self._call = aiohttp.as_asgi(found) if aiohttp.is_application(found) else as_asgi3(found)
        if not callable(self._call):
            raise TypeError(f"{self._context.door.imported} is not callable: {type(found).__name__}")
        self._scheme, self._host = django.prepare(self._context.places)
        self._held = django.cookies(self._context.door.signed_in)
        tables.create(self._application)
        settle()

    def routes(self) -> list[dict[str, Any]]:
        """The framework's routes."""
        return routes_of(self._application, self._context.places)

    def enter(self) -> None:
        """Start the application's lifespan on a new event loop; one that it does not answer within LIFESPAN_S is left alone."""
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self._lifespan = Lifespan(self._call)
        self._loop.run_until_complete(self._lifespan.start())

    def client(self) -> Client:
        """A browser with the cookies that every client has."""
        return Browser(self._context, self._send, self._host, self._scheme, self._held)

    def _send(self, request: Request) -> Response:
        assert self._loop is not None and self._lifespan is not None
        return self._loop.run_until_complete(call(self._call, request, self._lifespan.state))


class Lifespan:
    """The lifespan protocol's start; `state` is what the application put there for its requests."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self.state: dict[str, Any] = {}
        self._task: asyncio.Future[Any] | None = None

    async def start(self) -> None:
        """Send lifespan.startup and wait for its answer; an application that knows no lifespan raises, which is allowed."""
        started = asyncio.Event()
        sent = False

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if not sent:
                sent = True
                return {"type": "lifespan.startup"}
            await asyncio.Event().wait()
            return {"type": "lifespan.shutdown"}

        async def send(_message: Any) -> None:
            started.set()

        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        self._task = asyncio.ensure_future(self._application(scope, receive, send))
        waiting = asyncio.ensure_future(started.wait())
        await asyncio.wait({self._task, waiting}, timeout=LIFESPAN_S, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._task.done() and not self._task.cancelled():
            self._task.exception()


async def call(application: Any, request: Request, state: dict[str, Any]) -> Response:
    """Call an ASGI application with a request and collect its answer, at most MAX_READ bytes."""
    status, headers, parts, size = 500, [], [], 0
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": request.body, "more_body": False}
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, headers, size
        if message["type"] == "http.response.start":
            status = int(message["status"])
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message.get("headers", ())]
        elif message["type"] == "http.response.body" and size < MAX_READ:
            part = bytes(message.get("body", b""))
            parts.append(part)
            size += len(part)

    raised: BaseException | None = None
    try:
        await application(scope_of(request, state), receive, send)
    except (Invalid, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 (whatever leaves the application is what we are here to see)
        raised = error
    return Response(status, headers, b"".join(parts), raised)


def scope_of(request: Request, state: dict[str, Any]) -> dict[str, Any]:
    """The http scope of a request."""
    host, _, port = request.host.partition(":")
    headers = [(b"host", request.host.encode("latin-1", "replace"))]
    headers += [(name.lower().encode("latin-1", "replace"), value) for name, value in request.headers]
    if request.body and not request.header("content-length"):
        headers.append((b"content-length", str(len(request.body)).encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.scheme,
        "path": request.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        "raw_path": urllib.parse.quote(request.path, errors="surrogateescape").encode("ascii"),
        "root_path": "",
        "query_string": request.query,
        "headers": headers,
        "client": ("127.0.0.1", 40000),
        "server": (host or "localhost", int(port) if port.isdigit() else 80),
        "state": dict(state),
    }


def as_asgi3(application: Any) -> Any:
    """`application`, or a single callable around one of the older double kind (application(scope)(receive, send))."""
    function = application if inspect.isroutine(application) else getattr(application, "__call__", None)  # noqa: B004
    try:
        parameters = len(inspect.signature(application).parameters)
    except (TypeError, ValueError):
        return application
    if parameters == 1 and not inspect.iscoroutinefunction(function):

        async def single(scope: Any, receive: Any, send: Any) -> None:
            await application(scope)(receive, send)

        return single
    return application


async def _result(awaitable: Any) -> Any:
    return await awaitable
