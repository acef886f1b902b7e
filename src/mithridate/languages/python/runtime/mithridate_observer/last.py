"""The call that a process is about to make, where its parent finds it when the process has died of it."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import tempfile
import zlib
from typing import Any

_HIGH_DESCRIPTOR = 200
_LENGTH = 8
MOST_TEXT = 200_000
"""Characters of a packed call that one record's line holds."""


class Last:
    """An unnamed file with one call in it."""

    def __init__(self) -> None:
        descriptor, name = tempfile.mkstemp(prefix="mithridate-last-")
        os.unlink(name)  # noqa: PTH108
        self._descriptor = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH_DESCRIPTOR)
        os.close(descriptor)

    def note(self, call: dict[str, Any]) -> None:
        """Write it, in place of the one before."""
        data = json.dumps(call).encode("ascii")
        os.pwrite(self._descriptor, len(data).to_bytes(_LENGTH, "little") + data, 0)

    def forget(self) -> None:
        """Hold none."""
        os.pwrite(self._descriptor, bytes(_LENGTH), 0)

    def call(self) -> dict[str, Any] | None:
        """The one that is held."""
        size = int.from_bytes(os.pread(self._descriptor, _LENGTH, 0), "little")
        return json.loads(os.pread(self._descriptor, size, _LENGTH)) if size else None

    def packed(self) -> str:
        """The one that is held, as `packed` writes it; "" for none."""
        size = int.from_bytes(os.pread(self._descriptor, _LENGTH, 0), "little")
        return _packed(os.pread(self._descriptor, size, _LENGTH)) if size else ""


def packed(call: dict[str, Any]) -> str:
    """A call as text for a record: its JSON, compressed, in Base64; "" when a record does not hold it."""
    return _packed(json.dumps(call).encode("ascii"))


def _packed(data: bytes) -> str:
    text = base64.b64encode(zlib.compress(data, 1)).decode("ascii")
    return text if len(text) <= MOST_TEXT else ""
