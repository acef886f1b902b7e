"""A workbench that says what it is told to, for tests of single steps of the gate."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from mithridate.model.entry import Boundary, EntryKind, EntryPoint
from mithridate.model.execution import Command, Ending, Execution, Limits
from mithridate.model.patch import Proposal
from mithridate.model.project import BuildSystem, Component, Project, ToolFailure
from mithridate.model.violation import Frame, Violation, ViolationKind
from mithridate.repair.crossing import Crossing
from mithridate.repair.interface import Found, Output, Shown, Subject, Variant
from mithridate.repair.steps.interface import Case, Memory
from mithridate.repair.suites.interface import Verdict

DOOR, OTHER = "tool:@@", "tool:-x @@"
BROKEN = ToolFailure(tool="sandbox", why="it broke")
Judged = tuple[Violation, ...] | ToolFailure


def violation(function: str, kind: ViolationKind = ViolationKind.HEAP_BUFFER_OVERFLOW) -> Violation:
    frames = (Frame(function=function, file="/src/a.c", line=7),)
    return Violation(kind=kind, detector="AddressSanitizer", message="", frames=frames)


FLAW, NEXT = violation("parse"), violation("draw")
PROOFS = (Shown(entry_id=DOOR, data=b"one", violation=FLAW), Shown(entry_id=DOOR, data=b"two", violation=FLAW))


def said(out: bytes = b"fine\n", code: int = 0, err: bytes = b"") -> Output:
    return Output(ending="exited", exit_code=code, stdout=out, stderr=err)


class Bench:
    """Says what it is told to: by input, for the unpatched program (`before`) and the patched one (`after`)."""

    def __init__(self, *doors: str) -> None:
        self.original = variant("original", *(doors or (DOOR,)))
        self.before: dict[bytes, Judged] = {}
        self.after: dict[bytes, Judged] = {}
        self.leaked_before: dict[bytes, Judged] = {}
        self.leaked_after: dict[bytes, Judged] = {}
        self.found: tuple[tuple[bytes, str, Violation], ...] = ()
        self.says_before: list[Output | None] = []
        self.says_after: list[Output | None] = []
        self.results: list[dict[str, Verdict] | Ending] = []
        self.judged: list[bytes] = []
        self.seeds: Mapping[str, Sequence[bytes]] = {}
        self.near: Mapping[str, Sequence[bytes]] = {}
        self.enough: list[bool] = []
        """Of each that was found, whether the search may end with it."""

    def judge(self, variant: Variant, _: str, inputs: Sequence[bytes]) -> list[Judged]:
        known = self.before if variant is self.original else self.after
        self.judged += inputs if variant is not self.original else ()
        return [known.get(data, ()) for data in inputs]

    def leaks(self, variant: Variant, _: str, inputs: Sequence[bytes]) -> list[Judged]:
        known = self.leaked_before if variant is self.original else self.leaked_after
        return [known.get(data, ()) for data in inputs]

    def outputs(self, variant: Variant, _: str, inputs: Sequence[bytes]) -> list[Output | None]:
        """The next answer for each input."""
        given = self.says_before if variant is self.original else self.says_after
        return [given.pop(0) if given else said() for _ in inputs]

    def search(
        self,
        _: Variant,
        __: float,
        seeds: Mapping[str, Sequence[bytes]],
        near: Mapping[str, Sequence[bytes]],
        enough: Callable[[bytes, str, Violation], bool],
    ) -> Found:
        self.seeds, self.near = seeds, near
        self.enough = [enough(*one) for one in self.found]
        return Found(executions=1000, violations=self.found, near=sum(map(len, near.values())))

    def run(self, tree: Path, command: Command, limits: Limits) -> Execution:
        """The next results as lines of name and verdict."""
        given = self.results.pop(0)
        lines = "" if isinstance(given, Ending) else "\n".join(f"{name} {verdict}" for name, verdict in given.items())
        return Execution(
            ending=given if isinstance(given, Ending) else Ending.EXITED,
            exit_code=0,
            signal=None,
            stdout=lines.encode(),
            stderr=b"",
            truncated=False,
            wall_s=0.0,
            cpu_s=0.0,
            peak_memory_bytes=0,
        )


def variant(name: str, *doors: str, warnings: int = 2) -> Variant:
    entries = {
        door: EntryPoint(
            id=door,
            component="c:.",
            language="c",
            name="tool",
            kind=EntryKind.PROGRAM_FILE,
            boundary=Boundary.REAL,
            arguments=("@@",),
            suffix="",
            binaries=(),
        )
        for door in doors
    }
    return Variant(tree=Path("/none", name), directory=Path("/none", name), entries=entries, warnings=warnings)


def case(bench: Bench, *, crossed: Crossing | None = None, patched: Variant | None = None, **given: Any) -> Case:
    """A proposal for two proofs through one door, with one benign input."""
    subject = Subject(
        finding="F",
        cwe=787,
        project=Project(name="p", origin="", snapshot="", tree=Path("/none"), files=1, size_bytes=1),
        component=Component(id="c:.", language="c", path=".", system=BuildSystem.MAKE),
        proofs=PROOFS,
        benign={DOOR: (b"good",)},
    )
    memory = Memory()
    memory.known["crossing the diff"] = crossed or Crossing(known=False, entered={}, left={}, why="not asked")
    return Case(
        subject=replace(subject, **given),
        proposal=Proposal(proposer="test", cause="", fix="", diff="the diff"),
        bench=cast(Any, bench),
        memory=memory,
        patched=patched or variant("patched", *bench.original.entries),
    )
