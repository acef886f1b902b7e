"""The nouns of an estate: facts with their evidence, and what is computed from them."""

from collections.abc import Mapping
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

ANY = "_"
"""In the facts that an action takes away: any term."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where a fact comes from. `source` is the file as given; `place` its line or record, counted from 1, 0 when unknown."""

    source: str
    place: int = 0
    confidence: Confidence = Confidence.OBSERVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that is so, with every source that says it."""

    predicate: str
    terms: tuple[Term, ...]
    evidence: tuple[Evidence, ...] = ()

    @property
    def confidence(self) -> Confidence:
        """How well it is known: as its best evidence says."""
        return max((e.confidence for e in self.evidence), default=Confidence.INFERRED)

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

    @property
    def assumed(self) -> tuple[Fact, ...]:
        """The facts that nobody states and that this path takes for granted, each once."""
        facts = {str(f): f for step in self.steps for f in step.facts if f.confidence is Confidence.ASSUMED}
        return tuple(facts.values())


class GoalState(StrEnum):
    """What is known of a goal."""

    REACHED = "reached"
    """By what the files state."""
    ASSUMED = "assumed"
    """Only if there are flaws that nobody knows."""
    UNREACHED = "unreached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that a defender can do: it takes facts away. `id` is stable between runs on the same facts.

    `takes` are the facts that go, with `_` for any term; `removes` counts them.
    """

    id: str
    kind: str
    sentence: str
    cost: float
    removes: int = 0
    takes: tuple[Fact, ...] = ()

    @property
    def key(self) -> str:
        """What a certificate calls it."""
        return f"{self.kind}: {self.sentence}"

    def stops(self, fact: Fact) -> bool:
        """The fact is one of those that go."""
        return any(_matches(pattern, fact) for pattern in self.takes)


def _matches(pattern: Fact, fact: Fact) -> bool:
    if pattern.predicate != fact.predicate or len(pattern.terms) != len(fact.terms):
        return False
    return all(wanted in (ANY, term) for wanted, term in zip(pattern.terms, fact.terms, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The cheapest set of actions found after which no path leads to `goals`.

    No set costs less than `lower_bound`; they are equal when `exact`. `uncut` are goals that no set of actions protects. When
    none was found in time, `cost` is infinite, and there are neither goals nor actions.
    """

    goals: tuple[str, ...]
    actions: tuple[Action, ...]
    cost: float
    lower_bound: float
    uncut: tuple[str, ...] = ()
    certificate: "Certificate | None" = None

    @property
    def found(self) -> bool:
        """A cut was found in the time that was given."""
        return self.cost < float("inf")

    @property
    def exact(self) -> bool:
        """No cheaper cut exists."""
        return self.found and self.cost - self.lower_bound <= 1e-6 * max(1.0, self.cost)

    @property
    def gap(self) -> float:
        """How far the lower bound is away, as a share of the cost."""
        if not self.found:
            return 1.0
        return 0.0 if self.exact else (self.cost - self.lower_bound) / self.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRecord:
    """A part of a file that was passed over."""

    source: str
    place: int
    reason: str


@dataclass(slots=True, kw_only=True)
class Reading:
    """What a reader made of a file. `broken` holds the first hundred parts passed over, `passed_over` counts them all."""

    source: str
    reader: str
    records: int = 0
    facts: int = 0
    passed_over: int = 0
    broken: list[BrokenRecord] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Nodes that are one and the same: `node` is the name that is kept, `names` are the others (`more` are not told), `by` the
    identifiers (kind, value) that they share, `evidence` what states them; the first of each."""

    node: str
    names: tuple[str, ...]
    by: tuple[tuple[str, str], ...]
    evidence: tuple[Evidence, ...] = ()
    more: int = 0

    @property
    def sentence(self) -> str:
        """In words: "host:web01 is also 192.0.2.7 (ip 192.0.2.7)"."""
        others = ", ".join(self.names) + (f" and {self.more} more" if self.more else "")
        return f"{self.node} is also {others} ({', '.join(f'{kind} {value}' for kind, value in self.by)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Nodes that share an identifier (kind, value) and are nevertheless kept apart, because they differ in `differ` (a kind of
    identifier of which each has its own). With one node, it carries several of these itself. `more` nodes are not told."""

    kind: str
    value: str
    nodes: tuple[str, ...]
    differ: str
    evidence: tuple[Evidence, ...] = ()
    more: int = 0

    @property
    def sentence(self) -> str:
        """In words."""
        if len(self.nodes) == 1:
            return f"{self.nodes[0]} has more than one {self.differ}, and is not taken as any other node"
        nodes = ", ".join(self.nodes) + (f" and {self.more} more" if self.more else "")
        return f"{nodes} share the {self.kind} {self.value} and differ in {self.differ}: they are kept apart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which nodes are one: `same` maps each name that is not kept to the one that is. The first of `merges` and `conflicts` are
    told, all are counted."""

    same: Mapping[str, str] = field(default_factory=dict)
    merges: tuple[Merge, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    merged: int = 0
    conflicting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FlawDecision:
    """What was decided about a flaw that may be in software on hosts: it is kept, or taken away, and why; `hosts` counts them."""

    vulnerability: str
    software: str
    kept: bool
    reason: str
    hosts: int = 0
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """What was made of software and advisories. `gone` are proved flaws whose patch is taken as deployed; `undecided` counts what
    cannot be compared (a version with a range), the first of which are told. The first of `decisions` are told; `decided` counts
    all, `kept` those after which the flaw is there."""

    gone: tuple[str, ...] = ()
    decisions: tuple[FlawDecision, ...] = ()
    decided: int = 0
    kept: int = 0
    undecided: int = 0
    incomparable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of an estate. `starts` and `goals` are names of nodes or `tag:NAME` (every node so tagged).

    `paths` is how many different paths to show to each goal; `changes` how many actions the best few are, within `budget`;
    `without` are sentences of actions taken as done, or facts taken as not so. With `assume` the cut and the changes also stop
    paths that need flaws which nobody knows. `seconds` bounds each exact search.
    """

    starts: tuple[str, ...]
    goals: tuple[str, ...]
    paths: int = 3
    changes: int = 5
    budget: float = float("inf")
    without: tuple[str, ...] = ()
    blast: tuple[str, ...] = ()
    assume: bool = False
    seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalAnswer:
    """What is known of one goal. `flaws` is the smallest set of unknown flaws after which it is reached (empty: it is reached
    without any; None: no set is enough), at least `flaws_bound` of them."""

    node: str
    state: GoalState
    cost: float | None
    paths: tuple[AttackPath, ...]
    flaws: tuple[Fact, ...] | None
    flaws_bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BestChanges:
    """The few actions that protect the most goals; when they can protect none, those that make the cheapest paths dearest.

    `costs` are the cheapest costs of each goal before and after, None for one that is no longer reached.
    """

    actions: tuple[Action, ...]
    cost: float
    protected: tuple[str, ...]
    costs: tuple[tuple[str, float | None, float | None], ...]
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Blast:
    """What an attacker who holds `node` reaches: how many nodes of each kind, which goals, and the first hundred by cost."""

    node: str
    reached: tuple[tuple[str, int], ...]
    goals: tuple[str, ...]
    nearest: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAtom:
    """Something that an attacker can have, in the shown graph. `node` is the first term that is a node ("" for none)."""

    id: int
    text: str
    node: str
    kind: str
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownInstance:
    """A way of getting `head` from `needs` (ids of atoms), in the shown graph."""

    id: int
    rule: str
    pack: str
    sentence: str
    cost: float
    confidence: float
    techniques: tuple[str, ...]
    hidden: bool
    head: int
    needs: tuple[int, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackGraph:
    """The part of the estate that leads to the goals, the cheapest first, up to a size; `left_out` counts what is not shown."""

    atoms: tuple[ShownAtom, ...]
    instances: tuple[ShownInstance, ...]
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EstateSummary:
    """What was read and what came of it. `identity` tells which nodes of several sources are one (its `same` is empty by now: the
    facts bear the kept names), `matching` what was decided about flaws in software."""

    readings: tuple[Reading, ...]
    facts: tuple[tuple[str, int], ...]
    nodes: tuple[tuple[str, int], ...]
    atoms: int
    instances: int
    packs: tuple[str, ...]
    identity: Identity = field(default_factory=Identity)
    matching: Matching = field(default_factory=Matching)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """All that one question gives. `taken` are the actions and facts that `without` took away, as sentences; `seconds` is where
    the time went: what was done once for the estate, then what was done for this question."""

    question: Question
    summary: EstateSummary
    starts: tuple[str, ...]
    goals: tuple[GoalAnswer, ...]
    reached: tuple[tuple[str, int], ...]
    cut: Cut
    best: BestChanges
    blasts: tuple[Blast, ...]
    graph: AttackGraph
    taken: tuple[str, ...] = ()
    seconds: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofStep:
    """One rule applied in a proof of a certificate: `needs` are what earlier steps give, or starts; `facts` are stated."""

    rule: str
    pack: str
    gives: Fact
    needs: tuple[Fact, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A derivation of a goal, and all actions that break it, as "kind: sentence"."""

    goal: str
    steps: tuple[ProofStep, ...]
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Why a cut is one, and why none is cheaper: without the facts that `actions` remove no goal can be derived, and every one of
    `proofs` must lose a step, which costs at least `lower_bound`. `estate.checker` verifies it with code of its own."""

    starts: tuple[str, ...]
    goals: tuple[str, ...]
    actions: tuple[Action, ...]
    lower_bound: float
    without: tuple[str, ...]
    assume: bool
    proofs: tuple[Proof, ...]
    prices: tuple[tuple[str, float], ...]
    """("kind: sentence", cost) of every action that some proof names."""


class GoalChange(StrEnum):
    """What became of a goal between two answers."""

    REACHED = "newly reached"
    NOT_REACHED = "no longer reached"
    ASSUMED = "newly reached by unknown flaws"
    NOT_ASSUMED = "no longer reached by unknown flaws"
    CHEAPER = "cheaper to reach"
    DEARER = "dearer to reach"
    SAME = "as before"
    ASKED = "asked for the first time"
    NOT_ASKED = "no longer asked for"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalDifference:
    """One goal before and after; None where it was not asked for, or costs nothing that is known."""

    node: str
    change: GoalChange
    before: GoalState | None
    after: GoalState | None
    cost_before: float | None
    cost_after: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two answers compared: the goals, the actions of the cut, and how much each cut costs.

    `dropped` are actions that the cut no longer needs, `added` those that it did not need before.
    """

    goals: tuple[GoalDifference, ...]
    dropped: tuple[Action, ...]
    added: tuple[Action, ...]
    kept: tuple[Action, ...]
    cut_before: float
    cut_after: float
