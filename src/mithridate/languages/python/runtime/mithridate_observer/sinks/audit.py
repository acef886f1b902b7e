"""The audit hook: what the interpreter itself announces (PEP 578), handed to the sink whose event it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .. import recording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..recording import Recorder

    Handler = Callable[[Recorder, str, tuple[Any, ...]], None]


def listen(handlers: Mapping[str, Handler]) -> None:
    """Call `handlers[event](recorder, event, arguments)` while observation is on; what it raises stops the event. For good."""
    local = recording.local

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        recorder = recording.active
        if recorder is None or not recorder.on or local.busy:
            return
        handler = handlers.get(event)
        if handler is None:
            return
        try:
            handler(recorder, event, arguments)
        except recording.Stopped:
            raise
        except Exception as error:  # noqa: BLE001 - ours, not the target's
            recorder.trouble(error)

    sys.addaudithook(hook)
