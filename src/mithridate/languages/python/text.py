"""Reads the small text files of a project that may be hostile: bounded, without following links, never running anything."""

import ast
import configparser
import json
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

from mithridate.languages.c.walk import head

MAXIMUM_BYTES = 1 << 20


class Unreadable(Exception):
    """A file is there and cannot be understood; the message says why."""


def text(path: Path, limit: int = MAXIMUM_BYTES) -> str:
    """The text of a regular file, "" when there is none. Raises Unreadable for what is no UTF-8 or larger than `limit` bytes."""
    content = head(path, limit + 1)
    if len(content) > limit:
        raise Unreadable(f"larger than {limit >> 20} MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise Unreadable(f"not UTF-8 (byte {problem.start})") from problem


def toml(path: Path, limit: int = MAXIMUM_BYTES) -> Mapping[str, object]:
    """The document in a TOML file, {} when there is none. Raises Unreadable."""
    try:
        return tomllib.loads(text(path, limit))
    except RecursionError as problem:
        raise Unreadable("nested too deeply") from problem
    except ValueError as problem:
        raise Unreadable(f"not valid TOML: {problem}"[:300]) from problem


def json_document(path: Path, limit: int = MAXIMUM_BYTES) -> Mapping[str, object]:
    """The object in a JSON file, {} when there is none. Raises Unreadable."""
    content = text(path, limit)
    try:
        document = json.loads(content) if content else {}
    except RecursionError as problem:
        raise Unreadable("nested too deeply") from problem
    except ValueError as problem:
        raise Unreadable(f"not valid JSON: {problem}"[:300]) from problem
    return document if isinstance(document, dict) else {}


def ini(path: Path) -> Mapping[str, Mapping[str, str]]:
    """The sections of an INI file, {} when there is none. Raises Unreadable."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text(path))
    except configparser.Error as problem:
        raise Unreadable(f"not valid: {str(problem).splitlines()[0]}"[:300]) from problem
    return {name: dict(parser.items(name)) for name in parser.sections()}


def syntax(path: Path) -> ast.Module:
    """The syntax tree of a Python file; an empty one when there is none. Raises Unreadable."""
    content = head(path, MAXIMUM_BYTES + 1)
    if len(content) > MAXIMUM_BYTES:
        raise Unreadable(f"larger than {MAXIMUM_BYTES >> 20} MiB")
    try:
        return ast.parse(content)
    except (RecursionError, MemoryError) as problem:
        raise Unreadable("nested too deeply") from problem
    except (SyntaxError, ValueError) as problem:
        raise Unreadable(f"not Python that {_version()} reads: {problem}"[:300]) from problem


def table(document: object, *keys: str) -> Mapping[str, object]:
    """The table at `keys`, {} when there is none or something else stands there."""
    for key in keys:
        document = document.get(key) if isinstance(document, Mapping) else None
    return document if isinstance(document, Mapping) else {}


def texts(value: object) -> tuple[str, ...]:
    """The strings in a list, () for anything else."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()


def _version() -> str:
    return f"Python {sys.version_info.major}.{sys.version_info.minor}"
