"""The project's own fuzz targets and property tests, each given the bytes that a document has as its only argument."""

from __future__ import annotations

from typing import Any

from ..documents import Values
from ..invalid import Invalid
from ..targets import escaped, resolving, stand_in
from .call import Caller
from .interface import Client, Context


class TargetDoor:
    """Targets by name. Those that cannot be driven are left out; when none is left, that is the door's failure."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._functions: dict[str, resolving.OneInput] = {}

    def open(self) -> None:
        """Import the targets with a stand-in in Atheris' place."""
        stand_in.install()
        resolving.prepare(str(self._context.tree.scratch))
        problem: BaseException | None = None
        for target in self._context.door.targets:
            try:
                self._functions[target] = resolving.one_input(target)
            except Exception as error:  # noqa: BLE001 (the others of the door may do)
                problem = error
        if problem is not None and not self._functions:
            raise problem

    def routes(self) -> list[dict[str, Any]]:
        """None."""
        return []

    def enter(self) -> None:
        """Nothing to do."""

    def client(self) -> Client:
        """A caller of the targets."""
        return _Feeder(self._context, self._functions)


class _Feeder(Caller):
    """Takes call steps of targets."""

    def __init__(self, context: Context, functions: dict[str, resolving.OneInput]) -> None:
        super().__init__(context)
        self._functions = functions

    def take(self, step: dict[str, Any], values: Values) -> dict[str, Any]:
        """Give a target its bytes and tell what it raised."""
        target = (step.get("call") or {}).get("target")
        if target not in self._functions:
            raise Invalid("this door takes calls of its targets only")
        return super().take(step, values)

    def _function(self, target: str, _constructed: tuple[list[Any], dict[str, Any]]) -> Any:
        return self._functions[target]

    def _detail(self, target: str, error: BaseException) -> dict[str, str]:
        kind = resolving.kind_of(target)
        return {"target": kind, **escaped.about(error, resolving.body(target), self._context.places)}
