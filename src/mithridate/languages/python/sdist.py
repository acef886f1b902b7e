"""Reads a source distribution without running it: its requirements, what builds it, and a stand-in for resolvers.

Resolvers ask a wheel for its requirements; for an sdist they would run its build. The stand-in is a wheel of ours with nothing
but the metadata that the sdist's own files state, so that resolution can go on without executing anything.
"""

import bz2
import email
import email.policy
import gzip
import io
import lzma
import re
import tarfile
import tomllib
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from packaging.requirements import InvalidRequirement, Requirement

from mithridate.languages.python.declared import LEGACY_BUILD
from mithridate.languages.python.text import table, texts

_FILE_BYTES = 1 << 20
_MEMBERS = 100_000
_READ_BYTES = 256 << 20
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMetadata:
    """What an sdist states. `build` are the requirements of its build."""

    requirements: tuple[str, ...]
    build: tuple[str, ...]


def read_sdist(path: Path) -> SourceMetadata:
    """The metadata that the files of an sdist state; requirements that cannot be read are left out."""
    files = _top_files(path)
    lines = _from_metadata(files.get("PKG-INFO", b"")) or _from_requires(files.get("requires.txt", b""))
    try:
        named = table(tomllib.loads(files.get("pyproject.toml", b"").decode("utf-8")), "build-system").get("requires")
    except (ValueError, RecursionError):
        named = None
    build = LEGACY_BUILD if named is None else tuple(filter(None, map(_plain, texts(named))))
    return SourceMetadata(requirements=tuple(filter(None, map(_plain, lines))), build=build)


def stand_in(directory: Path, name: str, version: str, requirements: tuple[str, ...]) -> Path:
    """Write a wheel without content for `name` `version` into `directory`."""
    stem = f"{re.sub(r'[-_.]+', '_', name).lower()}-{version.replace('-', '_')}"
    path = directory / f"{stem}-py3-none-any.whl"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", *(f"Requires-Dist: {r}\n" for r in requirements)]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{stem}.dist-info/METADATA", "".join(metadata))
        archive.writestr(
            f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: mithridate\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{stem}.dist-info/RECORD", "")
    return path


def _top_files(path: Path) -> dict[str, bytes]:
    """PKG-INFO and pyproject.toml of the top folder, and requires.txt of the first .egg-info; bounded, nothing is unpacked."""
    found: dict[str, bytes] = {}
    try:
        if path.name.endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                for info in archive.infolist()[:_MEMBERS]:
                    if (key := _wanted(info.filename)) and key not in found and info.file_size <= _FILE_BYTES:
                        found[key] = archive.read(info)
            return found
        with _decompressed(path) as stream, tarfile.open(fileobj=_Bounded(stream), mode="r|") as tar:
            for number, member in enumerate(tar):
                key = _wanted(member.name)
                if key and key not in found and member.isreg() and member.size <= _FILE_BYTES:
                    source = tar.extractfile(member)
                    found[key] = source.read(_FILE_BYTES) if source else b""
                if number >= _MEMBERS:
                    break
    except (*_BROKEN, OSError, EOFError, ValueError, RuntimeError):
        return found
    return found


def _decompressed(path: Path) -> IO[bytes]:
    ending = path.name.rpartition(".")[2]
    if ending in ("gz", "tgz"):
        return cast(IO[bytes], gzip.open(path, "rb"))
    if ending == "bz2":
        return bz2.open(path, "rb")
    return cast(IO[bytes], lzma.open(path, "rb")) if ending == "xz" else path.open("rb")


class _Bounded(io.RawIOBase):
    """The first _READ_BYTES of a stream, so that neither a bomb nor a giant header is read to its end."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = _READ_BYTES

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most 1 MiB of them when no size is given."""
        content = self._stream.read(min(self._left, size if size >= 0 else 1 << 20))
        self._left -= len(content)
        return content


def _wanted(name: str) -> str:
    parts = name.removeprefix("./").split("/")
    if len(parts) == 2 and parts[1] in ("PKG-INFO", "pyproject.toml"):
        return parts[1]
    return "requires.txt" if len(parts) in (3, 4) and parts[-2].endswith(".egg-info") and parts[-1] == "requires.txt" else ""


def _from_metadata(content: bytes) -> list[str]:
    message = email.message_from_bytes(content, policy=email.policy.compat32)
    return [str(line) for line in message.get_all("Requires-Dist", [])]


def _from_requires(content: bytes) -> list[str]:
    """The lines of setuptools' own list before its first section, which are those without condition."""
    plain = re.split(r"(?m)^\[", content.decode("utf-8", "replace"))[0]
    return [line.strip() for line in plain.splitlines() if line.strip()]


def _plain(line: str) -> str:
    """A requirement in its normal form on one line; "" when it is none or names an address."""
    try:
        requirement = Requirement(" ".join(line.split()))
    except (InvalidRequirement, RecursionError):
        return ""
    return "" if requirement.url else str(requirement)
