"""Text files of a tree, found by name: bounded in number, depth and size, and never through a link."""

import os
from collections.abc import Iterator
from pathlib import Path

_MOST = 400
_DEPTH = 6
_BYTES = 1 << 20
_LEFT_OUT = frozenset({".git", ".hg", ".svn", ".tox", ".venv", "node_modules", "__pycache__"})


def named(root: Path, wanted: tuple[str, ...]) -> Iterator[Path]:
    """Files below `root` whose name is one of `wanted`, outermost first."""
    count = 0
    for file in walk(root):
        if file.name in wanted:
            yield file
            count += 1
            if count >= _MOST:
                return


def walk(root: Path) -> Iterator[Path]:
    """All ordinary files below `root`, in order of depth within a folder, to a bounded depth."""
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        depth = len(here.relative_to(root).parts)
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT) if depth < _DEPTH else []
        for name in sorted(files):
            if not (here / name).is_symlink():
                yield here / name


def text(file: Path) -> str:
    """The file's text, "" when it cannot be read; undecodable bytes are replaced."""
    try:
        with file.open("rb") as stream:
            return stream.read(_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def texts(root: Path, *wanted: str) -> dict[str, str]:
    """Texts by their folder below `root` ("" for the root itself), of the files of these names."""
    found: dict[str, str] = {}
    for file in named(root, wanted):
        folder = file.parent.relative_to(root).as_posix()
        found.setdefault("" if folder == "." else folder, text(file))
    return found
