"""A workbench for small projects: one C program or one Python package, built and run in the product's sandbox.

An ordinary implementation of the protocol, without caches, engines or languages' detection: `search` mutates its seeds.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mithridate.languages.c.flags import SANITIZERS, VISIBILITY
from mithridate.languages.invocation import one_input
from mithridate.model.entry import INPUT, Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.execution import Command, Ending, Execution, Limits, Mount
from mithridate.model.project import BuildFailure, BuildSystem, Component, Flavour, Project, ToolFailure
from mithridate.model.violation import Clean, Violation
from mithridate.oracles.suite import Judge
from mithridate.prove.replay import REPLAY_LIMITS, Replayer
from mithridate.repair.diff import DiffError, apply
from mithridate.repair.interface import Found, Output, Shown, Subject, Variant
from mithridate.repair.steps.perturbed import perturbed
from mithridate.sandbox.bubblewrap import Bubblewrap

DOOR = "tool:@@"
_JUDGE = Judge()
COMPILE = Limits(wall_s=120.0, processes=256)


class SmallBench:
    """`sources` are the C files of the one program `tool`; without any, nothing is built (`run` is all that is asked of it)."""

    def __init__(self, files: Mapping[str, str], room: Path, language: str = "c", system: BuildSystem = BuildSystem.BARE) -> None:
        self._room = room
        self._sandbox = Bubblewrap()
        self._built = 0
        tree = room / "given"
        for name, text in files.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
            if text.startswith("#!"):
                (tree / name).chmod(0o755)
        self.project = Project(name="small", origin="", snapshot="", tree=tree, files=len(files), size_bytes=0)
        self.component = Component(id="small", language=language, path=".", system=system)
        self.runs: list[Command] = []
        original = self.build("")
        assert isinstance(original, Variant), original
        self.original = original

    def subject(self, proofs: Sequence[bytes], benign: Sequence[bytes] = ()) -> Subject:
        """A finding with these proofs, as the judge sees them; all go through the one door."""
        shown = []
        for data in proofs:
            (seen,) = self.judge(self.original, DOOR, [data])
            assert isinstance(seen, tuple) and seen, f"no violation: {seen}"
            shown.append(Shown(entry_id=DOOR, data=data, violation=seen[0]))
        return Subject(
            finding="F1",
            cwe=787,
            project=self.project,
            component=self.component,
            proofs=tuple(shown),
            benign={DOOR: tuple(benign)},
        )

    def build(self, diff: str, *, quick: bool = False) -> Variant | BuildFailure | None:
        self._built += 1
        directory = self._room / f"variant-{self._built}"
        tree = directory / "tree"
        shutil.copytree(self.project.tree, tree, symlinks=True)
        if diff:
            try:
                apply(diff, tree)
            except DiffError:
                return None
        shutil.copytree(tree, directory / "src")
        (directory / "build").mkdir()
        sources = [f"/src/{path.name}" for path in sorted(tree.glob("*.c"))]
        if not sources:
            return Variant(tree=tree, directory=directory, entries={}, warnings=0)
        argv = ("clang-19", *VISIBILITY, *SANITIZERS, "-Wall", "-o", "/build/tool", *sources)
        done = self._sandbox.run(Command(argv=argv), self._mounts(directory), COMPILE)
        said = done.stderr.decode()
        if not done.ok:
            return BuildFailure(
                component=self.component, flavour=Flavour.PLAIN, step="build", first_error=said[:400], hint="", log=said
            )
        binary = Binary(flavour=Flavour.PLAIN, directory=directory, path="/build/tool", in_process=False)
        door = EntryPoint(
            id=DOOR, component="small", language="c", name="tool", kind=EntryKind.PROGRAM_FILE, boundary=Boundary.REAL,
            arguments=(INPUT,), suffix="", binaries=(binary,),
        )  # fmt: skip
        return Variant(tree=tree, directory=directory, entries={DOOR: door}, warnings=said.count("warning:"))

    def judge(self, variant: Variant, entry_id: str, inputs: Sequence[bytes]) -> list[tuple[Violation, ...] | ToolFailure]:
        return [self._judged(variant, entry_id, data, _JUDGE) for data in inputs]

    def leaks(self, variant: Variant, entry_id: str, inputs: Sequence[bytes]) -> list[tuple[Violation, ...] | ToolFailure]:
        return [self._judged(variant, entry_id, data, Judge(oracles=("leaks",))) for data in inputs]

    def outputs(self, variant: Variant, entry_id: str, inputs: Sequence[bytes]) -> list[Output | None]:
        given: list[Output | None] = []
        for data in inputs:
            if self._judged(variant, entry_id, data, _JUDGE) != ():
                given.append(None)
                continue
            done = self._execution(variant, entry_id, data, _JUDGE)
            given.append(Output(ending=done.ending, exit_code=done.exit_code, stdout=done.stdout, stderr=done.stderr))
        return given

    def search(
        self,
        variant: Variant,
        seconds: float,
        seeds: Mapping[str, Sequence[bytes]],
        near: Mapping[str, Sequence[bytes]],
        enough: Callable[[bytes, str, Violation], bool],
    ) -> Found:
        tried = [(e, data) for e, given in seeds.items() for seed in given for data in perturbed(seed + b"\n", int(8 * seconds))]
        found = []
        beside = [(e, data) for e, given in near.items() for data in given]
        for entry_id, data in [*beside, *tried]:
            (seen,) = self.judge(variant, entry_id, [data])
            if isinstance(seen, tuple) and seen:
                found.append((data, entry_id, seen[0]))
                if enough(*found[-1]):
                    break
        return Found(executions=len(tried), violations=tuple(found), near=len(beside))

    def run(self, tree: Path, command: Command, limits: Limits) -> Execution:
        self.runs.append(command)
        directory = self._room / f"run-{len(self.runs)}"
        shutil.copytree(tree, directory / "src", symlinks=True)
        (directory / "build").mkdir()
        return self._sandbox.run(command, self._mounts(directory), limits)

    def _judged(self, variant: Variant, entry_id: str, data: bytes, judge: Judge) -> tuple[Violation, ...] | ToolFailure:
        entry = variant.entries[entry_id]
        limits = replace(REPLAY_LIMITS, traces=judge is not _JUDGE)
        seen = Replayer(self._sandbox, judge, limits).once(entry, entry.binaries[0], data)
        return () if isinstance(seen, Clean) else seen

    def _execution(self, variant: Variant, entry_id: str, data: bytes, judge: Judge) -> Execution:
        entry = variant.entries[entry_id]
        file = variant.directory / "input"
        file.write_bytes(data)
        command, mounts = one_input(entry, entry.binaries[0], file, judge.arm(entry).env)
        done = self._sandbox.run(replace(command), mounts, Limits(wall_s=20.0))
        assert done.ending in (Ending.EXITED, Ending.SIGNALLED)
        return done

    def _mounts(self, directory: Path) -> tuple[Mount, ...]:
        return tuple(
            Mount(source=directory / name, target=target, writable=True)
            for name, target in (("src", "/src"), ("build", "/build"))
        )
