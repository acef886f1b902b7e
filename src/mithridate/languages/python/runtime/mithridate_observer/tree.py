"""The tree that the program sees: the project itself, or a writable copy that is put back between runs."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .changes import Changes

SHOWN = "/src"
MAX_ENTRIES = 200_000
_LEFT_OUT = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__"})


class _State(NamedTuple):
    modified_ns: int
    size: int
    inode: int
    mode: int


class Tree:
    """Where the project lies for the program, under which name records show it, and how it was when the door had been opened."""

    def __init__(self, root: str, writable: bool) -> None:
        self._original = Path(root).resolve()
        below = str(self._original) + os.sep
        self.name = str(self._original) if below.startswith(SHOWN + os.sep) else SHOWN
        self._work = Path(tempfile.mkdtemp(prefix="mithridate-")).resolve()
        self.scratch = self._work / "tmp"
        self.scratch.mkdir()
        self.home = self.scratch / "home"
        self.home.mkdir()
        self._kept = self._work / "kept"
        self._kept.mkdir()
        self.place = self._original
        if writable:
            self.place = self._work / "src"
            shutil.copytree(self._original, self.place, symlinks=True, ignore=_ignored, ignore_dangling_symlinks=True)
            _make_writable(self.place)
        self._watched = [self.scratch, self.place] if writable else [self.scratch]
        self._baseline: list[dict[str, _State]] = []
        self._changes = Changes()

    def settle(self) -> None:
        """Let the program find its temporary files and its home where they are put back: what it keeps there is its own."""
        os.environ["TMPDIR"] = str(self.scratch)
        os.environ["HOME"] = str(self.home)
        tempfile.tempdir = None

    @property
    def roots(self) -> dict[str, str]:
        """Directories of the project's files and their names in records: the program's tree first, then the project's own."""
        return {str(self.place): self.name, str(self._original): self.name}

    def shown(self, file: str) -> str | None:
        """The name under which records show a file of the project, or None for a file that is none of the project's."""
        for root, name in self.roots.items():
            if file == root or file.startswith(root + os.sep):
                return name + file[len(root) :] if "/site-packages/" not in file else None
        return None

    def place_of(self, name: str) -> str:
        """Where the program finds what the door calls /src/…; other names are as they are."""
        if name == self.name or name.startswith(self.name + "/"):
            return str(self.place) + name[len(self.name) :]
        return name

    def remember(self) -> None:
        """Take the present state as the one to put back, and keep what the project's own tree cannot give back."""
        self._baseline = [_states(root) for root in self._watched]
        for index, (root, states) in enumerate(zip(self._watched, self._baseline)):  # noqa: B905 (Python 3.9)
            for name, state in states.items():
                if stat.S_ISREG(state.mode) and not self._same_in_original(root, name, state):
                    kept = self._kept / str(index) / name
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    with contextlib.suppress(OSError):
                        shutil.copy2(root / name, kept)
        self._watch()

    def put_back(self) -> int:
        """Undo what a run did to the tree; returns the number of entries that were changed, new or gone."""
        changed = self._changes.where()
        if changed is not None and not changed:
            return 0
        undone, whole = 0, changed is None
        for index, (root, before) in enumerate(zip(self._watched, self._baseline)):  # noqa: B905 (Python 3.9)
            near = None if changed is None else _near_states(root, before, changed)
            whole = whole or near is None
            now = _states(root) if near is None else near
            if now == before:
                continue
            different = [name for name in sorted(before) if now.get(name) != before[name]]
            for name in sorted(now.keys() - before.keys(), reverse=True):
                _remove(root / name)
                undone += 1
            for name in different:
                self._restore(index, root, name, before[name])
                undone += 1
            if near is None:
                self._baseline[index] = _states(root)
            else:
                before.update((name, state) for name in different if (state := _state(root / name)) is not None)
        if whole:
            self._watch()
        else:
            self._changes.where()  # what was told is our own doing
        return undone

    def _watch(self) -> None:
        """Have changes told from now on, in new directories too."""
        directories = [str(root) for root in self._watched]
        for root, states in zip(self._watched, self._baseline):  # noqa: B905 (Python 3.9)
            directories += [str(root / name) for name, state in states.items() if stat.S_ISDIR(state.mode)]
        self._changes.watch(directories)

    def remove(self) -> None:
        """Delete the copy and all scratch files."""
        shutil.rmtree(self._work, ignore_errors=True)

    def _same_in_original(self, root: Path, name: str, state: _State) -> bool:
        if root != self.place or self.place == self._original:
            return False
        try:
            there = os.lstat(self._original / name)
        except OSError:
            return False
        return there.st_size == state.size and there.st_mtime_ns == state.modified_ns

    def _restore(self, index: int, root: Path, name: str, state: _State) -> None:
        """Bring one entry back. A file keeps its inode when it still has it, as the parent may hold it open (a database)."""
        target, kept = root / name, self._kept / str(index) / name
        source = kept if kept.exists() else self._original / name
        with contextlib.suppress(OSError):
            if stat.S_ISDIR(state.mode):
                if not target.is_dir() or target.is_symlink():
                    _remove(target)
                    target.mkdir(parents=True, exist_ok=True)
                target.chmod(stat.S_IMODE(state.mode))
            elif stat.S_ISLNK(state.mode):
                if not target.is_symlink() and source.is_symlink():
                    _remove(target)
                    target.symlink_to(source.readlink())
            elif stat.S_ISREG(state.mode):
                if target.is_symlink() or target.is_dir():
                    _remove(target)
                target.parent.mkdir(parents=True, exist_ok=True)
                if target.exists():
                    target.chmod(stat.S_IMODE(state.mode) | stat.S_IWUSR)
                with source.open("rb") as good, os.fdopen(os.open(target, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as bad:
                    shutil.copyfileobj(good, bad)
                    bad.truncate()
                target.chmod(stat.S_IMODE(state.mode))
                os.utime(target, ns=(state.modified_ns, state.modified_ns))


def _ignored(_directory: str, names: list[str]) -> list[str]:
    return [name for name in names if name in _LEFT_OUT]


def _make_writable(root: Path) -> None:
    for directory, _directories, files in os.walk(root):
        for name in (directory, *(os.path.join(directory, each) for each in files)):  # noqa: PTH118 (10⁵ of them)
            with contextlib.suppress(OSError):
                mode = os.lstat(name).st_mode
                if not stat.S_ISLNK(mode) and not mode & stat.S_IWUSR:
                    os.chmod(name, stat.S_IMODE(mode) | stat.S_IWUSR)  # noqa: PTH101


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def _states(root: Path) -> dict[str, _State]:
    """State of each entry below `root` by relative name."""
    return dict(_entries(str(root)))


def _near_states(root: Path, before: dict[str, _State], changed: set[str]) -> dict[str, _State] | None:
    """The states below `root` when only the files in the directories `changed` differ from `before`.

    None when that is not enough to know them: a directory came, went or changed, or a file has other names elsewhere.
    """
    top = str(root)
    inside = {directory[len(top) + 1 :] for directory in changed if directory == top or directory.startswith(top + os.sep)}
    now = {name: state for name, state in before.items() if os.path.dirname(name) not in inside}  # noqa: PTH120 (10⁴ of them)
    for directory in inside:
        try:
            with os.scandir(os.path.join(top, directory)) as listed:  # noqa: PTH118
                entries = [(os.path.join(directory, e.name), e.stat(follow_symlinks=False)) for e in listed]  # noqa: PTH118
        except OSError:
            return None
        for name, found in entries:
            if os.path.basename(name) == "__pycache__":  # noqa: PTH119
                continue
            state = _state_of(found)
            folder = stat.S_ISDIR(found.st_mode)
            if (folder and before.get(name) != state) or (not folder and found.st_nlink > 1):
                return None
            now[name] = state
    gone = before.keys() - now.keys()
    return None if any(stat.S_ISDIR(before[name].mode) for name in gone) else now


def _state(path: Path) -> _State | None:
    try:
        return _state_of(os.lstat(path))
    except OSError:
        return None


def _state_of(found: os.stat_result) -> _State:
    """Directories without times, as their entries are listed themselves."""
    if stat.S_ISDIR(found.st_mode):
        return _State(0, 0, 0, found.st_mode)
    return _State(found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode)


def _entries(root: str) -> Iterator[tuple[str, _State]]:
    count, start, stack = 0, len(root) + 1, [root]
    while stack and count < MAX_ENTRIES:
        try:
            with os.scandir(stack.pop()) as listed:
                entries = list(listed)
        except OSError:
            continue
        for entry in entries:
            if entry.name == "__pycache__":
                continue
            try:
                found = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            count += 1
            if stat.S_ISDIR(found.st_mode):
                stack.append(entry.path)
            yield entry.path[start:], _state_of(found)
