"""Random numbers for our own use: the target's are watched where Python's module makes them, and these are many."""

from __future__ import annotations

import math
from _random import Random
from collections.abc import Sequence
from typing import Any


class Draw(Random):
    """As random.Random, with what is used of it. The seed is a whole number."""

    def randrange(self, start: int, stop: int | None = None) -> int:
        """A whole number below `start`, or from `start` to below `stop`."""
        low, width = (0, start) if stop is None else (start, stop - start)
        return low + int(self.random() * width)

    def randint(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        return low + int(self.random() * (high - low + 1))

    def choice(self, values: Sequence[Any]) -> Any:
        """One of them."""
        return values[int(self.random() * len(values))]

    def expovariate(self, rate: float) -> float:
        """Exponentially distributed."""
        return -math.log(1.0 - self.random()) / rate
