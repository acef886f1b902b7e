"""aiohttp's server: what a handler asks of its request, where its answer comes from."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from ..loaded import Patch
from ..places import Places
from .wrapping import attributes, before, coroutines


def patches(places: Places) -> dict[str, Patch]:
    """Patches by module."""

    def request(module: ModuleType) -> None:
        attributes(module.BaseRequest, {"query": "query", "headers": "headers", "cookies": "cookies"})
        attributes(module.Request, {"match_info": "path"})
        coroutines(module.BaseRequest, {"post": "form"}, whole=False)
        coroutines(module.BaseRequest, {"json": "json", "read": "body", "text": "body"}, whole=True)

    def response(module: ModuleType) -> None:
        before(module.Response, "__init__", lambda *_a, **_n: places.note_response())
        before(module.StreamResponse, "set_cookie", lambda _self, name="", *_a, **_n: places.note_cookie(name))

    def routes(module: ModuleType) -> None:
        def note(self: Any, *_a: Any) -> None:
            places.note_handler(getattr(self, "_handler", None) or getattr(getattr(self, "_route", None), "handler", None))

        before(module.UrlMappingMatchInfo, "add_app", note)

    return {"aiohttp.web_request": request, "aiohttp.web_response": response, "aiohttp.web_urldispatcher": routes}
