"""Command-line programs, run in the observer's process as `python -m module` or `python script.py` would."""

from __future__ import annotations

import io
import os
import runpy
import sys
import time
from pathlib import Path
from typing import Any

from .. import recording
from ..asked import book
from ..documents import Values
from ..invalid import Invalid
from ..observed import error_text, observe_errors
from . import importing
from .call import Caller
from .interface import Client, Context

MAX_OUTPUT = 64 * 1024
PATTERN_SEARCH = "re:search"
"""The one call that is taken: a program's patterns are measured by themselves, before files are made to wear them down."""


class ProgramDoor:
    """A script by its path below /src, a module by its name, or an entry point "module:function"."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def open(self) -> None:
        """Import an entry point's module, so that a run needs not; scripts and modules are run as they are."""
        book.is_program = True
        name = self._context.door.imported
        if ":" in name:
            importing.find(name.partition(":")[0])
        elif name.endswith(".py") and not Path(self._context.tree.place_of(name)).is_file():
            raise FileNotFoundError(f"no script {name}")

    def routes(self) -> list[dict[str, Any]]:
        """None."""
        return []

    def enter(self) -> None:
        """Nothing to do."""

    def client(self) -> Client:
        """A shell, so to speak."""
        return Runner(self._context)


class _Input(io.BytesIO):
    """Standard input, which notes that it is read."""

    def read(self, size: int | None = -1, /) -> bytes:
        book.ask("body", "stdin", True)
        return super().read(size)

    def readline(self, size: int | None = -1, /) -> bytes:
        book.ask("body", "stdin", True)
        return super().readline(size)

    def read1(self, size: int | None = -1, /) -> bytes:
        book.ask("body", "stdin", True)
        return super().read1(-1 if size is None else size)


class Runner:
    """Takes program steps."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._caller = Caller(context)

    def take(self, step: dict[str, Any], values: Values) -> dict[str, Any]:
        """Run the program of a step; its ANSWER has the exit code as status, standard output as body."""
        told = step.get("program")
        if told is None and step.get("call", {}).get("target") == PATTERN_SEARCH:
            return self._caller.take(step, values)
        if told is None:
            raise Invalid("this door takes program runs only")
        arguments = [os.fsdecode(values.data(each)) for each in told.get("args", [])]
        if any("\0" in each for each in arguments):
            raise Invalid("an argument cannot hold a NUL character")
        files = told.get("files", {})
        if not isinstance(files, dict):
            raise Invalid("files must be an object")
        for name, content in files.items():
            with recording.unobserved():
                _put_file(Path.cwd(), values.marks.put(name), values.data(content))
        output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="surrogateescape", write_through=True)
        started = time.process_time()
        status, raised = self._run(arguments, values.data(told.get("stdin", "")), output)
        seconds = time.process_time() - started
        if raised is not None:
            observe_errors(self._context, [raised], "program")
        printed = output.buffer.getvalue()[:MAX_OUTPUT] if isinstance(output.buffer, io.BytesIO) else b""
        return {
            "status": status,
            "headers": [],
            "body": printed.decode("utf-8", "replace"),
            "returned": "",
            "raised": error_text(raised) if raised is not None else "",
            "seconds": round(seconds, 6),
        }

    def _run(self, arguments: list[str], stdin: bytes, output: Any) -> tuple[int, BaseException | None]:
        name = self._context.door.imported
        before = sys.argv, sys.stdin, sys.stdout, sys.path[:]
        sys.stdin, sys.stdout = io.TextIOWrapper(_Input(stdin), encoding="utf-8", errors="surrogateescape"), output
        try:
            if ":" in name:
                sys.argv = [name.partition(":")[0], *arguments]
                returned = importing.find(name)()
                return (returned if isinstance(returned, int) else 0), None
            if name.endswith(".py"):
                script = self._context.tree.place_of(name)
                sys.argv = [script, *arguments]
                sys.path.insert(0, str(Path(script).parent))
                runpy.run_path(script, run_name="__main__")
            else:
                sys.argv = [name, *arguments]
                runpy.run_module(name, run_name="__main__", alter_sys=True)
        except SystemExit as end:
            return (end.code if isinstance(end.code, int) else int(end.code is not None)), None
        except (Invalid, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 (whatever leaves the program is what we are here to see)
            return 1, error
        finally:
            sys.argv, sys.stdin, sys.stdout, sys.path[:] = before
        return 0, None


def _put_file(directory: Path, name: str, content: bytes) -> None:
    """A file that the program can be given. Raises Invalid for a name that leaves the directory."""
    place = (directory / name).resolve()
    if directory.resolve() not in place.parents:
        raise Invalid(f"the file {name!r:.60} would lie outside of the working directory")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    except OSError as error:
        raise Invalid(f"the file {name!r:.60} cannot be written: {error.strerror}") from error
