"""A row in each empty table of a Django project's own models, so that what looks something up can find it."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from typing import Any

_MOST_MODELS = 200
_VALUES: dict[str, Any] = {
    "EmailField": "{}@example.org",
    "URLField": "http://localhost/{}",
    "GenericIPAddressField": "127.0.0.1",
    "BooleanField": False,
    "NullBooleanField": False,
    "FloatField": 1.0,
    "DecimalField": 1,
    "DateField": date(2020, 1, 2),
    "DateTimeField": datetime(2020, 1, 2, tzinfo=UTC),
    "TimeField": time(1, 2),
    "DurationField": timedelta(1),
    "JSONField": {},
    "BinaryField": b"",
    "UUIDField": "00000000-0000-4000-8000-000000000001",
}


def fill(word: str, is_own: Any) -> None:
    """Make the rows. Texts in them are `word`; `is_own` says of a file whether it is the project's."""
    atomic = import_module("django.db.transaction").atomic
    models = [model for model in import_module("django.apps").apps.get_models() if model._meta.managed and not model._meta.proxy]
    own = [model for model in models if is_own(getattr(sys.modules.get(model.__module__), "__file__", None) or "")]
    for _ in range(2):  # once more for those that refer to what comes later
        for model in own[:_MOST_MODELS]:
            try:
                with atomic():
                    if not model._default_manager.exists():
                        model._default_manager.create(**_values(model, word))
            except Exception as error:  # noqa: BLE001 (a model may want what we cannot guess, or its save() may fail)
                print(f"a row of {model.__name__}: {error}", file=sys.stderr)


def _values(model: Any, word: str) -> dict[str, Any]:
    """A value for each field that must have one."""
    found: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        if (
            field.auto_created
            or field.has_default()
            or getattr(field, "auto_now", False)
            or getattr(field, "auto_now_add", False)
        ):
            continue
        if field.is_relation:
            other = field.related_model._default_manager.first()
            if other is not None or not field.null:
                found[field.name] = other
        elif field.choices:
            found[field.name] = next(iter(field.flatchoices))[0]
        else:
            found[field.name] = _value(field, word)
    return found


def _value(field: Any, word: str) -> Any:
    names = [each.__name__ for each in type(field).__mro__]
    known = next((name for name in names if name in _VALUES), "")
    if known:
        return _VALUES[known].format(word) if isinstance(_VALUES[known], str) else _VALUES[known]
    if "IntegerField" in names:
        return 1
    return word[: field.max_length] if field.max_length else word
