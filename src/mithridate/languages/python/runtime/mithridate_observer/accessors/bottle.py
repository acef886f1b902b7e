"""Bottle: what a handler asks of `request`, where its answer comes from, errors that it raised."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from ..asked import book
from ..loaded import Patch
from ..places import Places
from .wrapping import around, attributes, before, wholes


def patches(places: Places) -> dict[str, Patch]:
    """Patches by module."""

    def note_route(found: Any, _arguments: tuple[Any, ...]) -> Any:
        places.note_handler(getattr(found[0], "callback", None))
        return found

    def bottle(module: ModuleType) -> None:
        request = module.BaseRequest
        attributes(
            request,
            {
                "query": "query",
                "GET": "query",
                "forms": "form",
                "POST": "form",
                "params": "query",
                "files": "files",
                "cookies": "cookies",
                "headers": "headers",
            },
        )
        wholes(request, {"json": "json", "body": "body"})
        before(request, "get_cookie", lambda _self, key="", *_a, **_n: book.ask("cookies", key, key in _self.cookies))
        before(request, "get_header", lambda _self, name="", *_a, **_n: book.ask("headers", name, name in _self.headers))
        before(module.BaseResponse, "__init__", lambda *_a, **_n: places.note_response())
        before(module.BaseResponse, "set_cookie", lambda _self, name="", *_a, **_n: places.note_cookie(name))
        before(module.HTTPError, "__init__", _note_error)
        around(module.Router, "match", note_route)

    return {"bottle": bottle}


def _note_error(_self: Any, *arguments: Any, **named: Any) -> None:
    error = named.get("exception") or (arguments[2] if len(arguments) > 2 else None)
    if isinstance(error, BaseException):
        book.errors.append(error)
