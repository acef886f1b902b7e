"""The source tree inside a bundle: packed the same way every time, unpacked as if an enemy had made it."""

import io
import lzma
import os
import posixpath
import stat
import tarfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from mithridate.model.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PACKED_BYTES = 32 << 20
UNPACKED_BYTES = 1 << 30
MEMBERS = 200_000
NAME_BYTES = 4096


class _TooLarge(Exception):
    """The archive grew past its limit; packing stops at once."""


class _Bounded(io.BytesIO):
    """A sink in memory that refuses to grow past `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def write(self, data: "ReadableBuffer") -> int:
        if self.tell() + len(memoryview(data)) > self._limit:
            raise _TooLarge
        return super().write(data)


def pack(tree: Path, limit: int = PACKED_BYTES) -> bytes | None:
    """`tree` as tar.xz: sorted names, no times, no owners, so equal trees give equal bytes. None when larger than `limit` bytes.

    Holds regular files, directories and symbolic links; a file's executable bit is kept.
    """
    sink = _Bounded(limit)
    unpacked = 0
    try:
        with (
            lzma.LZMAFile(sink, "wb", preset=4) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
        ):
            for path in _walk(tree):
                member = _member(tree, path)
                unpacked += member.size
                if unpacked > UNPACKED_BYTES:
                    return None
                if member.isreg():
                    with path.open("rb") as file:
                        tar.addfile(member, file)
                else:
                    tar.addfile(member)
    except _TooLarge:
        return None
    return sink.getvalue()


def unpack(packed: bytes, into: Path) -> None:
    """Unpack below `into` (made if absent). Raises UsageError for anything that is not a plain, bounded source tree.

    Links are made last, so that no file is ever written through one.
    """
    into.mkdir(parents=True, exist_ok=True)
    links: list[tuple[str, str]] = []
    try:
        with lzma.LZMAFile(io.BytesIO(packed)) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            _unpack_members(tar, into, links)
    except (tarfile.TarError, lzma.LZMAError, EOFError, ValueError, OverflowError) as error:
        raise UsageError("The source archive in the bundle is damaged.") from error
    except OSError as error:
        raise UsageError(f"The source archive in the bundle cannot be unpacked: {error.strerror or error}.") from error
    _make_links(into, links)


def _walk(tree: Path) -> list[Path]:
    found: list[Path] = []
    for folder, folders, files in os.walk(tree, followlinks=False):
        found += [Path(folder, name) for name in (*folders, *files)]
    kept = [p for p in found if stat.S_IFMT(p.lstat().st_mode) in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)]
    return sorted(kept, key=lambda p: os.fsencode(p.relative_to(tree).as_posix()))


def _member(tree: Path, path: Path) -> tarfile.TarInfo:
    status = path.lstat()
    member = tarfile.TarInfo(path.relative_to(tree).as_posix())
    if stat.S_ISLNK(status.st_mode):
        member.type, member.linkname = tarfile.SYMTYPE, os.readlink(path)  # noqa: PTH115 (Path would clean the target)
    elif stat.S_ISDIR(status.st_mode):
        member.type, member.mode = tarfile.DIRTYPE, 0o755
    else:
        member.size, member.mode = status.st_size, 0o755 if status.st_mode & stat.S_IXUSR else 0o644
    return member


def _unpack_members(tar: tarfile.TarFile, into: Path, links: list[tuple[str, str]]) -> None:
    total = 0
    for number, member in enumerate(tar):
        name = _safe_name(member.name)
        total += member.size
        if number >= MEMBERS or total > UNPACKED_BYTES:
            raise UsageError(
                f"The source archive in the bundle is too large: over {MEMBERS} files or {UNPACKED_BYTES >> 20} MiB unpacked."
            )
        target = into / name
        if member.isdir():
            target.mkdir(parents=True, exist_ok=True)
        elif member.issym():
            links.append((name, member.linkname))
        elif member.isreg() and not member.issparse():
            target.parent.mkdir(parents=True, exist_ok=True)
            source = tar.extractfile(member)
            assert source is not None
            _write_new(target, source, 0o755 if member.mode & stat.S_IXUSR else 0o644)
        else:
            raise UsageError(f"The source archive in the bundle holds {name!r:.100}, which is not a file, folder or link.")


def _write_new(target: Path, source: IO[bytes], mode: int) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as out:
        while chunk := source.read(1 << 20):
            out.write(chunk)


def _safe_name(name: str) -> str:
    clean = posixpath.normpath(name)
    if not name or "\0" in name or clean.startswith(("/", "../")) or clean == ".." or len(os.fsencode(clean)) > NAME_BYTES:
        raise UsageError(f"The source archive in the bundle holds an unsafe name: {name!r:.100}.")
    return clean


def _make_links(into: Path, links: list[tuple[str, str]]) -> None:
    for name, target in links:
        aims_at = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
        if target.startswith("/") or "\0" in target or aims_at.startswith("../") or aims_at == "..":
            raise UsageError(f"The source archive in the bundle holds a link that leaves it: {name!r:.100}.")
    root = into.resolve()
    for name, target in links:
        path = root / name
        # Where an earlier link stands in for this one's folder, the check above looked at the wrong place.
        if path.parent.resolve() != path.parent:
            raise UsageError(f"The source archive in the bundle holds a link that leaves it: {name!r:.100}.")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.symlink_to(target)
        except OSError as error:
            raise UsageError(f"The source archive in the bundle holds {name!r:.100} twice.") from error
