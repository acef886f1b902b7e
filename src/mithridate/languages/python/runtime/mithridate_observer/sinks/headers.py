"""Headers that the program sends on (sink header): of outgoing requests and of mail. Those of answers are seen at the door."""

# ruff: noqa: ARG001 - the signatures are those of handlers and looks

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .patching import after

if TYPE_CHECKING:
    from types import ModuleType

    from ..recording import Recorder


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, (bytes, bytearray)) else str(value)


def patch_http_client(module: ModuleType) -> None:
    """`http.client`: headers that it did not refuse."""

    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        if recorder.marked(args[1:]):
            values = ", ".join(_text(value) for value in args[2:])
            recorder.saw("header", "http.client.HTTPConnection.putheader", f"{_text(args[1])}: {values}")

    after(module.HTTPConnection, "putheader", look)


def patch_email(module: ModuleType) -> None:
    """`email.message.Message`: headers that its policy did not refuse."""

    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        if recorder.marked([args[1], str(args[2])]):
            recorder.saw("header", "email.message.Message.__setitem__", f"{_text(args[1])}: {_text(args[2])}")

    after(module.Message, "__setitem__", look)
