"""Applications without a framework: query strings, forms and cookies that they parse with the standard library."""

from __future__ import annotations

import functools
import http.cookies
import sys
import urllib.parse
from types import ModuleType
from typing import Any

from ..asked import asks_for_itself, book
from ..listening import listen
from ..loaded import when_loaded
from .wrapping import before


def install() -> None:
    """Wrap the standard library's parsers."""
    plain = urllib.parse.parse_qs

    @functools.wraps(plain)
    def parse_qs(qs: Any, *arguments: Any, **named: Any) -> Any:
        parsed = plain(qs, *arguments, **named)
        if book.marks is None or not asks_for_itself(sys._getframe(1), direct=True):
            return parsed
        return listen(parsed, _where(qs))

    pairs = urllib.parse.parse_qsl

    @functools.wraps(pairs)
    def parse_qsl(qs: Any, *arguments: Any, **named: Any) -> Any:
        book.ask(_where(qs), "*", bool(qs), direct=True)
        return pairs(qs, *arguments, **named)

    urllib.parse.parse_qs = parse_qs
    urllib.parse.parse_qsl = parse_qsl
    for name in ("__getitem__", "get", "__contains__"):
        before(http.cookies.BaseCookie, name, _note_cookie)
    when_loaded({"cgi": _cgi})


def _where(text: Any) -> str:
    """Whether a string that is parsed as pairs is the request's query or its body."""
    if isinstance(text, (bytes, bytearray)):
        text = bytes(text).decode("latin-1")
    return "form" if text and text == book.body else "query"


def _note_cookie(jar: Any, name: Any, *_arguments: Any) -> None:
    book.ask("cookies", name, dict.__contains__(jar, name), direct=True)


def _cgi(module: ModuleType) -> None:
    def note(kind: str) -> Any:
        def noted(self: Any, key: Any, *_arguments: Any, **_named: Any) -> None:
            names = [item.name for item in self.list or ()]
            book.ask("form" if book.body else "query", key, key in names, kind)

        return noted

    for name in ("getvalue", "getfirst", "__getitem__", "__contains__"):
        before(module.FieldStorage, name, note(""))
    before(module.FieldStorage, "getlist", note("list"))
    before(module.FieldStorage, "keys", lambda *_a: book.ask("form" if book.body else "query", "*", True))
