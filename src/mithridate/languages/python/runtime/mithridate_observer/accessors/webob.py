"""WebOb (Pyramid, TurboGears): what a view asks of its request, where its answer comes from."""

from __future__ import annotations

from types import ModuleType

from ..loaded import Patch
from ..places import Places
from .wrapping import attributes, before, wholes


def patches(places: Places) -> dict[str, Patch]:
    """Patches by module."""

    def request(module: ModuleType) -> None:
        attributes(
            module.BaseRequest,
            {"GET": "query", "POST": "form", "params": "query", "cookies": "cookies", "headers": "headers"},
        )
        wholes(module.BaseRequest, {"json": "json", "json_body": "json", "body": "body", "text": "body", "body_file": "body"})

    def response(module: ModuleType) -> None:
        before(module.Response, "__init__", lambda *_a, **_n: places.note_response())
        before(module.Response, "set_cookie", lambda _self, name="", *_a, **_n: places.note_cookie(name))

    return {"webob.request": request, "webob.response": response}
