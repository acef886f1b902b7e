"""Django and its REST framework: what a view asks of `request` and its session, where its answer comes from, errors it raised."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from ..asked import book
from ..listening import listen
from ..loaded import Patch
from ..places import Places
from .wrapping import attributes, before, wholes

_PLACES = {"GET": "query", "POST": "form", "COOKIES": "cookies", "FILES": "files", "headers": "headers"}


def patches(places: Places) -> dict[str, Patch]:
    """Patches by module."""

    def wsgi(module: ModuleType) -> None:
        attributes(module.WSGIRequest, _PLACES)

    def asgi(module: ModuleType) -> None:
        attributes(module.ASGIRequest, _PLACES)

    def request(module: ModuleType) -> None:
        wholes(module.HttpRequest, {"body": "body"})
        before(module.HttpRequest, "read", lambda *_a, **_n: book.ask("body", "*", True, direct=True))

    def response(module: ModuleType) -> None:
        for name in ("HttpResponse", "StreamingHttpResponse"):
            before(getattr(module, name), "__init__", lambda *_a, **_n: places.note_response())
        before(module.HttpResponseBase, "set_cookie", lambda _self, key="", *_a, **_n: places.note_cookie(key))

    def template_response(module: ModuleType) -> None:
        before(module.SimpleTemplateResponse, "__init__", lambda *_a, **_n: places.note_response())

    def handler(module: ModuleType) -> None:
        before(module.BaseHandler, "make_view_atomic", lambda _self, view, *_a: places.note_handler(view))

    def signals(module: ModuleType) -> None:
        module.got_request_exception.connect(_note_error, weak=False)

    def sessions(module: ModuleType) -> None:
        for name in ("__getitem__", "get", "setdefault", "__contains__", "pop"):
            before(module.SessionBase, name, _note_session)

    def rest(module: ModuleType) -> None:
        module.Request.data = _RestData(module.Request.data)

    return {
        "django.core.handlers.wsgi": wsgi,
        "django.core.handlers.asgi": asgi,
        "django.http.request": request,
        "django.http.response": response,
        "django.template.response": template_response,
        "django.core.handlers.base": handler,
        "django.core.signals": signals,
        "django.contrib.sessions.backends.base": sessions,
        "rest_framework.request": rest,
    }


class _RestData:
    """`request.data` of the REST framework: JSON or a form, as the request says."""

    def __init__(self, original: Any) -> None:
        self._original = original

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self._original
        value = self._original.__get__(instance, owner)
        where = "form" if "form" in str(instance.content_type) else "json"
        listening = listen(value, where)
        if listening is not value:
            instance._full_data = listening
        return listening


def _note_error(*_arguments: Any, **_named: Any) -> None:
    error = sys.exc_info()[1]
    if error is not None:
        book.errors.append(error)


def _note_session(session: Any, name: Any, *_arguments: Any) -> None:
    book.ask("session", name, name in session._session)
