"""Makes a candidate smaller and plainer while it still fires the same violation.

Delta debugging after A. Zeller and R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", TSE 2002, with the trials
of one granularity asked together, because a batch of executions is many times cheaper than as many single ones.
"""

import time
from collections.abc import Callable, Iterator, Sequence

Trial = Callable[[Sequence[bytes], float], Sequence[bool]]
"""Which of the given inputs keep the violation, decided within so many seconds; False for one that got no turn."""

SHARE = 64
"""Trials asked together; also how often the clock is looked at."""

FIRST_CHUNKS = 8
PLAIN = b"\0"
"""What bytes that do not matter become."""


_Chunk = tuple[int, int]
"""Start and end of a stretch of bytes."""


class _Search:
    """One minimisation in flight: the smallest input so far, and the time that is left."""

    def __init__(self, data: bytes, keeps: Trial, seconds: float) -> None:
        self.best = data
        self._keeps = keeps
        self._deadline = time.monotonic() + seconds
        self._known: dict[bytes, bool] = {data: True}

    @property
    def over(self) -> bool:
        return time.monotonic() >= self._deadline

    def which(self, variants: Sequence[bytes]) -> list[bool]:
        """Which variants keep the violation; asked in shares, and none is asked twice."""
        unknown = [v for v in dict.fromkeys(variants) if v not in self._known]
        for i in range(0, len(unknown), SHARE):
            if self.over:
                break
            share = unknown[i : i + SHARE]
            self._known.update(zip(share, self._keeps(share, self._deadline - time.monotonic()), strict=True))
        return [self._known.get(v, False) for v in variants]

    def accept(self, variant: bytes) -> bool:
        """Take the variant if it keeps the violation."""
        if variant == self.best or not self.which([variant])[0]:
            return False
        self.best = variant
        return True


def minimise(data: bytes, keeps: Trial, seconds: float) -> bytes:
    """The smallest variant of `data` found within `seconds` (wall) for which `keeps` says yes; never larger than `data`.

    Bytes that do not matter are then made zero, so that those that do stand out. `data` itself when nothing smaller was found.
    """
    search = _Search(data, keeps, seconds)
    _truncate(search)
    _remove_chunks(search)
    _make_plain(search)
    return search.best


def _truncate(search: _Search) -> None:
    """Cut the tail: the shortest prefix among powers of two and, around it, by bisection in shares."""
    low, high = 0, len(search.best)
    while high - low > 0 and not search.over:
        step = max(1, (high - low) // 16)
        lengths = list(range(low, high, step))
        kept = search.which([search.best[:n] for n in lengths])
        shortest = next((n for n, keeps in zip(lengths, kept, strict=True) if keeps), None)
        if shortest is None:
            low = lengths[-1] + 1
            continue
        search.accept(search.best[:shortest])
        low, high = max(low, shortest - step + 1), shortest


def _remove_chunks(search: _Search) -> None:
    """Remove what can be removed, in ever smaller chunks, down to single bytes."""
    size = max(1, len(search.best) // FIRST_CHUNKS)
    while search.best and not search.over:
        before = search.best
        _one_pass(search, size, b"")
        if search.best == before or size > len(search.best):
            if size == 1:
                return
            size = max(1, size // 2)


def _make_plain(search: _Search) -> None:
    """Overwrite what can be overwritten, in ever smaller chunks."""
    size = max(1, len(search.best) // FIRST_CHUNKS)
    while not search.over:
        _one_pass(search, size, PLAIN)
        if size == 1:
            return
        size //= 2


def _one_pass(search: _Search, size: int, fill: bytes) -> None:
    """Replace chunks of `size` bytes by `fill` for each byte (nothing, when empty): all that go together, else in halves."""
    data = search.best
    chunks = list(_chunks(len(data), size))
    variants = [_without(data, [chunk], fill) for chunk in chunks]
    kept = zip(chunks, variants, search.which(variants), strict=True)
    _drop(search, data, [], [chunk for chunk, variant, keeps in kept if keeps and variant != data], fill)


def _drop(search: _Search, data: bytes, dropped: list[_Chunk], loose: list[_Chunk], fill: bytes) -> list[_Chunk]:
    """Drop as many of the `loose` chunks as go together with those already `dropped`; halves when all at once is too many."""
    if not loose or search.over:
        return dropped
    together = dropped + loose
    if search.accept(_without(data, together, fill)):
        return together
    if len(loose) == 1:
        return dropped
    middle = len(loose) // 2
    dropped = _drop(search, data, dropped, loose[:middle], fill)
    return _drop(search, data, dropped, loose[middle:], fill)


def _chunks(length: int, size: int) -> Iterator[_Chunk]:
    return ((i, min(i + size, length)) for i in range(0, length, size))


def _without(data: bytes, chunks: Sequence[_Chunk], fill: bytes) -> bytes:
    parts = []
    at = 0
    for start, end in sorted(chunks):
        parts += [data[at:start], fill * (end - start)]
        at = end
    return b"".join((*parts, data[at:]))
