"""Unified diffs as `git diff` writes them, made from changed files and read. Applying them is repair/diff.py's business."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

_CONTEXT = 3
_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
NO_NEWLINE = b"\\ No newline at end of file"
_NOWHERE = "/dev/null"


class DiffError(ValueError):
    """The diff cannot be read, or does not fit the files that it names."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """`old` lines from line `start` (1-based; the line behind which to insert when there are none) become `new`."""

    start: int
    body: tuple[tuple[bytes, bytes], ...]
    """(sign, line): b" ", b"-" or b"+", and a line without its end; NO_NEWLINE behind one that has none."""

    @property
    def old(self) -> tuple[bytes, ...]:
        """The lines before."""
        return tuple(line for sign, line in self.body if sign != b"+")

    @property
    def new(self) -> tuple[bytes, ...]:
        """The lines after."""
        return tuple(line for sign, line in self.body if sign != b"-")

    @property
    def added(self) -> int:
        """How many lines are new."""
        return sum(sign == b"+" for sign, _ in self.body)

    @property
    def removed(self) -> int:
        """How many lines go."""
        return sum(sign == b"-" for sign, _ in self.body)


@dataclass(frozen=True, slots=True)
class FileDiff:
    """The hunks of one file. `creates` and `deletes` it: the other side is empty."""

    path: str
    hunks: tuple[Hunk, ...]
    creates: bool = False
    deletes: bool = False

    @property
    def changes(self) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        """(line, how many lines go from there, what comes in their place), without the lines around; lines are 1-based."""
        for hunk in self.hunks:
            at = hunk.start if hunk.old else hunk.start + 1
            gone, come = 0, list[str]()
            for sign, line in (*hunk.body, (b" ", b"")):
                if sign == b" ":
                    if gone or come:
                        yield at - gone, gone, tuple(come)
                    gone, come = 0, []
                    at += 1
                elif sign == b"-":
                    gone += 1
                    at += 1
                else:
                    come.append(line.removesuffix(NO_NEWLINE).decode("utf-8", "surrogateescape"))


def made(changes: Mapping[str, tuple[bytes, bytes]]) -> str:
    """The diff of {path below the root: (content before, content after)}; "" where nothing changed.

    A file that was empty or absent before is created. Bytes that are no UTF-8 come through as surrogate escapes.
    """
    return "".join(_of_file(path, *changes[path]) for path in sorted(changes) if changes[path][0] != changes[path][1])


def read(diff: str) -> tuple[FileDiff, ...]:
    """What a diff says. DiffError when it is none, or names a path outside of the root."""
    lines = diff.encode("utf-8", "surrogateescape").split(b"\n")
    found: list[FileDiff] = []
    at = 0
    while at < len(lines):
        if lines[at].startswith(b"--- ") and at + 1 < len(lines) and lines[at + 1].startswith(b"+++ "):
            old, new = _path(lines[at][4:], "a/"), _path(lines[at + 1][4:], "b/")
            path = old if new == _NOWHERE else new
            if path == _NOWHERE or (old not in (path, _NOWHERE)):
                raise DiffError(f"a diff that renames or names no file: {old[:80]!r}")
            hunks, at = _hunks(lines, at + 2)
            found.append(FileDiff(_inside(path), tuple(hunks), creates=old == _NOWHERE, deletes=new == _NOWHERE))
        else:
            at += 1
    if not found:
        raise DiffError("no file is named in it")
    return tuple(found)


def sizes(diff: str) -> tuple[int, int]:
    """Lines added and removed."""
    hunks = [hunk for file in read(diff) for hunk in file.hunks]
    return sum(hunk.added for hunk in hunks), sum(hunk.removed for hunk in hunks)


def _of_file(path: str, before: bytes, after: bytes) -> str:
    old, new = lines_of(before), lines_of(after)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    out = [
        b"--- " + (b"a/" + _named(path) if before else _NOWHERE.encode()),
        b"+++ " + (b"b/" + _named(path) if after else _NOWHERE.encode()),
    ]
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        first, last = group[0], group[-1]
        out.append(b"@@ -%s +%s @@" % (_range(first[1], last[2]), _range(first[3], last[4])))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                out += [_line(b" ", line) for line in old[i1:i2]]
                continue
            out += [_line(b"-", line) for line in old[i1:i2]]
            out += [_line(b"+", line) for line in new[j1:j2]]
    return (b"\n".join(out) + b"\n").decode("utf-8", "surrogateescape")


def lines_of(content: bytes) -> list[bytes]:
    """The lines without their ends; NO_NEWLINE behind the last when it has none."""
    return content.split(b"\n")[:-1] + (
        [content.rpartition(b"\n")[2] + NO_NEWLINE] if not content.endswith(b"\n") and content else []
    )


def _line(sign: bytes, line: bytes) -> bytes:
    return sign + (line.removesuffix(NO_NEWLINE) + b"\n" + NO_NEWLINE if line.endswith(NO_NEWLINE) else line)


def _range(start: int, stop: int) -> bytes:
    length = stop - start
    first = start + 1 if length else start
    return b"%d" % first if length == 1 else b"%d,%d" % (first, length)


def _named(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _path(raw: bytes, prefix: str) -> str:
    text = raw.split(b"\t")[0].decode("utf-8", "surrogateescape").strip()
    return text if text == _NOWHERE else text.removeprefix(prefix)


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or ".git" in parts:
        raise DiffError(f"a path outside of the project: {path[:80]!r}")
    return path


def _hunks(lines: list[bytes], at: int) -> tuple[list[Hunk], int]:
    hunks: list[Hunk] = []
    while at < len(lines) and (head := _HUNK.match(lines[at])):
        left = [int(head[2] or 1), int(head[4] or 1)]
        body: list[tuple[bytes, bytes]] = []
        at += 1
        while at < len(lines) and (left[0] > 0 or left[1] > 0 or lines[at] == NO_NEWLINE):
            sign, text = lines[at][:1] or b" ", lines[at][1:]
            if lines[at] == NO_NEWLINE and body:
                body[-1] = (body[-1][0], body[-1][1] + NO_NEWLINE)
            elif sign in (b" ", b"-", b"+"):
                body.append((sign, text))
                left[0] -= sign != b"+"
                left[1] -= sign != b"-"
            else:
                break
            at += 1
        if left != [0, 0]:
            raise DiffError(f"a hunk with other numbers of lines than it says: {lines[at - 1][:60]!r}")
        hunks.append(Hunk(int(head[1]), tuple(body)))
    if not hunks:
        raise DiffError("a file without a hunk")
    return hunks, at
