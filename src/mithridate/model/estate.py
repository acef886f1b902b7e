"""The nouns of an estate: facts with their evidence, and what is computed from them."""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Confidence(IntEnum):
    """How well a fact is known; a larger number is better."""

    ASSUMED = 0
    INFERRED = 1
    OBSERVED = 2

    @property
    def word(self) -> str:
        """The name in documents: "observed"."""
        return self.name.lower()


Term = str | int
"""A constant: the name of a node or a word, or a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where a fact comes from. `source` is the file as it was given; `place` is its line or record, counted from 1, 0 when unknown."""

    source: str
    place: int = 0
    confidence: Confidence = Confidence.OBSERVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that is so, with every source that says it."""

    predicate: str
    terms: tuple[Term, ...]
    evidence: tuple[Evidence, ...] = ()

    def __str__(self) -> str:
        return f"{self.predicate}({', '.join(map(str, self.terms))})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rule applied: what an attacker does, and what that gives.

    `cost` is of this step alone, in units of effort; `confidence` is the rule's own, between 0 and 1; `needs` are the places in
    the path of the steps that this one builds on.
    """

    rule: str
    pack: str
    sentence: str
    gives: Fact
    cost: float
    confidence: float = 1.0
    techniques: tuple[str, ...] = ()
    needs: tuple[int, ...] = ()
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackPath:
    """A chain of steps to a goal, each before those that need it; `cost` is what Knuth's algorithm minimises (shared steps count
    each time that they are needed), `effort` counts every step once."""

    goal: str
    cost: float
    effort: float
    confidence: float
    steps: tuple[Step, ...]
    assumed: tuple[str, ...] = ()


class GoalState(StrEnum):
    """What is known of a goal."""

    REACHED = "reached"
    UNREACHED = "unreached"
    UNKNOWN = "unknown"
    """The estate knows no node of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that a defender can do: it takes facts away. `id` is stable between runs on the same facts."""

    id: str
    kind: str
    sentence: str
    cost: float
    removes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The cheapest set of actions found after which no path leads to `goals`.

    No set costs less than `lower_bound`; they are equal when `exact`. `uncut` are goals that no set of actions protects.
    """

    goals: tuple[str, ...]
    actions: tuple[Action, ...]
    cost: float
    lower_bound: float
    uncut: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """No cheaper cut exists."""
        return self.cost - self.lower_bound <= 1e-6 * max(1.0, self.cost)

    @property
    def gap(self) -> float:
        """How far the lower bound is away, as a share of the cost."""
        return 0.0 if self.exact else (self.cost - self.lower_bound) / self.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRecord:
    """A part of a file that was passed over."""

    source: str
    place: int
    reason: str


@dataclass(slots=True, kw_only=True)
class Reading:
    """What a reader made of a file. `broken` holds the first hundred parts that were passed over, `passed_over` counts them all."""

    source: str
    reader: str
    records: int = 0
    facts: int = 0
    passed_over: int = 0
    broken: list[BrokenRecord] = field(default_factory=list)
