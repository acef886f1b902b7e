"""What records of an observer say, as far as planning needs it, and the seam to whatever runs documents."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from mithridate.model.observation import FACTS, Mark, Sink

Phase = Literal["control", "attack"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A variable part of a route's path."""

    name: str
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route as the application declares it. `constants` are its handler's, `modules` what that imports and names, `examples`
    JSON objects that its words show."""

    path: str
    methods: tuple[str, ...]
    parameters: tuple[Parameter, ...] = ()
    file: str = ""
    line: int = 0
    function: str = ""
    constants: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An input that the program asked for; name "*" when it had all of them listed."""

    where: str
    name: str
    kind: str = ""
    found: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one step gave back. `body` is at most 64 KiB; `decoded` are (decoder, mark number)."""

    phase: Phase
    step: int
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    raised: str = ""
    asked: tuple[Asked, ...] = ()
    compared: tuple[str, ...] = ()
    decoded: tuple[tuple[str, int], ...] = ()
    edges: int = 0
    new_edges: int = 0

    def header(self, name: str) -> str:
        """The first header of that name, or ""."""
        return next((value for key, value in self.headers if key.lower() == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Text at a sink, during step `step` if that is known. `place` is the innermost project frame as file:function, or ""."""

    phase: Phase
    step: int | None = None
    sink: Sink
    text: str
    api: str = ""
    dialect: str = ""
    marks: tuple[Mark, ...] = ()
    place: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)

    @property
    def fact(self) -> bool:
        """Noted by itself, without any text from outside."""
        return self.sink in FACTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Escape:
    """What the oracle holds against one run: a violation's kind, where, and what tells its stack from others."""

    kind: str
    sink: Sink | None
    place: str
    stack: str
    fact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All that one document showed, run to its end."""

    ended: str
    answers: tuple[Answer, ...] = ()
    seen: tuple[Seen, ...] = ()
    escapes: tuple[Escape, ...] = ()

    def attacked(self) -> tuple[Answer, ...]:
        """The answers of the attack phase, in order of steps."""
        return tuple(answer for answer in self.answers if answer.phase == "attack")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one batch gave: a run for each document in order, None for those that it did not get to the end of.

    `routes` and `ready_s` are what the open door said; `failed` says why there is no open door, or why our own tool broke.
    `cut`: the time given was used up, so no document is to blame for those that were not run.
    """

    runs: tuple[Run | None, ...]
    routes: tuple[Route, ...] = ()
    ready_s: float = 0.0
    failed: str = ""
    cut: bool = False
    cpu_s: float = 0.0


class Runner(Protocol):
    """Runs documents against one application."""

    def run(
        self, documents: Sequence[bytes], seconds: float, *, exploring: Container[int] = (), alone: Container[int] = ()
    ) -> Batch:
        """Run them in order for at most about `seconds` of wall time.

        Those whose positions are in `alone` get a process each; others may share one, and see what the ones before left in it.

        `exploring` likewise: what they cover is told, and what their input is compared with, for which the program sees strings
        that are not plain ones.
        """
        ...
