"""What a Django project needs before it answers: set-up, a database with its tables and one user, a host that it allows."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

SOMEBODY = "amber"
"""Name and password of an ordinary user, so that pages behind a login can be reached by logging in: what is written into harmless
fields (docs/input-document.md). A form that registers somebody would refuse that password, and needs an e-mail's answer often."""


def application() -> Any:
    """The WSGI application of the project that DJANGO_SETTINGS_MODULE names."""
    return import_module("django.core.wsgi").get_wsgi_application()


def prepare() -> tuple[str, str]:
    """The scheme and host that requests need; creates the tables of SQLite databases, and somebody who can log in.

    Does nothing for applications that are not Django's.
    """
    if "django.conf" not in sys.modules:
        return "http", "localhost"
    settings = import_module("django.conf").settings
    if not settings.configured:
        return "http", "localhost"
    _create_tables(settings)
    _create_somebody()
    scheme = "https" if getattr(settings, "SECURE_SSL_REDIRECT", False) else "http"
    return scheme, _host(settings)


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
    if not import_module("django.apps").apps.is_installed("django.contrib.auth"):
        return
    try:
        model = import_module("django.contrib.auth").get_user_model()
        field = model._meta.get_field(model.USERNAME_FIELD)
        mail = f"{SOMEBODY}@example.org"
        named = {field.name: mail if type(field).__name__ == "EmailField" else SOMEBODY}
        for name in model.REQUIRED_FIELDS:
            named.setdefault(name, mail if "mail" in name else SOMEBODY)
        if not model._default_manager.filter(**{field.name: named[field.name]}).exists():
            model._default_manager.create_user(password=SOMEBODY, **named)
        import_module("django.db").connections.close_all()
    except Exception as error:  # noqa: BLE001 (a user model of the project's own may want what we cannot guess)
        print(f"a user: {error}", file=sys.stderr)
