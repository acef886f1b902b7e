"""Diffs applied: exactly, or not at all."""

from collections.abc import Iterator
from pathlib import Path

from mithridate.model.diff import NO_NEWLINE, DiffError, FileDiff, Hunk, lines_of, made, read, sizes

__all__ = ["DiffError", "FileDiff", "Hunk", "applied", "apply", "made", "patched", "read", "sizes"]


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
        lines = lines_of(place.read_bytes())
    done = list(_replaced(file, lines))
    if file.deletes:
        if done:
            raise DiffError(f"{file.path[:80]!r} would be deleted and is not empty then")
        return None
    return joined(done)


def patched(file: FileDiff, content: bytes) -> bytes:
    """The content after the hunks of `file`. DiffError when they do not stand exactly where they say."""
    return joined(list(_replaced(file, lines_of(content))))


def joined(done: list[bytes]) -> bytes:
    """Lines as `lines_of` gives them, as one content."""
    return b"\n".join(done).removesuffix(NO_NEWLINE) + (b"" if not done or done[-1].endswith(NO_NEWLINE) else b"\n")


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
