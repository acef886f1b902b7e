"""The client's side of HTTP: keeps cookies, tokens and forms, shows answers to the sinks and tells them as ANSWERs."""

from __future__ import annotations

import time
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .. import recording
from ..asked import book
from ..documents import Values
from ..invalid import Invalid
from ..observed import error_text, observe_errors
from ..places import placed
from .cookies import Jar, SetCookie
from .credentials import Credentials
from .forms import Page
from .interface import Context
from .requests import Request, build

MAX_BODY = 64 * 1024
MAX_READ = 4 * 1024 * 1024
_SENT_TWICE = (("csrftoken", "X-CSRFToken"), ("XSRF-TOKEN", "X-XSRF-TOKEN"))
"""Cookies that front ends send a second time, as this header, by convention of frameworks and of the clients of APIs."""
_TEXT = ("text/", "json", "xml", "javascript", "html", "x-www-form-urlencoded")


@dataclass
class Response:
    """What the application answered; `raised` is an exception that left it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    raised: BaseException | None = None

    def header(self, name: str) -> str:
        """The first value of a header, or nothing."""
        return next((value for each, value in self.headers if each.lower() == name), "")


class Browser:
    """Takes request steps with cookies and forms of its own; `send` hands a request to the application."""

    def __init__(
        self,
        context: Context,
        send: Callable[[Request], Response],
        host: str,
        scheme: str = "http",
        held: Iterable[tuple[str, str]] = (),
    ) -> None:
        """`held` are cookies that the client has from the start."""
        self._context, self._send = context, send
        self._host, self._scheme = host, scheme
        self._jar = Jar()
        for name, value in held:
            self._jar.take(f"{name}={value}; Path=/")
        self._credentials = Credentials()
        self._page: Page | None = None

    def take(self, step: dict[str, Any], values: Values) -> dict[str, Any]:
        """Send the request of a step and tell the answer."""
        told = step.get("request")
        if told is None:
            raise Invalid("this door takes requests only")
        with recording.unobserved():
            request = self._request(told, values)
        book.body = request.body.decode("latin-1")
        started = time.perf_counter()
        response = self._send(request)
        seconds = time.perf_counter() - started
        text, body_text = _texts(response)
        with recording.unobserved():
            self._keep(request, response, body_text)
        self._show(request, response, body_text)
        errors = [*book.errors, *([response.raised] if response.raised is not None else [])]
        observe_errors(self._context, errors, "request")
        return {
            "status": response.status,
            "headers": [[name, value[:8192]] for name, value in response.headers[:200]],
            "body": text,
            "returned": "",
            "raised": error_text(errors[-1]) if errors else "",
            "seconds": round(seconds, 6),
        }

    def _request(self, told: dict[str, Any], values: Values) -> Request:
        filled, extra = self._fill(values.text(told.get("path", "/"))) if told.get("fill") else ([], [])
        request = build(told, values, filled, extra)
        if not any(isinstance(pair, list) and pair and str(pair[0]).lower() == "host" for pair in told.get("headers") or []):
            request.host = self._host
        request.scheme = self._scheme
        cookies = self._jar.header(request.path, request.cookies)
        if cookies and not request.header("cookie"):
            request.headers.append(("Cookie", cookies.encode("utf-8", "surrogateescape").translate(None, b"\r\n\0")))
        for cookie, header in _SENT_TWICE:
            token = self._jar.value(cookie)
            if token and request.method not in ("GET", "HEAD") and not request.header(header):
                request.headers.append((header, token.encode("utf-8", "surrogateescape").translate(None, b"\r\n\0")))
        if self._credentials.header and not request.header("authorization"):
            request.headers.append(("Authorization", self._credentials.header.encode("ascii")))
        if request.scheme == "https" and not request.header("referer"):
            request.headers.append(("Referer", request.url.encode("latin-1", "replace")))
        return request

    def _fill(self, path: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Hidden fields and headers that a page of the same application would send along."""
        hidden = list(self._page.hidden_for(urllib.parse.unquote(path))) if self._page is not None else []
        token = (self._page.token if self._page is not None else "") or self._jar.value("csrftoken") or ""
        if not hidden and self._jar.value("csrftoken"):
            hidden = [("csrfmiddlewaretoken", self._jar.value("csrftoken") or "")]
        return hidden, [("X-CSRFToken", token)] if token else []

    def _keep(self, request: Request, response: Response, text: str) -> None:
        for name, value in response.headers:
            if name.lower() == "set-cookie":
                self._jar.take(value)
        self._credentials.take(response.header("content-type"), text)
        if "html" in response.header("content-type") and ("<form" in text.lower() or "<meta" in text.lower()):
            self._page = Page(request.path, text)

    def _show(self, request: Request, response: Response, text: str) -> None:
        """Show the answer to the sinks: body, marked headers, where a redirect leads, cookies without their flags."""
        recorder, places = self._context.recorder, self._context.places
        frames = places.of_answer()
        with placed(recorder, frames):
            # No browser shows the body of an answer that sends it elsewhere.
            if text and not (300 <= response.status < 400 and response.header("location")):
                kind = response.header("content-type")
                attachment = "1" if response.header("content-disposition").lower().startswith("attachment") else ""
                recorder.saw("html", "response", text, detail={"type": kind, "attachment": attachment})
            for name, value in response.headers:
                if recorder.marked(f"{name}: {value}"):
                    recorder.saw("header", "response", f"{name}: {value}")
                if name.lower() == "location" and recorder.marked(value):
                    recorder.saw("redirect", "response", value, detail={"host": request.host})
        for name, value in response.headers:
            cookie = Jar().take(value) if name.lower() == "set-cookie" else None
            if cookie is not None and _unprotected(cookie):
                with placed(recorder, places.cookies.get(cookie.name) or frames):
                    recorder.saw("cookie", "response", value, detail={"missing": ",".join(cookie.missing)}, fact=True)


def _unprotected(cookie: SetCookie) -> bool:
    return not cookie.deletes and ("secure" in cookie.missing or "httponly" in cookie.missing)


def _texts(response: Response) -> tuple[str, str]:
    """The answer's body for an ANSWER, and as the sinks see it: decoded when it says that it is text, else as Latin-1."""
    kind = response.header("content-type").lower()
    if any(each in kind for each in _TEXT):
        charset = kind.partition("charset=")[2].split(";")[0].strip(" \"'") or "utf-8"
        try:
            text = response.body.decode(charset)
        except (LookupError, UnicodeDecodeError, ValueError):
            text = response.body.decode("latin-1")
    else:
        text = response.body.decode("latin-1")
    return text[:MAX_BODY], text
