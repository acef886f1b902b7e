"""Which of many candidates are proved: of those that show one root cause a few, so that the others cost nothing.

A second way to one flaw says where else it can be reached, so it is worth its replays while there are few flaws. Of an observed
fact only the place counts.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from mithridate.model.violation import OBSERVED_FACTS, SINK_VIOLATIONS, Violation
from mithridate.prove.dedup import roots

WAYS = 3
"""Proofs of one root cause, as long as there are few."""

CALLERS = 6
"""The same where a sink lies in a helper and its callers differ: each of them is to be put right by itself."""

MANY = 64
"""Root causes from which on one proof each is enough."""

INSTEAD = 4
"""Candidates of one root cause that are tried in turn when those before them turn out to be flaky."""


class Representatives:
    """Chooses among candidates, each given as its violation and size, by position; the smallest of a root cause come first, one
    of each signature before a second of any."""

    def __init__(self, candidates: Sequence[tuple[Violation, int]]) -> None:
        grouped = roots([violation for violation, _ in candidates])
        self._groups = [_in_turn(sorted(group, key=lambda i: (candidates[i][1], i)), candidates) for group in grouped]
        self._of = {i: g for g, group in enumerate(self._groups) for i in group}
        facts = [candidates[group[0]][0].kind in OBSERVED_FACTS for group in self._groups]
        ways = WAYS if facts.count(False) < MANY else 1
        wanted = [max(ways, _callers([candidates[i][0] for i in group])) if ways > 1 else ways for group in self._groups]
        self._next = [1 if fact else min(n, len(group)) for fact, n, group in zip(facts, wanted, self._groups, strict=True)]
        self._instead = [INSTEAD] * len(self._groups)

    def first(self) -> list[int]:
        """Those to begin with."""
        return [i for group, chosen in zip(self._groups, self._next, strict=True) for i in group[:chosen]]

    def instead(self, failed: Iterable[int]) -> list[int]:
        """Others in the place of those that are no proof; fewer when there are no more, or when enough were tried."""
        made: list[int] = []
        for i in sorted(failed):
            g = self._of[i]
            if self._next[g] < len(self._groups[g]) and self._instead[g]:
                made.append(self._groups[g][self._next[g]])
                self._next[g] += 1
                self._instead[g] -= 1
        return made


def _in_turn(group: list[int], candidates: Sequence[tuple[Violation, int]]) -> list[int]:
    """The first of each signature, then the second of each, and so on."""
    seen = Counter[str]()
    turn: dict[int, int] = {}
    for i in group:
        turn[i] = seen[candidates[i][0].signature]
        seen[candidates[i][0].signature] += 1
    return sorted(group, key=lambda i: turn[i])


def _callers(violations: Sequence[Violation]) -> int:
    """How many ways lead to a sink, as far as they are worth a proof each."""
    ways = {violation.signature for violation in violations if violation.kind in SINK_VIOLATIONS}
    return min(CALLERS, len(ways))
