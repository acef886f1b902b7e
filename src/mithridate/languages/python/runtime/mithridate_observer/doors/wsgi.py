"""WSGI applications (PEP 3333), called in-process as a server calls them."""

from __future__ import annotations

import io
import sys
import urllib.parse
from collections.abc import Iterable
from typing import Any

from ..asked import book
from ..heard import hear
from ..invalid import Invalid
from .browser import MAX_READ, Browser, Response
from .importing import find, settle
from .interface import Client, Context
from .requests import Request
from .routes import routes_of


class Environ(dict):  # type: ignore[type-arg]
    """The environ, which notes what an application without a framework reads from it."""

    def __getitem__(self, key: Any) -> Any:
        _note(key, dict.__contains__(self, key))
        return _heard(key, dict.__getitem__(self, key))

    def get(self, key: Any, default: Any = None) -> Any:
        """As dict's."""
        found = dict.__contains__(self, key)
        _note(key, found)
        return _heard(key, dict.__getitem__(self, key)) if found else default

    def __contains__(self, key: Any) -> bool:
        found = dict.__contains__(self, key)
        _note(key, found)
        return found


class Body(io.BytesIO):
    """wsgi.input, which notes that an application without a framework reads it."""

    def read(self, size: int | None = -1, /) -> bytes:
        """As BytesIO's."""
        book.ask("body", "*", True, direct=True)
        return super().read(size)

    def readline(self, size: int | None = -1, /) -> bytes:
        """As BytesIO's."""
        book.ask("body", "*", True, direct=True)
        return super().readline(size)


class WsgiDoor:
    """A WSGI callable; `enter` has nothing to do, as a request is one call."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._application: Any = None
        self._scheme = "http"
        self._host = "localhost"
        self._held: list[tuple[str, str]] = []

    def open(self) -> None:
        """Import the application, or make Django's when only its settings are named; see doors/django.py."""
        from . import django, tables

        django.without_servers()
        self._application = find(self._context.door.imported) if self._context.door.imported else django.application()
        if not callable(self._application):
            raise TypeError(f"{self._context.door.imported} is not callable: {type(self._application).__name__}")
        self._scheme, self._host = django.prepare(self._context.places)
        self._held = django.cookies(self._context.door.signed_in)
        tables.create(self._application)
        settle()
        "localhost".encode("idna")  # frameworks load this codec with the first request: once, not in each process

    def routes(self) -> list[dict[str, Any]]:
        """The framework's routes."""
        return routes_of(self._application, self._context.places)

    def enter(self) -> None:
        """Nothing to do."""

    def client(self) -> Client:
        """A browser with the cookies that every client has."""
        return Browser(self._context, self._send, self._host, self._scheme, self._held)

    def _send(self, request: Request) -> Response:
        return call(self._application, request)


def call(application: Any, request: Request) -> Response:
    """Call a WSGI application with a request and read its answer, at most MAX_READ bytes."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
        del error
        started[:] = [(status, list(headers))]
        return written.append

    raised: BaseException | None = None
    parts: Iterable[bytes] = ()
    try:
        parts = application(environ_of(request), start_response)
        size = 0
        for part in parts:
            written.append(part)
            size += len(part)
            if size > MAX_READ:
                break
    except (Invalid, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 (whatever leaves the application is what we are here to see)
        raised = error
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            try:
                close()
            except Exception as error:  # noqa: BLE001
                raised = raised or error
    status, headers = started[0] if started else ("500 no response", [])
    code = str(status)[:3]
    body = b"".join(part for part in written if isinstance(part, bytes))
    return Response(int(code) if code.isdigit() else 500, [(str(name), str(value)) for name, value in headers], body, raised)


def environ_of(request: Request) -> dict[str, Any]:
    """The environ of a request."""
    host, _, port = request.host.partition(":")
    path = request.path.encode("utf-8", "surrogateescape").decode("latin-1")
    target = urllib.parse.quote(request.path, errors="surrogateescape") + ("?" if request.query else "")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": request.query.decode("latin-1"),
        "REQUEST_URI": target + request.query.decode("latin-1"),
        "RAW_URI": target + request.query.decode("latin-1"),
        "SERVER_NAME": host or "localhost",
        "SERVER_PORT": port or ("443" if request.scheme == "https" else "80"),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "40000",
        "HTTP_HOST": request.host,
        "CONTENT_LENGTH": str(len(request.body)) if request.body or request.method in ("POST", "PUT", "PATCH") else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": Body(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if request.scheme == "https":
        environ["HTTPS"] = "on"
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        if key == "CONTENT_LENGTH":
            continue
        if key != "CONTENT_TYPE":
            key = "HTTP_" + key
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{text}" if key in environ else text
    return environ if "webob" in sys.modules else Environ(environ)  # WebOb insists on the exact type


def _note(key: Any, found: bool) -> None:
    if book.marks is None or not isinstance(key, str):
        return
    if key == "HTTP_COOKIE":
        book.ask("cookies", "*", found, direct=True)
    elif key == "QUERY_STRING":
        book.ask("query", "*", found, direct=True)
    elif key in ("PATH_INFO", "REQUEST_URI", "RAW_URI"):
        book.ask("path", "*", found, direct=True)
    elif key.startswith("HTTP_"):
        book.ask("headers", "-".join(part.capitalize() for part in key[5:].split("_")), found, direct=True)


def _heard(key: Any, value: Any) -> Any:
    return hear(value, direct=True) if isinstance(key, str) and key.startswith(("HTTP_", "QUERY_STRING", "PATH_INFO")) else value
