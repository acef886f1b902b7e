"""Where an attacker's data goes in a call of native code, and the data to begin with."""

import ast
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mithridate.hunt.engines.calls.arguments import BYTES, FILE, STORED, TEXT, shapes
from mithridate.hunt.engines.calls.door import Door, Target
from mithridate.hunt.engines.calls.samples import SHORT, as_text, fitting
from mithridate.hunt.engines.calls.sources import read_sources
from mithridate.hunt.engines.calls.steps import CLOSING, OPENING, Call, Place, at, call, leaves, replaced
from mithridate.languages.c.walk import head, regular_files
from mithridate.model.entry import Binary

MOST_BYTES = 16 << 10
_FILES = 160
_LISTED = 4000
_SAMPLE = re.compile(r"(?i)(^|/)(tests?|testing|testdata|samples?|fixtures|images|data|examples?|corpus|seeds)(/|$)")
_NO_SAMPLE = frozenset(
    {".py", ".pyc", ".c", ".h", ".so", ".o", ".pyx", ".md", ".rst", ".txt", ".in", ".cfg", ".toml", ".cpp", ".pyi"}
)
_SOURCES = frozenset({".c", ".h", ".cc", ".cpp", ".pyx", ".pxd"})
_SOURCE_BYTES = 8 << 20
_TOKENS = 1500
_WORD = 64
_STORED_WAYS = 4
_FILE_NAME = re.compile(r"(?i)path|file|name|source|src$")
_LITERAL = re.compile(rb"""'(?P<character>[^'\\]|\\[^']{1,3})'|"(?P<string>[^"\n%]{1,16})"|\b0x(?P<number>[0-9a-fA-F]{2,16})\b""")
_KEYWORD_LIST = re.compile(rb"""\*\s*(?:const\s+)?\w*\s*\[\s*\]\s*=\s*\{([^{}]{0,2000}\b(?:NULL|0|nullptr)\b[^{}]{0,20})\}""")
_KEYWORDS = 48
READERS = ("load", "__iter__", "*")
"""Methods that make an object read what it was given: many read a header only when they are made. Of native objects, all."""


def ways(target: Target, *, guessed: bool) -> list[Call]:
    """Calls to try; where nothing is known of the parameters, by their number and kind."""
    made = shapes(target)
    stored = (_stored(target, shape) for shape in made[:_STORED_WAYS])
    made += [one for one in stored if one is not None and one not in made]
    required = [p for p in target.parameters if p.required and p.kind != "keyword_only"]
    if len(required) > 1:  # data, and numbers that tell of it
        construct = made[0].get("construct") if made else None
        made += [call(target.name, [kind, *[1] * (len(required) - 1)], construct=construct) for kind in (BYTES, TEXT, FILE)]
    if guessed:
        for kinds in (
            (BYTES,),
            (TEXT,),
            (FILE,),
            (STORED,),
            (BYTES, BYTES),
            (TEXT, TEXT),
            (BYTES, 1),
            (TEXT, 1),
            (BYTES, BYTES, BYTES),
            (1, BYTES),
        ):
            construct = None if target.construct is None else {"args": [], "kwargs": {}}
            made.append(call(target.name, list(kinds), construct=construct))
    return [one for one in made if leaves(one)]


def keywords(tree: Path) -> list[str]:
    """Names of parameters that native sources list for PyArg_ParseTupleAndKeywords, each once."""
    found: dict[str, None] = {}
    for content in _native_sources(tree):
        for block in _KEYWORD_LIST.finditer(content):
            found.update(dict.fromkeys(name.decode() for name in re.findall(rb'"([A-Za-z_]\w{0,40})"', block[1])))
    return list(found)[:_KEYWORDS]


def keyword_ways(target: Target, names: Sequence[str]) -> list[Call]:
    """Calls with each of those keywords, behind text and behind bytes: which of them a function has, it says itself."""
    construct: Any = None if target.construct is None else {"args": [], "kwargs": {}}
    return [call(target.name, [kind], {name: 1}, construct=construct) for name in names for kind in (TEXT, BYTES)]


def _native_sources(tree: Path) -> Iterator[bytes]:
    left = _SOURCE_BYTES
    for path, size in regular_files(tree):
        if path.suffix.lower() in _SOURCES and size <= min(left, _SOURCE_BYTES // 4):
            left -= size
            yield head(path, size)


def _stored(target: Target, shape: Call) -> Call | None:
    """The call with the name of a file that holds the data, where a parameter is called after files and text was tried for it."""
    args = shape["args"]
    for position, (given, parameter) in enumerate(zip(args, target.parameters, strict=False)):
        if isinstance(given, str) and _FILE_NAME.search(parameter.name):
            return replaced(shape, ("args", position), STORED)
    return None


def filled(one: Call, place: Place, data: bytes) -> Call:
    """The call with `data` at that place: as it is where bytes are wanted, else as text."""
    if _is_text(one, place):
        return replaced(one, place, _text(data))
    return replaced(one, place, {"make": "bytes", "latin1": data.decode("latin-1")})


def _is_text(one: Call, place: Place) -> bool:
    holder: Any = at(one, place[:-1]) if place[-1] == "of" else None
    return not (isinstance(holder, dict) and holder.get("python") in ("bytes", "file", "stored"))


def _text(data: bytes) -> str:
    """Text with every character that bytes can stand for; what opens a mark in a document is left out."""
    text = data.decode("utf-8", "surrogateescape")
    return text.replace(OPENING, "").replace(CLOSING, "")


def beginnings(target: Target, one: Call, place: Place, samples: Sequence[bytes]) -> list[bytes]:
    """Data to begin with: what the call had there, the project's own samples, samples of formats, short values."""
    had = at(one, place)
    found = [had.encode("utf-8", "surrogatepass") if isinstance(had, str) else _made(had)]
    formats = [content for _, content in fitting(target, ())]
    if _is_text(one, place):
        found += [content for content in formats if as_text(content) is not None] + [text.encode() for text in SHORT]
        found += [content for content in samples if as_text(content) is not None][:40]
    else:
        found += [*samples, *formats]
    return [data[:MOST_BYTES] for data in dict.fromkeys(found)]


def _made(value: Any) -> bytes:
    told = value.get("latin1") if isinstance(value, dict) else None
    return told.encode("latin-1", "replace") if isinstance(told, str) else b""


def value_of(returned: str) -> bytes:
    """The data that a call gave back, from the text that stands for it; b"" when it is none, or was cut off."""
    if returned[:1] not in ("b", "'", '"') or returned.startswith("bytearray"):
        return b""
    try:
        value = ast.literal_eval(returned)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return b""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return value if isinstance(value, bytes) else b""


def project_samples(tree: Path) -> list[bytes]:
    """Data files among the project's tests and samples, of every ending some, the small ones first."""
    by_ending: dict[str, list[tuple[int, Path]]] = {}
    for number, (path, size) in enumerate(regular_files(tree)):
        if number > _LISTED:
            break
        inner = str(path.relative_to(tree).parent)
        if 0 < size <= MOST_BYTES and path.suffix.lower() not in _NO_SAMPLE and _SAMPLE.search(inner):
            by_ending.setdefault(path.suffix.lower(), []).append((size, path))
    found: list[bytes] = []
    for rank in range(6):
        for files in by_ending.values():
            files.sort()
            if rank < len(files) and len(found) < _FILES:
                found.append(head(files[rank][1], MOST_BYTES))
    return found


def tokens(tree: Path) -> list[bytes]:
    """Characters, words and numbers that the native sources compare with or hold, each once."""
    found: dict[bytes, None] = {}
    for content in _native_sources(tree):
        for match in _LITERAL.finditer(content):
            found.update(dict.fromkeys(_token(match)))
        if len(found) > _TOKENS:
            break
    return list(found)[:_TOKENS]


def words(binary: Binary) -> list[bytes]:
    """What a project's sources compare with or hold, Python's and native ones."""
    sources = read_sources(binary.directory / "src")
    constants = [_encoded(text) for source in sources.values() for text in source.constants]
    return list(dict.fromkeys([*(c for c in constants if 0 < len(c) <= _WORD), *tokens(binary.directory / "src")]))[:_TOKENS]


def _encoded(text: str) -> bytes:
    """A constant as bytes: those of a byte string, which the reader gives as Latin-1, else UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _token(match: re.Match[bytes]) -> list[bytes]:
    if match["number"]:
        value = int(match["number"], 16)
        size = max(1, (value.bit_length() + 7) // 8)
        return [value.to_bytes(size, "big"), value.to_bytes(size, "little")] if size <= 8 else []
    text = match["character"] or match["string"]
    try:
        made = text.decode("latin-1").encode("latin-1").decode("unicode_escape").encode("latin-1")
    except UnicodeError:
        return []
    return [made] if made else []


def has_native_code(door: Door, modules: Sequence[str]) -> bool:
    """Whether a sanitized module lies in a package of the door, or in none, from where any may load it."""
    packages = {name.partition(":")[0].partition(".")[0] for name in door.targets}
    inner = [module.removeprefix("/build/env/").removeprefix("/src/").removeprefix("src/").split("/") for module in modules]
    return any(len(parts) == 1 or packages & set(parts[:-1]) for parts in inner)


def native_targets(door: bytes) -> dict[str, bool]:
    """Functions that a door file says to be native, and whether their parameters are guessed."""
    try:
        functions = json.loads(door).get("functions", [])
    except (ValueError, RecursionError, AttributeError):
        return {}
    return {str(f.get("target")): f.get("guessed") is True for f in functions if isinstance(f, dict) and f.get("native") is True}
