"""What a build left behind, read from the host without trusting it: programs, archives."""

import stat
import struct
from pathlib import Path

from mithridate.languages.c.walk import walked
from mithridate.store.snapshot import SNAPSHOT_TIME

SOURCE = "/src"
BUILD = "/build"
_ET_EXEC, _ET_DYN = 2, 3
_MAXIMUM_ARCHIVES = 2000


def on_host(directory: Path, inside: str) -> Path | None:
    """The host path of a sandbox path below /src or /build of the build in `directory`; None for any other place.

    A symbolic link may lead anywhere, so what the path resolves to must lie in the same build.
    """
    for root in (SOURCE, BUILD):
        if inside == root or inside.startswith(f"{root}/"):
            path = directory / inside.lstrip("/")
            try:
                real = path.resolve()
            except (OSError, RuntimeError):
                return None
            return real if real.is_relative_to(directory.resolve()) else None
    return None


def is_program(path: Path) -> bool:
    """True for an ELF file that the kernel would start: an executable, or a shared object with an interpreter or entry point."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
        with path.open("rb") as stream:
            head = stream.read(64)
    except OSError:
        return False
    if len(head) < 52 or head[:4] != b"\x7fELF":
        return False
    order = "<" if head[5] == 1 else ">"
    (kind,) = struct.unpack_from(f"{order}H", head, 16)
    (entry,) = struct.unpack_from(f"{order}{'Q' if head[4] == 2 else 'I'}", head, 24)
    return bool(kind == _ET_EXEC or (kind == _ET_DYN and entry != 0))


def archives(directory: Path) -> tuple[str, ...]:
    """The static libraries that the build made, as sandbox paths; those that came with the source have its time."""
    found: list[str] = []
    for root in (SOURCE, BUILD):
        host = directory / root.lstrip("/")
        for folder, folders, files in walked(host):
            folders.sort()
            for name in sorted(files):
                path = Path(folder, name)
                if name.endswith(".a") and len(found) < _MAXIMUM_ARCHIVES and _is_archive(path):
                    found.append(f"{root}/{path.relative_to(host)}")
    return tuple(found)


def _is_archive(path: Path) -> bool:
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_mtime == SNAPSHOT_TIME:
            return False
        with path.open("rb") as stream:
            return stream.read(8) in (b"!<arch>\n", b"!<thin>\n")
    except OSError:
        return False
