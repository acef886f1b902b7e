"""Content-addressed bytes on any filesystem that fsspec knows. The digest is SHA-256, in hexadecimal."""

import hashlib
import os
import uuid
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from mithridate.model.errors import UsageError


class Blobs:
    """A set of byte strings, each stored once under its digest."""

    def __init__(self, url: str) -> None:
        self._files, self._root = fsspec.core.url_to_fs(url)
        self._local = isinstance(self._files, LocalFileSystem)

    def put(self, data: bytes) -> str:
        """Store `data` (atomically; a second time is free) and return its digest."""
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        if self._local:  # a long hunt leaves a hundred thousand inputs: the general way costs more for each than all else
            _put_locally(path, data)
        elif not self._files.exists(path):
            self._files.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            temporary = f"{path}.{uuid.uuid4().hex}"
            self._files.pipe_file(temporary, data)
            self._files.mv(temporary, path)
        return digest

    def put_file(self, path: Path) -> str:
        """Store a file's content."""
        return self.put(path.read_bytes())

    def get(self, digest: str) -> bytes:
        """The bytes of that digest. UsageError if they are not here or no longer match it."""
        try:
            data = bytes(self._files.cat_file(self._path(digest)))
        except FileNotFoundError:
            raise UsageError(f"the store has no blob {digest[:12]}") from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise UsageError(f"blob {digest[:12]} is damaged in the store", hint="check the disk; delete the run and scan again")
        return data

    def _path(self, digest: str) -> str:
        return f"{self._root}/{digest[:2]}/{digest}"


def _put_locally(path: str, data: bytes) -> None:
    if os.path.exists(path):  # noqa: PTH110 - Path objects would cost as much as the call
        return
    temporary = f"{path}.{uuid.uuid4().hex}"
    try:
        file = open(temporary, "xb")  # noqa: PTH123, SIM115
    except FileNotFoundError:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        file = open(temporary, "xb")  # noqa: PTH123, SIM115
    with file:
        file.write(data)
    Path(temporary).replace(path)
