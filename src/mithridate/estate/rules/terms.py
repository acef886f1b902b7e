"""The syntax tree of rule packs."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

NUMBER = "number"
"""The type of an argument that is a whole number, not a name."""
WORD = "word"
"""The type of an argument that is a word of the rules' own, no node."""
NODE = "node"
"""The type of an argument that may be a node of any kind."""


class Role(StrEnum):
    """Where the truths of a predicate come from."""

    FACT = "fact"
    """Files say it."""
    DERIVED = "derived"
    """Rules give it."""
    INPUT = "input"
    """The question says it: where the attacker starts."""
    ASSUMPTION = "assumption"
    """Nobody says it, and it may be so: an unknown flaw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands in a pack's text; line and column count from 1."""

    pack: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.pack}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    """A declared predicate: the types of its arguments, and a sentence with {0}, {1} … for them."""

    name: str
    role: Role
    types: tuple[str, ...]
    sentence: str
    place: Place

    @property
    def arity(self) -> int:
        """How many arguments it takes."""
        return len(self.types)

    @property
    def stated(self) -> bool:
        """Its truths are rows of the fact base."""
        return self.role in (Role.FACT, Role.ASSUMPTION)


@dataclass(frozen=True, slots=True)
class Variable:
    """A name that stands for any constant. Every `_` of a text has a name of its own."""

    name: str

    @property
    def anonymous(self) -> bool:
        """It was written `_`."""
        return self.name.startswith("_")


@dataclass(frozen=True, slots=True)
class Constant:
    """A word, the name of a node or a number."""

    value: str | int


Argument = Variable | Constant


@dataclass(frozen=True, slots=True)
class Atom:
    """predicate(arguments)."""

    predicate: str
    arguments: tuple[Argument, ...]

    @property
    def variables(self) -> Iterator[str]:
        """The names of its variables, as often as they stand there."""
        return (a.name for a in self.arguments if isinstance(a, Variable))


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator right`, where operator is one of = != < <= > >=; the last four compare numbers."""

    left: Argument
    operator: str
    right: Argument

    @property
    def variables(self) -> Iterator[str]:
        """The names of its variables."""
        return (a.name for a in (self.left, self.right) if isinstance(a, Variable))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A price: a number, and variables that are numbers, added up."""

    fixed: float = 0.0
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """head :- body. `absent` are stated atoms that must not be so. `hidden` steps are not shown in a path."""

    name: str
    pack: str
    head: Atom
    body: tuple[Atom, ...]
    place: Place
    absent: tuple[Atom, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    cost: Cost = Cost()
    confidence: float = 1.0
    techniques: tuple[str, ...] = ()
    sentence: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assume:
    """head :- body, where head is an assumption that may be so for each thing of which the body is stated."""

    head: Atom
    body: tuple[Atom, ...]
    place: Place
    comparisons: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """Something that a defender can do. The variables in its sentence name the action: all facts that match one of `removes` and
    agree in them go together."""

    name: str
    pack: str
    sentence: str
    removes: tuple[Atom, ...]
    place: Place
    cost: Cost = Cost(fixed=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """One file of declarations, rules, assumptions and fixes."""

    name: str
    title: str
    predicates: tuple[Predicate, ...] = ()
    rules: tuple[Rule, ...] = ()
    assumes: tuple[Assume, ...] = ()
    fixes: tuple[Fix, ...] = ()
