"""Bounded memory of an unbounded stream."""

from collections import deque

ELISION = b"\n[mithridate: %d bytes left out]\n"
"""Stands between the kept head and the kept tail of a stream that was longer than its bound."""


class Capture:
    """Keeps the first and the last half of `bound` bytes of a stream; sanitizer reports come last, first causes first."""

    def __init__(self, bound: int) -> None:
        self._head_bound = bound - bound // 2
        self._tail_bound = bound // 2
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self.total = 0

    def add(self, chunk: bytes) -> None:
        """Append `chunk`; the middle of what no longer fits is forgotten."""
        self.total += len(chunk)
        room = self._head_bound - len(self._head)
        if room > 0:
            self._head += chunk[:room]
            chunk = chunk[room:]
        if not chunk:
            return
        self._tail.append(chunk)
        self._tail_size += len(chunk)
        while self._tail_size - len(self._tail[0]) >= self._tail_bound:
            self._tail_size -= len(self._tail.popleft())
            if not self._tail:
                break

    @property
    def truncated(self) -> bool:
        """True when some of the stream was forgotten."""
        return self.total > self._head_bound + self._tail_bound

    def value(self) -> bytes:
        """The stream, or its head and tail around an elision line."""
        tail = b"".join(self._tail)
        if not self.truncated:
            return bytes(self._head) + tail
        kept = tail[len(tail) - self._tail_bound :] if self._tail_bound else b""
        return bytes(self._head) + ELISION % (self.total - len(self._head) - len(kept)) + kept
