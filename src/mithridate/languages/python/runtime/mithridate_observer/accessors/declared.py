"""What a declared type takes, as inputs of a JSON body: the members of models, of lists and of objects inside of them.

Names are paths: `a.b` is a member of an object, `a[].b` one of the objects in a list. A kind that ends in `?` may be left out;
one that begins with `=` is the value that is taken.
"""

from __future__ import annotations

import collections.abc
import enum
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Union, get_args, get_origin

MAX_DEPTH = 4
MAX_INPUTS = 80
ANY_MEMBER = "amber"
_KINDS = {
    "EmailStr": "email",
    "NameEmail": "email",
    "HttpUrl": "url",
    "AnyUrl": "url",
    "AnyHttpUrl": "url",
    "UUID": "uuid",
    "UUID4": "uuid",
    "date": "date",
    "datetime": "date",
    "Decimal": "number",
}
_LISTS = (list, set, frozenset, tuple, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Set)
_OBJECTS = (dict, Mapping, collections.abc.MutableMapping)

Told = tuple[str, str]


def inputs(annotation: Any, required: bool, name: str = "", depth: int = 0) -> Iterator[Told]:
    """Name and kind of each input that a value of this type is made of, the required ones first, MAX_INPUTS of a model."""
    annotation = _plain(annotation)
    origin = get_origin(annotation) or annotation
    mark = "" if required else "?"
    members = _members(annotation) if depth < MAX_DEPTH else None
    if members is not None:
        for member, (kind, needed) in sorted(members.items(), key=lambda each: not each[1][1])[:MAX_INPUTS]:
            yield from inputs(kind, required and needed, f"{name}.{member}" if name else member, depth + 1)
    elif origin in _LISTS:
        of = [each for each in get_args(annotation) if each is not Ellipsis]
        yield from inputs(of[0] if of else str, required, f"{name}[]", depth + 1)
    elif origin in _OBJECTS:
        pair = get_args(annotation)
        yield from inputs(pair[1] if len(pair) == 2 else str, required, f"{name}.{ANY_MEMBER}" if name else ANY_MEMBER, depth + 1)
    elif (only := _only(annotation)) is not None:
        yield name, f"={only}{mark}"
    else:
        known = getattr(annotation, "__name__", "")
        yield name, ("" if known in ("str", "Any", "object") else _KINDS.get(known, known)) + mark


def _plain(annotation: Any) -> Any:
    """Without Annotated and Optional; of several types the text, else the first."""
    for _ in range(8):
        origin = get_origin(annotation)
        if hasattr(annotation, "__metadata__"):
            annotation = annotation.__origin__
        elif origin is Union or origin is getattr(types, "UnionType", Union):
            several = [each for each in get_args(annotation) if each is not type(None)]
            annotation = str if str in several else several[0] if several else str
        else:
            break
    return annotation


def _members(annotation: Any) -> dict[str, tuple[Any, bool]] | None:
    """Members of a model or a typed dictionary: type, and whether it must be there."""
    fields = getattr(annotation, "model_fields", None)
    if isinstance(annotation, type) and isinstance(fields, dict):
        return {field.alias or name: (field.annotation, bool(field.is_required())) for name, field in fields.items()}
    if isinstance(annotation, type) and issubclass(annotation, dict) and hasattr(annotation, "__required_keys__"):
        try:
            hints = typing.get_type_hints(annotation, vars(sys.modules.get(annotation.__module__, typing)))
        except Exception:  # noqa: BLE001 (names that are there for type checkers only)
            return None
        return {name: (kind, name in annotation.__required_keys__) for name, kind in hints.items()}
    return None


def _only(annotation: Any) -> str | None:
    """The first of the values that an enumeration or a literal type takes."""
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return next((each.value for each in annotation if isinstance(each.value, str)), None)
    if get_origin(annotation) is getattr(typing, "Literal", None):
        return next((each for each in get_args(annotation) if isinstance(each, str)), None)
    return None
