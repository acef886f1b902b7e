"""What is put into a session (sink session): data of an outsider among the program's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .patching import before

if TYPE_CHECKING:
    from types import ModuleType

    from ..recording import Recorder
    from .patching import Look, Patch


def _note(recorder: Recorder, api: str, key: Any, value: Any) -> None:
    if recorder.marked([key, value]):
        recorder.saw("session", api, f"{key}={value}")


def _store(api: str, only: type | None) -> Look:
    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if only is None or isinstance(args[0], only):
            _note(recorder, api, args[1], args[2] if len(args) > 2 else kwargs.get("default", kwargs.get("value")))

    return look


def _update(api: str, only: type | None) -> Look:
    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if only is not None and not isinstance(args[0], only):
            return
        given = args[1] if len(args) > 1 else kwargs.get("dict_", ())
        pairs = list(given.items()) if isinstance(given, dict) else list(given) if isinstance(given, (list, tuple)) else []
        for key, value in [*pairs, *kwargs.items()]:
            _note(recorder, api, key, value)

    return look


def session(name: str, only: str = "") -> Patch:
    """A patch for a session's class; `only` names the class that tells a session from other uses of the same one."""

    def patch(module: ModuleType) -> None:
        owner = getattr(module, name)
        among = getattr(module, only) if only else None
        api = f"{module.__name__.partition('.')[0]}.{only or name}"
        before(owner, "__setitem__", _store(f"{api}.__setitem__", among), "session")
        before(owner, "setdefault", _store(f"{api}.setdefault", among), "session")
        before(owner, "update", _update(f"{api}.update", among), "session")

    return patch


def patches() -> dict[str, list[Patch]]:
    """The frameworks' sessions, by the module that defines them."""
    return {
        "flask.sessions": [session("CallbackDict", "SessionMixin")],
        "django.contrib.sessions.backends.base": [session("SessionBase")],
        "starlette.middleware.sessions": [patch_starlette],
        "aiohttp_session": [session("Session")],
        "beaker.session": [session("Session")],
        "secure_cookie.session": [session("Session")],
    }


def patch_starlette(module: ModuleType) -> None:
    """Starlette's session: a class of its own, or (before) a plain dictionary in the request's scope, which is given one."""
    if isinstance(getattr(module, "Session", None), type):
        session("Session")(module)
        return

    class Session(dict):  # type: ignore[type-arg]
        """A dictionary whose writes are seen."""

        def __setitem__(self, key: Any, value: Any) -> None:
            super().__setitem__(key, value)

        def setdefault(self, key: Any, default: Any = None) -> Any:
            return super().setdefault(key, default)

        def update(self, *args: Any, **kwargs: Any) -> None:
            super().update(*args, **kwargs)

    api = "starlette.Session"
    before(Session, "__setitem__", _store(f"{api}.__setitem__", None))
    before(Session, "setdefault", _store(f"{api}.setdefault", None))
    before(Session, "update", _update(f"{api}.update", None))
    getter = module.HTTPConnection.session.fget

    def read(connection: Any) -> Any:
        stored = getter(connection)
        if type(stored) is dict:
            stored = connection.scope["session"] = Session(stored)
        return stored

    module.HTTPConnection.session = property(read)
