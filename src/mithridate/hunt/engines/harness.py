"""A project's own fuzz targets, as engines see them: which there are behind a door, and inputs as bytes and as documents."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mithridate.hunt.engines.calls.door import door_file
from mithridate.hunt.engines.calls.steps import HARMLESS, Call, Json, call, document
from mithridate.model.entry import Binary
from mithridate.sandbox.leavings import read_plain

_LARGEST_DOCUMENT = 1 << 20
_ZEROS = 64


@dataclass(frozen=True, slots=True)
class Harnesses:
    """The fuzz targets behind one door; `engine` is whose they are, "atheris" or "hypothesis"."""

    engine: str
    names: tuple[str, ...]


def harnesses(binary: Binary) -> Harnesses:
    """What the door file says; no names when it is none of fuzz targets."""
    try:
        told = json.loads(door_file(binary).read_bytes())
    except (OSError, ValueError, RecursionError):
        told = {}
    if not isinstance(told, dict) or told.get("kind") != "target":
        return Harnesses("", ())
    return Harnesses(str(told.get("of") or ""), tuple(t for t in told.get("targets", ()) if isinstance(t, str)))


def given(name: str, data: bytes) -> Call:
    """The call that gives a target its bytes."""
    return call(name, [{"python": "bytes", "of": {"make": "bytes", "latin1": data.decode("latin-1")}}])


def harmless(name: str, size: int) -> list[Call]:
    """Bytes of a word, none, zeros, and plain text of `size` bytes: a target that takes none of these is not tried at all."""
    return [given(name, data) for data in (HARMLESS.encode(), b"", bytes(_ZEROS), b"a" * size)]


def as_document(name: str, data: bytes) -> bytes:
    """An input of a target as a document, with its harmless twins."""
    return document([given(name, data)], harmless(name, len(data)))


def as_bytes(data: bytes) -> tuple[str, bytes] | None:
    """(target, input) of a document that gives a target plain bytes; None for any other."""
    try:
        (step,) = json.loads(data)["attack"]
        told: Json = step["call"]
        (argument,) = told["args"]
        made = argument["of"]
        return str(told["target"]), (made["latin1"] if isinstance(made, dict) else made).encode("latin-1")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def kept(directories: Iterable[Path], name: str) -> list[bytes]:
    """The inputs of a target among the documents of corpora, each once."""
    found: dict[bytes, None] = {}
    for directory in directories:
        for path in sorted(directory.iterdir()):
            try:
                told = as_bytes(read_plain(path, _LARGEST_DOCUMENT))
            except OSError:
                continue
            if told is not None and told[0] == name:
                found[told[1]] = None
    return list(found)
