"""Where in a page text is that comes next: in running text, in an attribute's value, in a script."""

import re
from dataclasses import dataclass

_TAG = re.compile(r"<(?P<close>/?)(?P<name>[a-zA-Z][\w:-]*)")
_ATTRIBUTE = re.compile(r"""\s*(?P<name>[^\s=>"'/]+)\s*=\s*""")


@dataclass(frozen=True, slots=True)
class Context:
    """`script`: in a script (in a string of it with that `quote`). `unquoted`: in an attribute's value without quotation marks.
    `attribute` is that one's name, "" in running text."""

    script: bool = False
    quote: str = ""
    unquoted: bool = False
    attribute: str = ""


def context(before: str) -> Context:
    """The context behind a piece of a page."""
    at = 0
    while at < len(before):
        tag = _TAG.search(before, at)
        if tag is None:
            return Context()
        end, where = _through(before, tag.end())
        if where is not None:
            return where
        at = end
        if tag["name"].lower() == "script" and not tag["close"]:
            close = before.lower().find("</script", at)
            if close < 0:
                return Context(script=True, quote=_open(before[at:]))
            at = close
    return Context()


def _through(text: str, at: int) -> tuple[int, Context | None]:
    """Past a tag; where the text ends within it, the context there."""
    while at < len(text):
        if text[at] == ">":
            return at + 1, None
        found = _ATTRIBUTE.match(text, at)
        if found is None:
            at += 1
            continue
        name, at = found["name"].lower(), found.end()
        mark = text[at : at + 1]
        if mark and mark in "\"'":
            end = text.find(mark, at + 1)
            if end < 0:
                return len(text), Context(script=name.startswith("on"), quote=_open(text[at + 1 :]), attribute=name)
            at = end + 1
        else:
            rest = re.match(r"[^\s>]*", text[at:])
            at += rest.end() if rest else 0
            if at >= len(text):
                return at, Context(unquoted=True, attribute=name)
    return at, Context()


def _open(script: str) -> str:
    """The quotation mark of the string that a piece of a script ends in."""
    opened, escaped = "", False
    for character in script:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = bool(opened)
        elif opened:
            opened = "" if character == opened else opened
        elif character in "\"'`":
            opened = character
    return opened
