"""The routes that a web application itself tells, by framework, as ROUTEs."""

from __future__ import annotations

import dis
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from types import CodeType, FunctionType, ModuleType
from typing import Any

from ..places import Places, code_of

MAX_ROUTES = 20_000
MAX_CONSTANTS = 200
MAX_CONSTANT = 200
MAX_PLAIN = 50
MAX_DECORATORS = 16
MAX_EXAMPLES = 3
MAX_EXAMPLE = 4000
_JSON = json.JSONDecoder()
_PATH = re.compile(r"/[\w.~-]+(?:/[\w.~-]+)*/?")
_DJANGO_NAMED = re.compile(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")
_DJANGO_ANGLED = re.compile(r"<(?:(\w+):)?(\w+)>")
_BRACED = re.compile(r"\{(\w+)(?::([^{}]*(?:\{[^{}]*\}[^{}]*)*))?\}")
_FRAMEWORKS = ("flask", "fastapi", "bottle", "falcon", "pyramid", "aiohttp", "quart")
_INNER = ("app", "wsgi_app", "application", "_app")
_NATIVE = {"integer": "int", "string": "str"}
_ENTRANCE = re.compile(
    r"(?:^|[/_.-])(?:log_?-?in|sign_?-?(?:in|up)|regist(?:er|ration)|authenticate|tokens?|sessions?)/?$", re.IGNORECASE
)
_VERBS = ("get", "post", "put", "patch", "delete", "head", "options")


def routes_of(application: Any, places: Places) -> list[dict[str, Any]]:
    """The routes of an application of a known framework, likely ones for others; at most MAX_ROUTES.

    Those where a client makes itself known come first, as others may depend on them; those of the framework's own pages last.
    """
    for teller in (_flask, _starlette, _aiohttp, _bottle, _falcon, _pyramid, _django, _plain):
        told: list[dict[str, Any]] = []
        try:
            for path, parameters, methods, function in teller(_unwrapped(application)):
                told.append(_route(path, parameters, methods, function, places))
                if len(told) >= MAX_ROUTES:
                    break
        except Exception:  # noqa: BLE001 (another version, or the project's own code; a door without routes is a door)
            continue
        if told:
            return sorted(told, key=_order)
    return []


def _order(route: dict[str, Any]) -> tuple[bool, int, bool]:
    path, is_entrance = str(route["path"]), "entrance" in route
    return not is_entrance, path.strip("/").count("/") if is_entrance else 0, not route["file"]


def constants_of(code: CodeType) -> list[str]:
    """Constants of text and bytes of a function and of the functions inside it, and the names that it uses."""
    found: dict[str, None] = {}
    stack: list[Any] = [code]
    while stack and len(found) < MAX_CONSTANTS:
        each = stack.pop()
        if isinstance(each, CodeType):
            stack.extend(each.co_consts)
        elif isinstance(each, (tuple, frozenset)):
            stack.extend(each)
        elif isinstance(each, (str, bytes)) and 0 < len(each) <= MAX_CONSTANT:
            found[each if isinstance(each, str) else each.decode("latin-1")] = None
    return list(found)


_Told = Iterator["tuple[str, list[tuple[str, str]], list[str], Any]"]


def _route(path: str, parameters: list[tuple[str, str]], methods: list[str], function: Any, places: Places) -> dict[str, Any]:
    code = code_of(function)
    place = (places.of_code(code) if code is not None else []) or [{"file": "", "line": 0, "function": ""}]
    entrance = {"entrance": True} if _ENTRANCE.search(path) else {}
    spoken = list(_spoken(function, code, places)) if code is not None and place[0]["file"] else []
    return {
        "path": path,
        **entrance,
        "parameters": [{"name": name, "kind": kind} for name, kind in parameters],
        "methods": sorted(methods),
        **place[0],
        "constants": _distinct(constants_of(each) for each, _ in spoken),
        "modules": _distinct(modules_of(each, variables) for each, variables in spoken),
        **({"examples": examples} if (examples := _examples(function)) else {}),
    }


def _distinct(lists: Iterator[list[str]]) -> list[str]:
    """The members of all lists in their order; at most MAX_CONSTANTS."""
    return list(dict.fromkeys(each for one in lists for each in one))[:MAX_CONSTANTS]


def modules_of(code: CodeType, variables: dict[str, Any]) -> list[str]:
    """Names of the modules that a function speaks of: those that it imports itself, and those that its variables stand for."""
    stack: list[CodeType] = [code]
    found: dict[str, None] = {}
    while stack and len(found) < MAX_CONSTANTS:
        each = stack.pop()
        stack.extend(inner for inner in each.co_consts if isinstance(inner, CodeType))
        found.update(dict.fromkeys(_imported(each)))
        for name in (*each.co_names, *each.co_freevars):
            known = variables.get(name)
            if isinstance(known, ModuleType):
                found[getattr(known, "__name__", name)] = None
    return list(found)


@cache  # several handlers may name one function
def _imported(code: CodeType) -> tuple[str, ...]:
    return tuple(one.argval for one in dis.get_instructions(code) if one.opname == "IMPORT_NAME")


def _examples(function: Any) -> list[str]:
    """The JSON objects that a handler's documentation shows, as text: calls of it, and what they answer."""
    text = getattr(function, "__doc__", None)
    found: dict[str, None] = {}
    position = 0
    while isinstance(text, str) and len(found) < MAX_EXAMPLES and (position := text.find("{", position)) >= 0:
        try:
            told, end = _JSON.raw_decode(text[position : position + MAX_EXAMPLE])
        except (ValueError, RecursionError):
            position += 1
            continue
        position += end
        if told:
            found[json.dumps(told)] = None
    return list(found)


def _spoken(function: Any, code: CodeType, places: Places) -> Iterator[tuple[CodeType, dict[str, Any]]]:
    """A handler's code, and that of the project's functions that it names itself, each with the variables around it."""
    variables = _variables(_undecorated(function), code)
    yield code, variables
    for name in (*code.co_names, *code.co_freevars):
        named = variables.get(name)
        inner = _undecorated(named) if type(named) is FunctionType else None  # no proxy is asked anything
        if type(inner) is FunctionType and places.shown(inner.__code__.co_filename) is not None:
            yield inner.__code__, _variables(inner, inner.__code__)


def _undecorated(function: Any) -> Any:
    """What a function stands for by functools.wraps."""
    for _ in range(MAX_DECORATORS):
        inner = getattr(function, "__wrapped__", None)
        if inner is None:
            break
        function = inner
    return function


def _variables(function: Any, code: CodeType) -> dict[str, Any]:
    """What a function's free names stand for: those of its module, and those of the functions around it."""
    known = getattr(function, "__globals__", None)
    variables = dict(known) if isinstance(known, dict) else {}
    cells = zip(code.co_freevars, getattr(function, "__closure__", None) or ())  # noqa: B905 (Python 3.9)
    variables.update((name, cell.cell_contents) for name, cell in cells if _is_filled(cell))
    return variables


def _unwrapped(application: Any) -> Any:
    """The framework's application inside of wrapping middleware, by the names that middleware gives to what it wraps."""
    for _ in range(16):
        if type(application).__module__.partition(".")[0] in _FRAMEWORKS:
            break
        inner = next((found for name in _INNER if callable(found := getattr(application, name, None))), None)
        if inner is None or hasattr(application, "url_map") or hasattr(application, "routes"):
            break
        owner = getattr(inner, "__self__", None)
        application = owner if owner is not None else inner
    return application


def _flask(application: Any) -> _Told:
    for rule in application.url_map.iter_rules():
        parameters = [(name, _werkzeug_kind(rule._converters.get(name))) for name in sorted(rule.arguments)]
        methods = sorted(set(rule.methods or ("GET",)) - {"HEAD", "OPTIONS"})
        yield rule.rule, parameters, methods, application.view_functions.get(rule.endpoint)


def _werkzeug_kind(converter: Any) -> str:
    name = type(converter).__name__.replace("Converter", "").lower()
    return {"integer": "int", "unicode": "str", "nonetype": "str"}.get(name, name)


def _starlette(application: Any, prefix: str = "") -> _Told:
    if not any(base.__module__.startswith(("starlette.", "fastapi.")) for base in type(application).__mro__):
        return
    for route in _served(application.routes):
        path = prefix + getattr(route, "path", "")
        inner = getattr(route, "routes", None) or getattr(getattr(route, "app", None), "routes", None)
        if inner:
            yield from _starlette(route if getattr(route, "routes", None) else route.app, path)
            continue
        endpoint = getattr(route, "endpoint", None) or getattr(route, "app", None)
        if "Route" not in type(route).__name__ or "WebSocket" in type(route).__name__:
            continue
        methods = sorted(set(getattr(route, "methods", None) or _methods_of(endpoint)) - {"HEAD", "OPTIONS"})
        convertors = getattr(route, "param_convertors", None) or {}
        kinds = [(name, type(kind).__name__.replace("Convertor", "").lower()) for name, kind in convertors.items()]
        parameters = [(name, _declared(route, name) or _NATIVE.get(kind, kind)) for name, kind in kinds]
        yield path, parameters, methods, endpoint


def _served(routes: Any) -> Iterator[Any]:
    """Routes as they are served: a newer FastAPI keeps an included router as one route, whose own have the whole path."""
    for route in routes:
        included = getattr(route, "effective_candidates", None)
        if callable(included):
            yield from _served(included())
        else:
            yield getattr(route, "starlette_route", None) or route


def _declared(route: Any, name: str) -> str:
    """The type that FastAPI's endpoint declares for a path parameter."""
    for field in getattr(getattr(route, "dependant", None), "path_params", ()):
        if field.name == name:
            declared = getattr(field, "type_", None) or getattr(getattr(field, "field_info", None), "annotation", None)
            return getattr(declared, "__name__", "") or ""
    return ""


def _methods_of(endpoint: Any) -> list[str]:
    return [verb.upper() for verb in _VERBS if hasattr(endpoint, verb)] or ["GET"]


def _aiohttp(application: Any) -> _Told:
    for route in application.router.routes():
        resource = route.resource
        path = resource.canonical if resource is not None else ""
        methods = _methods_of(route.handler) if route.method == "*" else [route.method]
        if methods != ["HEAD"] and path:
            yield path, [(name, kind or "str") for name, kind in _BRACED.findall(path)], methods, route.handler


def _bottle(application: Any) -> _Told:
    if not application.router.rules and not hasattr(application, "catchall"):
        return
    for route in application.routes:
        parameters = [(name, kind or "str") for name, kind in re.findall(r"<(\w+)(?::(\w+))?[^>]*>", route.rule)]
        yield route.rule, parameters, [route.method], route.callback


def _falcon(application: Any) -> _Told:
    stack = list(application._router._roots)
    while stack:
        node = stack.pop()
        stack.extend(node.children)
        for method, responder in (node.method_map or {}).items():
            if getattr(responder, "__name__", "").startswith("on_") and method != "OPTIONS":
                template = node.uri_template
                yield template, [(name, kind or "str") for name, kind in _BRACED.findall(template)], [method], responder


def _pyramid(application: Any) -> _Told:
    views = application.registry.introspector.get_category("views") or []
    for view in views:
        told = view["introspectable"]
        route = application.routes_mapper.get_route(told["route_name"]) if told.get("route_name") else None
        if route is not None:
            methods = told.get("request_methods") or ("GET",)
            methods = [methods] if isinstance(methods, str) else list(methods)
            parameters = [(name, kind or "str") for name, kind in _BRACED.findall(route.pattern)]
            yield route.pattern, parameters, methods, told["callable"]


def _django(application: Any) -> _Told:
    if "django" not in sys.modules or not type(application).__module__.startswith("django."):
        return
    yield from _django_patterns(import_module("django.urls").get_resolver().url_patterns, "/", [])


def _django_patterns(patterns: Any, prefix: str, kinds: list[tuple[str, str]]) -> _Told:
    for pattern in patterns:
        path, parameters = _django_path(str(pattern.pattern), getattr(pattern.pattern, "converters", {}))
        if hasattr(pattern, "url_patterns"):
            yield from _django_patterns(pattern.url_patterns, prefix + path, kinds + parameters)
        else:
            yield prefix + path, kinds + parameters, _django_methods(pattern.callback), pattern.callback


def _django_path(pattern: str, converters: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    """A URL pattern, of either kind, as a path with <name>s, and its parameters."""
    if converters or (_DJANGO_ANGLED.search(pattern) and "(?P" not in pattern):
        parameters = [(name, kind or "str") for kind, name in _DJANGO_ANGLED.findall(pattern)]
        return _DJANGO_ANGLED.sub(r"<\2>", pattern), parameters
    parameters = [(name, "str") for name in _DJANGO_NAMED.findall(pattern)]
    path = _DJANGO_NAMED.sub(r"<\1>", pattern)
    unnamed: Callable[[re.Match[str]], str] = lambda _found: "<_>"  # noqa: E731
    path = re.sub(r"\((?!\?)[^()]*\)", unnamed, path)
    return path.lstrip("^").rstrip("$").replace("\\Z", "").replace("\\", "").replace("/?", "/"), parameters


def _django_methods(callback: Any) -> list[str]:
    """The verbs that a class-based view has methods for, those that a decorator requires, else both common ones."""
    view = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
    if view is not None:
        actions = getattr(callback, "actions", None)
        if isinstance(actions, dict):
            return [verb.upper() for verb in actions]
        return [verb.upper() for verb in _VERBS[:5] if hasattr(view, verb)] or ["GET"]
    closure = getattr(callback, "__closure__", None) or ()
    for cell in closure:
        allowed = cell.cell_contents if _is_filled(cell) else None
        if isinstance(allowed, (list, tuple)) and allowed and all(str(each).lower() in _VERBS for each in allowed):
            return [str(each).upper() for each in allowed if str(each).upper() not in ("HEAD", "OPTIONS")]
    return ["GET", "POST"]


def _plain(application: Any) -> _Told:
    """Of a callable that no framework speaks for: the root, any path, and what looks like a path in its module's code."""
    code = code_of(application)
    module = sys.modules.get(getattr(application, "__module__", "") or type(application).__module__)
    codes = [code, *(code_of(each) for each in (vars(module) if module is not None else {}).values() if callable(each))]
    constants = [text for each in codes if each is not None for text in constants_of(each)]
    paths = list(dict.fromkeys(["/", *(text for text in constants if _PATH.fullmatch(text))]))[:MAX_PLAIN]
    for path in paths:
        yield path, [], ["GET", "POST"], application
    yield "/<path:rest>", [("rest", "path")], ["GET", "POST"], application


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not inspect.Parameter.empty
    except ValueError:
        return False
