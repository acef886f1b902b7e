"""Files that frameworks send as answers (sink path): they ask about a file first, and open none that is not there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from . import paths
from .patching import argument, before

if TYPE_CHECKING:
    from types import ModuleType

    from ..recording import Recorder


def patch_werkzeug(module: ModuleType) -> None:
    """`send_file`, which Flask's functions of that name come to."""

    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        path, root = argument(args, kwargs, 0, "path_or_file"), kwargs.get("_root_path")
        if isinstance(path, (str, os.PathLike)):
            whole = os.path.join(str(root), os.fspath(path)) if root else path  # noqa: PTH118
            paths.reached(recorder, "werkzeug.utils.send_file", whole, "read")

    before(module, "send_file", look)


def patch_starlette(module: ModuleType) -> None:
    """`FileResponse`, also of FastAPI."""

    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        paths.reached(recorder, "starlette.responses.FileResponse", argument(args, kwargs, 1, "path"), "read")

    before(module.FileResponse, "__init__", look)
