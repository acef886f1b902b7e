"""Where in a tree a unified diff makes its changes: file, lines and the function around them."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bench.cases.truth import Place

SOURCE_SUFFIXES = frozenset({".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".inl", ".y", ".l"})
TEST_FOLDERS = frozenset({"test", "tests", "testsuite", "fuzz", "doc", "docs"})
NOT_FUNCTIONS = frozenset({"if", "for", "while", "switch", "return", "sizeof", "defined", "assert", "OF"})


@dataclass(frozen=True, slots=True)
class Hunk:
    """The old side of one hunk: first line by the header, its text, and which of its lines (from 0) the change touches."""

    file: str
    start: int
    old: tuple[str, ...]
    touched: tuple[int, ...]


def hunks(diff: str, strip: int = 1) -> Iterator[Hunk]:
    """The hunks of a unified diff; `strip` leading components are removed from file names."""
    file, start, old, touched, left = "", 0, list[str](), list[int](), 0
    for line in [*diff.splitlines(), "--- end"]:
        if left <= 0 and touched:
            yield Hunk(file, start, tuple(old), tuple(touched))
            touched = []
        if left > 0:
            mark, text = line[:1] or " ", line[1:]
            if mark in " -":
                if mark == "-":
                    touched.append(len(old))
                old.append(text)
            elif mark == "+" and (not touched or touched[-1] < len(old) - 1):
                touched.append(max(len(old) - 1, 0))
            left -= {" ": 2, "-": 1, "+": 1}.get(mark, 0)
        elif line.startswith("--- "):
            file = _stripped(line[4:].split("\t")[0].strip(), strip) if line != "--- end" else ""
        elif line.startswith("+++ ") and not file:
            file = _stripped(line[4:].split("\t")[0].strip(), strip)
        elif m := re.match(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@", line):
            start, old, touched = int(m[1]), [], []
            left = int(m[2] or 1) + int(m[3] or 1)


def _stripped(name: str, strip: int) -> str:
    return "" if name == "/dev/null" else "/".join(PurePosixPath(name).parts[strip:])


def enclosing_function(lines: list[str], number: int) -> str:
    """The name of the C or C++ function around a 1-based line, by the habit that definitions start in the first column."""
    for line in reversed(lines[: max(number, 1)]):
        if not re.match(r"[A-Za-z_~]", line) or re.search(r"[;:]\s*(/\*.*)?$", line) or line.startswith(("extern", "typedef")):
            continue
        if m := re.fullmatch(r"\s*[A-Z]\w*\s*\(\s*(\w+)\s*\)\s*\{?", line):  # DECLARE(name) defines name
            return m[1]
        for name in re.findall(r"([A-Za-z_~][\w:~]*)\s*\(", re.sub(r"__attribute__\s*\(\(.*?\)\)", "", line)):
            if name not in NOT_FUNCTIONS:
                return str(name)
    return ""


def _located(hunk: Hunk, lines: list[str]) -> int:
    """The 1-based line of the file where the hunk's old text stands nearest to where its header says; the header's if nowhere."""
    old, size = list(hunk.old), len(hunk.old)
    matches = [i + 1 for i in range(len(lines) - size + 1) if lines[i : i + size] == old] if size else []
    return min(matches, key=lambda i: abs(i - hunk.start), default=hunk.start)


def places(diff: str, tree: Path, strip: int = 1) -> tuple[Place, ...]:
    """The places that the diff changes in the source code of `tree` (which is in its state before the change)."""
    found: dict[Place, None] = {}
    for hunk in hunks(diff, strip):
        path = tree / hunk.file
        parts = {p.lower() for p in Path(hunk.file).parts[:-1]}
        if path.suffix not in SOURCE_SUFFIXES or parts & TEST_FOLDERS or not path.is_file():
            continue
        lines = path.read_text(errors="replace").splitlines()
        start = _located(hunk, lines)
        first, last = start + hunk.touched[0], start + hunk.touched[-1]
        names = {enclosing_function(lines, n) for n in (first, last)}
        for name in sorted(names):
            found[Place(file=hunk.file, function=name, line=first, end=last)] = None
    return tuple(found)


def twin_places(vulnerable: Path, fixed: Path) -> tuple[Place, ...]:
    """The places where the vulnerable tree differs from its fixed twin."""
    command = ["git", "diff", "--no-index", "--no-color", "--no-renames", "--no-prefix", vulnerable.name, fixed.name]
    done = subprocess.run(command, cwd=vulnerable.parent, capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"git diff: {done.stderr.decode(errors='replace').strip()}")
    return places(done.stdout.decode(errors="replace"), vulnerable, strip=1)
