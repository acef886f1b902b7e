"""Werkzeug and Flask: what a handler asks of `request` and `session`, where its answer comes from, errors that it raised."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from ..asked import book
from ..listening import listen
from ..loaded import Patch
from ..places import Places
from .wrapping import around, attributes, before, methods, values, wholes


def patches(places: Places) -> dict[str, Patch]:
    """Patches by module."""

    def request(module: ModuleType) -> None:
        attributes(
            module.Request,
            {"args": "query", "form": "form", "values": "query", "files": "files", "cookies": "cookies"},
        )
        around(module.Request, "__init__", _listen_to_headers)
        wholes(module.Request, {"data": "body", "stream": "body", "json": "json"})
        methods(module.Request, {"get_json": "json", "get_data": "body"})

    def sansio(module: ModuleType) -> None:
        attributes(module.Request, {"args": "query", "cookies": "cookies"})
        values(module.Request, {"query_string": "raw_query"})

    def response(module: ModuleType) -> None:
        before(module.Response, "__init__", lambda *_a, **_n: places.note_response())

    def cookie(module: ModuleType) -> None:
        before(module.Response, "set_cookie", lambda _self, key="", *_a, **_n: places.note_cookie(key))

    def app(module: ModuleType) -> None:
        before(module.Flask, "handle_exception", lambda _self, error, *_a: book.errors.append(error))
        before(module.Flask, "dispatch_request", lambda self, *_a: _note_view(self, places))

    def templating(module: ModuleType) -> None:
        for name in ("_render", "_stream"):
            before(module, name, lambda *_a, **_n: places.note_response())

    def sessions(module: ModuleType) -> None:
        for name in ("__getitem__", "get", "setdefault"):
            before(module.SecureCookieSession, name, _note_session)

    return {
        "werkzeug.wrappers.request": request,
        "werkzeug.sansio.request": sansio,
        "werkzeug.wrappers.response": response,
        "werkzeug.sansio.response": cookie,
        "flask.app": app,
        "flask.templating": templating,
        "flask.sessions": sessions,
    }


def _listen_to_headers(_nothing: None, arguments: tuple[Any, ...]) -> None:
    request = arguments[0]
    request.headers = listen(request.headers, "headers")


def _note_view(app: Any, places: Places) -> None:
    endpoint = sys.modules["flask"].request.endpoint
    if endpoint in app.view_functions:
        places.note_handler(app.view_functions[endpoint])


def _note_session(session: Any, name: Any, *_arguments: Any) -> None:
    book.ask("session", name, dict.__contains__(session, name))
