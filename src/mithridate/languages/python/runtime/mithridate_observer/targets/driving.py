"""`run.py fuzz`: the real Atheris searches one target, in this process, with coverage of the project's code.

What it finds is only handed on as bytes: whether it violates anything is for the observer to see, without Atheris.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..command_line import DoorFile
from ..places import Places
from ..tree import Tree
from . import resolving

ENGINES = "/build/engines"
"""Where engines lie that run in the target's own process: apart from the project's packages."""
MOST_FINDS = 400
_FRAMES = 3


def fuzz(door: DoorFile, target: str, finds: Path, options: list[str], root: str) -> int:
    """Search until libFuzzer's own `options` end it. Each exception that is new goes to `finds`, and the search goes on.

    1 when the target cannot be imported; else libFuzzer ends the process.
    """
    tree = Tree(root, door.writable)
    paths = [tree.place_of(path) for path in door.paths] or [str(tree.place)]
    os.environ.update({name: tree.place_of(value) for name, value in door.environment.items()})
    os.environ["TMPDIR"] = str(tree.scratch)
    tempfile.tempdir = None
    sys.dont_write_bytecode = True
    sys.path[:0] = [*paths, ENGINES]
    os.chdir(paths[0])
    atheris: Any = importlib.import_module("atheris")
    setup, search = atheris.Setup, atheris.Fuzz
    atheris.Setup = lambda arguments, *_others, **_named: list(arguments)
    atheris.Fuzz = lambda: None
    resolving.prepare(str(tree.scratch))
    with atheris.instrument_imports(include=_own(paths)):
        one_input = resolving.one_input(target)
    setup([target, *options], _noting(one_input, finds, Places(tree)))
    search()
    return 0


def _noting(one_input: resolving.OneInput, finds: Path, places: Places) -> Callable[[bytes], None]:
    """The target as Atheris runs it: what it raises is noted once a place, and ends nothing."""
    seen: set[Any] = set()

    def run(data: bytes) -> None:
        try:
            one_input(data)
        except Exception as error:  # noqa: BLE001 (what it is, the oracle says)
            frames = tuple((f["file"], f["function"]) for f in places.of_error(error)[:_FRAMES])
            key = (type(error), frames)
            if key not in seen and len(seen) < MOST_FINDS:
                seen.add(key)
                (finds / f"raised-{hashlib.sha1(data).hexdigest()}").write_bytes(data)
        except SystemExit:
            pass

    return run


def _own(paths: list[str]) -> list[str]:
    """The packages and modules that lie in the project's directories."""
    found = {entry.name.partition(".")[0] for path in paths for entry in Path(path).iterdir() if _is_module(entry)}
    return sorted(name for name in found if name.isidentifier())


def _is_module(entry: Path) -> bool:
    return entry.suffix == ".py" or entry.is_dir()
