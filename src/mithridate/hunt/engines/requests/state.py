"""What the search knows and what it still wants to run. Kept between slices as one JSON file that only the trusted side sees."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from mithridate.hunt.engines.requests.document import Slot, Steps, Value
from mithridate.hunt.engines.requests.views import Asked, Route
from mithridate.model.observation import Sink

VERSION = 3


class Purpose(StrEnum):
    """Why a document is run; the more urgent first."""

    REDUCE = "reduce"
    KNOCK = "knock"
    REPLAY = "replay"
    SUPPLY = "supply"
    ATTACK = "attack"
    SPECIAL = "special"
    CONSTANT = "constant"
    OPEN = "open"
    STORED = "stored"
    SECOND = "second"
    VARIANT = "variant"
    WANDER = "wander"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One document to run: `attack` alone explores; with its harmless twin `control` it attacks `slot`.

    `about` names the witness that it follows, or the find that it makes smaller. `text` is a whole document that is run as it is.
    """

    unit: str
    purpose: Purpose
    attack: Steps = ()
    control: Steps = ()
    slot: Slot | None = None
    about: str = ""
    text: str = ""
    again: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The text of a sink around a mark: up to 200 characters before it and after it, and what stands between the tokens.

    `cut`: the end at which the mark's token is missing ("start" or "end"), as when a program takes a part of its input.
    """

    before: str
    inside: str
    after: str
    cut: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A mark of `slot` was seen at a sink when `steps` were run."""

    unit: str
    steps: Steps
    slot: Slot
    sink: Sink
    dialect: str
    place: str
    context: Context
    detail: dict[str, str]


@dataclass(slots=True, kw_only=True)
class Pursuit:
    """How far a witness has been followed: the waves of attacks sent, and whether one escaped."""

    witness: Witness
    waves: int = 0
    open: int = 0
    escaped: bool = False
    arrived: str = ""
    """The sink's text in the last attack that did not escape."""


@dataclass(slots=True, kw_only=True)
class Find:
    """Something held against `plan` while it is being made smaller, in rounds. `smaller` are plans that showed it alone."""

    key: str
    number: int
    plan: Plan
    fact: bool
    smaller: list[Plan] = field(default_factory=list)
    open: int = 0
    round: int = 0


@dataclass(slots=True, kw_only=True)
class Unit:
    """A route and a method, with all that its answers told. Slots are written as where:name."""

    route: Route
    method: str
    asked: list[Asked] = field(default_factory=list)
    compared: list[str] = field(default_factory=list)
    decoded: dict[str, list[str]] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)
    examples: dict[str, list[str]] = field(default_factory=dict)
    settled: dict[str, Value] = field(default_factory=dict)
    prelude: Steps = ()
    best: Steps = ()
    best_edges: int = -1
    widest: Steps = ()
    """The steps that supply most inputs, whether or not the handler was content with them."""
    failing: bool = False
    welcomed: bool = False
    """Some request was answered without an error."""
    echo: bool = False
    """All lines that it ran when it was knocked at had been run by others: it is looked at when they are done with."""
    locked: bool = False
    rounds: int = 0
    requests: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    followed: list[str] = field(default_factory=list)
    """Keys of the pursuits that its inputs started."""
    sinks: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    """Kinds of what the oracle held against its documents."""
    errors: list[str] = field(default_factory=list)
    strikes: int = 0
    waiting: int = 0
    """Exploring documents of the current round that have not been run."""

    @property
    def name(self) -> str:
        """Method and path."""
        return f"{self.method} {self.route.path}"

    @property
    def given_up(self) -> bool:
        """It hung or died too often to be asked again."""
        return self.strikes >= 4


@dataclass(slots=True, kw_only=True)
class State:
    """Everything; see the members' classes. `tried` holds digests of the documents that were planned."""

    version: int = VERSION
    units: dict[str, Unit] = field(default_factory=dict)
    pursuits: dict[str, Pursuit] = field(default_factory=dict)
    finds: dict[str, Find] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    queue: list[Plan] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)
    written: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Sinks at places (sink|place) that an attack has escaped at, by whatever unit."""
    echoes: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    """Units, and pursuits, that are left for later."""
    ground_edges: int = 0
    stage: int = 0
    document_s: float = 0.0
    ready_s: float = 0.0

    @property
    def edges(self) -> int:
        """Covered lines, counted by unit: what opening the door covers, and what the best document of each unit added."""
        return self.ground_edges + sum(max(0, unit.best_edges) for unit in self.units.values())


@cache
def _adapter() -> TypeAdapter[State]:
    return TypeAdapter(State)


def load(path: Path) -> State:
    """The state of an earlier slice; a new one when there is none or it cannot be read."""
    try:
        state = _adapter().validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return State()
    return state if state.version == VERSION else State()


def save(state: State, path: Path) -> None:
    """Write it whole or not at all."""
    new = path.with_suffix(".new")
    new.write_bytes(_adapter().dump_json(state))
    new.replace(path)
