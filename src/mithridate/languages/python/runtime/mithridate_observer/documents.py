"""Input documents: reading one, and evaluating its values (V) and arguments (J) with the tokens of one run."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .invalid import Invalid
from .makers import Value, as_bytes, as_text, make
from .marks import Marks, numbers_of

MAX_BYTES = 1024 * 1024
PHASES = ("control", "attack")
STEPS = ("request", "call", "program", "many")

_ENDINGS = (
    (".zip", b"PK\x03\x04", 0),
    (".tar.gz", b"\x1f\x8b", 0),
    (".tar", b"ustar", 257),
    (".xml", b"<?xml", 0),
    (".pdf", b"%PDF-", 0),
    (".json", b'{"', 0),
)
"""How names of files end by what is in them, as readers ask of them: the ending, a sign of the format and where that stands."""

stored: list[str] = []
"""Names of the files that arguments were written to."""


@dataclass(frozen=True)
class Document:
    """The steps of each phase, as the file gives them, and the numbers of the marks in them."""

    steps: dict[str, list[dict[str, Any]]]
    numbers: set[int]


def read(path: Path) -> Document:
    """The document in a file. Raises Invalid when it is none."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Invalid(f"cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise Invalid(f"more than {MAX_BYTES} bytes")
    try:
        told = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Invalid(f"not JSON in UTF-8: {str(error) or type(error).__name__:.200}") from error
    if not isinstance(told, dict) or told.get("version") != 1:
        raise Invalid("not an object with version 1")
    return Document({phase: [_step(each) for each in _steps(told, phase)] for phase in PHASES}, numbers_of(told))


def _steps(told: dict[str, Any], phase: str) -> list[Any]:
    steps = told.get(phase, [])
    if not isinstance(steps, list):
        raise Invalid(f"{phase} is not a list")
    return steps


def _step(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict) or len(told) != 1 or next(iter(told)) not in STEPS:
        raise Invalid("a step must be an object with one member: request, call, program or many")
    if not isinstance(next(iter(told.values())), dict):
        raise Invalid("a step's member must be an object")
    return told


class Values:
    """Evaluates what a document describes: V to text or bytes, J to Python objects, with the tokens of one run."""

    def __init__(self, marks: Marks) -> None:
        self.marks = marks

    def value(self, told: Any) -> Value:
        """V: a string with its tokens, or what a maker makes."""
        if isinstance(told, str):
            return self.marks.put(told)
        if isinstance(told, dict) and "make" in told:
            try:
                return make(told, self.value)
            except (TypeError, RecursionError, OverflowError) as error:
                raise Invalid(f"{told.get('make')!r:.40}: {error!s:.200}") from error
        raise Invalid(f"neither text nor a maker: {told!r:.60}")

    def text(self, told: Any) -> str:
        """V where text is wanted."""
        return as_text(self.value(told))

    def data(self, told: Any) -> bytes:
        """V where bytes are wanted."""
        return as_bytes(self.value(told))

    def pairs(self, told: Any) -> list[tuple[Value, Value]]:
        """[[V, V], …]."""
        if not isinstance(told, list) or any(not isinstance(each, list) or len(each) != 2 for each in told):
            raise Invalid("a list of pairs [name, value] is wanted")
        return [(self.value(name), self.value(value)) for name, value in told]

    def json(self, told: Any) -> Any:
        """J as a value that can be written as JSON: bytes become text."""
        if isinstance(told, str) or (isinstance(told, dict) and "make" in told):
            return self.text(told)
        if isinstance(told, dict):
            return {self.marks.put(key): self.json(each) for key, each in told.items()}
        if isinstance(told, list):
            return [self.json(each) for each in told]
        return told

    def argument(self, told: Any) -> Any:
        """J as the Python object that a call is given."""
        if isinstance(told, str) or (isinstance(told, dict) and "make" in told):
            return self.value(told)
        if isinstance(told, dict) and "python" in told:
            kind = told["python"]
            if kind not in _PYTHON:
                raise Invalid(f"no kind of argument is called {kind!r:.60}")
            try:
                return _PYTHON[kind](self.argument(told.get("of")))
            except (TypeError, ValueError, OverflowError) as error:
                raise Invalid(f"{kind}: {error!s:.200}") from error
        if isinstance(told, dict):
            return {self.marks.put(key): self.argument(each) for key, each in told.items()}
        if isinstance(told, list):
            return [self.argument(each) for each in told]
        return told


def _bytes(of: Any) -> bytes:
    if isinstance(of, (str, bytes)):
        return as_bytes(of)
    return bytes(of if of is not None else b"")


def _text(of: Any) -> str:
    return as_text(of) if isinstance(of, (str, bytes)) else str(of if of is not None else "")


def _file(of: Any) -> Any:
    """A readable binary file of its own name, so that code which asks for `name` or `fileno` is served as well."""
    return Path(_stored(of)).open("rb")


def _stored(of: Any) -> str:
    """The name of a file with that content; it ends as those of its format do, where that is plain to see."""
    content = _bytes(of)
    ending = next((e for e, start, at in _ENDINGS if content.startswith(start, at)), "")
    descriptor, name = tempfile.mkstemp(prefix="argument-", suffix=ending)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    stored.append(name)
    return name


def _textfile(of: Any) -> Any:
    return io.TextIOWrapper(_file(as_bytes(_text(of))), encoding="utf-8", errors="surrogateescape")


def _float(of: Any) -> float:
    return float(of if of is not None else 0.0)


def _int(of: Any) -> int:
    return int(of if of is not None else 0)


def _callable(of: Any) -> Callable[..., Any]:
    def given(*_arguments: Any, **_named: Any) -> Any:
        return of

    return given


_PYTHON: dict[str, Callable[[Any], Any]] = {
    "bytes": _bytes,
    "tuple": lambda of: tuple(of or ()),
    "set": lambda of: set(of or ()),
    "path": lambda of: Path(_text(of)),
    "file": _file,
    "stored": _stored,
    "textfile": _textfile,
    "none": lambda _of: None,
    "float": _float,
    "int": _int,
    "bool": bool,
    "callable": _callable,
}
