"""What every door offers: opening it once, and a client for each phase that takes the steps of a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from ..command_line import DoorFile
from ..documents import Values
from ..places import Places
from ..tree import Tree


@dataclass
class Context:
    """What a door and its clients need to know of the batch."""

    door: DoorFile
    tree: Tree
    places: Places
    recorder: Any


class Client(Protocol):
    """A client with state of its own (cookies, forms) for one phase."""

    def take(self, step: dict[str, Any], values: Values) -> dict[str, Any]:
        """Carry out one step and give its ANSWER. Raises Invalid for a step that this door does not take or a bad value."""
        ...


class Door(Protocol):
    """An open way into the target."""

    def open(self) -> None:
        """Import what is needed; whatever the target raises goes through."""
        ...

    def routes(self) -> list[dict[str, Any]]:
        """The routes that the target tells, as ROUTEs."""
        ...

    def enter(self) -> None:
        """A process begins that carries out documents."""
        ...

    def client(self) -> Client:
        """A client without any state."""
        ...
