"""YAML from outside, a document or a list's element at a time.

Values are built from the parser's events: no tag makes an object, nothing recurses, an alias is the very value it stands for and
counts each time. Depth, values and texts of a record are bounded.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from mithridate.model.errors import UsageError

MOST_NESTED = 64
"""Levels of one document."""
MOST_VALUES = 1_000_000
"""Values of one record, aliases counted each time."""
LARGEST_SCALAR = 8 << 20
"""Characters of one text; a ConfigMap holds at most a megabyte."""
_LINE = 16 << 20
_MARKER = re.compile(rb"---(\s|$)")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\Z")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True)
_WORDS |= dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False)
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class BrokenYaml(ValueError):
    """A document that cannot be read from `line` on (counted from 1)."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


class Mapping(dict[str, Any]):
    """A mapping that knows its line."""

    line: int = 0


def documents(file: BinaryIO) -> Iterator[Mapping | BrokenYaml]:
    """Each mapping that is a document, and before it each mapping in a list `items` at its top, which it then no longer has.

    A document that is broken gives its mistake; the next one is read all the same.
    """
    parts = _Parts(file)
    while parts.more():
        before = parts.line
        builder = _Builder()
        try:
            for event in yaml.parse(parts, Loader=_Loader):
                builder.take(event, before)
                yield from builder.ready()
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = before + (mark.line + 1 if mark is not None else 1)
            yield BrokenYaml(line, str(getattr(error, "problem", None) or "it is no YAML"))
        except BrokenYaml as error:
            yield error
        except (ValueError, RecursionError, OverflowError) as error:
            yield BrokenYaml(before + 1, f"{type(error).__name__}: {' '.join(str(error).split())[:100]}")
        parts.skip()


def opened(path: Path) -> BinaryIO:
    """UsageError for what cannot be opened."""
    try:
        return path.open("rb")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


class _Parts:
    """A file of documents as one stream after another; each but the first begins with its marker."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._next = file.readline(_LINE)
        self._ended = False
        self.line = 0
        """Lines before this part."""
        self._lines = 0

    def more(self) -> bool:
        """There is another part; `read` gives it."""
        self.line += self._lines
        self._lines = 0
        self._ended = False
        return bool(self._next)

    def read(self, _size: int = -1) -> bytes:
        """The next line of this part, b"" at its end."""
        if self._ended or not self._next:
            return b""
        line = self._next
        self._lines += line.endswith(b"\n")
        self._next = self._file.readline(_LINE)
        self._ended = _MARKER.match(self._next) is not None and not line.startswith(b"%")
        return line

    def skip(self) -> None:
        """Pass over the rest of this part."""
        while self.read():
            pass


class _Builder:
    """Values from events, without recursion."""

    def __init__(self) -> None:
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._ready: list[Mapping] = []
        self._values = 0

    def ready(self) -> list[Mapping]:
        """Records that are complete."""
        ready, self._ready = self._ready, []
        return ready

    def take(self, event: Any, before: int) -> None:
        """One event; `before` lines come before this part."""
        line = before + event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            self._count(line, 1)
            self._put(_scalar(event, line), 1, event.anchor, line)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._count(line, 1)
            if len(self._stack) >= MOST_NESTED:
                raise BrokenYaml(line, f"it is nested more than {MOST_NESTED} levels deep")
            value: Any = [] if isinstance(event, yaml.SequenceStartEvent) else Mapping()
            if isinstance(value, Mapping):
                value.line = line
            self._stack.append(_Open(value, event.anchor))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            done = self._stack.pop()
            self._put(done.value, done.weight, done.anchor, line)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise BrokenYaml(line, "an alias stands for nothing, or for what it is in")
            value, weight = self._anchors[event.anchor]
            self._count(line, weight)
            self._put(value, weight, None, line)

    def _count(self, line: int, weight: int) -> None:
        self._values += weight
        if self._values > MOST_VALUES:
            raise BrokenYaml(line, f"one record has more than {MOST_VALUES:,} values (aliases count each time)")

    def _put(self, value: Any, weight: int, anchor: str | None, line: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = (value, weight)
        if not self._stack:
            if isinstance(value, Mapping):
                self._ready.append(value)
            self._values = 0
            self._anchors.clear()
            return
        top = self._stack[-1]
        if self._listed() and isinstance(value, Mapping):
            self._ready.append(value)
            self._values = 0
            return
        top.weight += weight
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key is None:
            if not isinstance(value, str | int | bool | None):
                raise BrokenYaml(line, "a mapping has a key that is no text")
            top.key = str(value)
        else:
            top.value[top.key], top.key = value, None

    def _listed(self) -> bool:
        """The open value is the list `items` at the top."""
        return len(self._stack) == 2 and self._stack[0].key == "items" and isinstance(self._stack[1].value, list)


class _Open:
    """A value that is not complete."""

    __slots__ = ("anchor", "key", "value", "weight")

    def __init__(self, value: Any, anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.weight = 1
        self.key: str | None = None


def _scalar(event: Any, line: int) -> str | int | bool | None:
    text = str(event.value)
    if len(text) > LARGEST_SCALAR:
        raise BrokenYaml(line, "a text is longer than any that is read here")
    if not event.implicit[0] or event.style in ("'", '"', "|", ">"):
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.match(text) else text
