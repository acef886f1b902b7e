"""HTML documents as browsers build them, by html5lib."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import html5lib  # type: ignore[import-untyped]

from mithridate.oracles.confinement.markup_events import Event, Part

_DEEPEST = 512
"""Open elements; browsers stop nesting there too."""
_MOST_TOKENS = 100_000
SCRIPT = "script"
"""`Event.element` of text that runs."""
_DATA_BLOCK = "script data"
_SCRIPT_TYPES = frozenset(
    {"", "module", "text/javascript", "application/javascript", "text/ecmascript", "application/ecmascript", "text/jscript"}
)


class _TooMuch(Exception):
    pass


class _Parser(html5lib.HTMLParser):  # type: ignore[misc]
    def normalizedTokens(self) -> Iterator[Any]:
        for count, token in enumerate(super().normalizedTokens()):
            if (
                count > _MOST_TOKENS
                or len(self.tree.openElements) > _DEEPEST
                or len(self.tree.activeFormattingElements) > _DEEPEST
            ):
                raise _TooMuch
            yield token


@lru_cache(maxsize=64)
def document(text: str) -> tuple[Event, ...] | None:
    """The document in order; None for one that would take too long."""
    parser = _Parser(html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    try:
        return tuple(_events(parser.parse(text, scripting=True)))
    except (_TooMuch, RecursionError, ValueError, AssertionError, LookupError, TypeError, AttributeError):
        return None  # the last ones are html5lib's own failures on documents that nobody would write


def _events(root: Any) -> Iterator[Event]:
    waiting: list[Event | tuple[Any, str]] = [(root, "")]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Event):
            yield item
            continue
        node, parent = item
        following: list[Event | tuple[Any, str]] = []
        if isinstance(node.tag, str):
            element = _local(node.tag)
            yield Event(Part.START, element, element)
            for name, value in node.attrib.items():
                yield Event(Part.ATTRIBUTE, _local(name), element, _local(name))
                yield Event(Part.VALUE, value or "", element, _local(name))
            inside = _inside(element, node.attrib)
            if node.text:
                yield Event(Part.TEXT, node.text, inside)
            following = [(child, inside) for child in node]
            following.append(Event(Part.END, element, element))
        elif node.text:
            yield Event(Part.COMMENT, node.text, parent)
        if node.tail:
            following.append(Event(Part.TEXT, node.tail, parent))
        waiting.extend(reversed(following))


def _inside(element: str, attributes: dict[str, str]) -> str:
    kind = (attributes.get("type") or "").strip().lower()
    return _DATA_BLOCK if element == SCRIPT and kind not in _SCRIPT_TYPES else element


def _local(name: Any) -> str:
    return str(name).rpartition("}")[2].lower()
