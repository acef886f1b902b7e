"""What a Django project needs before it answers: set-up, a database with its tables and one user, a host that it allows."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from ..asked import book
from ..places import Places
from . import django_rows

SOMEBODY = "amber"
"""Texts in rows of tables that would be empty; name and password of an ordinary user, so that pages behind a login are reached.

It is what is written into harmless fields (docs/input-document.md). A form that registers somebody would refuse that password.
"""
_TOKEN = "a" * 32
_somebody: Any = None


def application() -> Any:
    """The WSGI application of the project that DJANGO_SETTINGS_MODULE names."""
    return import_module("django.core.wsgi").get_wsgi_application()


def prepare(places: Places) -> tuple[str, str]:
    """The scheme and host that requests need; creates the tables of SQLite databases, somebody who can log in, and a row in each
    table of the project's own that has none.

    Does nothing for applications that are not Django's.
    """
    if "django.conf" not in sys.modules:
        return "http", "localhost"
    settings = import_module("django.conf").settings
    if not settings.configured:
        return "http", "localhost"
    kept = [("cookies", str(settings.SESSION_COOKIE_NAME)), ("cookies", str(settings.CSRF_COOKIE_NAME))]
    book.own = frozenset([*kept, *(("session", f"_auth_user_{part}") for part in ("id", "backend", "hash"))])
    _create_tables(settings)
    _create_somebody()
    try:
        django_rows.fill(SOMEBODY, lambda file: places.shown(file) is not None)
    except Exception as error:  # noqa: BLE001 (best effort: an application with empty tables still answers)
        print(f"rows: {error}", file=sys.stderr)
    import_module("django.db").connections.close_all()
    scheme = "https" if getattr(settings, "SECURE_SSL_REDIRECT", False) else "http"
    return scheme, _host(settings)


def has_accounts() -> bool:
    """Whether the project knows users by sessions, as Django's own."""
    settings = import_module("django.conf").settings
    installed = import_module("django.apps").apps.is_installed
    known = any(str(each).endswith("AuthenticationMiddleware") for each in settings.MIDDLEWARE)
    return known and installed("django.contrib.auth") and installed("django.contrib.sessions")


def cookies(signed_in: bool) -> list[tuple[str, str]]:
    """What a client holds from the start, none for applications that are not Django's.

    A token against request forgery, which every client can choose for itself as it only has to send it twice; and the session of
    somebody who has logged in, where clients are to be `signed_in`. Raises LookupError when nobody could be.
    """
    if "django.conf" not in sys.modules or not import_module("django.conf").settings.configured:
        return []
    settings = import_module("django.conf").settings
    held = [] if settings.CSRF_USE_SESSIONS else [(str(settings.CSRF_COOKIE_NAME), _TOKEN)]
    return [*held, _session(settings)] if signed_in else held


def _session(settings: Any) -> tuple[str, str]:
    auth = import_module("django.contrib.auth")
    user = auth.get_user_model()._default_manager.filter(pk=_somebody).first() if _somebody is not None else None
    if user is None:
        raise LookupError("no user of this project could be made")
    backends = list(settings.AUTHENTICATION_BACKENDS)
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[auth.SESSION_KEY] = user._meta.pk.value_to_string(user)
    store[auth.BACKEND_SESSION_KEY] = next((each for each in backends if each.endswith(".ModelBackend")), backends[0])
    store[auth.HASH_SESSION_KEY] = user.get_session_auth_hash() if hasattr(user, "get_session_auth_hash") else ""
    store.save()
    import_module("django.db").connections.close_all()
    return str(settings.SESSION_COOKIE_NAME), str(store.session_key)


def _host(settings: Any) -> str:
    allowed = [host for host in settings.ALLOWED_HOSTS if isinstance(host, str) and host]
    if "*" in allowed or "localhost" in allowed:
        return "localhost"
    if allowed:
        return allowed[0].lstrip(".")
    settings.ALLOWED_HOSTS = ["localhost"]
    return "localhost"


def without_servers() -> None:
    """Before a project is set up: a database on a server, which a sandbox has none of, is replaced by SQLite in memory."""
    if not os.environ.get("DJANGO_SETTINGS_MODULE"):
        return
    try:
        settings = import_module("django.conf").settings
        databases = dict(settings.DATABASES)
    except Exception:  # noqa: BLE001 (no Django, or settings that cannot be imported: opening the door will say so)
        return
    for alias, told in databases.items():
        if _is_served(str(told.get("ENGINE", ""))):
            kept = {name: told[name] for name in ("ATOMIC_REQUESTS", "AUTOCOMMIT", "TEST", "TIME_ZONE") if name in told}
            told.clear()
            told.update({**kept, "ENGINE": "django.db.backends.sqlite3", "NAME": f"file:{alias}?mode=memory&cache=shared"})


def _is_served(engine: str) -> bool:
    return bool(engine) and not engine.endswith(("sqlite3", "spatialite", "dummy"))


def _create_tables(settings: Any) -> None:
    call_command = import_module("django.core.management").call_command
    connections = import_module("django.db").connections
    for alias, told in settings.DATABASES.items():
        if not str(told.get("ENGINE", "")).endswith("sqlite3"):
            continue
        name = str(told.get("NAME", ""))
        in_memory = not name or ":memory:" in name or "mode=memory" in name
        try:
            if in_memory or not Path(name).exists() or not Path(name).stat().st_size:
                call_command("migrate", database=alias, interactive=False, verbosity=0, run_syncdb=True)
            elif _lags_behind(connections[alias]):
                call_command("migrate", database=alias, interactive=False, verbosity=0)
        except Exception as error:  # noqa: BLE001 (best effort: pages without that table still answer)
            print(f"migrate: {error}", file=sys.stderr)
        if not in_memory:
            connections[alias].close()


def _lags_behind(connection: Any) -> bool:
    """Whether a database that comes with the project lacks what its migrations would add."""
    executor = import_module("django.db.migrations.executor").MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _create_somebody() -> None:
    global _somebody
    if not import_module("django.apps").apps.is_installed("django.contrib.auth"):
        return
    try:
        model = import_module("django.contrib.auth").get_user_model()
        field = model._meta.get_field(model.USERNAME_FIELD)
        mail = f"{SOMEBODY}@example.org"
        named = {field.name: mail if type(field).__name__ == "EmailField" else SOMEBODY}
        for name in model.REQUIRED_FIELDS:
            named.setdefault(name, mail if "mail" in name else SOMEBODY)
        found = model._default_manager.filter(**{field.name: named[field.name]}).first()
        _somebody = (found or model._default_manager.create_user(password=SOMEBODY, **named)).pk
        import_module("django.db").connections.close_all()
    except Exception as error:  # noqa: BLE001 (a user model of the project's own may want what we cannot guess)
        print(f"a user: {error}", file=sys.stderr)
