"""Makers: values that a document describes rather than spells out, evaluated after the marks are put in."""

from __future__ import annotations

import base64
import gzip
import io
import json
import stat
import tarfile
import urllib.parse
import zipfile
from collections.abc import Callable
from typing import Any, Union

from .invalid import Invalid

Value = Union[str, bytes]  # noqa: UP007 (evaluated by Python 3.9)
MAX_BYTES = 64 * 1024 * 1024


def make(maker: dict[str, Any], evaluate: Callable[[Any], Value]) -> Value:
    """The value that `maker` describes; `evaluate` gives that of the values inside it. Raises Invalid for what is no maker."""
    name = maker.get("make")
    if name in _OF_ONE:
        return _OF_ONE[name](evaluate(maker.get("of", "")))
    if name == "join":
        return _join([evaluate(each) for each in _list(maker, "of")])
    if name == "repeat":
        return _repeat(evaluate(maker.get("of", "")), maker.get("times"))
    if name == "bytes":
        return _latin1(evaluate(maker.get("latin1", "")))
    if name in _ARCHIVES:
        return _ARCHIVES[name]([_member(each, evaluate) for each in _list(maker, "members")])
    raise Invalid(f"no maker is called {name!r:.60}")


def as_bytes(value: Value) -> bytes:
    """Text as UTF-8 (lone surrogates kept), bytes as they are."""
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


def as_text(value: Value) -> str:
    """Text as it is, bytes as Latin-1."""
    return value if isinstance(value, str) else value.decode("latin-1")


def _list(maker: dict[str, Any], key: str) -> list[Any]:
    found = maker.get(key)
    if not isinstance(found, list):
        raise Invalid(f"{maker.get('make')}: {key} must be a list")
    return found


def _join(parts: list[Value]) -> Value:
    if all(isinstance(part, str) for part in parts):
        return "".join(as_text(part) for part in parts)
    return b"".join(as_bytes(part) for part in parts)


def _repeat(of: Value, times: Any) -> Value:
    if not isinstance(times, int) or isinstance(times, bool) or times < 0:
        raise Invalid("repeat: times must be a whole number, 0 or more")
    if len(of) * times > MAX_BYTES:
        raise Invalid(f"repeat: more than {MAX_BYTES} bytes")
    return of * times


def _latin1(of: Value) -> bytes:
    try:
        return of if isinstance(of, bytes) else of.encode("latin-1")
    except UnicodeEncodeError as error:
        raise Invalid("bytes: latin1 holds a character above U+00FF") from error


def _member(told: Any, evaluate: Callable[[Any], Value]) -> tuple[str, bytes, str | None]:
    if not isinstance(told, dict):
        raise Invalid("a member of an archive must be an object")
    link = as_text(evaluate(told["link"])) if told.get("link") is not None else None
    return as_text(evaluate(told.get("name", ""))), as_bytes(evaluate(told.get("content", ""))), link


def _tar(members: list[tuple[str, bytes, str | None]]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content, link in members:
            entry = tarfile.TarInfo(name)
            if link is not None:
                entry.type, entry.linkname = tarfile.SYMTYPE, link
                archive.addfile(entry)
            else:
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return target.getvalue()


def _zip(members: list[tuple[str, bytes, str | None]]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content, link in members:
            entry = zipfile.ZipInfo("x", (1980, 1, 1, 0, 0, 0))
            entry.filename = name
            kind = stat.S_IFREG if link is None else stat.S_IFLNK
            entry.external_attr = (kind | 0o644) << 16
            entry.create_system = 3
            archive.writestr(entry, content if link is None else as_bytes(link))
    return target.getvalue()


def _titled(of: Value) -> str:
    """Base64 for the name of a header, which servers and frameworks write as A-Title: behind a sign that decoders pass over, a
    letter is a capital. Small letters behind a digit cannot be had so; who makes the data has to see to that."""
    spelled = ""
    for sign in base64.b64encode(as_bytes(of)).decode("ascii"):
        spelled += f"!{sign}" if sign.isupper() and spelled[-1:].isalpha() else sign
    return spelled


_OF_ONE: dict[str, Callable[[Value], Value]] = {
    "base64": lambda of: base64.b64encode(as_bytes(of)).decode("ascii"),
    "base64url": lambda of: base64.urlsafe_b64encode(as_bytes(of)).decode("ascii"),
    "base64title": _titled,
    "escaped": lambda of: "".join(f"\\u{ord(sign):04x}" for sign in as_text(of)),
    "hex": lambda of: as_bytes(of).hex(),
    "url": lambda of: urllib.parse.quote(as_bytes(of), safe=""),
    "gzip": lambda of: gzip.compress(as_bytes(of), mtime=0),
    "json": lambda of: json.dumps(as_text(of)),
    "reversed": lambda of: of[::-1],
}
_ARCHIVES: dict[str, Callable[[list[tuple[str, bytes, str | None]]], bytes]] = {"tar": _tar, "zip": _zip}
