"""Tables of SQLAlchemy's models in a database that has none of them yet, as a project's set-up or migrations would make them."""

from __future__ import annotations

import gc
import sys
from typing import Any


def create(application: Any) -> None:
    """Make those of Flask-SQLAlchemy, or those of the process's one database in SQLite; best effort."""
    try:
        extension = (getattr(application, "extensions", None) or {}).get("sqlalchemy")
        if extension is not None and hasattr(extension, "create_all"):
            with application.app_context():
                extension.create_all()
        elif "sqlalchemy.orm" in sys.modules:
            _of_models()
    except Exception as error:  # noqa: BLE001 (pages without those tables still answer)
        print(f"tables: {error}", file=sys.stderr)


def _of_models() -> None:
    """Only where it is plain which models belong into which database: there is one engine, and nothing in its database."""
    sqlalchemy = sys.modules["sqlalchemy"]
    found = [each for each in gc.get_objects() if isinstance(each, (sqlalchemy.MetaData, sqlalchemy.engine.Engine))]
    engines = [each for each in found if isinstance(each, sqlalchemy.engine.Engine) and each.dialect.name == "sqlite"]
    modelled = [each for each in found if isinstance(each, sqlalchemy.MetaData) and each.tables]
    if len(engines) != 1 or sqlalchemy.inspect(engines[0]).get_table_names():
        return
    for metadata in modelled:
        metadata.create_all(engines[0])
    if engines[0].url.database not in (None, "", ":memory:"):
        engines[0].dispose()
