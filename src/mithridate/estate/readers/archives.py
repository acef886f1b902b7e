"""Members of a zip archive as streams, with bounds that do not trust what the archive says of itself."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mithridate.model.errors import UsageError

MOST_MEMBERS = 10_000
_STORED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ALWAYS = 1 << 30
_RATIO = 200
"""What an archive may unpack to: 1 GiB, and 200 times its own size. Exports of a directory shrink to a twentieth or a fiftieth of
their size."""

BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What reading a damaged archive raises."""


def is_file(member: zipfile.ZipInfo) -> bool:
    """Whether it is no folder. One without a name, which only a damaged archive has, is nothing at all."""
    return bool(member.filename) and not member.is_dir()


class Archive:
    """A zip archive. `names` are its members that are files, in their order. UsageError when it is none, or too much."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
            members = self._zip.infolist()
        except BROKEN as error:
            raise UsageError(f"{path} is no zip archive that can be read: {error}") from None
        if len(members) > MOST_MEMBERS:
            raise UsageError(f"{path} holds {len(members)} files", hint=f"at most {MOST_MEMBERS}")
        self._members = {m.filename: m for m in members if is_file(m)}
        self._left = _ALWAYS + _RATIO * path.stat().st_size

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the members, each once."""
        return tuple(self._members)

    def close(self) -> None:
        """Give the file back."""
        self._zip.close()

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """A member's bytes. UsageError for one that is encrypted, packed in an uncommon way or damaged, or when all that was
        unpacked until now is too much."""
        member = self._members[name]
        if member.flag_bits & 1:
            raise UsageError(f"{name} in {self.path} is encrypted", hint="unpack it first")
        if member.compress_type not in _STORED:
            raise UsageError(f"{name} in {self.path} is packed in a way that is not read", hint="unpack it first")
        try:
            with self._zip.open(member) as stream:
                yield _Bounded(stream, self)  # type: ignore[misc]
        except BROKEN as error:
            raise UsageError(f"{name} in {self.path} cannot be unpacked: {error}") from None

    def unpacked(self, size: int) -> None:
        """Count bytes that were unpacked. UsageError when there are too many."""
        self._left -= size
        if self._left < 0:
            raise UsageError(
                f"{self.path} unpacks to more than {_RATIO} times its size", hint="unpack it first, if that is meant"
            )


class _Bounded:
    """A stream that counts what comes out of it."""

    def __init__(self, stream: IO[bytes], archive: Archive) -> None:
        self._stream = stream
        self._archive = archive

    def read(self, size: int = -1) -> bytes:
        piece = self._stream.read(size)
        self._archive.unpacked(len(piece))
        return piece

    def seek(self, place: int) -> int:
        return self._stream.seek(place)
