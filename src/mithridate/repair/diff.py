"""Unified diffs as `git diff` writes them: made from changed files, read, and applied exactly or not at all."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_CONTEXT = 3
_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_NO_NEWLINE = b"\\ No newline at end of file"
_NOWHERE = "/dev/null"


class DiffError(ValueError):
    """The diff cannot be read, or does not fit the files that it names."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """`old` lines from line `start` (1-based; the line before which to insert when there are none) become `new`."""

    start: int
    old: tuple[bytes, ...]
    new: tuple[bytes, ...]
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class FileDiff:
    """The hunks of one file. `creates` and `deletes` it: the other side is empty."""

    path: str
    hunks: tuple[Hunk, ...]
    creates: bool = False
    deletes: bool = False


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


def applied(diff: str, tree: Path) -> dict[str, bytes | None]:
    """The content of each named file below `tree` after the diff, None for one that is deleted. Writes nothing.

    DiffError when a hunk's lines do not stand exactly where it says, or a path leads through a link.
    """
    return {file.path: _patched(file, tree) for file in read(diff)}


def apply(diff: str, tree: Path) -> tuple[str, ...]:
    """Change the files below `tree`; the paths changed. DiffError, and nothing is changed, when it does not fit."""
    contents = applied(diff, tree)
    for path, content in contents.items():
        place = tree / path
        if content is None:
            place.unlink()
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        mode = place.stat().st_mode if place.exists() else 0o100644
        place.unlink(missing_ok=True)  # the tree may be made of hard links
        place.write_bytes(content)
        place.chmod(mode & 0o7777)
    return tuple(contents)


def _of_file(path: str, before: bytes, after: bytes) -> str:
    old, new = _lines(before), _lines(after)
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


def _lines(content: bytes) -> list[bytes]:
    return content.split(b"\n")[:-1] + (
        [content.rpartition(b"\n")[2] + _NO_NEWLINE] if not content.endswith(b"\n") and content else []
    )


def _line(sign: bytes, line: bytes) -> bytes:
    return sign + (line.removesuffix(_NO_NEWLINE) + b"\n" + _NO_NEWLINE if line.endswith(_NO_NEWLINE) else line)


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
        counts = [int(head[2] or 1), int(head[4] or 1)]
        old: list[bytes] = []
        new: list[bytes] = []
        added = removed = 0
        at += 1
        while at < len(lines) and (len(old) < counts[0] or len(new) < counts[1] or lines[at] == _NO_NEWLINE):
            sign, text = lines[at][:1], lines[at][1:]
            if lines[at] == _NO_NEWLINE:
                _end(old, new, lines[at - 1][:1])
            elif sign in (b" ", b""):
                old.append(text)
                new.append(text)
            elif sign == b"-":
                old.append(text)
                removed += 1
            elif sign == b"+":
                new.append(text)
                added += 1
            else:
                break
            at += 1
        if [len(old), len(new)] != counts:
            raise DiffError(f"a hunk with other numbers of lines than it says: {lines[at - 1][:60]!r}")
        hunks.append(Hunk(int(head[1]), tuple(old), tuple(new), added, removed))
    if not hunks:
        raise DiffError("a file without a hunk")
    return hunks, at


def _end(old: list[bytes], new: list[bytes], sign: bytes) -> None:
    for lines in [old] * (sign in (b" ", b"-")) + [new] * (sign in (b" ", b"+")):
        if lines:
            lines[-1] += _NO_NEWLINE


def _patched(file: FileDiff, tree: Path) -> bytes | None:
    place = tree / file.path
    if place.is_symlink() or not place.parent.resolve().is_relative_to(tree.resolve()):
        raise DiffError(f"{file.path[:80]!r} leads through a link")
    if file.creates:
        if place.exists() and place.stat().st_size:
            raise DiffError(f"{file.path[:80]!r} is there already")
        lines: list[bytes] = []
    else:
        if not place.is_file():
            raise DiffError(f"there is no {file.path[:80]!r}")
        lines = _lines(place.read_bytes())
    done = list(_replaced(file, lines))
    if file.deletes:
        if done:
            raise DiffError(f"{file.path[:80]!r} would be deleted and is not empty then")
        return None
    return b"\n".join(done).removesuffix(_NO_NEWLINE) + (b"" if not done or done[-1].endswith(_NO_NEWLINE) else b"\n")


def _replaced(file: FileDiff, lines: list[bytes]) -> Iterator[bytes]:
    at = 0
    for hunk in file.hunks:
        start = hunk.start - 1 if hunk.old else hunk.start
        if start < at or tuple(lines[start : start + len(hunk.old)]) != hunk.old:
            raise DiffError(f"{file.path[:80]!r} is not what the diff says at line {hunk.start}")
        yield from lines[at:start]
        yield from hunk.new
        at = start + len(hunk.old)
    yield from lines[at:]
