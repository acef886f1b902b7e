"""Names the places of a sanitizer's report: module and offset become function, file and line, each place of a build once.

A sanitizer can do this itself, with a process that reads all debug information again for every report: most of what a replay
costs. Replays show the same few places over and over. Here llvm-symbolizer runs in a sandbox of its own, for places not seen
yet, and lines are written as the sanitizer would have written them.
"""

import os
import re
import stat
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mithridate.languages.c.products import on_host
from mithridate.languages.invocation import build_mounts
from mithridate.model.entry import Binary
from mithridate.model.execution import Command, Execution, Limits
from mithridate.model.project import ToolFailure
from mithridate.sandbox.interface import Sandbox

SYMBOLIZER = "ASAN_SYMBOLIZER_PATH"
"""The variable that names llvm-symbolizer, for the sanitizer and for us."""

_OFF = "symbolize=0"
_OPTIONS = ("ASAN_OPTIONS", "UBSAN_OPTIONS")
_LIMITS = Limits(wall_s=120.0, output_bytes=16 << 20, scratch_bytes=16 << 20)
_MOST_PLACES = 4096
"""Places of one report that are named: four stacks of four times the length that a sanitizer prints."""
_REMEMBERED = 1 << 16
"""Places kept in memory, some hundred bytes each; then all are forgotten, which costs time and nothing else."""
_MOST_MODULES = 8
"""Modules of one report in which a global variable is looked for."""

_AT = rb'(?P<at>\((?P<module>/[^"\r\n]{1,4000})\+0x(?P<offset>[0-9a-f]{1,16})\)(?: \(BuildId: [0-9a-f]*\))?)\s*$'
_FRAME = re.compile(rb"(?P<head>\s*#)(?P<number>\d{1,6})(?P<address>\s+0x[0-9a-f]{1,16}) +" + _AT)
_SUMMARY = re.compile(rb"(?P<head>SUMMARY: \w+Sanitizer: [\w ()-]{1,80}) " + _AT)
_GLOBAL = re.compile(
    rb"(?P<head>0x[0-9a-f]{1,16} is located \d{1,20} bytes \w[\w ]{1,20} global variable '(?P<name>[^'\r\n]{1,500})'"
    rb" defined in ')[^'\r\n]{1,4000}(?P<tail>' \(0x(?P<start>[0-9a-f]{1,16})\) of size \d{1,20}\s*)$"
)
_INTERCEPTOR = re.compile(r"_{2,3}interceptor_(?:trampoline_)?")
_UNKNOWN = "??"
_Match = re.Match[bytes]


@dataclass(frozen=True, slots=True)
class _Place:
    """An offset in a file of a build; `version` tells the file from another of its name. `data`: of a variable, not of code."""

    module: str
    offset: int
    version: tuple[int, ...]
    data: bool = False


@dataclass(frozen=True, slots=True)
class _Code:
    """A function (or a variable) and where it stands: a file, its line and column as a sanitizer writes them; "" if not known."""

    name: str
    source: str


_Known = Mapping[_Place, tuple[_Code, ...]]
"""What stands at each place, the innermost inlined function first; nothing where nothing is known."""


def unnamed(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process whose sanitizers are to leave their places unnamed."""
    return {**environment, **{name: f"{environment.get(name, '')}:{_OFF}".lstrip(":") for name in _OPTIONS}}


class Symbols:
    """Remembers what was found out. May be used from several threads."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._known: dict[_Place, tuple[_Code, ...]] = {}
        self._lock = threading.Lock()

    def named(self, binary: Binary, execution: Execution, symbolizer: str) -> Execution | ToolFailure:
        """The same execution with places named in its standard error; ToolFailure where llvm-symbolizer gives no answer.

        `symbolizer` is its path in the sandbox. A place that it knows nothing of stays as it is.
        """
        lines = execution.stderr.split(b"\n")
        matches = [_matched(line) for line in lines]
        shown = _shown(binary, matches)
        wanted = list(dict.fromkeys(place for places in shown for place in places))[:_MOST_PLACES]
        if not wanted:
            return execution
        with self._lock:
            new = [place for place in wanted if place not in self._known]
            answered = self._asked(binary, new, symbolizer) if new else {}
            if isinstance(answered, ToolFailure):
                return answered
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            known = {place: self._known.get(place, ()) for place in wanted} | answered
            self._known |= known
        return replace(execution, stderr=b"\n".join(_written(lines, matches, shown, known)))

    def _asked(self, binary: Binary, places: Sequence[_Place], symbolizer: str) -> dict[_Place, tuple[_Code, ...]] | ToolFailure:
        asked = "".join(f'{"DATA" if p.data else "CODE"} "{p.module}" {p.offset:#x}\n' for p in places)
        command = Command(argv=(symbolizer, "--inlines", "--demangle"), stdin=os.fsencode(asked))
        ended = self._sandbox.run(command, build_mounts(binary), _LIMITS)
        told = [answer.split("\n") for answer in os.fsdecode(ended.stdout).split("\n\n") if answer]
        if len(told) != len(places):
            why = ended.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
            return ToolFailure(tool="llvm-symbolizer", why=why or f"gave {len(told)} answers for {len(places)} places")
        return {
            place: _variable(place, lines) if place.data else _calls(lines) for place, lines in zip(places, told, strict=True)
        }


def _shown(binary: Binary, matches: Sequence[_Match | None]) -> list[list[_Place]]:
    """The place of each line that shows one; for a global variable one in each module, of which it can be in one."""
    versions: dict[str, tuple[int, ...] | None] = {}
    starts: dict[str, int] = {}
    shown: list[list[_Place]] = []
    for match in matches:
        if match is None:
            shown.append([])
            continue
        if match.re is _GLOBAL:
            at = int(match["start"], 16)
            within = [(module, at - start, versions[module]) for module, start in starts.items() if 0 < start <= at]
            shown.append([_Place(module, offset, version, data=True) for module, offset, version in within if version])
            continue
        module, offset = os.fsdecode(match["module"]), int(match["offset"], 16)
        if module not in versions:
            versions[module] = _version(binary, module)
        if match.re is _FRAME and len(starts) < _MOST_MODULES:
            starts.setdefault(module, int(match["address"], 16) - offset)
        version = versions[module]
        shown.append([_Place(module, offset, version)] if version else [])
    return shown


def _matched(line: bytes) -> _Match | None:
    if b"0x" not in line:
        return None
    return _FRAME.match(line) or _SUMMARY.match(line) or _GLOBAL.match(line)


def _version(binary: Binary, module: str) -> tuple[int, ...] | None:
    """None for what is no file with contents: a program may print the name of a device as that of a module."""
    try:
        told = (on_host(binary.directory, module) or Path(module)).stat()
    except (OSError, ValueError):
        return None
    return (told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns) if stat.S_ISREG(told.st_mode) and told.st_size else None


def _calls(lines: Sequence[str]) -> tuple[_Code, ...]:
    """Pairs of lines, a function and `file:line:column`."""
    if lines[0] == _UNKNOWN:
        return ()
    return tuple(_Code(_plain(name), _source(place)) for name, place in zip(lines[::2], lines[1::2], strict=False))


def _variable(place: _Place, lines: Sequence[str]) -> tuple[_Code, ...]:
    """Its name, where it starts and its size, and `file:line`; nothing where what is asked for is not its start."""
    start = lines[1].partition(" ")[0] if len(lines) == 3 else ""
    return (_Code(lines[0], _source(lines[2])),) if start == str(place.offset) else ()


def _plain(function: str) -> str:
    return _INTERCEPTOR.sub("", function, count=1) if function.startswith("__") else function


def _source(place: str) -> str:
    """Without a line or column of 0, or the way from the folder that the compiler ran in."""
    return "" if place.startswith(_UNKNOWN) else re.sub(r"(?::0)+$", "", place).removeprefix("./")


def _written(
    lines: Sequence[bytes], matches: Sequence[_Match | None], shown: Sequence[Sequence[_Place]], known: _Known
) -> Iterator[bytes]:
    """The lines as the sanitizer would have written them: an inlined function is a frame of its own, and counts."""
    inlined = 0  # in the stack so far
    for line, match, places in zip(lines, matches, shown, strict=True):
        codes = [code for place in places for code in known.get(place, ())]
        if match is None:
            yield line
        elif match.re is _FRAME:
            inlined = inlined if int(match["number"]) else 0
            yield from _frames(match, inlined, codes)
            inlined += max(0, len(codes) - 1)
        elif match.re is _SUMMARY:
            yield b"%s %s" % (match["head"], _place_of(match, codes[0]) + b" in " + os.fsencode(codes[0].name)) if codes else line
        else:
            name = os.fsdecode(match["name"])
            source = next((code.source for code in codes if code.source and code.name == name), "")
            yield match["head"] + os.fsencode(source) + match["tail"] if source else line


def _frames(match: _Match, inlined: int, codes: Sequence[_Code]) -> Iterator[bytes]:
    for further, code in enumerate(codes):
        yield _frame(match, inlined + further, b"in %s %s" % (os.fsencode(code.name), _place_of(match, code)))
    if not codes:
        yield _frame(match, inlined, match["at"])


def _frame(match: _Match, further: int, what: bytes) -> bytes:
    return b"%s%d%s %s" % (match["head"], int(match["number"]) + further, match["address"], what)


def _place_of(match: _Match, code: _Code) -> bytes:
    return os.fsencode(code.source) or match["at"]
