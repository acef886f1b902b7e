"""The seams of repair: what is to be repaired, what may be done to find out, and who proposes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mithridate.model.entry import EntryPoint
from mithridate.model.execution import Command, Execution, Limits
from mithridate.model.patch import Proposal
from mithridate.model.project import BuildFailure, Component, Project, ToolFailure
from mithridate.model.violation import Violation

Elsewhere = Callable[[Violation, str], bool]
"""Is a violation, seen in the tree with that diff applied, none of the patch's doing?"""


def nowhere(_violation: Violation, _diff: str) -> bool:
    """Whatever shows is held against the patch."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A proof as repair needs it: the input, the door it goes through, and what it violates on the unpatched program."""

    entry_id: str
    data: bytes
    violation: Violation


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is to be repaired: one finding of one component.

    `proofs` are all proofs of the finding, the smallest first. `benign` maps the id of an entry point to inputs from its corpus
    that violate nothing on the unpatched program (for a door with an observer, input documents). `known` are the signatures of
    the other findings: a proof that gets as far as one of them, now that nothing stops it before, is no fault of the patch.
    Nor is what `elsewhere` says is none of its doing; nothing, unless the patch only clears the way for a search.
    """

    finding: str
    cwe: int
    project: Project
    component: Component
    proofs: tuple[Shown, ...]
    benign: Mapping[str, tuple[bytes, ...]]
    known: frozenset[str] = frozenset()
    elsewhere: Elsewhere = nowhere

    @property
    def violation(self) -> Violation:
        """That of the first proof."""
        return self.proofs[0].violation


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A tree of the project with the program built from it. `entries` are the subject's doors, with the binaries of this build.

    `warnings` counts what the compiler warned of. `directory` holds src/ and build/ as the sandbox shows them.
    """

    tree: Path
    directory: Path
    entries: Mapping[str, EntryPoint]
    warnings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a run without a violation said and how it ended; `ending` is a word of model.execution.Ending.

    For a door with an observer, `stdout` is its answers in canonical form (without what differs from run to run), and `stderr`
    how each of them stands: its status, and the type of what was raised. `refused`: one of them is an error.
    """

    ending: str
    exit_code: int | None
    stdout: bytes
    stderr: bytes
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a fresh search of patched doors brought."""

    executions: int
    """Of the hunt, without those of `near`."""
    violations: tuple[tuple[bytes, str, Violation], ...]
    """Input, id of the entry point, and what it violates when it is replayed on the patched program."""
    near: int = 0
    """How many of the inputs given as near were run before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """One run of an instrumented variant: what it violated, and what its probes wrote (learning/records.py)."""

    violations: tuple[Violation, ...]
    records: bytes


class Workbench(Protocol):
    """What a proposer and the gate may do. Everything that runs runs in the sandbox."""

    original: Variant
    """The unpatched project, built."""

    def build(self, diff: str, *, quick: bool = False) -> Variant | BuildFailure | None:
        """The project with `diff` applied, built: anew, or (`quick`) from the original's objects, to look at many candidates.

        None when the diff does not apply. A variant's directories live until the workbench is closed.
        """
        ...

    def judge(self, variant: Variant, entry_id: str, inputs: Sequence[bytes]) -> list[tuple[Violation, ...] | ToolFailure]:
        """What each input violates, the gravest first; () for nothing.

        Each in a fresh sandbox, but for those of many different ones that violate nothing in one that they share.
        """
        ...

    def leaks(self, variant: Variant, entry_id: str, inputs: Sequence[bytes]) -> list[tuple[Violation, ...] | ToolFailure]:
        """What each input leaks, as LeakSanitizer tells at the process's end; () for nothing, and for doors with an observer."""
        ...

    def probe(
        self, variant: Variant, entry_id: str, inputs: Sequence[bytes], *, halt: bool = False
    ) -> list[Probed | ToolFailure]:
        """Like `judge`, with an empty file at records.FILE that the program may write and whose bytes come back.

        `halt`: undefined behaviour ends the process, which it otherwise survives, so that the last record is from before it.
        """
        ...

    def outputs(self, variant: Variant, entry_id: str, inputs: Sequence[bytes]) -> list[Output | None]:
        """What each input makes the program say; None where it violated something or a tool failed."""
        ...

    def search(
        self,
        variant: Variant,
        seconds: float,
        seeds: Mapping[str, Sequence[bytes]],
        near: Mapping[str, Sequence[bytes]],
        enough: Callable[[bytes, str, Violation], bool],
    ) -> Found:
        """A fresh hunt behind the variant's doors for so many seconds of wall time, starting from `seeds`.

        Before it, as much of `near` is run as half of the seconds allow for, the first first; not for doors with an observer.
        It ends early with an input, its door and a violation that are `enough`.
        """
        ...

    def run(self, tree: Path, command: Command, limits: Limits) -> Execution:
        """A command in a private, writable copy of `tree` at /src, with the project's build at /build and its packages."""
        ...


class Proposer(Protocol):
    """Suggests patches for what it knows; yields nothing for the rest. It may look (build, judge), and judges no patch.

    `lowest_rank` is below or at the rank of all that it proposes; it is asked when others have nothing left below that.
    """

    name: str
    lowest_rank: float

    def propose(self, subject: Subject, bench: Workbench) -> Iterator[Proposal]:
        """Proposals, the likeliest first. The caller stops asking when it has enough."""
        ...
