"""HTTP requests as a document describes them, made into what a server hands to an application."""

from __future__ import annotations

import json
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

from ..documents import Values
from ..invalid import Invalid
from ..makers import Value, as_bytes, as_text

_BOUNDARY = b"----mithridate-7d1f0c93b2"
_UNSENDABLE = str.maketrans("", "", "\r\n\0")
_KNOWN = frozenset(("method", "path", "query", "headers", "cookies", "form", "files", "json", "body", "raw_query", "fill"))


@dataclass
class Request:
    """A request as a server has read it. `path` is decoded; headers and query are bytes as they were on the wire."""

    method: str
    path: str
    query: bytes = b""
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    cookies: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    scheme: str = "http"
    host: str = "localhost"

    def header(self, name: str) -> str:
        """The last value of a header, as Latin-1, or nothing."""
        found = [value for each, value in self.headers if each.lower() == name.lower()]
        return found[-1].decode("latin-1") if found else ""

    @property
    def url(self) -> str:
        """The URL without its query."""
        return f"{self.scheme}://{self.host}{urllib.parse.quote(self.path)}"


def build(told: dict[str, Any], values: Values, filled: list[tuple[str, str]], extra: list[tuple[str, str]]) -> Request:
    """The request of a step. `filled` are hidden form fields and `extra` headers to add where the step does not give them.

    `path` is taken as a server takes a request's path: percent-encoded bytes are decoded, a literal "?" stays part of it.
    """
    unknown = told.keys() - _KNOWN
    if unknown:
        raise Invalid(f"a request has no member {min(unknown)!r:.40}")
    if not isinstance(told.get("method"), str) or "path" not in told:
        raise Invalid("a request needs a method and a path")
    if sum(name in told for name in ("json", "body")) + ("form" in told or "files" in told) > 1:
        raise Invalid("a request has one of form and files, json, or body")
    path = urllib.parse.unquote_to_bytes(values.data(told["path"])).decode("utf-8", "surrogateescape")
    request = Request(told["method"].upper(), path if path.startswith("/") else "/" + path)
    request.query = _query(told, values)
    for name, value in values.pairs(told.get("headers", [])):
        sent = as_text(name).translate(_UNSENDABLE).strip()
        if sent.lower() == "host":
            request.host = as_text(value).translate(_UNSENDABLE)
        elif sent:
            request.headers.append((sent, as_text(as_bytes(value)).translate(_UNSENDABLE).encode("latin-1")))
    request.cookies = [(as_text(name), as_text(value)) for name, value in values.pairs(told.get("cookies", []))]
    for header, text in extra:
        if not request.header(header):
            request.headers.append((header, text.encode("latin-1", "replace")))
    _put_body(request, told, values, filled)
    return request


def _query(told: dict[str, Any], values: Values) -> bytes:
    if "raw_query" in told:
        return values.data(told["raw_query"]).translate(None, b"\r\n\0")
    return urlencoded(values.pairs(told.get("query", [])))


def urlencoded(pairs: list[tuple[Value, Value]]) -> bytes:
    """name=value&…, as forms are sent."""
    quoted = (urllib.parse.quote_plus(as_bytes(name)) + "=" + urllib.parse.quote_plus(as_bytes(value)) for name, value in pairs)
    return "&".join(quoted).encode("ascii")


def _put_body(request: Request, told: dict[str, Any], values: Values, filled: list[tuple[str, str]]) -> None:
    kind = ""
    form = values.pairs(told.get("form", []))
    if "json" in told:
        request.body, kind = json.dumps(values.json(told["json"])).encode("ascii"), "application/json"
    elif "body" in told:
        request.body, kind = values.data(told["body"]), "text/plain; charset=utf-8"
    elif "form" in told or "files" in told or (filled and request.method not in ("GET", "HEAD")):
        given = {as_text(name) for name, _ in form}
        form += [(name, value) for name, value in filled if name not in given]
        if told.get("files"):
            request.body, kind = _multipart(form, told["files"], values), f"multipart/form-data; boundary={_BOUNDARY.decode()}"
        else:
            request.body, kind = urlencoded(form), "application/x-www-form-urlencoded"
    if kind and not request.header("content-type"):
        request.headers.append(("Content-Type", kind.encode("ascii")))


def _multipart(form: list[tuple[Value, Value]], files: Any, values: Values) -> bytes:
    if not isinstance(files, list) or any(not isinstance(each, dict) for each in files):
        raise Invalid("files must be a list of objects")
    parts = [(b'form-data; name="' + _quoted(name) + b'"', b"", as_bytes(value)) for name, value in form]
    for each in files:
        disposition = b'form-data; name="' + _quoted(values.value(each.get("name", ""))) + b'"'
        disposition += b'; filename="' + _quoted(values.value(each.get("filename", ""))) + b'"'
        kind = values.text(each.get("type", "application/octet-stream")).translate(_UNSENDABLE)
        parts.append((disposition, kind.encode("utf-8"), values.data(each.get("content", ""))))
    lines: list[bytes] = []
    for disposition, kind_, content in parts:
        lines += [b"--" + _BOUNDARY, b"Content-Disposition: " + disposition]
        lines += [b"Content-Type: " + kind_] if kind_ else []
        lines += [b"", content]
    return b"\r\n".join([*lines, b"--" + _BOUNDARY + b"--", b""])


def _quoted(value: Value) -> bytes:
    """As browsers write names in multipart headers (WHATWG HTML, multipart form data)."""
    return as_bytes(value).replace(b"\r", b"%0D").replace(b"\n", b"%0A").replace(b'"', b"%22")
