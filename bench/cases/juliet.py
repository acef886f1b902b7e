"""Juliet: tiny programs, each with one flaw and with the same work done rightly beside it.

A case is drawn when SHA-256 of its name, mod 5, is 0 (those are for development), it is C, and its flaw can be reached with
standard input or nothing: what takes a number from a socket, a file, the environment or the dice is left out, and what is for
Windows.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from bench.cases.mirrors import Mirror, Unobtainable, find_mirror
from bench.cases.places import enclosing_function
from bench.cases.trees import finish
from bench.cases.truth import Case, Place, Truth

CORPUS = "arichardson/juliet-test-suite-c"
KIND = "c-juliet-cwe-group"
WEAKNESSES = (121, 122, 124, 126, 127, 190, 191, 369, 415, 416, 476)
"""Those that a sanitizer can see."""

_CASE = re.compile(r"(CWE(\d+)_\w*_\d\d)[a-z]?\.c")
_ELSEWHERE = re.compile(r"w32|wchar_t|socket|rand|environment|file")
_ASKS = re.compile(r"fgets|fscanf")
_DEFINITION = re.compile(r"^([A-Za-z][\w \t*]*?\b(\w+)\([^;{}]*\))\n(\{\n.*?^\})", re.MULTILINE | re.DOTALL)
_MAIN = """#include "std_testcase.h"

void {name}_bad();
void {name}_good();

int main(int argc, char * argv[])
{{
    if ({asked})
    {{
        {name}_good();
    }}
    else
    {{
        {name}_bad();
    }}
    return 0;
}}
"""
_ARGUMENT, _INPUT = "argc > 1", "argc > 1 || getchar() != '!'"
_BUILD = """cmake_minimum_required(VERSION 3.6)
project(case C)
enable_testing()
include_directories(support)
add_executable(case main.c {sources} support/io.c)
target_link_libraries(case m)
add_test(NAME right COMMAND case right)
"""


def drawn(corpus: Mirror, each: int) -> dict[str, list[str]]:
    """Cases and their files: of each weakness the first `each` in the order of their hashes, by turns one that asks and one that
    does not, as far as there are both."""
    found: dict[str, list[str]] = {}
    for path in corpus.names("testcases"):
        named = _CASE.fullmatch(Path(path).name)
        if named and int(named[2]) in WEAKNESSES and not _ELSEWHERE.search(named[1]) and int(_hash(named[1]), 16) % 5 == 0:
            found.setdefault(named[1], []).append(path)
    chosen: list[str] = []
    for cwe in WEAKNESSES:
        names = sorted((name for name in found if name.startswith(f"CWE{cwe}_")), key=_hash)
        chosen += _by_turns([n for n in names if _ASKS.search(n)], [n for n in names if not _ASKS.search(n)])[:each]
    return {name: sorted(found[name]) for name in chosen}


def prepare_juliet(name: str, files: Iterable[str], mirrors: Path, into: Path) -> Case:
    """Lay out a program that is right with an argument, and wrong without one; in the fixed twin it is right without, too.

    What asks for no input goes wrong when it is told "!": a program that can do nothing but fail is no program. That the right
    way still works is the program's own test. Comments are left out: they say where the flaw is.
    """
    corpus = find_mirror(mirrors, CORPUS)
    sources = {Path(file).name: uncommented(_without_main(corpus.text(file))) for file in files}
    support = {n: corpus.text(f"testcasesupport/{n}") for n in ("io.c", "std_testcase.h", "std_testcase_io.h")}
    mended = righted(sources)
    if mended is None:
        raise Unobtainable(f"{name}: what is wrong has no right counterpart")
    vulnerable, fixed = into / "vulnerable", into / "fixed"
    for tree, texts in ((vulnerable, sources), (fixed, mended)):
        (tree / "support").mkdir(parents=True)
        for file, text in support.items():
            (tree / "support" / file).write_text(text)
        for file, text in texts.items():
            (tree / file).write_text(text)
        (tree / "main.c").write_text(_MAIN.format(name=name, asked=_ARGUMENT if _ASKS.search(name) else _INPUT))
        (tree / "CMakeLists.txt").write_text(_BUILD.format(sources=" ".join(sources)))
        finish(tree)
    places = tuple(place for file, text in sources.items() for place in _wrong_places(file, text))
    weakness = int(name[3:6])
    truth = Truth(id=name, cwe=(weakness,), places=places, origin="functions named bad")
    return Case(id=f"ju-{name}", kind=KIND, vulnerable=vulnerable, fixed=fixed, truths=(truth,))


def uncommented(text: str) -> str:
    """Source code without comments and the lines that held nothing else."""
    bare = re.sub(r'("(?:[^"\\\n]|\\.)*")|/\*.*?\*/|//[^\n]*', lambda m: m[1] or "\0", text, flags=re.DOTALL)
    lines = [
        line.replace("\0", "").rstrip() if "\0" in line else line
        for line in bare.split("\n")
        if line.strip(" \t\0") or "\0" not in line
    ]
    return "\n".join(lines)


def righted(sources: Mapping[str, str]) -> dict[str, str] | None:
    """The sources with what is wrong replaced by the right way that changes the fewest lines; None where there is none."""
    bodies = {name: body for text in sources.values() for _, name, body in _DEFINITION.findall(text)}
    ways = sorted({m[1] for name in bodies if (m := re.search(r"\b(good(?:\d|[BG]2[BG]\d?))$", name))})
    best: dict[str, str] | None = None
    fewest = 0
    for way in ways:
        made = {file: _DEFINITION.sub(lambda m, way=way: _right(m, way, bodies), text) for file, text in sources.items()}  # type: ignore[misc]
        changed = sum(_different(text, made[file]) for file, text in sources.items())
        if changed and (best is None or changed < fewest):
            best, fewest = made, changed
    return best


def _right(wrong: re.Match[str], way: str, bodies: Mapping[str, str]) -> str:
    head, name, body = wrong.groups()
    if not re.search("bad", name, re.IGNORECASE):
        return wrong[0]
    others = (
        (way,) if name.endswith("_bad") else (name.replace("bad", way), name.replace("bad", "good"), name.replace("Bad", "Good"))
    )
    right = next((bodies[other] for other in others if other != name and other in bodies), body)
    return f"{head}\n{re.sub(rf'(?<=_){way}|{way}(?=[A-Z])', 'bad', right)}"


def _different(one: str, other: str) -> int:
    ours, theirs = one.splitlines(), other.splitlines()
    return sum(a != b for a, b in zip(ours, theirs, strict=False)) + abs(len(ours) - len(theirs))


def _wrong_places(file: str, text: str) -> Iterator[Place]:
    lines = text.splitlines()
    for wrong in _DEFINITION.finditer(text):
        if re.search("bad", wrong[2], re.IGNORECASE):
            first = text.count("\n", 0, wrong.start()) + 1
            name = enclosing_function(lines, first + 1) or wrong[2]
            yield Place(file=file, function=name, line=first, end=first + wrong[0].count("\n"))


def _without_main(text: str) -> str:
    return text.replace("\r\n", "\n").partition("#ifdef INCLUDEMAIN")[0]


def _by_turns(one: list[str], other: list[str]) -> list[str]:
    both = [name for pair in zip(one, other, strict=False) for name in pair]
    return both + [name for name in (*one, *other) if name not in both]


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
