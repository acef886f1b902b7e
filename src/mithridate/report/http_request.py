"""A request of an input document as HTTP/1.1 text that a person reads and a client can send (RFC 9112).

Several requests are parted by `###`, as in the .http files of editors. Marks are plain letters: `mka` and `mkz` stand where the
observer put random words around the attacker's text.
"""

import base64
import json
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from mithridate.model.document import Json, worded
from mithridate.report import made_value

_BOUNDARY = "mithridate"
_READABLE = "!$'()*,/:;?@[]"
"""What may stand unencoded in a query by RFC 3986, and in practice; so that an attack can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What goes over the wire. `target` holds path and query; `headers` lack Host and Content-Length; `body` is as sent."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The first header of that name, or ""."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def http_request(request: dict[str, Json]) -> HttpRequest:
    """The wire form of a document's request. Raises ValueError for what cannot be shown."""
    headers = _pairs(request.get("headers"))
    cookies = _pairs(request.get("cookies"))
    if cookies:
        headers.append(("Cookie", "; ".join(f"{name}={value}" for name, value in cookies)))
    kind, body = _body(request)
    if kind and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", kind))
    method = request.get("method")
    return HttpRequest(
        method=worded(method) if isinstance(method, str) else "GET", target=_target(request), headers=tuple(headers), body=body
    )


def http_text(requests: list[HttpRequest]) -> str:
    """All requests as one text, in order."""
    if len(requests) == 1:
        return _text(requests[0])
    return "\n\n".join(f"### {number} of {len(requests)}\n{_text(r)}" for number, r in enumerate(requests, 1))


def _text(request: HttpRequest) -> str:
    lines = [f"{request.method} {request.target} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    if not request.body:
        return "\n".join(lines)
    return "\n".join([*lines, f"Content-Length: {len(request.body)}", "", _shown(request.body)])


def _shown(body: bytes) -> str:
    try:
        told = body.decode()
    except UnicodeDecodeError:
        told = ""
    if told.replace("\r\n", "").replace("\n", "").replace("\t", "").isprintable() and told:
        return told.replace("\r\n", "\n")
    return f"({len(body)} bytes, in base64: {base64.b64encode(body).decode()})"


def _target(request: dict[str, Json]) -> str:
    path = made_value.text(request.get("path", "/"))
    target = quote(path, safe=_READABLE + "%&=+") or "/"
    if "raw_query" in request:
        return f"{target}?{made_value.text(request['raw_query'])}"
    query = "&".join(
        f"{quote(name, safe=_READABLE)}={quote(value, safe=_READABLE)}" for name, value in _pairs(request.get("query"))
    )
    return f"{target}?{query}" if query else target


def _body(request: dict[str, Json]) -> tuple[str, bytes]:
    files = request.get("files")
    if isinstance(files, list) and files:
        return f"multipart/form-data; boundary={_BOUNDARY}", _multipart(_pairs(request.get("form")), files)
    if "form" in request:
        fields = (f"{quote_plus(n, safe=_READABLE)}={quote_plus(v, safe=_READABLE)}" for n, v in _pairs(request["form"]))
        return "application/x-www-form-urlencoded", "&".join(fields).encode()
    if "json" in request:
        return "application/json", json.dumps(made_value.plain_json(request["json"])).encode()
    return "", made_value.data(request["body"]) if "body" in request else b""


def _multipart(form: list[tuple[str, str]], files: list[Json]) -> bytes:
    parts = [(f'name="{_quotable(name)}"', "", value.encode()) for name, value in form]
    for file in files:
        if isinstance(file, dict):
            name, filename = made_value.text(file.get("name", "")), made_value.text(file.get("filename", ""))
            disposition = f'name="{_quotable(name)}"; filename="{_quotable(filename)}"'
            parts.append(
                (disposition, str(file.get("type") or "application/octet-stream"), made_value.data(file.get("content", "")))
            )
    made = [
        f"--{_BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n".encode()
        + (f"Content-Type: {kind}\r\n".encode() if kind else b"")
        + b"\r\n"
        + content
        + b"\r\n"
        for disposition, kind, content in parts
    ]
    return b"".join([*made, f"--{_BOUNDARY}--\r\n".encode()])


def _quotable(name: str) -> str:
    """As browsers write a name into a multipart header (WHATWG HTML, "multipart/form-data")."""
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def _pairs(given: Json) -> list[tuple[str, str]]:
    if not isinstance(given, list):
        return []
    return [(made_value.text(p[0]), made_value.text(p[1])) for p in given if isinstance(p, list) and len(p) == 2]
