"""Patches on top of patches: two as one, and the upper one taken off the lower."""

from pathlib import Path

from mithridate.model.diff import lines_of
from mithridate.model.lines import Shift
from mithridate.repair.diff import DiffError, FileDiff, applied, joined, made, patched, read


def together(base: str, upper: str, tree: Path) -> str:
    """One diff for `tree` of two, of which `upper` was made for the tree with `base`. DiffError when one does not fit."""
    if not base:
        return upper
    middle = applied(base, tree)
    changes = {path: (_content(tree, path), after or b"") for path, after in middle.items()}
    for file in read(upper):
        before, between = changes.get(file.path, (_content(tree, file.path), _content(tree, file.path)))
        changes[file.path] = (before, patched(file, between))
    return made(changes)


def alone(base: str, upper: str, tree: Path) -> str | None:
    """`upper`, made for the tree with `base`, as a diff for `tree` itself. None when it builds on what `base` changes."""
    lower = {file.path: file for file in read(base)} if base else {}
    changes: dict[str, tuple[bytes, bytes]] = {}
    for file in read(upper):
        before = _content(tree, file.path)
        under = lower.get(file.path)
        after = patched(file, before) if under is None else _taken_off(file, under, before)
        if after is None:
            return None
        changes[file.path] = (before, after)
    return made(changes)


def _taken_off(file: FileDiff, under: FileDiff, before: bytes) -> bytes | None:
    """The changes of `file` made to the content without `under`; None where the two touch the same or neighbouring lines."""
    if file.creates or file.deletes or under.creates or under.deletes:
        return None
    shift = Shift(under)
    lines = lines_of(before)
    for at, gone, come in reversed(list(file.changes)):
        if shift.touched(at - 1, at + gone):
            return None
        start = shift.before(at) - 1
        lines[start : start + gone] = [line.encode("utf-8", "surrogateescape") for line in come]
    return joined(lines)


def _content(tree: Path, path: str) -> bytes:
    place = tree / path
    if place.is_symlink() or not place.parent.resolve().is_relative_to(tree.resolve()):
        raise DiffError(f"{path[:80]!r} leads through a link")
    return place.read_bytes() if place.is_file() else b""
