"""HTML documents as browsers build them, by html5lib."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import html5lib  # type: ignore[import-untyped]

from mithridate.oracles.confinement.markup_events import Event, Part

_DEEPEST = 512
"""Open elements; browsers stop nesting there too."""
_MOST_ELEMENTS = 15_000
_TAG = re.compile(r"<[a-z][^>]*", re.IGNORECASE)
_BETWEEN_ATTRIBUTES = re.compile(r"[\s/]")
_MOST_ATTRIBUTES = 1_000
"""Of one tag; html5lib compares each with each."""
_ROOT = "DOCUMENT_ROOT"
SCRIPT = "script"
"""`Event.element` of text that runs."""
_DATA_BLOCK = "script data"
_SCRIPT_TYPES = frozenset(
    {"", "module", "text/javascript", "application/javascript", "text/ecmascript", "application/ecmascript", "text/jscript"}
)


class _TooMuch(Exception):
    pass


class _Tree(html5lib.getTreeBuilder("etree")):  # type: ignore[misc]
    """Gives up where a page nests or repeats elements as only one does that is made to take time."""

    def createElement(self, token: Any) -> Any:
        self._count()
        return super().createElement(token)

    def insertElementNormal(self, token: Any) -> Any:
        self._count()
        return super().insertElementNormal(token)

    def getDocument(self) -> Any:
        return self.document._element  # the whole, with comments outside of the root element

    def _count(self) -> None:
        self.created = getattr(self, "created", 0) + 1
        if self.created > _MOST_ELEMENTS or len(self.openElements) > _DEEPEST or len(self.activeFormattingElements) > _DEEPEST:
            raise _TooMuch


@lru_cache(maxsize=64)
def document(text: str) -> tuple[Event, ...] | None:
    """The document in order; None for one that would take too long."""
    if any(len(_BETWEEN_ATTRIBUTES.findall(tag)) > _MOST_ATTRIBUTES for tag in _TAG.findall(text) if len(tag) > _MOST_ATTRIBUTES):
        return None
    parser = html5lib.HTMLParser(_Tree, namespaceHTMLElements=False)
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
        if node.tag == _ROOT:
            following = [(child, "") for child in node]
        elif isinstance(node.tag, str) and not node.tag.startswith("<!"):
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
