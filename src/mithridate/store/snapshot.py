"""Freeze a source tree at one content hash, so that every later stage sees the same bytes whatever its owner does meanwhile.

The hash covers names, executable bits, contents and link targets, in the order of the names' bytes. It covers no times,
owners or other modes: two checkouts of one commit are one snapshot.
"""

# Names may be invalid UTF-8, so paths here are bytes, which pathlib does not take.
# ruff: noqa: PTH103, PTH114, PTH115, PTH116, PTH118, PTH120, PTH123, PTH211

import errno
import hashlib
import json
import os
import shutil
import stat
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from mithridate.model.errors import NothingToAnalyse, UsageError
from mithridate.model.project import Project, Skipped
from mithridate.store.archive import extract_archive, is_archive, single_root
from mithridate.store.omissions import Omissions, printable

MAXIMUM_FILES = 200_000
MAXIMUM_BYTES = 4 << 30
MAXIMUM_FILE_BYTES = 64 << 20
MAXIMUM_DEPTH = 200
"""Directories in directories: no build needs more, and paths that every tool can take end not far beyond."""

SNAPSHOT_TIME = 1_000_000_000
"""Every snapshot file's modification time (seconds): equal times never make `make` think that a shipped parser is out of date."""

_VERSION_CONTROL = frozenset({b".git", b".hg", b".svn"})
_OWN = b".mithridate"
OWN_FILES = frozenset({b"mithridate.scope.toml"})
"""Files of ours that lie in a project: who may analyse it until when is no part of what it is."""
_PARTIAL = ".partial-"
_STALE_S = 86_400
_CHUNK = 1 << 20
_GONE = frozenset({errno.ENOENT, errno.EACCES, errno.ELOOP, errno.ENAMETOOLONG})
"""The owner moved the file away between the walk and the copy, or its name is too long below the store."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file or link to keep: path relative to the root, link target or None, and whether it is executable."""

    path: bytes
    link: bytes | None
    executable: bool


@dataclass(slots=True)
class _Walk:
    """One pass over the target: what to keep, what not, and how large it is."""

    root: bytes
    avoid: bytes
    entries: list[_Entry] = field(default_factory=list)
    omissions: Omissions = field(default_factory=Omissions)
    size: int = 0
    files: int = 0


def take_snapshot(target: Path, destination: Path) -> tuple[Project, tuple[Skipped, ...]]:
    """Copy `target` (a directory or an archive file) to `destination`/<hash>, or reuse the copy that is there.

    Returns the project and what was left out: version control, our own output, sockets, pipes and devices, files over
    MAXIMUM_FILE_BYTES, links that leave the tree or loop, and what cannot be read. Safe to run twice at the same time.
    Raises UsageError when the target does not exist, is neither directory nor archive, or is beyond MAXIMUM_FILES or
    MAXIMUM_BYTES; NothingToAnalyse when nothing is left.
    """
    destination.mkdir(parents=True, exist_ok=True)
    _remove_stale(destination)
    shown = printable(str(target))
    hint = "Name a directory, a tar file or a zip file."
    try:
        mode = target.stat().st_mode
    except OSError as problem:
        raise UsageError(f"Cannot read {shown}: {problem.strerror}.", hint) from problem
    except ValueError as problem:
        raise UsageError("The target's path holds a zero byte.", hint) from problem
    if stat.S_ISDIR(mode):
        return _freeze(target, target, destination, target.resolve().name or "root", ())
    if not stat.S_ISREG(mode) or not os.access(target, os.R_OK) or not is_archive(target):
        raise UsageError(f"{shown} is neither a directory nor an archive that can be read.", hint)
    with tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=destination) as unpacked:
        skipped = extract_archive(target, Path(unpacked))
        return _freeze(single_root(Path(unpacked)), target, destination, _stem(target.name), skipped)


def _freeze(
    root: Path, origin: Path, destination: Path, name: str, already: tuple[Skipped, ...]
) -> tuple[Project, tuple[Skipped, ...]]:
    walk = _walk(root, destination)
    if not walk.files:
        raise NothingToAnalyse(
            f"{printable(str(origin))} holds no files to analyse.", "Name the directory that holds the source code."
        )
    digest = _digest(walk)
    if not (destination / digest).is_dir():
        digest = _publish(walk, destination)
    project = Project(
        name=printable(name),
        origin=printable(str(origin.absolute())),
        snapshot=digest,
        tree=destination / digest,
        files=walk.files,
        size_bytes=walk.size,
    )
    return project, (*already, *walk.omissions.as_skipped())


def _walk(root: Path, destination: Path) -> _Walk:
    """List what to keep, without following a link and without reading a file."""
    base = os.fsencode(os.path.realpath(root))
    walk = _Walk(base, os.fsencode(os.path.realpath(destination)))
    pending = [b""]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(os.path.join(base, folder)) as children:
                for child in children:
                    relative = os.path.join(folder, child.name)
                    if _keep(walk, child, relative):
                        pending.append(relative)
        except OSError as problem:
            walk.omissions.add(folder or b".", f"the directory cannot be read: {problem.strerror}")
    walk.entries.sort(key=lambda entry: entry.path)
    return walk


def _keep(walk: _Walk, child: os.DirEntry[bytes], relative: bytes) -> bool:
    """Note one directory entry; True when it is a directory to enter."""
    try:
        if child.is_symlink():
            _keep_link(walk, child.path, relative)
            return False
        status = child.stat(follow_symlinks=False)
    except OSError as problem:
        walk.omissions.add(relative, f"cannot be read: {problem.strerror}")
        return False
    if stat.S_ISDIR(status.st_mode):
        return _enter(walk, child.path, child.name, relative)
    if not stat.S_ISREG(status.st_mode):
        walk.omissions.add(relative, "a device, socket or pipe")
    elif status.st_size > MAXIMUM_FILE_BYTES:
        walk.omissions.add(relative, f"larger than {MAXIMUM_FILE_BYTES >> 20} MiB")
    elif not os.access(child.path, os.R_OK):
        walk.omissions.add(relative, "cannot be read: Permission denied")
    elif child.name not in _VERSION_CONTROL | OWN_FILES:  # a worktree's or submodule's .git is a file
        walk.entries.append(_Entry(relative, None, bool(status.st_mode & 0o111)))
        walk.files += 1
        walk.size += status.st_size
        if walk.files > MAXIMUM_FILES or walk.size > MAXIMUM_BYTES:
            raise UsageError(
                f"The target is larger than {MAXIMUM_FILES} files or {MAXIMUM_BYTES >> 30} GiB.",
                "Name the part of the tree that you want analysed.",
            )
    return False


def _enter(walk: _Walk, path: bytes, name: bytes, relative: bytes) -> bool:
    if name in _VERSION_CONTROL:
        walk.omissions.add(relative, "version control data")
    elif name == _OWN or path == walk.avoid or _is_our_output(path):
        walk.omissions.add(relative, "output of an earlier run")
    elif relative.count(b"/") >= MAXIMUM_DEPTH:
        walk.omissions.add(relative, f"nested deeper than {MAXIMUM_DEPTH} directories")
    else:
        return True
    return False


def _keep_link(walk: _Walk, path: bytes, relative: bytes) -> None:
    """Keep a link whose end lies inside the tree, as a relative one; a link to a directory above itself would loop."""
    target = os.readlink(path)
    end = os.path.realpath(path)
    if os.path.islink(end):
        walk.omissions.add(relative, "a symbolic link that loops")
        return
    if end != walk.root and not end.startswith(walk.root + b"/"):
        walk.omissions.add(relative, "a symbolic link that leaves the tree")
        return
    parent = os.path.dirname(path)
    if parent == end or parent.startswith(end + b"/"):
        walk.omissions.add(relative, "a symbolic link that loops")
        return
    lexical = os.path.normpath(os.path.join(parent, target))
    if target.startswith(b"/") or not lexical.startswith(walk.root + b"/"):
        target = os.path.relpath(end, parent)
    walk.entries.append(_Entry(relative, target, False))


def _is_our_output(path: bytes) -> bool:
    """True for a directory that a run of ours wrote its report to."""
    report = os.path.join(path, b"results.json")
    try:
        if os.stat(report, follow_symlinks=False).st_size > MAXIMUM_FILE_BYTES:
            return False
        with open(report, "rb") as stream:
            content = json.load(stream)
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and {"version", "run", "findings", "entry_points"} <= content.keys()


def _digest(walk: _Walk) -> str:
    """The content hash. An entry that cannot be read any more is dropped from the walk and reported."""
    total = hashlib.sha256()
    kept: list[_Entry] = []
    for entry in walk.entries:
        try:
            content = b"" if entry.link is not None else _hash_file(os.path.join(walk.root, entry.path))
        except OSError as problem:
            walk.omissions.add(entry.path, f"cannot be read: {problem.strerror}")
            walk.files -= 1
            continue
        _fold(total, entry, content)
        kept.append(entry)
    walk.entries = kept
    return total.hexdigest()


def _fold(total: "hashlib._Hash", entry: _Entry, content: bytes) -> None:
    link = entry.link if entry.link is not None else b""
    kind = b"l" if entry.link is not None else b"x" if entry.executable else b"f"
    total.update(b"%d:%b%b%d:%b%b" % (len(entry.path), entry.path, kind, len(link), link, content))


def _hash_file(path: bytes) -> bytes:
    digest = hashlib.sha256()
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        while chunk := os.read(descriptor, _CHUNK):
            digest.update(chunk)
    finally:
        os.close(descriptor)
    return digest.digest()


def _publish(walk: _Walk, destination: Path) -> str:
    """Copy the kept entries and name the copy after what was really copied, even if the owner edits meanwhile."""
    partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=destination))
    try:
        base = os.fsencode(partial)
        total = hashlib.sha256()
        made: set[bytes] = set()
        for entry in walk.entries:
            parent = os.path.dirname(entry.path)
            if parent not in made:
                os.makedirs(os.path.join(base, parent), exist_ok=True)
                made.add(parent)
            try:
                content = _copy(walk.root, base, entry)
            except OSError as problem:
                if problem.errno not in _GONE:
                    raise
                walk.omissions.add(entry.path, f"cannot be copied: {problem.strerror}")
                walk.files -= entry.link is None
                continue
            _fold(total, entry, content)
        partial.chmod(0o755)
        try:
            partial.rename(destination / total.hexdigest())
        except OSError:
            if not (destination / total.hexdigest()).is_dir():
                raise
        return total.hexdigest()
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _copy(root: bytes, base: bytes, entry: _Entry) -> bytes:
    """Copy one entry and return the hash of what was written."""
    target = os.path.join(base, entry.path)
    if entry.link is not None:
        os.symlink(entry.link, target)
        return b""
    digest = hashlib.sha256()
    source = os.open(os.path.join(root, entry.path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        copy = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o755 if entry.executable else 0o644)
        try:
            while chunk := os.read(source, _CHUNK):
                digest.update(chunk)
                _write_all(copy, chunk)
            os.utime(copy, (SNAPSHOT_TIME, SNAPSHOT_TIME))
        finally:
            os.close(copy)
    finally:
        os.close(source)
    return digest.digest()


def _write_all(descriptor: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view) :]


def _remove_stale(destination: Path) -> None:
    """Remove what a killed run left half-copied a day or more ago."""
    for partial in destination.glob(f"{_PARTIAL}*"):
        try:
            if time.time() - partial.stat().st_mtime > _STALE_S:
                shutil.rmtree(partial, ignore_errors=True)
        except FileNotFoundError:
            continue


def _stem(name: str) -> str:
    """An archive's name without its endings: "zlib-1.2.tar.gz" gives "zlib-1.2"."""
    for ending in (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".txz", ".tar", ".zip"):
        if name.lower().endswith(ending):
            return name[: -len(ending)] or name
    return name
