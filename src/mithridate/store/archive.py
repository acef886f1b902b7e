"""Unpack an archive that a stranger made, without being led out of the destination or eaten by it.

Links are made after every file is written, so no write ever goes through one; names that leave the destination, device
nodes and oversized members are left out and reported; a bomb is refused before it is unpacked further than the limits.
"""

import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO

from mithridate.model.errors import UsageError
from mithridate.model.project import Skipped
from mithridate.store.omissions import Omissions, printable


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """What an archive may hold: members, bytes in all and in one file, and how many times it may grow when unpacked.

    The ratio counts only beyond `ratio_floor_bytes`, since a small file of zeros is harmless and compresses without bound.
    """

    members: int = 200_000
    total_bytes: int = 4 << 30
    file_bytes: int = 64 << 20
    ratio: int = 200
    ratio_floor_bytes: int = 256 << 20


_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, LZMAError, EOFError, OSError, NotImplementedError, RuntimeError)
_CHUNK = 1 << 20


def is_archive(path: Path) -> bool:
    """True when `path` is a tar (plain, gzip, bzip2, xz) or zip file, judged by content and not by name."""
    try:
        return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)
    except (OSError, EOFError, zlib.error, LZMAError):
        return False


def extract_archive(archive: Path, destination: Path, limits: ArchiveLimits = ArchiveLimits()) -> tuple[Skipped, ...]:
    """Unpack `archive` into the empty directory `destination`; return what was left out and why.

    Raises UsageError (the caller's fault) when the file is damaged, encrypted, or larger than `limits`.
    """
    unpacking = _Unpacking(destination, limits, archive.stat().st_size, printable(archive.name))
    try:
        if zipfile.is_zipfile(archive):
            _extract_zip(archive, unpacking)
        else:
            _extract_tar(archive, unpacking)
    except _BROKEN as problem:
        raise UsageError(f"The archive {unpacking.name} cannot be read: {problem}", "Check that it is whole.") from problem
    unpacking.make_links()
    return unpacking.omissions.as_skipped()


@dataclass(slots=True)
class _Unpacking:
    """The state of one extraction: counters against the limits, links that wait, and what was left out."""

    destination: Path
    limits: ArchiveLimits
    packed_bytes: int
    name: str
    members: int = 0
    total: int = 0
    links: list[tuple[PurePosixPath, str]] = field(default_factory=list)
    omissions: Omissions = field(default_factory=Omissions)

    def admit(self, name: str, size: int) -> PurePosixPath | None:
        """Count a member against the limits; its safe relative path, or None when it must be left out."""
        self.members += 1
        if self.members > self.limits.members:
            raise UsageError(
                f"The archive {self.name} has more than {self.limits.members} members.", "Unpack it and name the part."
            )
        relative = _safe(name)
        if relative is None:
            self.omissions.add(name, "its path leaves the archive")
        elif size > self.limits.file_bytes:
            self.omissions.add(name, f"larger than {self.limits.file_bytes >> 20} MiB")
            return None
        return relative

    def grow(self, count: int) -> None:
        """Account for `count` unpacked bytes; refuse a bomb."""
        self.total += count
        allowed = max(self.limits.ratio_floor_bytes, self.packed_bytes * self.limits.ratio)
        if self.total > min(self.limits.total_bytes, allowed):
            raise UsageError(
                f"The archive {self.name} unpacks to more than {min(self.limits.total_bytes, allowed) >> 20} MiB.",
                "Unpack it yourself and name the part to analyse.",
            )

    def write(self, relative: PurePosixPath, source: IO[bytes], executable: bool) -> None:
        """Write one regular file, counting what really comes out and not what the header promises."""
        path = self.directory(relative.parent) / relative.name
        if path.is_dir():
            self.omissions.add(str(relative), "both a file and a directory in the archive")
            return
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o755 if executable else 0o644)
        with os.fdopen(descriptor, "wb") as target:
            size = 0
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                self.grow(len(chunk))
                if size > self.limits.file_bytes:
                    break
                target.write(chunk)
        if size > self.limits.file_bytes:
            path.unlink()
            self.omissions.add(str(relative), f"larger than {self.limits.file_bytes >> 20} MiB")

    def directory(self, relative: PurePosixPath) -> Path:
        """The directory for `relative`, made if needed; a file that stands in its way gives way."""
        path = self.destination
        for part in relative.parts:
            path = path / part
            if path.is_symlink() or not path.is_dir():
                path.unlink(missing_ok=True)
                path.mkdir()
        return path

    def copy(self, relative: PurePosixPath, target: str) -> None:
        """A hard link becomes a copy of the member that it names, when that came before it and lies inside."""
        origin = _safe(target)
        if origin is None or not (self.destination / origin).is_file():
            self.omissions.add(str(relative), "a hard link to something that is not in the archive")
            return
        self.grow((self.destination / origin).stat().st_size)
        path = self.directory(relative.parent) / relative.name
        if origin != relative and not path.is_dir():
            path.unlink(missing_ok=True)
            shutil.copy(self.destination / origin, path)

    def make_links(self) -> None:
        """Make the symbolic links last; one that leaves the destination is left out."""
        for relative, target in self.links:
            depth = len(relative.parent.parts)
            if target.startswith("/") or not target or _climbs(target) > depth or "\0" in target:
                self.omissions.add(str(relative), "a symbolic link that leaves the tree")
                continue
            path = self.directory(relative.parent) / relative.name
            if not path.exists() and not path.is_symlink():
                path.symlink_to(target)


def _extract_tar(archive: Path, unpacking: _Unpacking) -> None:
    with tarfile.open(archive, "r:*", errorlevel=1) as tar:
        for member in tar:
            sparse = member.issparse()
            relative = unpacking.admit(member.name, member.size)
            if member.isreg() and not sparse and relative is None:
                unpacking.grow(member.size)  # its bytes are read over all the same
            if relative is None or member.isdir():
                continue
            if member.issym():
                unpacking.links.append((relative, member.linkname))
            elif member.islnk():
                unpacking.copy(relative, member.linkname)
            elif member.isreg():
                source = tar.extractfile(member)
                if source is not None:
                    unpacking.write(relative, source, bool(member.mode & 0o111))
            else:
                unpacking.omissions.add(member.name, "a device, socket or pipe")


def _extract_zip(archive: Path, unpacking: _Unpacking) -> None:
    with zipfile.ZipFile(archive) as zipped:
        for member in zipped.infolist():
            mode = member.external_attr >> 16
            relative = unpacking.admit(member.filename, member.file_size)
            if relative is None or member.is_dir():
                continue
            if stat.S_ISLNK(mode):
                if member.file_size <= 4096:
                    unpacking.links.append((relative, os.fsdecode(zipped.read(member))))
            elif mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                unpacking.omissions.add(member.filename, "a device, socket or pipe")
            else:
                with zipped.open(member) as source:
                    unpacking.write(relative, source, bool(mode & 0o111))


def _safe(name: str) -> PurePosixPath | None:
    """The member's path relative to the destination, or None when it is absolute, climbs out, or is no name at all."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name or not path.parts:
        return None
    if any(len(os.fsencode(part)) > 255 for part in path.parts) or len(path.parts) > 200 or len(os.fsencode(name)) > 3000:
        return None
    return path


def _climbs(target: str) -> int:
    """How many levels above its own directory a relative link reaches on its way, at most."""
    depth = highest = 0
    for part in PurePosixPath(target).parts:
        depth += 1 if part == ".." else -1
        highest = max(highest, depth)
    return highest


def single_root(directory: Path) -> Path:
    """The directory's only child when that is a directory (archives usually hold one), else the directory itself."""
    children: Iterator[Path] = directory.iterdir()
    entries = [next(children, None), next(children, None)]
    only = entries[0]
    return only if only is not None and entries[1] is None and only.is_dir() and not only.is_symlink() else directory
