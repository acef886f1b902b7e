"""What a step asked for: inputs by place and name, constants that input was compared with, decoders that were applied to it."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from .marks import Marks

MAX_ASKED = 500
MAX_COMPARED = 300
MAX_CONSTANT = 200
MAX_PATTERNS = 4000
MAX_PATTERN = 8000
_SHOWN = 200
"""Characters of a regular expression in a frame."""
_DEPTH = 14
_FRAMEWORK = frozenset(
    """
    werkzeug flask django starlette fastapi aiohttp multidict yarl bottle falcon pyramid webob rest_framework quart
    urllib base64 binascii json gzip zlib codecs http email cgi wsgiref mithridate_observer pydantic anyio asyncio
    concurrent threading importlib quopri encodings argparse click contextlib functools collections typing runpy os
    posixpath
    """.split()  # noqa: SIM905 (one word a module)
)
_ASKERS = (
    "django.forms",
    "django.views.generic",
    "django.contrib.auth.forms",
    "rest_framework.fields",
    "rest_framework.serializers",
    "rest_framework.relations",
    "fastapi.dependencies",
    "fastapi.routing",
)
_LISTERS = tuple(each for each in _ASKERS if not each.startswith("fastapi."))
_BETWEEN = ("mithridate_observer", "werkzeug.local", "functools", "contextlib")
_PROTOCOL = frozenset(
    ("content-type", "content-length", "transfer-encoding", "cookie", "host", "connection", "expect", "upgrade")
)


class Notebook:
    """Notes of the present step; empty and deaf (`marks` None) while no step runs."""

    def __init__(self) -> None:
        self.marks: Marks | None = None
        self.heard = False
        self.is_program = False
        self.own: frozenset[tuple[str, str]] = frozenset()
        """(place, name) of what the framework itself keeps with its clients: to send something else there is to be nobody."""
        self.body = ""
        self._patterns: dict[tuple[str, int], tuple[str, int]] = {}
        self._told_patterns = 0
        self._made: dict[Any, dict[str, Any]] = {}
        self.forget()

    def forget(self) -> None:
        """A new step begins."""
        self.body = ""
        self._asked: dict[tuple[str, str, str], bool] = {}
        self._compared: dict[str, None] = {}
        self._decoded: dict[tuple[str, int], None] = {}
        self.errors: list[BaseException] = []

    def ask(self, where: str, name: Any, found: bool, kind: str = "", direct: bool = False) -> None:
        """Note that code other than the framework's own asked for an input, `*` for all names of a place.

        `direct`: only when that code itself reads, not a framework in its behalf, as for what lies below a framework's accessors.
        """
        if self.marks is None or len(self._asked) >= MAX_ASKED:
            return
        if not asks_for_itself(sys._getframe(1), direct or name == "*", _LISTERS if name == "*" else _ASKERS):
            return
        if (where == "headers" and str(name).lower() in _PROTOCOL) or (where, str(name)) in self.own:
            return
        key = (where, str(name)[:MAX_CONSTANT], kind)
        self._asked[key] = self._asked.get(key, False) or found

    def compare(self, constant: Any) -> None:
        """Note a constant that input was compared with, unless it is attacker data itself."""
        if self.marks is None or len(self._compared) >= MAX_COMPARED:
            return
        if isinstance(constant, bytes):
            constant = constant.decode("latin-1")
        if isinstance(constant, str) and 0 < len(constant) <= MAX_CONSTANT:
            text = str.__str__(constant)
            if not self.marks.numbers_in(text):
                self._compared[text] = None

    def decode(self, decoder: str, argument: Any, result: Any) -> None:
        """Note that `decoder` was applied to marked text, or gave some."""
        if self.marks is None or not self.marks.tokens or not asks_for_itself(sys._getframe(1), direct=True):
            return
        for side in (argument, result):
            for number in self.marks.numbers_in(_short_text(side)):
                self._decoded[(decoder, number)] = None

    def knows_pattern(self, pattern: Any, flags: int) -> bool:
        """Whether `compile` has nothing to add."""
        return (pattern, flags) in self._patterns or len(self._patterns) >= MAX_PATTERNS or len(pattern) > MAX_PATTERN

    def compile(self, pattern: Any, flags: int, file: str, line: int, function: str) -> None:
        """Note a regular expression that project code used, from its import on."""
        self._patterns[(pattern, flags)] = (file, line)
        shown = pattern[:_SHOWN].decode("latin-1") if isinstance(pattern, bytes) else pattern[:_SHOWN]
        self._made.setdefault(pattern, {"file": file, "line": line, "function": function, "pattern": shown})

    def pattern_made(self, pattern: Any) -> dict[str, Any] | None:
        """Where project code made a regular expression of this text first, as a frame; None when it did not."""
        return self._made.get(pattern) if isinstance(pattern, (str, bytes)) else None

    def patterns(self) -> list[list[Any]]:
        """[pattern (bytes as Latin-1), flags, file, line] of those noted since this was last asked."""
        fresh = list(self._patterns.items())[self._told_patterns :]
        self._told_patterns = len(self._patterns)
        return [
            [pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern, flags, file, line]
            for (pattern, flags), (file, line) in fresh
        ]

    def told(self) -> dict[str, Any]:
        """The notes as an ANSWER's members."""
        asked = [
            {"where": where, "name": name, "kind": kind, "found": found} for (where, name, kind), found in self._asked.items()
        ]
        told = {"asked": asked, "compared": list(self._compared), "decoded": [list(each) for each in self._decoded]}
        patterns = self.patterns()
        return {**told, "patterns": patterns[:200]} if patterns else told


book = Notebook()


def asks_for_itself(frame: FrameType | None, direct: bool = False, askers: tuple[str, ...] = _ASKERS) -> bool:
    """Whether code outside of frameworks and the standard library's codecs is what called, a few frames up.

    A framework reads many inputs for its own sake (Content-Type, its session cookie); only what a handler, or a library that
    a handler uses, asks for tells what the handler wants. Our own driver at the end of the walk means that nobody else did.
    """
    for _ in range(_DEPTH):
        if frame is None:
            return False
        module = frame.f_globals.get("__name__") or ""
        if module.partition(".")[0] not in _FRAMEWORK or module.startswith(askers):
            return True
        if direct and not module.startswith(_BETWEEN):
            return False
        frame = frame.f_back
    return False


def _short_text(value: Any) -> str:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value[:65536]).decode("latin-1")
    return value[:65536] if isinstance(value, str) else repr(value)[:65536]
