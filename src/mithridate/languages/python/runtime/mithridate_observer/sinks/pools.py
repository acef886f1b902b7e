"""Work that is handed to a thread of a pool: what it does there is told with the frames of whoever handed it over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..recording import local
from .patching import observing, replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


def patch_futures(module: ModuleType) -> None:
    """`concurrent.futures`, whose pools asyncio's `to_thread` and `run_in_executor` use as well."""
    _hand_over(module.ThreadPoolExecutor, "submit", 1)


def patch_anyio(module: ModuleType) -> None:
    """`anyio`'s own threads."""
    _hand_over(module, "run_sync", 0)


def _hand_over(owner: Any, name: str, position: int) -> None:
    """Give the function at `position` of the arguments the frames of the call."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            recorder = observing()
            frames = recorder.project_frames() if recorder is not None and len(args) > position else []
            if frames:
                args = (*args[:position], _with(frames, args[position]), *args[position + 1 :])
            return original(*args, **kwargs)

        return call

    replace(owner, name, make)


def _with(frames: list[dict[str, Any]], function: Callable[..., Any]) -> Callable[..., Any]:
    def work(*args: Any, **kwargs: Any) -> Any:
        before, local.handed = local.handed, frames
        try:
            return function(*args, **kwargs)
        finally:
            local.handed = before

    return work
