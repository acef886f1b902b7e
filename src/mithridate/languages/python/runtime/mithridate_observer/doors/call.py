"""Functions and methods, called with the arguments that a document describes."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import itertools
import time
import types
from collections.abc import Callable
from typing import Any

from .. import recording
from ..documents import Values
from ..invalid import Invalid
from ..look import native
from ..observed import error_text, observe_errors
from . import importing
from .interface import Client, Context

_OF_CLASS = (staticmethod, classmethod, types.ClassMethodDescriptorType)
EVERYTHING = "*"
MAX_ITEMS = 10_000
MAX_METHODS = 200
MAX_RETURNED = 64 * 1024

Arguments = tuple[list[Any], dict[str, Any]]


class CallDoor:
    """Functions by name; the modules of those that the door lists are imported when it is opened."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def open(self) -> None:
        """Import the modules of the targets. The door fails when none can be imported, else calls of one that cannot do."""
        targets = self._context.door.targets or ((self._context.door.imported,) if self._context.door.imported else ())
        failed: BaseException | None = None
        imported = 0
        for module in dict.fromkeys(target.partition(":")[0] for target in targets):
            try:
                importing.find(module)
                imported += 1
            except Exception as error:  # noqa: BLE001 (the project's code may do anything when imported)
                failed = failed or error
        if failed is not None and not imported:
            raise failed

    def routes(self) -> list[dict[str, Any]]:
        """None."""
        return []

    def enter(self) -> None:
        """Nothing to do."""

    def client(self) -> Client:
        """A caller; it keeps nothing between calls."""
        return Caller(self._context)


class Caller:
    """Takes call steps."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def take(self, step: dict[str, Any], values: Values) -> dict[str, Any]:
        """Make the call of a step and tell what it returned or raised."""
        told = step.get("call")
        if told is None or not isinstance(told.get("target"), str):
            raise Invalid("this door takes calls of a target only")
        arguments = self.arguments(told, values)
        started = time.process_time()
        returned, raised = self.called(told, arguments, _shown)
        seconds = time.process_time() - started
        if raised is not None:
            observe_errors(self._context, [raised], told["target"], self._detail(told["target"], raised))
        return {
            "status": 0,
            "headers": [],
            "body": "",
            "returned": returned,
            "raised": error_text(raised) if raised is not None else "",
            "seconds": round(seconds, 6),
        }

    def arguments(self, told: dict[str, Any], values: Values) -> tuple[Arguments, Arguments]:
        """What the call gives the function, and what its object is made with. Raises Invalid for what is no call."""
        construct = told.get("construct")
        with recording.unobserved():
            given = _arguments(told, values)
            return given, _arguments(construct, values) if isinstance(construct, dict) else ([], {})

    def called(
        self, told: dict[str, Any], arguments: tuple[Arguments, Arguments], shown: Callable[[Any], Any] = lambda value: value
    ) -> tuple[Any, BaseException | None]:
        """What the call gave back, as `shown` makes it, or what it raised; "" or None for the other."""
        (positional, named), constructed = arguments
        try:
            function = self._function(told["target"], constructed)
            self._context.places.note_handler(function)
            return shown(_followed(_finished(function(*positional, **named)), told.get("then"))), None
        except Invalid:
            raise
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 (whatever leaves the function is what we are here to see)
            return "", error

    def _function(self, target: str, constructed: tuple[list[Any], dict[str, Any]]) -> Any:
        """What is called."""
        return _resolve(target, constructed)

    def _detail(self, target: str, error: BaseException) -> dict[str, str]:
        """What more is told of an exception that left the target."""
        del target, error
        return {}


def _arguments(told: dict[str, Any], values: Values) -> Arguments:
    arguments, named = told.get("args", []), told.get("kwargs", {})
    if not isinstance(arguments, list) or not isinstance(named, dict):
        raise Invalid("args must be a list and kwargs an object")
    return [values.argument(each) for each in arguments], {name: values.argument(each) for name, each in named.items()}


def _resolve(target: str, constructed: tuple[list[Any], dict[str, Any]]) -> Any:
    """The callable that a target names: a method of a class is bound to an instance made of the given arguments."""
    owner_name, dot, method = target.rpartition(".")
    if dot and ":" in owner_name:
        owner = importing.find(owner_name)
        if isinstance(owner, type) and not isinstance(inspect.getattr_static(owner, method), _OF_CLASS):
            return getattr(owner(*constructed[0], **constructed[1]), method)
    return importing.find(target)


def _followed(value: Any, then: Any) -> Any:
    """`value`, after its methods that `then` names and it has were called: much is read only when it is asked for.

    EVERYTHING names all that an object of a native type offers and that can be called without arguments, whatever they raise;
    with a number behind it, from that one on, and then those before it: what one does may hide what another would have done.
    """
    for name in then if isinstance(then, list) else ():
        if str(name).startswith(EVERYTHING):
            _used(value, int(name[1:]) if name[1:].isdigit() else 0)
            continue
        method = getattr(value, str(name), None)
        if callable(method):
            given = _finished(method())
            if name == "__iter__":
                list(itertools.islice(given, MAX_ITEMS))
    return value


def _used(value: Any, first: int) -> None:
    kind = type(value)
    if not native.makes(kind) or isinstance(value, (type, BaseException)):
        return
    names = [name for name in sorted(dir(kind)) if not name.startswith("_")][:MAX_METHODS]
    for number in range(len(names)):
        with contextlib.suppress(Exception):
            method = getattr(value, names[(first + number) % len(names)])
            if callable(method):
                method()


def _finished(value: Any) -> Any:
    """The value itself; what a coroutine returns, and at most MAX_ITEMS of what a generator yields, in its stead."""
    if inspect.iscoroutine(value):
        return _finished(asyncio.run(value))
    if inspect.isasyncgen(value):
        return asyncio.run(_collected(value))
    if inspect.isgenerator(value):
        return list(itertools.islice(value, MAX_ITEMS))
    return value


async def _collected(generator: Any) -> list[Any]:
    items: list[Any] = []
    async for item in generator:
        items.append(item)
        if len(items) >= MAX_ITEMS:
            break
    return items


def _shown(value: Any) -> str:
    if isinstance(value, (bytes, bytearray, str)):
        value = value[:MAX_RETURNED]
    return repr(value)[:MAX_RETURNED]
