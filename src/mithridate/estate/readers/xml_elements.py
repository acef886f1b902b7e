"""XML of any size, a record at a time, each with its line.

Expat does the reading. An entity that a file declares is refused before it is used, so that nothing expands and nothing outside
of the file is looked at.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from mithridate.estate.readers.interface import Sink
from mithridate.model.errors import UsageError

DEEPEST = 100
"""Levels of nesting."""
LARGEST_RECORD = 16 << 20
"""Characters of one record, with what its elements and attributes are called."""
_PIECE = 256 << 10
_ELEMENT = 40
"""What an element counts as at least, in characters."""


@dataclass(slots=True)
class Element:
    """An element with all that is in it. `parent` is the element around a record, without its content."""

    tag: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list["Element"] = field(default_factory=list)
    parent: "Element | None" = None

    def get(self, name: str) -> str:
        """An attribute without blanks around it; "" for none."""
        return self.attributes.get(name, "").strip()

    def all(self, *tags: str) -> Iterator["Element"]:
        """The elements that a path of names leads to."""
        if not tags:
            yield self
            return
        for child in self.children:
            if child.tag == tags[0]:
                yield from child.all(*tags[1:])

    def first(self, *tags: str) -> "Element | None":
        """The first of them."""
        return next(self.all(*tags), None)

    def told(self, *tags: str) -> str:
        """The text of the first of them without blanks around it; "" for none."""
        found = self.first(*tags)
        return found.text.strip() if found is not None else ""


def records(path: Path, roots: Collection[str], wanted: Collection[str], sink: Sink) -> Iterator[Element]:
    """Each outermost element whose name is one of `wanted`, in their order, from a document whose root is one of `roots`.

    UsageError for what is no such document. One that breaks off later is told in the sink; what stands before has been given.
    """
    builder = _Builder(path, frozenset(roots), frozenset(wanted))
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                builder.feed(piece)
                yield from builder.ready()
            builder.feed(b"", last=True)
            yield from builder.ready()
    except (expat.ExpatError, LookupError, ValueError) as error:
        yield from builder.ready()
        line = builder.line
        reason = " ".join(str(error).split())[:200]
        if not builder.given:
            raise UsageError(f"{path} is no XML that can be read: {reason}") from None
        sink.broken(line, f"the rest of the file is not read: {reason}")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


class _Builder:
    def __init__(self, path: Path, roots: frozenset[str], wanted: frozenset[str]) -> None:
        self._path = path
        self._roots = roots
        self._wanted = wanted
        self._stack: list[Element] = []
        self._record = -1
        """How deep the record lies that is being read; -1 for none."""
        self._size = 0
        self._texts: list[list[str]] = []
        self._ready: list[Element] = []
        self.given = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.EntityDeclHandler = self._entity
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    @property
    def line(self) -> int:
        return int(self._parser.CurrentLineNumber)

    def feed(self, piece: bytes, *, last: bool = False) -> None:
        self._parser.Parse(piece, last)

    def ready(self) -> Iterator[Element]:
        """Records that are complete, once."""
        done, self._ready = self._ready, []
        self.given += len(done)
        yield from done

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._stack and tag not in self._roots:
            raise UsageError(f"{self._path} is another kind of XML: its first element is {tag[:100]}")
        if len(self._stack) >= DEEPEST:
            raise UsageError(f"{self._path} is nested more than {DEEPEST} deep at line {self.line}")
        inside = self._record >= 0
        element = Element(tag, attributes, self.line, parent=self._stack[-1] if self._stack and not inside else None)
        if inside:
            self._stack[-1].children.append(element)
            self._count(_ELEMENT + len(tag) + sum(len(k) + len(v) for k, v in attributes.items()))
        elif tag in self._wanted:
            self._record, self._size = len(self._stack), 0
        self._stack.append(element)
        self._texts.append([])

    def _end(self, _tag: str) -> None:
        element, texts = self._stack.pop(), self._texts.pop()
        element.text = "".join(texts)
        if self._record == len(self._stack):
            self._record = -1
            self._ready.append(element)

    def _text(self, text: str) -> None:
        if self._record >= 0:
            self._count(len(text))
            self._texts[-1].append(text)

    def _entity(self, name: str, *_: object) -> None:
        raise UsageError(f"{self._path} declares the entity {name[:100]}, which no such document needs")

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > LARGEST_RECORD:
            raise UsageError(f"a record of {self._path} is larger than {LARGEST_RECORD >> 20} MiB, at line {self.line}")
