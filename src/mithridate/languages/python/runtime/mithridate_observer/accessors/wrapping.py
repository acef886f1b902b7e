"""Ways to wrap a framework's attributes, methods and coroutines so that they note what is asked."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..asked import book
from ..heard import hear
from ..listening import listen

Note = Callable[[Any], None]


class ListeningAttribute:
    """A property or cached property whose value is a container of inputs: gives the listening one."""

    def __init__(self, original: Any, where: str) -> None:
        self._original = original
        self._where = where
        self.__doc__ = getattr(original, "__doc__", None)
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self._original
        if not hasattr(type(self._original), "__set__") and self._name in instance.__dict__:
            return instance.__dict__[self._name]
        value = self._original.__get__(instance, owner)
        listening = listen(value, self._where)
        if listening is not value and self._name in getattr(instance, "__dict__", {}):
            instance.__dict__[self._name] = listening
        return listening

    def __set__(self, instance: Any, value: Any) -> None:
        if hasattr(type(self._original), "__set__"):
            self._original.__set__(instance, value)
        else:
            instance.__dict__[self._name] = value

    def __delete__(self, instance: Any) -> None:
        if hasattr(type(self._original), "__delete__"):
            self._original.__delete__(instance)
        else:
            instance.__dict__.pop(self._name, None)


class TellingAttribute:
    """A property whose value is one input as a whole (a body): notes that it is read; JSON objects listen on."""

    def __init__(self, original: Any, where: str) -> None:
        self._original = original
        self._where = where
        self.__doc__ = getattr(original, "__doc__", None)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self._original
        return _whole(self._where, _read(self._where, lambda: self._original.__get__(instance, owner)))

    def __set__(self, instance: Any, value: Any) -> None:
        self._original.__set__(instance, value)


class TellingValue:
    """In the place of a plain attribute of instances that is one input as a whole: notes that it is read."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        try:
            return _whole(self._where, instance.__dict__[self._name])
        except KeyError:
            raise AttributeError(self._name) from None

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self._name] = value


def _read(where: str, reading: Callable[[], Any]) -> Any:
    """What `reading` gives. A body that cannot be read (none was sent, or one of another type) is asked for all the same."""
    try:
        return reading()
    except Exception:
        book.ask(where, "*", found=False, direct=True)
        raise


def _whole(where: str, value: Any) -> Any:
    book.ask(where, "*", bool(value), direct=True)
    return listen(value, where) if where == "json" else hear(value)


def attributes(class_: Any, places: dict[str, str]) -> None:
    """Replace attributes of `class_`, wherever it inherits them from, by listening ones: {attribute: where}."""
    for name, where in places.items():
        original = _descriptor(class_, name)
        if original is not None and not isinstance(original, (ListeningAttribute, TellingAttribute)):
            wrapped = ListeningAttribute(original, where)
            wrapped.__set_name__(class_, name)
            setattr(class_, name, wrapped)


def wholes(class_: Any, places: dict[str, str]) -> None:
    """Replace attributes that give one input as a whole: {attribute: where}."""
    for name, where in places.items():
        original = _descriptor(class_, name)
        if original is not None and not isinstance(original, (ListeningAttribute, TellingAttribute)):
            setattr(class_, name, TellingAttribute(original, where))


def values(class_: Any, places: dict[str, str]) -> None:
    """Watch plain attributes of instances that give one input as a whole: {attribute: where}."""
    for name, where in places.items():
        if _descriptor(class_, name) is None:
            telling = TellingValue(where)
            telling.__set_name__(class_, name)
            setattr(class_, name, telling)


def methods(class_: Any, places: dict[str, str]) -> None:
    """Wrap methods that give one input as a whole, JSON objects listening on: {method: where}."""
    for name, where in places.items():
        original = getattr(class_, name, None)
        if callable(original):
            setattr(class_, name, _reader(original, where))


def _reader(original: Callable[..., Any], where: str) -> Callable[..., Any]:
    @functools.wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        return _whole(where, _read(where, lambda: original(*arguments, **named)))

    return wrapped


def coroutines(class_: Any, places: dict[str, str], whole: bool) -> None:
    """Wrap coroutine methods that give an input as a whole, or a container of inputs: {method: where}."""
    for name, where in places.items():
        original = getattr(class_, name, None)
        if original is None:
            continue

        def wrapped(self: Any, *arguments: Any, _original: Any = original, _where: str = where, **named: Any) -> Any:
            return _Awaited(_original(self, *arguments, **named), _where, whole)

        functools.update_wrapper(wrapped, original, updated=())
        setattr(class_, name, wrapped)


class _Awaited:
    """Stands for a coroutine (or Starlette's form, which is also a context manager) and lets its result listen."""

    def __init__(self, original: Any, where: str, whole: bool) -> None:
        self._original, self._where, self._whole = original, where, whole

    def _result(self, value: Any) -> Any:
        return _whole(self._where, value) if self._whole else listen(value, self._where)

    async def _wait(self) -> Any:
        try:
            value = await self._original
        except Exception:
            if self._whole:
                book.ask(self._where, "*", found=False, direct=True)
            raise
        return self._result(value)

    def __await__(self) -> Any:
        return self._wait().__await__()

    async def __aenter__(self) -> Any:
        return self._result(await self._original.__aenter__())

    async def __aexit__(self, *error: Any) -> Any:
        return await self._original.__aexit__(*error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


def around(owner: Any, name: str, then: Callable[[Any, tuple[Any, ...]], Any]) -> None:
    """Wrap a function: `then(result, arguments)` gives what callers get. Does nothing when `owner` has no such function."""
    original = getattr(owner, name, None)
    if not callable(original):
        return

    @functools.wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        return then(original(*arguments, **named), arguments)

    setattr(owner, name, wrapped)


def before(owner: Any, name: str, note: Callable[..., None]) -> None:
    """Wrap a function: `note` is called first, with the same arguments. Does nothing when `owner` has no such function."""
    original = getattr(owner, name, None)
    if not callable(original):
        return

    @functools.wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        note(*arguments, **named)
        return original(*arguments, **named)

    setattr(owner, name, wrapped)


def _descriptor(class_: Any, name: str) -> Any:
    for base in class_.__mro__:
        if name in base.__dict__:
            found = base.__dict__[name]
            return found if hasattr(type(found), "__get__") else None
    return None
