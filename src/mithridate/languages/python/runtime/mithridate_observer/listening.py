"""Containers of request data that note what is asked of them.

`listen(container, where)` gives a container that behaves as the one given: for a class written in Python the same object, moved
to a subclass of its own class; for a plain dict a copy that is one; for anything else a stand-in that passes everything on.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .asked import asks_for_itself, book
from .heard import hear, hear_all

_WHERE = "_mithridate_where"
_PREFIX = "_mithridate_prefix"
_classes: dict[type, type] = {}
_inner = threading.local()


def listen(container: Any, where: str, prefix: str = "") -> Any:
    """`container`, or one like it, that notes what is asked of it as inputs of `where`, names below `prefix` ("user.")."""
    if container is None or isinstance(container, (str, bytes, int, float)) or hasattr(type(container), _WHERE):
        return container
    if type(container) is dict:
        return _of_dict(container, where, prefix)
    if type(container) is list:
        return [listen(each, where, prefix) for each in container] if container and isinstance(container[0], dict) else container
    try:
        container.__class__ = _listening_class(type(container))
        container.__dict__[_WHERE], container.__dict__[_PREFIX] = where, prefix
    except (TypeError, AttributeError):
        return StandIn(container, where) if hasattr(container, "keys") else container
    return container


def _of_dict(plain: dict[Any, Any], where: str, prefix: str) -> dict[Any, Any]:
    made = _listening_class(dict)()
    for key, value in plain.items():
        dict.__setitem__(made, key, listen(value, where, f"{prefix}{key}.") if isinstance(value, (dict, list)) else value)
    made.__dict__[_WHERE], made.__dict__[_PREFIX] = where, prefix
    return made  # type: ignore[no-any-return]


def _note(container: Any, name: Any, found: bool, kind: str = "") -> None:
    if getattr(_inner, "busy", False):
        return
    told = container.__dict__
    book.ask(told.get(_WHERE, ""), name if name == "*" else f"{told.get(_PREFIX, '')}{name}", found, kind)


def _quietly(original: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call `original`; accessors that it uses itself note nothing."""
    if getattr(_inner, "busy", False):
        return original(*arguments, **named)
    _inner.busy = True
    try:
        return original(*arguments, **named)
    finally:
        _inner.busy = False


def _kind_of(type_: Any) -> str:
    return type_.__name__ if isinstance(type_, type) and type_ is not str else ""


def _listening_class(plain: type) -> type:
    """The listening subclass of `plain`, made once, with the accessors that `plain` has."""
    if plain not in _classes:
        members: dict[str, Any] = {_WHERE: "", "__module__": plain.__module__, "__doc__": plain.__doc__}
        if plain is not dict:
            members["__slots__"] = ()
        for name, wrap in _ACCESSORS.items():
            original = getattr(plain, name, None)
            if callable(original):
                members[name] = wrap(original)
        if hasattr(plain, "__reduce_ex__") and issubclass(plain, dict):
            members["__reduce_ex__"] = _as_plain(plain)
        members["__hash__"] = plain.__hash__
        _classes[plain] = type(plain.__name__, (plain,), members)
    return _classes[plain]


def _as_plain(plain: Any) -> Callable[..., Any]:
    def reduce(self: Any, protocol: Any) -> Any:
        if plain is dict:
            return dict, (dict(dict.items(self)),)
        return plain.__reduce_ex__(self, protocol)

    return reduce


def _one(original: Callable[..., Any]) -> Callable[..., Any]:
    """get, __getitem__, pop and their like: one name, one value."""

    def accessor(self: Any, name: Any, *arguments: Any, **named: Any) -> Any:
        if getattr(_inner, "busy", False):
            return original(self, name, *arguments, **named)
        found = _quietly(_has, self, name)
        type_ = named.get("type") or (arguments[1] if len(arguments) > 1 else None)
        _note(self, name, found, _kind_of(type_))
        value = _quietly(original, self, name, *arguments, **named)
        return hear(value) if found else value

    return accessor


def _many(original: Callable[..., Any]) -> Callable[..., Any]:
    """getlist and its like: one name, a list of values."""

    def accessor(self: Any, name: Any, *arguments: Any, **named: Any) -> Any:
        if getattr(_inner, "busy", False):
            return original(self, name, *arguments, **named)
        _note(self, name, _quietly(_has, self, name), "list")
        values = _quietly(original, self, name, *arguments, **named)
        return hear_all(values) if isinstance(values, list) and book.heard else values

    return accessor


def _inside(original: Callable[..., Any]) -> Callable[..., Any]:
    def accessor(self: Any, name: Any) -> Any:
        found = _quietly(original, self, name)
        _note(self, name, bool(found))
        return found

    return accessor


def _listed(original: Callable[..., Any]) -> Callable[..., Any]:
    """keys, values, items, iteration: all names of the place; what is listed tells what it is compared with."""

    def accessor(self: Any, *arguments: Any, **named: Any) -> Any:
        every = _quietly(original, self, *arguments, **named)
        if book.marks is None or getattr(_inner, "busy", False) or not asks_for_itself(sys._getframe(1), direct=True):
            return every
        _note(self, "*", True)
        return _heard_of(every) if book.heard else every

    return accessor


def _heard_of(every: Any) -> Any:
    """A generator over the same things, strings and pairs of them heard; dictionaries and lists likewise."""
    if isinstance(every, dict):
        return {hear(key): hear_all(value) if isinstance(value, list) else hear(value) for key, value in every.items()}
    if isinstance(every, (list, tuple, set, frozenset)):
        return type(every)(_heard_thing(each) for each in every)
    return _Again(every)


def _heard_thing(thing: Any) -> Any:
    if isinstance(thing, tuple):
        return tuple(_heard_thing(each) for each in thing)
    return hear_all(thing) if isinstance(thing, list) else hear(thing)


class _Again:
    """A view or iterator whose members are heard; can be sized and searched when the original can."""

    def __init__(self, every: Any) -> None:
        self._every = every

    def __iter__(self) -> Iterator[Any]:
        return (_heard_thing(each) for each in self._every)

    def __next__(self) -> Any:
        return _heard_thing(next(self._every))

    def __len__(self) -> int:
        return len(self._every)

    def __contains__(self, thing: Any) -> bool:
        return thing in self._every

    def __getattr__(self, name: str) -> Any:
        return getattr(self._every, name)


def _has(container: Any, name: Any) -> bool:
    """Whether the original container has `name`, asked past the listening accessors."""
    try:
        for base in type(container).__mro__[1:]:
            if "__contains__" in base.__dict__:
                return bool(base.__dict__["__contains__"](container, name))
        original: Any = type(container).__mro__[1]
        original.__getitem__(container, name)
    except (LookupError, TypeError, ValueError, AttributeError):
        return False
    return True


_ACCESSORS: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    "get": _one,
    "__getitem__": _one,
    "pop": _one,
    "getone": _one,
    "getunicode": _one,
    "setdefault": _one,
    "getlist": _many,
    "getall": _many,
    "get_all": _many,
    "poplist": _many,
    "__contains__": _inside,
    "has_key": _inside,
    "__iter__": _listed,
    "keys": _listed,
    "values": _listed,
    "items": _listed,
    "lists": _listed,
    "listvalues": _listed,
    "iterallitems": _listed,
    "allitems": _listed,
    "multi_items": _listed,
    "dict": _listed,
    "to_dict": _listed,
    "copy": lambda original: original,
}


class StandIn(Mapping):  # type: ignore[type-arg]
    """Stands for a container whose class cannot be extended; everything else is passed on to it."""

    _mithridate_where = ""

    def __init__(self, container: Any, where: str) -> None:
        self.__dict__.update(_container=container, _place=where)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._container, name)
        if name in ("getall", "get_all", "getlist", "getone", "pop") and callable(found):
            kind = "" if name in ("getone", "pop") else "list"

            def accessor(key: Any, *arguments: Any, **named: Any) -> Any:
                book.ask(self._place, key, key in self._container, kind)
                value = found(key, *arguments, **named)
                return hear_all(value) if isinstance(value, list) else hear(value)

            return accessor
        return found

    def __getitem__(self, key: Any) -> Any:
        book.ask(self._place, key, key in self._container)
        return hear(self._container[key])

    def get(self, key: Any, default: Any = None) -> Any:
        """As the container's."""
        found = key in self._container
        book.ask(self._place, key, found)
        return hear(self._container.get(key, default)) if found else default

    def __contains__(self, key: Any) -> bool:
        book.ask(self._place, key, key in self._container)
        return key in self._container

    def __iter__(self) -> Iterator[Any]:
        book.ask(self._place, "*", True)
        return iter(hear_all(self._container))

    def keys(self) -> Any:
        """As the container's."""
        return self._view(self._container.keys())

    def values(self) -> Any:
        """As the container's."""
        return self._view(self._container.values())

    def items(self) -> Any:
        """As the container's."""
        return self._view(self._container.items())

    def _view(self, every: Any) -> Any:
        book.ask(self._place, "*", True)
        return _Again(every) if book.heard else every

    def __len__(self) -> int:
        return len(self._container)

    def __eq__(self, other: object) -> bool:
        return bool(self._container == other)

    __hash__ = None  # type: ignore[assignment]
