"""Falcon: what a responder asks of its request, errors that it raised."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from ..asked import book
from ..loaded import Patch
from ..places import Places
from .wrapping import around, attributes, before, methods, wholes

_KINDS = {
    "get_param": "",
    "get_param_as_int": "int",
    "get_param_as_float": "float",
    "get_param_as_bool": "bool",
    "get_param_as_list": "list",
    "get_param_as_json": "json",
}


def patches(places: Places) -> dict[str, Patch]:
    """Patches by module."""

    def note_responder(found: Any, _arguments: tuple[Any, ...]) -> Any:
        places.note_handler(found[0])
        return found

    def request(module: ModuleType) -> None:
        for name, kind in _KINDS.items():
            before(
                module.Request,
                name,
                lambda self, key="", *_a, _kind=kind, **_n: book.ask("query", key, key in self._params, _kind),
            )
        before(module.Request, "get_header", lambda _self, key="", *_a, **_n: book.ask("headers", key, True))
        before(module.Request, "get_cookie_values", lambda _self, key="", *_a, **_n: book.ask("cookies", key, True))
        attributes(module.Request, {"params": "query", "cookies": "cookies", "headers": "headers"})
        wholes(module.Request, {"media": "json", "bounded_stream": "body"})
        methods(module.Request, {"get_media": "json"})

    def app(module: ModuleType) -> None:
        before(module.App, "_python_error_handler", _note_error)
        around(module.App, "_get_responder", note_responder)

    return {"falcon.request": request, "falcon.app": app}


def _note_error(_self: Any, _request: Any, _response: Any, error: Any, *_rest: Any) -> None:
    if isinstance(error, BaseException):
        book.errors.append(error)
