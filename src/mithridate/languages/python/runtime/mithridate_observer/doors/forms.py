"""Hidden fields of a page's forms, where CSRF tokens are handed to the client."""

from __future__ import annotations

import html.parser
import urllib.parse
from dataclasses import dataclass, field

_TOKEN_NAMES = ("csrf-token", "csrf_token", "csrftoken", "_csrf")


@dataclass
class Form:
    """A form: the path it is sent to, and its hidden fields."""

    action: str
    hidden: list[tuple[str, str]] = field(default_factory=list)


class Page(html.parser.HTMLParser):
    """The forms of one HTML page, and the token in its meta elements."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.path = path
        self.forms: list[Form] = []
        self.token = ""
        self._open: Form | None = None
        try:
            self.feed(text)
            self.close()
        except (AssertionError, ValueError):  # html.parser gives up on some malformed declarations
            return

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms, hidden inputs and meta tokens."""
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urllib.parse.urlsplit(urllib.parse.urljoin(self.path, told.get("action", ""))).path
            self._open = Form(urllib.parse.unquote(action) or self.path)
            self.forms.append(self._open)
        elif tag == "input" and told.get("type", "").lower() == "hidden" and told.get("name") and self._open is not None:
            self._open.hidden.append((told["name"], told.get("value", "")))
        elif tag == "meta" and told.get("name", "").lower() in _TOKEN_NAMES:
            self.token = told.get("content", "")

    def handle_endtag(self, tag: str) -> None:
        """A form ends."""
        if tag == "form":
            self._open = None

    def hidden_for(self, path: str) -> list[tuple[str, str]]:
        """Hidden fields of the form that is sent to `path`; of the page's only form with any when none is."""
        for form in self.forms:
            if form.action == path and form.hidden:
                return form.hidden
        filled = [form for form in self.forms if form.hidden]
        return filled[0].hidden if len(filled) == 1 else []
