"""Web applications in an imported module: objects of a known framework, plain WSGI and ASGI callables, factories of them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from ..doors.routes import routes_of
from ..places import Places, code_of

_KNOWN = (
    ("flask", "Flask", "wsgi"),
    ("fastapi", "FastAPI", "asgi"),
    ("starlette.applications", "Starlette", "asgi"),
    ("django.core.handlers.wsgi", "WSGIHandler", "wsgi"),
    ("django.core.handlers.asgi", "ASGIHandler", "asgi"),
    ("aiohttp.web", "Application", "asgi"),
    ("quart", "Quart", "asgi"),
    ("litestar", "Litestar", "asgi"),
    ("sanic", "Sanic", "asgi"),
    ("bottle", "Bottle", "wsgi"),
    ("falcon", "App", "wsgi"),
    ("falcon.asgi", "App", "asgi"),
    ("pyramid.router", "Router", "wsgi"),
    ("werkzeug.wsgi", "DispatcherMiddleware", "wsgi"),
    ("cherrypy", "Application", "wsgi"),
)
MAKERS = frozenset({"Flask", "FastAPI", "Starlette", "Quart", "Litestar", "Sanic", "Bottle", "make_wsgi_app"})
"""Names of what a module calls that makes an application; words that mean much else are left out."""
_FACTORIES = (
    "create_app",
    "make_app",
    "get_app",
    "build_app",
    "app_factory",
    "create_application",
    "get_application",
    "init_app",
    "application",
    "app",
    "main",
)
_OBJECTS = ("app", "application", "api", "wsgi", "asgi", "server", "wsgi_app")
MAX_DEPTH_NAMES = 20_000


def applications(module: ModuleType, places: Places) -> Iterator[dict[str, Any]]:
    """Those that the module itself makes, as members of an `application` record."""
    found = False
    for name, value in list(vars(module).items())[:MAX_DEPTH_NAMES]:
        known = _framework(value)
        if known is not None and not isinstance(value, type):
            found = True
            yield _told(module, name, value, known, places)
    if found:
        return
    for name in _OBJECTS:
        value = vars(module).get(name)
        kind = _plain(value) if value is not None and not isinstance(value, type) and _is_of(module, value) else None
        if kind is not None:
            yield _told(module, name, value, (kind, "plain"), places)
    for name, value in list(vars(module).items()):
        kind = _plain(value) if inspect.isfunction(value) and value.__module__ == module.__name__ else None
        if kind is not None and name not in _OBJECTS:
            yield _told(module, name, value, (kind, "plain"), places)


def made(module: ModuleType, places: Places) -> Iterator[dict[str, Any]]:
    """Those that the module's factories make when they are called without arguments; what a factory raises goes through."""
    for name in _FACTORIES:
        factory = vars(module).get(name)
        if not inspect.isfunction(factory) or factory.__module__ != module.__name__ or not _without_arguments(factory):
            continue
        if name == "main" and not _makes_application(factory):
            continue
        value = factory()
        known = _framework(value)
        if known is not None:
            yield _told(module, f"{name}()", value, known, places, factory)
        if inspect.iscoroutine(value):
            value.close()


def _told(module: ModuleType, name: str, value: Any, known: tuple[str, str], places: Places, maker: Any = None) -> dict[str, Any]:
    code = code_of(maker if maker is not None else value)
    place = places.of_code(code) if code is not None else []
    file = place[0]["file"] if place else places.shown(getattr(module, "__file__", "") or "") or ""
    return {
        "kind": known[0],
        "framework": known[1],
        "import": f"{module.__name__}:{name}",
        "file": file,
        "line": place[0]["line"] if place else 1,
        "routes": routes_of(value, places),
    }


def _framework(value: Any) -> tuple[str, str] | None:
    for module_name, class_name, kind in _KNOWN:
        class_ = getattr(sys.modules.get(module_name), class_name, None)
        if isinstance(class_, type) and isinstance(value, class_):
            if class_name == "Starlette" and type(value).__module__.startswith("fastapi"):
                return "asgi", "fastapi"
            return kind, module_name.partition(".")[0]
    return None


def _plain(value: Any) -> str | None:
    """wsgi or asgi for a callable with the parameters of one."""
    if not callable(value) or isinstance(value, type):
        return None
    try:
        names = [name.lstrip("_") for name in inspect.signature(value).parameters]
    except (TypeError, ValueError):
        return None
    if len(names) == 2 and names[0] in ("environ", "env") and names[1] in ("start_response", "start"):
        return "wsgi"
    return "asgi" if names == ["scope", "receive", "send"] else None


def _is_of(module: ModuleType, value: Any) -> bool:
    return getattr(value, "__module__", module.__name__) == module.__name__ or not inspect.isfunction(value)


def _without_arguments(function: Any) -> bool:
    if inspect.iscoroutinefunction(function):
        return False
    parameters = inspect.signature(function).parameters.values()
    return all(each.default is not each.empty or each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD) for each in parameters)


def _makes_application(function: Any) -> bool:
    """Whether `main` is a factory, as Pyramid's is, rather than a program: it takes settings and names what makes one."""
    names = function.__code__.co_names
    return "make_wsgi_app" in names
