"""From states to guards: every short condition over what is in sight is tried, and those that separate are ordered.

A condition separates when it holds in each violating state and in no healthy one. What is enumerated follows the published
templates: crash-free constraints against the true size of an object (Gao et al., "Beyond tests: program vulnerability repair
via crash constraint extraction", TOSEM 2021), and likely invariants over states at a location (Ernst et al., "The Daikon system
for dynamic detection of likely invariants", 2007; Zhang et al., "Program vulnerability repair via inductive inference", ISSTA
2022). What is added here: the true size is recorded from AddressSanitizer, so that an expression of the program that carries it
is told from one that is only large enough by chance; and each condition is reckoned as C reckons it, in its written form.
"""

import math
import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import islice
from operator import itemgetter

from mithridate.repair.learning.arithmetic import Absent, Binary, State
from mithridate.repair.learning.conditions import Comparison, Condition, Joined, Null
from mithridate.repair.learning.evidence import Family, Fault, Observed, Vocabulary
from mithridate.repair.learning.forms import Candidate, candidates

_MOST_TRIED = 250_000
"""Of those that a function with forty values in sight has millions of; the likeliest forms come first. They take some seconds."""
_MIXED_STATES = 120
_WEIGHT_OF_A_STRANGER = 0.7
_WEIGHT_OF_AN_OPERATOR = 0.5
_WEIGHT_OF_A_CARRIER = 3.0
_WEIGHT_OF_WHAT_IT_EXCLUDES = 0.5
_WEIGHT_OF_A_WRAP = 2.0
_WEIGHT_OF_AN_INDEX = 0.3
_WRAPPED = 1 << 32
"""A gap as wide as this is no distance between states: one side wrapped around."""
_LARGEST_GAP = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """A condition that separates, the lower `cost` the better.

    `gap` is how far the nearest violating state is from the nearest healthy one, in the units of the compared values: 1 says
    that nothing lies between. `carries` is true when its bound equalled the object's true size in every state.
    """

    condition: Condition
    cost: float
    gap: int
    carries: bool


def learn(observed: Observed, vocabulary: Vocabulary, fault: Fault, most: int = 12) -> list[Learnt]:
    """The conditions that separate, best first; [] when there is no violating state or none separates.

    Without any healthy state nothing tells a condition from `true`: only bounds that carry the true size and the value that the
    violation itself names (null, zero) are learnt then.
    """
    if not observed.violating:
        return []
    found: list[tuple[Candidate, int]] = []
    for candidate in islice(candidates(observed, vocabulary, fault), _MOST_TRIED):
        if separates(candidate.condition, observed):
            gap = _gap(candidate.condition, observed)
            if gap < _WRAPPED and (observed.healthy or candidate.carries or candidate.named):
                found.append((candidate, gap))
    mixed = _mixed(observed)
    ordered = _by_cost(sorted(((_cost(one, gap, vocabulary, fault), one, gap) for one, gap in found), key=itemgetter(0)), mixed)
    return list(islice(_without_equals(ordered, [*observed.violating, *observed.healthy, *mixed]), most))


def _by_cost(found: Sequence[tuple[float, Candidate, int]], mixed: Sequence[State]) -> Iterator[Learnt]:
    """What separates, the cheapest first. `found` is ordered by what is known of the cost: what a condition would stop besides
    adds to that, and is looked at only for as many as are asked for."""
    waiting: list[tuple[float, int, str, int, Learnt]] = []
    for number, (known, candidate, gap) in enumerate(found):
        while waiting and waiting[0][0] < known:
            yield heappop(waiting)[-1]
        cost = known + _WEIGHT_OF_WHAT_IT_EXCLUDES * _share(candidate.condition, mixed)
        text = candidate.condition.text
        learnt = Learnt(condition=candidate.condition, cost=cost, gap=gap, carries=candidate.carries)
        heappush(waiting, (cost, len(text), text, number, learnt))
    while waiting:
        yield heappop(waiting)[-1]


def separates(condition: Condition, observed: Observed) -> bool:
    """Whether it holds in every violating state and in no healthy one."""
    try:
        return all(map(condition.holds, observed.violating)) and not any(map(condition.holds, observed.healthy))
    except Absent:
        return False


def margin(condition: Condition, state: State) -> int:
    """How far inside the condition a state is: 1 where it just holds, 0 where it just does not."""
    if isinstance(condition, Joined):
        sides = [margin(condition.first, state)]
        if condition.first.holds(state) != (condition.sign == "||"):
            sides.append(margin(condition.second, state))
        return max(sides) if condition.sign == "||" else min(sides)
    if isinstance(condition, Null):
        return int(condition.holds(state))
    left, right = condition.left.value(state), condition.right.value(state)
    if isinstance(condition.right, Binary) and condition.right.sign == "/":  # a product, written so that it cannot wrap
        divisor = condition.right.right.value(state)
        left, right = left * divisor, condition.right.left.value(state)
    return {
        ">": left - right,
        ">=": left - right + 1,
        "<": right - left,
        "<=": right - left + 1,
        "==": 1 - abs(left - right),
        "!=": min(1, abs(left - right)),
    }[condition.sign]


def _gap(condition: Condition, observed: Observed) -> int:
    inside = min(margin(condition, state) for state in observed.violating)
    outside = max((margin(condition, state) for state in observed.healthy), default=1 - inside)
    return max(1, inside - outside)


def _cost(candidate: Candidate, gap: int, vocabulary: Vocabulary, fault: Fault) -> float:
    condition = candidate.condition
    strangers = sum(not _mentioned(name, vocabulary.mentioned) for name in condition.names)
    cost = _WEIGHT_OF_AN_OPERATOR * condition.operators + _WEIGHT_OF_A_STRANGER * strangers + candidate.oddness
    cost += min(_LARGEST_GAP, math.log2(gap) / 2)
    if gap > 1 and isinstance(condition, Comparison) and condition.sign == ">" and condition.left.text in vocabulary.indices:
        cost += _WEIGHT_OF_AN_INDEX  # an index that equals the number of elements is outside, a length is not
    if candidate.carries:
        cost -= _WEIGHT_OF_A_CARRIER
    if candidate.named:
        cost -= _WEIGHT_OF_A_CARRIER
    elif fault.family in (Family.NULL, Family.DIVISOR):
        cost += 1.0
    return cost


def _mentioned(name: str, mentioned: Collection[str]) -> bool:
    return name in mentioned or name.startswith("sizeof")


def _mixed(observed: Observed) -> list[State]:
    """States that nobody saw: each value from a recorded state chosen by chance, always the same choice."""
    states = [*observed.violating, *observed.healthy]
    chance = random.Random(len(states))
    names = sorted(set().union(*states))
    return [{name: state[name] for name in names if name in (state := chance.choice(states))} for _ in range(_MIXED_STATES)]


def _share(condition: Condition, states: Sequence[State]) -> float:
    """The share of states that the condition would stop."""
    stopped = 0
    for state in states:
        try:
            stopped += condition.holds(state)
        except Absent:
            continue
    return stopped / max(1, len(states))


def _wrapping(condition: Condition, states: Sequence[State]) -> float:
    """The share of states in which a difference that C would get to would be below zero."""
    return sum(_wraps(condition, state) for state in states) / max(1, len(states))


def _wraps(condition: Condition, state: State) -> bool:
    if isinstance(condition, Null):
        return False
    try:
        if isinstance(condition, Joined):
            if _wraps(condition.first, state):
                return True
            return condition.first.holds(state) != (condition.sign == "||") and _wraps(condition.second, state)
        return any(
            isinstance(side, Binary)
            and side.sign == "-"
            and not side.kind.signed
            and side.left.value(state) < side.right.value(state)
            for side in (condition.left, condition.right)
        )
    except Absent:
        return False


def _without_equals(learnt: Iterable[Learnt], states: Sequence[State]) -> Iterator[Learnt]:
    """Of those that say the same in every state, seen or mixed, the best written one and one more."""
    said: dict[tuple[bool | None, ...], int] = {}
    for one in learnt:
        answers = tuple(_answers(one.condition, states))
        said[answers] = said.get(answers, 0) + 1
        if said[answers] <= _SAME:
            yield one


_SAME = 2


def _answers(condition: Condition, states: Sequence[State]) -> Iterator[bool | None]:
    for state in states:
        try:
            yield condition.holds(state)
        except Absent:
            yield None
