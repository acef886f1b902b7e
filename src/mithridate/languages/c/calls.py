"""Reads the compiler wrapper's records: which programs were linked, how, and with which include paths the code was compiled."""

import os
import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mithridate.languages.c.walk import head
from mithridate.model.project import Link

_NOT_AN_EXECUTABLE = frozenset(
    {"-c", "-S", "-E", "-M", "-MM", "-fsyntax-only", "-shared", "--shared", "-r", "-Wl,-r", "-Wl,-shared"}
)
_PROBES = (
    "conftest",
    "CMakeScratch",
    "CMakeTmp",
    "TryCompile",
    "CompilerIdC",
    "cmTC_",
    "meson-private",
    "sanitycheck",
    ".conftest.",
)
# fmt: off
_VALUES = frozenset({
    "-o", "-I", "-L", "-D", "-U", "-T", "-u", "-z", "-l", "-x", "-MF", "-MT", "-MQ", "-include", "-imacros", "-isystem",
    "-iquote", "-idirafter", "-Xlinker", "-Xclang", "-Xassembler", "-Xpreprocessor", "--param", "-target", "-rpath",
    "-soname", "-arch",
})
# fmt: on
_INCLUDES = ("-I", "-isystem", "-iquote", "-idirafter")
_MACROS = ("-D", "-U")
_MAXIMUM_BYTES = 64 << 20
"""Of records; a very large project makes some 20 MiB."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the compiler: "cc" or "c++", the working directory and the arguments, as the project gave them."""

    language: str
    cwd: str
    arguments: tuple[str, ...]

    @property
    def is_probe(self) -> bool:
        """True for a build system's question to the compiler, whose output is no part of the project."""
        return any(probe in word for probe in _PROBES for word in (self.cwd, self.output, *self.inputs))

    @property
    def is_query(self) -> bool:
        """True when there is nothing to compile, as in `cc --version`."""
        return not self.inputs

    @property
    def links_executable(self) -> bool:
        """True when the call produces a program, even if it also compiles."""
        return not self.is_query and not _NOT_AN_EXECUTABLE.intersection(self.arguments)

    @property
    def output(self) -> str:
        """The absolute path of the output file inside the sandbox."""
        name = "a.out"
        for position, argument in enumerate(self.arguments):
            if argument == "-o" and position + 1 < len(self.arguments):
                name = self.arguments[position + 1]
            elif argument.startswith("-o") and len(argument) > 2:
                name = argument[2:]
        return posixpath.normpath(posixpath.join(self.cwd, name))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The files (sources, objects, archives) named on the command line."""
        return tuple(word for word in _without_values(self.arguments) if not word.startswith("-") or word == "-")


def read_calls(log: Path) -> list[Call]:
    """All recorded calls in the host directory `log`, in the order in which they began (files are per process)."""
    with os.scandir(log) as entries:
        files = [(e.stat(follow_symlinks=False).st_mtime_ns, e.path) for e in entries if e.is_file(follow_symlinks=False)]
    calls: list[Call] = []
    left = _MAXIMUM_BYTES
    for _, path in sorted(files):  # the build can write here too, and as much as it likes
        record = head(Path(path), left)
        left -= len(record)
        calls += _parse(record)
    return calls


def links(calls: Iterable[Call]) -> list[Link]:
    """The last link command of each program, probes excluded, in order of their first link."""
    found: dict[str, Link] = {}
    for call in calls:
        if call.links_executable and not call.is_probe:
            found[call.output] = Link(argv=(call.language, *call.arguments), cwd=call.cwd, output=call.output)
    return list(found.values())


def include_flags(calls: Iterable[Call]) -> tuple[str, ...]:
    """Flags with which further code against this project compiles: every include directory, and what most compilations share.

    Macros and -m32 count only when at least half of the compilations have them: a macro of one file would break another.
    """
    compiled = [call for call in calls if not call.is_query and not call.is_probe and any(_is_source(i) for i in call.inputs)]
    directories: dict[str, None] = {}
    shared: Counter[str] = Counter()
    for call in compiled:
        flags = list(_flags(call))
        directories.update(dict.fromkeys(f for f in flags if f.startswith(_INCLUDES)))
        shared.update({f for f in flags if not f.startswith(_INCLUDES)})
    common = tuple(flag for flag, count in shared.items() if 2 * count >= len(compiled))
    return (*directories, *sorted(common))


def _parse(record: bytes) -> Iterator[Call]:
    """The calls of one process; a record cut short by a killed build ends the list."""
    words = iter(record.split(b"\0"))
    for count in words:
        if not count.isdigit():
            return
        call = [next(words, None) for _ in range(int(count) + 2)] if int(count) < 1_000_000 else [None]
        if any(word is None for word in call):
            return
        language, cwd, *arguments = [word.decode("utf-8", "surrogateescape") for word in call if word is not None]
        yield Call(language, cwd, tuple(arguments))


def _without_values(arguments: tuple[str, ...]) -> Iterator[str]:
    skip = False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in _VALUES:
            skip = True
        else:
            yield argument


def _flags(call: Call) -> Iterator[str]:
    """The call's include, macro and width flags in one-word form with absolute directories."""
    words = iter(call.arguments)
    for word in words:
        name = next((n for n in (*_INCLUDES, *_MACROS) if word.startswith(n)), None)
        if word == "-m32":
            yield word
        elif name is not None:
            value = word[len(name) :] or next(words, "")
            absolute = name in _INCLUDES and not value.startswith("=")
            yield name + (posixpath.normpath(posixpath.join(call.cwd, value)) if absolute else value)


def _is_source(name: str) -> bool:
    return name.endswith((".c", ".cc", ".cpp", ".cxx", ".c++", ".C", ".cp", ".i", ".ii"))
