"""Archives made by a stranger. Each function writes one to `path`."""

import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.hostile.trees import LIBRARY

_BLOCK = 60 << 20


def tar_bomb(path: Path) -> None:
    """Six gigabytes in 900 KB: one stream of zeros, over and over."""
    zeros = lzma.compress(bytes(_BLOCK), preset=1)
    with path.open("wb") as file:
        for number in range(100):
            member = tarfile.TarInfo(f"zeros{number}.c")
            member.size = _BLOCK
            file.write(lzma.compress(member.tobuf(), preset=0) + zeros)
        file.write(lzma.compress(bytes(1024), preset=0))


def zip_bomb(path: Path) -> None:
    """Five hundred entries that all name the same compressed megabytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.c", bytes(_BLOCK))
    data = packed.getvalue()
    start = data.rindex(b"PK\x01\x02")
    end = data.rindex(b"PK\x05\x06")
    entry = data[start:end] * 500
    closing = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 500, 500, len(entry), start, 0)
    path.write_bytes(data[:start] + entry + closing)


def truncated(path: Path) -> None:
    """The first two thirds of a sound tar.gz."""
    with tarfile.open(path, "w:gz") as archive:
        _add(archive, "answer.c", LIBRARY.encode() + os.urandom(100_000))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def empty(path: Path) -> None:
    """Nothing at all."""
    path.touch()


def empty_tar(path: Path) -> None:
    """An archive without a member."""
    tarfile.open(path, "w").close()


def misnamed(path: Path) -> None:
    """A text whose name ends like an archive's."""
    path.write_text("This is no archive.\n" * 100)


def no_tar_inside(path: Path) -> None:
    """A gzip file that holds something else."""
    path.write_bytes(gzip.compress(os.urandom(4096)))


def encrypted(path: Path) -> None:
    """A zip file that says of its member that it is encrypted."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("answer.c", LIBRARY)
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)


def nested(path: Path) -> None:
    """An archive in an archive in an archive; nothing else."""
    content = LIBRARY.encode()
    for name in ("answer.c", "inner.zip", "middle.zip"):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(name, content)
        content = packed.getvalue()
    path.write_bytes(content)


def lying_sizes(path: Path) -> None:
    """Members that claim to hold eight gigabytes, and less than nothing."""
    with path.open("wb") as file:
        for name, size in (("long.c", 8 << 30), ("answer.c", 10)):
            member = tarfile.TarInfo(name)
            member.size = size
            file.write(member.tobuf(tarfile.GNU_FORMAT))


def traps(path: Path, outside: Path) -> None:
    """A small library, and every trick to get out of where it is unpacked."""
    with tarfile.open(path, "w:gz") as archive:
        _add(archive, "project/answer.c", LIBRARY.encode())
        _add(archive, "../../climbing.c", b"owned")
        _add(archive, f"project/../../../../../../../..{outside}/owned", b"owned")
        _add(archive, f"{outside}/absolute", b"owned")
        _add(archive, f"/../..{outside}/both", b"owned")
        _link(archive, "project/out", str(outside), tarfile.SYMTYPE)
        _add(archive, "project/out/through", b"owned")
        _link(archive, "project/up", "../../../../../../../../..", tarfile.SYMTYPE)
        _add(archive, f"project/up{outside}/through", b"owned")
        _link(archive, "project/secret.c", str(outside / "secret.c"), tarfile.SYMTYPE)
        _link(archive, "project/hard.c", str(outside / "secret.c"), tarfile.LNKTYPE)
        _link(archive, "project/passwd.c", "../../../../../../../../etc/passwd", tarfile.LNKTYPE)
        _link(archive, "project/loop.c", "loop.c", tarfile.SYMTYPE)
        _link(archive, "project/own", ".", tarfile.SYMTYPE)
        for name, kind in (("zero.c", tarfile.CHRTYPE), ("disk.c", tarfile.BLKTYPE), ("pipe.c", tarfile.FIFOTYPE)):
            member = tarfile.TarInfo(f"project/{name}")
            member.type, member.devmajor, member.devminor = kind, 1, 5
            archive.addfile(member)
        _add(archive, "project/set.sh", b"#!/bin/sh\n", mode=0o6777)
        _add(archive, "project/\x1b[2J$(touch owned)\n.c", b"int odd;\n")
        _add(archive, "project/" + "d/" * 300 + "deep.c", b"int deep;\n")
        _add(archive, "project/file", b"first")
        _add(archive, "project/file/below.c", b"int below;\n")


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    archive.addfile(member, io.BytesIO(content))


def _link(archive: tarfile.TarFile, name: str, target: str, kind: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    archive.addfile(member)


Maker = Callable[[Path], None]
REFUSED: dict[str, tuple[Maker, str]] = {
    "bomb.tar.xz": (tar_bomb, "unpacks to more than 256 MiB"),
    "bomb.zip": (zip_bomb, "unpacks to more than 256 MiB"),
    "truncated.tar.gz": (truncated, "cannot be read"),
    "empty.tar.gz": (empty, "neither a directory nor an archive"),
    "text.zip": (misnamed, "neither a directory nor an archive"),
    "noise.tar.gz": (no_tar_inside, "neither a directory nor an archive"),
    "encrypted.zip": (encrypted, "cannot be read"),
    "lying.tar": (lying_sizes, "unpacks to more than 256 MiB"),
}
"""Name, maker, and what the refusal says."""
EMPTY: dict[str, Maker] = {"empty.tar": empty_tar, "nested.zip": nested}
"""Sound enough to unpack, with nothing in them to build."""
