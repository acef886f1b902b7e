"""What a Django project needs before it answers: set-up, tables of a database that is not there yet, a host that it allows."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any


def application() -> Any:
    """The WSGI application of the project that DJANGO_SETTINGS_MODULE names."""
    return import_module("django.core.wsgi").get_wsgi_application()


def prepare() -> tuple[str, str]:
    """The scheme and host that requests need; creates the tables of SQLite databases that do not exist.

    Does nothing for applications that are not Django's.
    """
    if "django.conf" not in sys.modules:
        return "http", "localhost"
    settings = import_module("django.conf").settings
    if not settings.configured:
        return "http", "localhost"
    _create_tables(settings)
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


def _create_tables(settings: Any) -> None:
    call_command = import_module("django.core.management").call_command
    connections = import_module("django.db").connections
    for alias, told in settings.DATABASES.items():
        if not str(told.get("ENGINE", "")).endswith("sqlite3"):
            continue
        name = str(told.get("NAME", ""))
        in_memory = not name or ":memory:" in name or "mode=memory" in name
        if in_memory or not Path(name).exists() or not Path(name).stat().st_size:
            try:
                call_command("migrate", database=alias, interactive=False, verbosity=0, run_syncdb=True)
            except Exception as error:  # noqa: BLE001 (best effort: pages without that table still answer)
                print(f"migrate: {error}", file=sys.stderr)
        if not in_memory:
            connections[alias].close()
