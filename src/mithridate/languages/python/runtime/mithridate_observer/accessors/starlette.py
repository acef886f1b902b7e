"""Starlette and FastAPI: what an endpoint asks of its request, where its answer comes from."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any, get_args

from ..asked import book
from ..loaded import Patch
from ..places import Places
from .declared import inputs
from .wrapping import attributes, before, coroutines

_MOST_ALLOWED = 8


def patches(places: Places) -> dict[str, Patch]:
    """Patches by module."""

    def requests(module: ModuleType) -> None:
        attributes(
            module.HTTPConnection, {"query_params": "query", "headers": "headers", "cookies": "cookies", "path_params": "path"}
        )
        coroutines(module.Request, {"form": "form"}, whole=False)
        coroutines(module.Request, {"json": "json"}, whole=True)
        coroutines(module.Request, {"body": "body"}, whole=True)

    def responses(module: ModuleType) -> None:
        before(module.Response, "__init__", lambda *_a, **_n: places.note_response())
        before(module.Response, "set_cookie", lambda _self, key="", *_a, **_n: places.note_cookie(key))

    def routing(module: ModuleType) -> None:
        before(module.Route, "handle", lambda self, *_a, **_n: places.note_handler(getattr(self, "endpoint", None)))

    def fastapi(module: ModuleType) -> None:
        def note(self: Any, *_a: Any, **_n: Any) -> None:
            places.note_handler(getattr(self, "endpoint", None))

        if "handle" in module.APIRoute.__dict__:
            before(module.APIRoute, "handle", note)

    def dependencies(module: ModuleType) -> None:
        before(module, "solve_dependencies", _note_body)
        before(module, "solve_dependencies", _note_parameters)

    return {
        "starlette.requests": requests,
        "starlette.responses": responses,
        "starlette.routing": routing,
        "fastapi.routing": fastapi,
        "fastapi.dependencies.utils": dependencies,
    }


def _note_body(*_arguments: Any, **named: Any) -> None:
    """The names that an endpoint declares for its body: fields of forms, members of JSON objects, those of models inside."""
    declared = list(getattr(named.get("dependant"), "body_params", None) or ())
    received = named.get("body")
    for field in declared:
        place = {"Form": "form", "File": "files"}.get(type(field.field_info).__name__, "json")
        annotation = getattr(field.field_info, "annotation", None)
        if place != "json" or annotation is None:
            _note_field(place, field.alias, received, field.field_info)
            continue
        embedded = len(declared) > 1 or bool(getattr(field.field_info, "embed", False))
        required = bool(field.field_info.is_required()) if hasattr(field.field_info, "is_required") else True
        for name, kind in inputs(annotation, required, field.alias if embedded else ""):
            top = re.split(r"[.\[]", name)[0]
            book.ask("json", name, isinstance(received, Mapping) and top in received, kind)
        for inner in (field.field_info, *(getattr(annotation, "model_fields", None) or {}).values()):
            for constant in _allowed(inner):
                book.compare(constant)


def _note_parameters(*_arguments: Any, **named: Any) -> None:
    """What a declared parameter of the query, of a header or a cookie takes, where that is not any text."""
    dependant = named.get("dependant")
    for place, member in (("query", "query_params"), ("headers", "header_params"), ("cookies", "cookie_params")):
        for field in getattr(dependant, member, None) or ():
            told = field.field_info
            required = bool(told.is_required()) if hasattr(told, "is_required") else True
            for name, kind in inputs(getattr(told, "annotation", None), required, field.alias):
                if name == field.alias and kind:
                    book.ask(place, name, False, kind)


def _note_field(place: str, name: str, received: Any, told: Any) -> None:
    kind = getattr(getattr(told, "annotation", None), "__name__", "")
    allowed = _allowed(told)
    kind = f"={allowed[0]}" if allowed else "" if kind == "str" else kind
    spare = "?" if hasattr(told, "is_required") and not told.is_required() else ""
    book.ask(place, name, isinstance(received, Mapping) and name in received, kind + spare)
    for constant in allowed:
        book.compare(constant)


def _allowed(told: Any) -> list[str]:
    """The only texts that a declared field takes: members of a Literal or an Enum, a pattern without operators."""
    found: list[str] = []
    for kind in (told.annotation, *get_args(getattr(told, "annotation", None))) if hasattr(told, "annotation") else ():
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            found += [member.value for member in kind if isinstance(member.value, str)]
        found += [each for each in get_args(kind) if isinstance(each, str)]
    patterns = [getattr(each, "pattern", None) for each in (told, *(getattr(told, "metadata", None) or ()))]
    for pattern in (*patterns, getattr(told, "regex", None)):
        literal = pattern.removeprefix("^").removesuffix("$") if isinstance(pattern, str) else ""
        if literal and re.escape(literal) == literal:
            found.append(literal)
    return found[:_MOST_ALLOWED]
