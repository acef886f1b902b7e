"""What the search knows and what it still wants to run. Kept between slices as one JSON file that only the trusted side sees."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from mithridate.hunt.engines.calls.steps import document
from mithridate.model.observation import Sink

VERSION = 1
Json = Any


class Purpose(StrEnum):
    """Why calls are made; the more urgent first."""

    CONFIRM = "confirm"
    LADDER = "ladder"
    ATTACK = "attack"
    SHAPES = "shapes"
    SIEVE = "sieve"
    INPUTS = "inputs"
    MARKS = "marks"
    SPECIAL = "special"
    PROBE = "probe"
    MUTATE = "mutate"
    DEEP = "deep"


class Stage(StrEnum):
    """What is tried with a target, in this order."""

    SHAPES = "shapes"
    HINTED = "hinted"
    PATTERNS = "patterns"
    SAMPLES = "samples"
    CONSTANTS = "constants"
    MARKS = "marks"
    SPECIAL = "special"
    FOREIGN = "foreign"
    GENERIC = "generic"
    PARTS = "parts"
    CUTS = "cuts"
    MUTATIONS = "mutations"


STAGES = tuple(Stage)


@dataclass(slots=True, kw_only=True)
class Job:
    """Calls to make in one run. `texts[i]` says what `calls[i]` was given: the parts of a Scalable and how often they repeat.

    `place` is the leaf that the texts stand in. `witness` is the key of what an attack follows.
    """

    target: str
    purpose: Purpose
    calls: list[Json]
    control: list[Json] = field(default_factory=list)
    texts: list[tuple[list[tuple[str, bool]], int]] = field(default_factory=list)
    place: list[str | int] = field(default_factory=list)
    witness: str = ""
    sink: Sink | None = None
    tries: int = 0

    @property
    def document(self) -> bytes:
        """The input document."""
        return document(self.calls, self.control)


@dataclass(slots=True, kw_only=True)
class Kept:
    """A way of calling a target that got further than others."""

    call: Json
    edges: int
    raised: str = ""
    settled: list[str | int] = field(default_factory=list)
    """The leaf whose text decided how far it got."""


@dataclass(slots=True, kw_only=True)
class Unit:
    """A target and what its calls told. `selected` are calls of which one text chose what is done with the others. `inputs` are
    texts that reached new code, as [leaf, text]; `files` those of the project that it entered.
    """

    target: str
    stage: int = 0
    position: int = 0
    rounds: int = 0
    kept: list[Kept] = field(default_factory=list)
    selected: list[Kept] = field(default_factory=list)
    inputs: list[tuple[list[str | int], str]] = field(default_factory=list)
    compared: list[str] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    edges: int = 0
    calls: int = 0
    strikes: int = 0

    @property
    def given_up(self) -> bool:
        """It hung or died too often to be called again."""
        return self.strikes >= 12


@dataclass(slots=True, kw_only=True)
class State:
    """Everything. `finds` are keys of what was written as a candidate;
    `worn` counts, by shape of text, the runs that it used up; `places` are those of finds; `climbs` counts closer looks by
    target since its last find; `compiled` are regular expressions that were seen at run time, with flags and line, by file;
    `sieved` says of shapes of text whether they slow their pattern down, `paces` how many repeats it takes;
    `long` are those shapes of which a ladder did not end; `deep` are targets that were given as much as
    they may take to come to the end of the stack; `hung` counts, by target, the runs special to it that did not end.
    """

    version: int = VERSION
    units: dict[str, Unit] = field(default_factory=dict)
    queue: list[Job] = field(default_factory=list)
    finds: dict[str, int] = field(default_factory=dict)
    witnesses: dict[str, int] = field(default_factory=dict)
    suspects: set[str] = field(default_factory=set)
    worn: dict[str, int] = field(default_factory=dict)
    places: set[str] = field(default_factory=set)
    climbs: dict[str, float] = field(default_factory=dict)
    compiled: dict[str, list[tuple[str, int, int]]] = field(default_factory=dict)
    sieved: dict[str, bool] = field(default_factory=dict)
    paces: dict[str, int] = field(default_factory=dict)
    long: set[str] = field(default_factory=set)
    deep: set[str] = field(default_factory=set)
    hung: dict[str, int] = field(default_factory=dict)
    ground_edges: int = 0
    candidates: int = 0
    failed: str = ""

    @property
    def covered(self) -> int:
        """Covered lines: what opening the door covers, and the most that any unit added."""
        return self.ground_edges + sum(unit.edges for unit in self.units.values())


_ADAPTER: TypeAdapter[State] = TypeAdapter(State)


def load(path: Path) -> State:
    """The state of an earlier slice; a new one when there is none or it cannot be read."""
    try:
        state = _ADAPTER.validate_python(json.loads(path.read_bytes()))
    except (OSError, ValueError):
        return State()
    return state if state.version == VERSION else State()


def save(state: State, path: Path) -> None:
    """Write it whole or not at all. Half of a surrogate pair, as patterns may have one, is no reason to fail."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(_ADAPTER.dump_python(state), default=list), encoding="ascii")
    new.replace(path)
