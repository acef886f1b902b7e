"""The network (sink request): what would leave the process is stopped, marked or not; URLs are noted while whole."""

# ruff: noqa: ARG001 - the signatures are those of handlers and looks

from __future__ import annotations

import errno
import os
import socket
import sys
from typing import TYPE_CHECKING, Any

from ..recording import stopped
from . import stack
from .patching import argument, before, before_awaited

if TYPE_CHECKING:
    from types import ModuleType

    from ..recording import Recorder
    from .audit import Handler

LOCAL = ("", "localhost", "localhost.localdomain", "ip6-localhost", "0.0.0.0", "::")
SESSIONS = ("ftplib.connect", "smtplib.connect", "poplib.connect", "nntplib.connect", "imaplib.open", "telnetlib.Telnet.open")


def handlers() -> dict[str, Handler]:
    """Handlers of the audit events of sockets and of the standard library's clients."""
    return {
        "socket.connect": _connect,
        "socket.sendto": _connect,
        "socket.sendmsg": _connect,
        "socket.getaddrinfo": lambda recorder, event, arguments: _resolve(recorder, event, arguments[0], arguments[1]),
        "socket.gethostbyname": lambda recorder, event, arguments: _resolve(recorder, event, arguments[0]),
        "socket.gethostbyaddr": lambda recorder, event, arguments: _resolve(recorder, event, arguments[0]),
        "urllib.Request": _opened,
        "webbrowser.open": _browsed,
        **dict.fromkeys(SESSIONS, _session),
    }


def _refused() -> BaseException:
    return stopped(ConnectionRefusedError, errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, (bytes, bytearray)) else str(value)


def _endpoint(host: Any, port: Any) -> str:
    return _text(host) if port in (None, 0, "") else f"{_text(host)}:{_text(port)}"


def _connect(recorder: Recorder, event: str, arguments: tuple[Any, ...]) -> None:
    family, address = arguments[0].family, arguments[1]
    if address is None or family not in (socket.AF_INET, socket.AF_INET6):
        return
    text = _endpoint(address[0], address[1]) if isinstance(address, tuple) and len(address) > 1 else _text(address)
    recorder.saw("request", stack.called(event), text, stopped=True)
    raise _refused()


def _resolve(recorder: Recorder, event: str, host: Any, port: Any = None) -> None:
    text = _endpoint(host, port)
    if not recorder.saw("request", stack.called(event), text, stopped=True) and (host is None or _is_local(_text(host))):
        return
    raise stopped(socket.gaierror, socket.EAI_NONAME, "Name or service not known")


def _is_local(host: str) -> bool:
    if host.lower() in LOCAL or host == socket.gethostname():
        return True
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host.partition("%")[0])
            return True
        except (OSError, ValueError):
            continue
    return False


def _session(recorder: Recorder, event: str, arguments: tuple[Any, ...]) -> None:
    if recorder.saw("request", stack.called(event), _endpoint(arguments[1], arguments[2]), stopped=True):
        raise _refused()


def _opened(recorder: Recorder, event: str, arguments: tuple[Any, ...]) -> None:
    if recorder.saw("request", stack.called("urllib.request.urlopen"), _text(arguments[0]), stopped=True):
        raise stopped(sys.modules["urllib.error"].URLError, "Connection refused")


def _browsed(recorder: Recorder, event: str, arguments: tuple[Any, ...]) -> None:
    if recorder.saw("request", "webbrowser.open", _text(arguments[0]), stopped=True):
        raise stopped(sys.modules["webbrowser"].Error, "could not locate runnable browser")


def patch_http_client(module: ModuleType) -> None:
    """`http.client`: the request line, and the headers that it lets pass."""

    def request(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        connection, url = args[0], _text(argument(args, kwargs, 2, "url"))
        if "://" not in url:
            scheme = "https" if isinstance(connection, getattr(module, "HTTPSConnection", ())) else "http"
            usual = connection.port == connection.default_port
            url = f"{scheme}://{connection.host}{'' if usual else f':{connection.port}'}{url}"
        if recorder.saw("request", "http.client.HTTPConnection.request", url, stopped=True):
            raise _refused()

    before(module.HTTPConnection, "putrequest", request)


def patch_asyncio(module: ModuleType) -> None:
    """Connections of asyncio's own loops, whose names are looked up in another thread."""

    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        host, port = argument(args, kwargs, 2, "host"), argument(args, kwargs, 3, "port")
        if host is not None and recorder.saw(
            "request", stack.called("asyncio.open_connection"), _endpoint(host, port), stopped=True
        ):
            raise _refused()

    before_awaited(module.BaseEventLoop, "create_connection", look)


def patch_requests(module: ModuleType) -> None:
    """`requests`, at the adapter that would use the network."""

    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        request = argument(args, kwargs, 1, "request")
        if recorder.saw("request", stack.outermost("requests"), _text(request.url), stopped=True):
            raise stopped(sys.modules["requests.exceptions"].ConnectionError, "Connection refused", request=request)

    before(module.HTTPAdapter, "send", look)


def patch_urllib3(module: ModuleType) -> None:
    """`urllib3`, at the pool of connections to a host."""

    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        pool, url = args[0], _text(argument(args, kwargs, 2, "url"))
        if "://" not in url:
            url = f"{pool.scheme}://{pool.host}{f':{pool.port}' if pool.port else ''}{url}"
        if recorder.saw("request", stack.outermost("urllib3"), url, stopped=True):
            raise stopped(sys.modules["urllib3.exceptions"].NewConnectionError, pool, "Connection refused")

    before(module.HTTPConnectionPool, "urlopen", look)


def patch_httpx(module: ModuleType) -> None:
    """`httpx`, at the transports that would use the network."""

    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        request = argument(args, kwargs, 1, "request")
        if recorder.saw("request", stack.outermost("httpx"), str(request.url), stopped=True):
            raise stopped(sys.modules["httpx"].ConnectError, "Connection refused", request=request)

    before(module.HTTPTransport, "handle_request", look)
    before_awaited(module.AsyncHTTPTransport, "handle_async_request", look)


def patch_aiohttp(module: ModuleType) -> None:
    """`aiohttp`'s client, where it asks for a connection."""

    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        request = argument(args, kwargs, 1, "req")
        if recorder.saw("request", "aiohttp.ClientSession.request", str(request.url), stopped=True):
            raise stopped(sys.modules["aiohttp.client_exceptions"].ClientConnectionError, "Connection refused")

    before_awaited(module.BaseConnector, "connect", look)
