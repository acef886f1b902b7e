"""The seam of one step of the gate."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from mithridate.model.patch import GateStep, Outcome, Proposal
from mithridate.repair.interface import Subject, Variant, Workbench

_T = TypeVar("_T")


@dataclass(slots=True)
class Memory:
    """What is the same for all proposals of a subject and takes time to find out, as the project's tests before the patch."""

    known: dict[str, object] = field(default_factory=dict)
    counterexamples: dict[tuple[str, bytes], None] = field(default_factory=dict)
    """Entry points with inputs that searches found against earlier proposals, the latest last."""

    def once(self, name: str, kind: type[_T], find_out: Callable[[], _T]) -> _T:
        """The value of that name, found out at the first call."""
        if name not in self.known:
            self.known[name] = find_out()
        value = self.known[name]
        assert isinstance(value, kind), name
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One proposal on its way through the gate. `patched` is its clean build, None before there is one."""

    subject: Subject
    proposal: Proposal
    bench: Workbench
    memory: Memory
    patched: Variant | None = None

    @property
    def built(self) -> Variant:
        """The clean build, for the steps that come after it."""
        if self.patched is None:
            raise ValueError("this step needs a build")
        return self.patched


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a step says: its outcome and the evidence for it, in sentences with numbers."""

    outcome: Outcome
    evidence: tuple[str, ...]


def unjudged(count: int) -> list[str]:
    """What is told of inputs that our own tools gave no answer for: they count for nothing."""
    return [f"{count} could not be judged"] if count else []


def passed(*evidence: str) -> Seen:
    """The patch did what this step asks."""
    return Seen(outcome=Outcome.PASSED, evidence=evidence)


def failed(*evidence: str) -> Seen:
    """The patch did not."""
    return Seen(outcome=Outcome.FAILED, evidence=evidence)


def empty(*evidence: str) -> Seen:
    """There was nothing to compare."""
    return Seen(outcome=Outcome.EMPTY, evidence=evidence)


class Check(Protocol):
    """One step."""

    step: GateStep

    def check(self, case: Case) -> Seen:
        """Look at the proposal. Whatever is not shown here is not assumed."""
        ...
