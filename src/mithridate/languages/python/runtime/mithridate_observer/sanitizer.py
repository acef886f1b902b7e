"""What a sanitizer in an extension module, or the C library, says on standard error about the end of a run."""

from __future__ import annotations

import fcntl
import os
import tempfile

_RUNTIME = "libclang_rt.asan"
_HIGH_DESCRIPTOR = 200
_READ = 4 << 20
_KEPT = 120_000
_BEFORE = 2_000
_MARKS = (b"ERROR: AddressSanitizer", b": runtime error: ", b": Assertion ", b"terminate called", b"*** ")


def is_loaded() -> bool:
    """Whether the sanitizer's runtime was loaded before everything else, as its modules need it."""
    return _RUNTIME in os.environ.get("LD_PRELOAD", "")


class Report:
    """An unnamed file that stands for a run's standard error. What is said in one phase is forgotten when the next begins."""

    def __init__(self) -> None:
        descriptor, name = tempfile.mkstemp(prefix="mithridate-report-")
        os.unlink(name)  # noqa: PTH108
        self._descriptor = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH_DESCRIPTOR)
        os.close(descriptor)
        fcntl.fcntl(self._descriptor, fcntl.F_SETFL, fcntl.fcntl(self._descriptor, fcntl.F_GETFL) | os.O_APPEND)

    def forget(self) -> None:
        """Begin anew."""
        os.ftruncate(self._descriptor, 0)

    def take_standard_error(self) -> None:
        """In the process of a run: write there from now on."""
        os.dup2(self._descriptor, 2)

    def size(self) -> int:
        """How many bytes were said."""
        return os.fstat(self._descriptor).st_size

    def since(self, start: int) -> str:
        """What was said behind so many bytes, when it tells of a violation; else "", as of a warning."""
        said = os.pread(self._descriptor, _KEPT, start)
        return said.decode("utf-8", "replace") if any(mark in said for mark in _MARKS) else ""

    def text(self) -> str:
        """What was said, from a little before the first violation; "" when none was."""
        said = os.pread(self._descriptor, _READ, 0)
        found = [at for at in map(said.find, _MARKS) if at >= 0]
        if not found:
            return ""
        start = max(0, min(found) - _BEFORE)
        return said[start : start + _KEPT].decode("utf-8", "replace")
