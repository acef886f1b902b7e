"""How one attempt with one provider ended, whatever its library calls that."""

from collections.abc import Callable
from dataclasses import dataclass

from mithridate.model.exchange import Answer, Outcome
from mithridate.policy.egress import Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How an attempt ended. `retry_after_s` is what a rate limit asked for. Tokens are 0 where the provider told none."""

    outcome: Outcome
    why: str = ""
    answer: Answer | None = None
    retry_after_s: float = 0.0
    seconds: float = 0.0


Send = Callable[[Passage, str, float], Ended]
"""Sends a passage's question with a key, for at most so many seconds."""
